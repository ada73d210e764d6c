# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv31: T.Buffer((T.int64(2), T.int64(128), T.int64(128)), "float32"), lv33: T.Buffer((T.int64(2), T.int64(128), T.int64(64)), "float32"), matmul: T.Buffer((T.int64(2), T.int64(128), T.int64(64)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    for i0_0 in T.serial(T.int64(1), annotations={"pragma_auto_unroll_max_step": 64, "pragma_unroll_explicit": 1}):
        with T.sblock(""):
            T.reads(lv31[T.int64(0):T.int64(2), T.int64(0):T.int64(128), T.int64(0):T.int64(128)], lv33[T.int64(0):T.int64(2), T.int64(0):T.int64(128), T.int64(0):T.int64(64)])
            T.writes(matmul[T.int64(0):T.int64(2), T.int64(0):T.int64(128), T.int64(0):T.int64(64)])
            matmul_global = T.sblock_alloc_buffer((T.int64(2), T.int64(128), T.int64(64)))
            for i1_1, i2_1 in T.grid(T.int64(128), T.int64(32)):
                for i2_2_init, i0_3_init in T.grid(T.int64(2), T.int64(2)):
                    with T.sblock("matmul_init"):
                        T.reads()
                        T.writes(matmul_global[i0_3_init, i1_1, i2_1 * T.int64(2) + i2_2_init])
                        T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                        matmul_global[i0_3_init, i1_1, i2_1 * T.int64(2) + i2_2_init] = T.float32(0.0)
                for k_0, i2_2, i0_3 in T.grid(T.int64(128), T.int64(2), T.int64(2)):
                    with T.sblock("matmul_update"):
                        T.reads(matmul_global[i0_3, i1_1, i2_1 * T.int64(2) + i2_2], lv31[i0_3, i1_1, k_0], lv33[i0_3, k_0, i2_1 * T.int64(2) + i2_2])
                        T.writes(matmul_global[i0_3, i1_1, i2_1 * T.int64(2) + i2_2])
                        T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                        matmul_global[i0_3, i1_1, i2_1 * T.int64(2) + i2_2] = matmul_global[i0_3, i1_1, i2_1 * T.int64(2) + i2_2] + lv31[i0_3, i1_1, k_0] * lv33[i0_3, k_0, i2_1 * T.int64(2) + i2_2]
            for ax0, ax1 in T.grid(T.int64(2), T.int64(128)):
                for ax2_fused in T.vectorized(T.int64(64)):
                    with T.sblock("matmul_global"):
                        T.reads(matmul_global[ax0, ax1, ax2_fused])
                        T.writes(matmul[ax0, ax1, ax2_fused])
                        matmul[ax0, ax1, ax2_fused] = matmul_global[ax0, ax1, ax2_fused]
