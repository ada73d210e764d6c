@T.prim_func(s_tir=True)
def main(X: T.Buffer((4024000,), "float32"), Z: T.Buffer((4024000,), "float32")):
    T.func_attr({"tirx.noalias": True})
    for bx in T.thread_binding(7860, thread="blockIdx.x"):
        for tx in T.thread_binding(128, thread="threadIdx.x"):
            for v in T.vectorized(4):
                with T.sblock(""):
                    T.reads(X[0:4024000])
                    T.writes(Z[0:4024000])
                    if bx * 512 + tx * 4 + v < 4024000:
                        Z[bx * 512 + tx * 4 + v] = T.tanh(X[bx * 512 + tx * 4 + v])
