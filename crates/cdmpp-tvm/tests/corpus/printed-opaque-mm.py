# from tvm.script import ir as I
# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@I.ir_module
class Module:
    @T.prim_func(private=True, s_tir=True)
    def main(A: T.Buffer((128, 128), "float16"), B: T.Buffer((128, 128), "float16"), C: T.Buffer((128, 128), "float32")):
        T.func_attr({"tirx.noalias": True})
        # with T.sblock("root"):
        for i_0 in T.thread_binding(8, thread="blockIdx.x"):
            for j_0 in T.thread_binding(8, thread="blockIdx.y"):
                for i_1 in T.thread_binding(16, thread="threadIdx.y"):
                    for j_1 in T.thread_binding(16, thread="threadIdx.x"):
                        with T.sblock(""):
                            T.reads(A[i_0 * 16:i_0 * 16 + 16, 0:128], B[0:128, j_0 * 16 + j_1])
                            T.writes(C[i_0 * 16 + i_1, j_0 * 16 + j_1])
                            C_local = T.sblock_alloc_buffer((128, 128), scope="local")
                            with T.sblock("C_init"):
                                T.reads()
                                T.writes(C_local[i_0 * 16 + i_1, j_0 * 16 + j_1])
                                C_local[i_0 * 16 + i_1, j_0 * 16 + j_1] = T.float32(0.0)
                            for k_0 in range(16):
                                with T.sblock(""):
                                    T.reads(A[i_0 * 16:i_0 * 16 + 16, k_0 * 8:k_0 * 8 + 8], C_local[i_0 * 16 + i_1, j_0 * 16 + j_1], B[k_0 * 8:k_0 * 8 + 8, j_0 * 16 + j_1])
                                    T.writes(C_local[i_0 * 16 + i_1, j_0 * 16 + j_1])
                                    A_shared = T.sblock_alloc_buffer((128, 128), "float16", scope="shared")
                                    for ax0, ax1 in T.grid(16, 8):
                                        with T.sblock("A_shared"):
                                            T.reads(A[i_0 * 16 + ax0, k_0 * 8 + ax1])
                                            T.writes(A_shared[i_0 * 16 + ax0, k_0 * 8 + ax1])
                                            A_shared[i_0 * 16 + ax0, k_0 * 8 + ax1] = A[i_0 * 16 + ax0, k_0 * 8 + ax1]
                                    for k_1 in T.unroll(8, annotations={"pragma_auto_unroll_max_step": 16}):
                                        with T.sblock("C_update"):
                                            T.reads(C_local[i_0 * 16 + i_1, j_0 * 16 + j_1], A_shared[i_0 * 16 + i_1, k_0 * 8 + k_1], B[k_0 * 8 + k_1, j_0 * 16 + j_1])
                                            T.writes(C_local[i_0 * 16 + i_1, j_0 * 16 + j_1])
                                            C_local[i_0 * 16 + i_1, j_0 * 16 + j_1] = C_local[i_0 * 16 + i_1, j_0 * 16 + j_1] + T.Cast("float32", A_shared[i_0 * 16 + i_1, k_0 * 8 + k_1]) * T.Cast("float32", B[k_0 * 8 + k_1, j_0 * 16 + j_1])
                            with T.sblock("C_local"):
                                T.reads(C_local[i_0 * 16 + i_1, j_0 * 16 + j_1])
                                T.writes(C[i_0 * 16 + i_1, j_0 * 16 + j_1])
                                C[i_0 * 16 + i_1, j_0 * 16 + j_1] = C_local[i_0 * 16 + i_1, j_0 * 16 + j_1]
