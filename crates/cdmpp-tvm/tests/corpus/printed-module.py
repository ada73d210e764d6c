# from tvm.script import ir as I
# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@I.ir_module
class Module:
    @T.prim_func(private=True, s_tir=True)
    def mm(A: T.Buffer((128, 128), "float16"), B: T.Buffer((128, 128), "float16"), C: T.Buffer((128, 128), "float32")):
        T.func_attr({"tirx.noalias": True})
        # with T.sblock("root"):
        for i, j, k in T.grid(128, 128, 128):
            with T.sblock("C"):
                vi, vj, vk = T.axis.remap("SSR", [i, j, k])
                T.reads(A[vi, vk], B[vk, vj])
                T.writes(C[vi, vj])
                with T.init():
                    C[vi, vj] = T.float32(0.0)
                C[vi, vj] = C[vi, vj] + T.Cast("float32", A[vi, vk]) * T.Cast("float32", B[vk, vj])

    @T.prim_func(s_tir=True)
    def soft(X: T.Buffer((16, 64), "float32"), Y: T.Buffer((16, 64), "float32")):
        # with T.sblock("root"):
        m = T.sblock_alloc_buffer((16,))
        for i, k in T.grid(16, 64):
            with T.sblock("m"):
                vi, vk = T.axis.remap("SR", [i, k])
                T.reads(X[vi, vk])
                T.writes(m[vi])
                with T.init():
                    m[vi] = T.float32(-340282346638528859811704183484516925440.0)
                m[vi] = T.max(m[vi], X[vi, vk])
        for i, k in T.grid(16, 64):
            with T.sblock("y"):
                vi, vk = T.axis.remap("SS", [i, k])
                T.reads(X[vi, vk], m[vi])
                T.writes(Y[vi, vk])
                Y[vi, vk] = T.exp(X[vi, vk] - m[vi])
