@T.prim_func(s_tir=True)
def main(X: T.Buffer((412, 456), "float32"), gamma: T.Buffer((456,), "float32"), beta: T.Buffer((456,), "float32"), Y: T.Buffer((412, 456), "float32")):
    T.func_attr({"tirx.noalias": True})
    for bx in T.thread_binding(412, thread="blockIdx.x"):
        for tx in T.thread_binding(128, thread="threadIdx.x"):
            with T.sblock(""):
                T.reads(X[0:412, 0:456], gamma[0:456], beta[0:456])
                T.writes(Y[0:412, 0:456])
                r = T.sblock_alloc_buffer((2,), scope="local")
                r[0] = T.float32(0)
                r[1] = T.float32(0)
                for e0 in range(4):
                    if e0 * 128 + tx < 456:
                        r[0] = r[0] + X[bx * 1, e0 * 128 + tx]
                for e1 in range(4):
                    if e1 * 128 + tx < 456:
                        r[1] = r[1] + X[bx * 1, e1 * 128 + tx] * X[bx * 1, e1 * 128 + tx]
                T.evaluate(T.tvm_storage_sync("warp"))
                for e2 in range(4):
                    if e2 * 128 + tx < 456:
                        Y[bx * 1, e2 * 128 + tx] = (X[bx * 1, e2 * 128 + tx] - r[0] / T.float32(456)) * T.rsqrt(r[1] / T.float32(456) + T.float32(1e-5)) * gamma[e2 * 128 + tx] + beta[e2 * 128 + tx]
