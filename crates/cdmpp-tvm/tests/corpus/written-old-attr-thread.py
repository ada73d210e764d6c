from tvm.script import tir as T

@T.prim_func
def main(A: T.Buffer((256,), "int32")):
    tx = T.int32()
    with T.attr(T.iter_var(tx, None, "ThreadIndex", "threadIdx.x"), "thread_extent", 256):
        with T.attr("default", "async_scope", 1):
            with T.LetStmt(A[tx] + 1) as y:
                A[tx] = y * y
