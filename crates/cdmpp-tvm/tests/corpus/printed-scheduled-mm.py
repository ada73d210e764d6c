# from tvm.script import ir as I
# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@I.ir_module
class Module:
    @T.prim_func(private=True, s_tir=True)
    def main(A: T.Buffer((128, 128), "float16"), B: T.Buffer((128, 128), "float16"), C: T.Buffer((128, 128), "float32")):
        T.func_attr({"tirx.noalias": True})
        # with T.sblock("root"):
        C_local = T.sblock_alloc_buffer((128, 128), scope="local")
        A_shared = T.sblock_alloc_buffer((128, 128), "float16", scope="shared")
        for i_0 in T.thread_binding(8, thread="blockIdx.x"):
            for j_0 in T.thread_binding(8, thread="blockIdx.y"):
                for i_1 in T.thread_binding(16, thread="threadIdx.y"):
                    for j_1 in T.thread_binding(16, thread="threadIdx.x"):
                        with T.sblock("C_init"):
                            vi = T.axis.spatial(128, i_0 * 16 + i_1)
                            vj = T.axis.spatial(128, j_0 * 16 + j_1)
                            T.reads()
                            T.writes(C_local[vi, vj])
                            C_local[vi, vj] = T.float32(0.0)
                        for k_0 in range(16):
                            for ax0, ax1 in T.grid(16, 8):
                                with T.sblock("A_shared"):
                                    v0 = T.axis.spatial(128, i_0 * 16 + ax0)
                                    v1 = T.axis.spatial(128, k_0 * 8 + ax1)
                                    T.reads(A[v0, v1])
                                    T.writes(A_shared[v0, v1])
                                    A_shared[v0, v1] = A[v0, v1]
                            for k_1 in T.unroll(8, annotations={"pragma_auto_unroll_max_step": 16}):
                                with T.sblock("C_update"):
                                    vi = T.axis.spatial(128, i_0 * 16 + i_1)
                                    vj = T.axis.spatial(128, j_0 * 16 + j_1)
                                    vk = T.axis.reduce(128, k_0 * 8 + k_1)
                                    T.reads(C_local[vi, vj], A_shared[vi, vk], B[vk, vj])
                                    T.writes(C_local[vi, vj])
                                    C_local[vi, vj] = C_local[vi, vj] + T.Cast("float32", A_shared[vi, vk]) * T.Cast("float32", B[vk, vj])
                        with T.sblock("C_local"):
                            v0 = T.axis.spatial(128, i_0 * 16 + i_1)
                            v1 = T.axis.spatial(128, j_0 * 16 + j_1)
                            T.reads(C_local[v0, v1])
                            T.writes(C[v0, v1])
                            C[v0, v1] = C_local[v0, v1]
