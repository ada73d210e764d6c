@T.prim_func(s_tir=True)
def main(X: T.Buffer((149226,), "float32"), Z: T.Buffer((149226,), "float32")):
    T.func_attr({"tirx.noalias": True})
    for bx in T.thread_binding(292, thread="blockIdx.x"):
        for tx in T.thread_binding(128, thread="threadIdx.x"):
            for v in T.vectorized(4):
                with T.sblock(""):
                    T.reads(X[0:149226])
                    T.writes(Z[0:149226])
                    if bx * 512 + tx * 4 + v < 149226:
                        Z[bx * 512 + tx * 4 + v] = T.float32(0.5) * X[bx * 512 + tx * 4 + v] * (T.float32(1) + T.erf(X[bx * 512 + tx * 4 + v] * T.float32(0.70710678)))
