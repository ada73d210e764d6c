@T.prim_func(s_tir=True)
def main(X: T.Buffer((17297716,), "float32"), Z: T.Buffer((17297716,), "float32")):
    T.func_attr({"tirx.noalias": True})
    for bx in T.thread_binding(33785, thread="blockIdx.x"):
        for tx in T.thread_binding(128, thread="threadIdx.x"):
            for v in T.vectorized(4):
                with T.sblock(""):
                    T.reads(X[0:17297716])
                    T.writes(Z[0:17297716])
                    if bx * 512 + tx * 4 + v < 17297716:
                        Z[bx * 512 + tx * 4 + v] = X[bx * 512 + tx * 4 + v] / T.float32(2)
