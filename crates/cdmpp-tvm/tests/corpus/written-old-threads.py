# from tvm.script import tir as T

@T.prim_func
def main(A: T.Buffer((1024,), "float32"), C: T.Buffer((1024,), "float32")):
    T.func_attr({"target": T.target("cuda")})
    bx = T.env_thread("blockIdx.x")
    tx = T.env_thread("threadIdx.x")
    T.launch_thread(bx, 8)
    A_local = T.allocate([4], "float32", "local")
    with T.launch_thread(tx, 32):
        A_local_1 = T.Buffer((4,), data=A_local, scope="local")
        for v in T.serial(4):
            A_local_1[v] = A[bx * 128 + tx * 4 + v]
        T.tvm_storage_sync("shared")
        T.attr(0, "pragma_auto_unroll_max_step", 64)
        for v in T.serial(4):
            C[bx * 128 + tx * 4 + v] = A_local_1[v] * T.float32(2)
