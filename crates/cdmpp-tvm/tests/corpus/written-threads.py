
@T.prim_func(s_tir=True)
def main(A: T.Buffer((1024,), "float32"), C: T.Buffer((1024,), "float32")):
    with T.launch_thread("blockIdx.x", 8) as bx:
        tx = T.launch_thread("threadIdx.x", 128)
        with T.attr({"pragma_unroll_explicit": 1, "pragma_auto_unroll_max_step": 8}):
            for i in T.unroll(1):
                C[bx * 128 + tx] = A[bx * 128 + tx]
        T.evaluate(T.tvm_storage_sync("shared"))
        for j in T.serial(2):
            C[bx * 128 + tx] += T.float32(1)
