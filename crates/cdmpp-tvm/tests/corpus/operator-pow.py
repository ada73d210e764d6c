@T.prim_func(s_tir=True)
def main(X: T.Buffer((5208,), "float32"), Y: T.Buffer((5208,), "float32"), Z: T.Buffer((5208,), "float32")):
    T.func_attr({"tirx.noalias": True})
    for bx in T.thread_binding(11, thread="blockIdx.x"):
        for tx in T.thread_binding(128, thread="threadIdx.x"):
            for v in T.vectorized(4):
                with T.sblock(""):
                    T.reads(X[0:5208], Y[0:5208])
                    T.writes(Z[0:5208])
                    if bx * 512 + tx * 4 + v < 5208:
                        Z[bx * 512 + tx * 4 + v] = T.pow(X[bx * 512 + tx * 4 + v], Y[bx * 512 + tx * 4 + v])
