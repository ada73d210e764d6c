# from tvm.script import tirx as T

@T.prim_func(s_tir=True)
def main(A: T.Buffer((32, 16), "float32"), B: T.Buffer((32,), "float32"), C: T.Buffer((), "float32")):
    for i in range(32):
        for k in range(2, 16):
            with T.sblock("sum"):
                vi = T.axis.spatial(32, i)
                vk = T.axis.reduce((2, 16), k)
                with T.init():
                    B[vi] = T.float32(0)
                B[vi] = B[vi] + A[vi, vk]
    for i in T.unroll(0, 32):
        with T.sblock("scan"):
            vi = T.axis.scan(32, i)
            C[()] = C[()] + B[vi]
    for i in range(0, 32, 5):
        B[i] = T.float32(0)
