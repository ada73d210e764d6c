# from tvm.script import tirx as T

@T.prim_func(s_tir=True)
def main(A: T.Buffer((64,), "uint8"), B: T.Buffer((64,), "int8")):
    for v in T.thread_binding(4, thread="vthread.x", annotations={"pragma_import_llvm": "x", "auto": True, "ratio": 0.5}):
        for t in T.thread_binding(0, 16, "threadIdx.x"):
            B[v * 16 + t] = T.Cast("int8", A[v * 16 + t]) + T.int8(1)
            A[v * 16 + t] = A[v * 16 + t] + T.uint8(1)
