@T.prim_func(s_tir=True)
def main(X: T.Buffer((935, 3376), "float32"), Y: T.Buffer((935, 3376), "float32")):
    T.func_attr({"tirx.noalias": True})
    for bx in T.thread_binding(935, thread="blockIdx.x"):
        for tx in T.thread_binding(512, thread="threadIdx.x"):
            with T.sblock(""):
                T.reads(X[0:935, 0:3376])
                T.writes(Y[0:935, 0:3376])
                r = T.sblock_alloc_buffer((2,), scope="local")
                r[0] = T.float32(-3.4e38)
                for e0 in range(7):
                    if e0 * 512 + tx < 3376:
                        r[0] = T.max(r[0], X[bx * 1, e0 * 512 + tx])
                T.evaluate(T.tvm_storage_sync("warp"))
                r[1] = T.float32(0)
                for e1 in range(7):
                    if e1 * 512 + tx < 3376:
                        r[1] = r[1] + T.exp(X[bx * 1, e1 * 512 + tx] - r[0])
                T.evaluate(T.tvm_storage_sync("warp"))
                for e2 in range(7):
                    if e2 * 512 + tx < 3376:
                        Y[bx * 1, e2 * 512 + tx] = T.exp(X[bx * 1, e2 * 512 + tx] - r[0]) / r[1]
