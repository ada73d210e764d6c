@T.prim_func(s_tir=True)
def main(X: T.Buffer((1979658,), "float32"), Y: T.Buffer((1979658,), "float32"), Z: T.Buffer((1979658,), "float32")):
    T.func_attr({"tirx.noalias": True})
    for bx in T.thread_binding(3867, thread="blockIdx.x"):
        for tx in T.thread_binding(128, thread="threadIdx.x"):
            for v in T.vectorized(4):
                with T.sblock(""):
                    T.reads(X[0:1979658], Y[0:1979658])
                    T.writes(Z[0:1979658])
                    if bx * 512 + tx * 4 + v < 1979658:
                        Z[bx * 512 + tx * 4 + v] = X[bx * 512 + tx * 4 + v] * Y[bx * 512 + tx * 4 + v]
