from tvm.script import tir as T


@T.prim_func
def func(a: T.handle, b: T.handle) -> None:
    T.func_attr({"global_symbol": "func", "tir.noalias": True})
    A = T.match_buffer(a, [128, 128], dtype="float32", strides=[256, 1], elem_offset=0, align=64, offset_factor=1)
    B = T.match_buffer(b, [128, 128])
    for i in T.serial(0, 128, annotations={"software_pipeline_stage": [0, 1], "hint": "x"}):
        for j in T.vectorized(128):
            with T.block("B"):
                vi = T.axis.S(128, i)
                vj = T.axis.S((0, 128), j)
                with T.let(y, A[vi, vj] * 2.0):
                    B[vi, vj] = y + 1.0
