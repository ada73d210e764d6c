@T.prim_func(s_tir=True)
def main(X: T.Buffer((3436688,), "float32"), Y: T.Buffer((3436688,), "float32"), Z: T.Buffer((3436688,), "float32")):
    T.func_attr({"tirx.noalias": True})
    for bx in T.thread_binding(6713, thread="blockIdx.x"):
        for tx in T.thread_binding(128, thread="threadIdx.x"):
            for v in T.vectorized(4):
                with T.sblock(""):
                    T.reads(X[0:3436688], Y[0:3436688])
                    T.writes(Z[0:3436688])
                    if bx * 512 + tx * 4 + v < 3436688:
                        Z[bx * 512 + tx * 4 + v] = X[bx * 512 + tx * 4 + v] + Y[bx * 512 + tx * 4 + v]
