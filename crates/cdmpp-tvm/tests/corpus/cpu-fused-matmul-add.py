# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv: T.Buffer((T.int64(128), T.int64(768)), "float32"), param_0: T.Buffer((T.int64(768), T.int64(768)), "float32"), param_1: T.Buffer((T.int64(768),), "float32"), T_add_intermediate: T.Buffer((T.int64(128), T.int64(768)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    matmul_intermediate = T.sblock_alloc_buffer((T.int64(128), T.int64(768)))
    for i0_0_i1_0_fused in T.parallel(T.int64(64)):
        for i0_1, i1_1 in T.grid(T.int64(8), T.int64(2)):
            for i1_2_init in range(T.int64(48)):
                for i1_3_fused_init in T.vectorized(T.int64(2)):
                    with T.sblock("matmul_init"):
                        T.reads()
                        T.writes(matmul_intermediate[i0_0_i1_0_fused // T.int64(4) * T.int64(8) + i0_1, i0_0_i1_0_fused % T.int64(4) * T.int64(192) + i1_1 * T.int64(96) + i1_2_init * T.int64(2) + i1_3_fused_init])
                        T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                        matmul_intermediate[i0_0_i1_0_fused // T.int64(4) * T.int64(8) + i0_1, i0_0_i1_0_fused % T.int64(4) * T.int64(192) + i1_1 * T.int64(96) + i1_2_init * T.int64(2) + i1_3_fused_init] = T.float32(0.0)
            for k_0, i1_2, k_1 in T.grid(T.int64(192), T.int64(48), T.int64(4)):
                for i1_3_fused in T.vectorized(T.int64(2)):
                    with T.sblock("matmul_update"):
                        T.reads(matmul_intermediate[i0_0_i1_0_fused // T.int64(4) * T.int64(8) + i0_1, i0_0_i1_0_fused % T.int64(4) * T.int64(192) + i1_1 * T.int64(96) + i1_2 * T.int64(2) + i1_3_fused], lv[i0_0_i1_0_fused // T.int64(4) * T.int64(8) + i0_1, k_0 * T.int64(4) + k_1], param_0[k_0 * T.int64(4) + k_1, i0_0_i1_0_fused % T.int64(4) * T.int64(192) + i1_1 * T.int64(96) + i1_2 * T.int64(2) + i1_3_fused])
                        T.writes(matmul_intermediate[i0_0_i1_0_fused // T.int64(4) * T.int64(8) + i0_1, i0_0_i1_0_fused % T.int64(4) * T.int64(192) + i1_1 * T.int64(96) + i1_2 * T.int64(2) + i1_3_fused])
                        T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                        matmul_intermediate[i0_0_i1_0_fused // T.int64(4) * T.int64(8) + i0_1, i0_0_i1_0_fused % T.int64(4) * T.int64(192) + i1_1 * T.int64(96) + i1_2 * T.int64(2) + i1_3_fused] = matmul_intermediate[i0_0_i1_0_fused // T.int64(4) * T.int64(8) + i0_1, i0_0_i1_0_fused % T.int64(4) * T.int64(192) + i1_1 * T.int64(96) + i1_2 * T.int64(2) + i1_3_fused] + lv[i0_0_i1_0_fused // T.int64(4) * T.int64(8) + i0_1, k_0 * T.int64(4) + k_1] * param_0[k_0 * T.int64(4) + k_1, i0_0_i1_0_fused % T.int64(4) * T.int64(192) + i1_1 * T.int64(96) + i1_2 * T.int64(2) + i1_3_fused]
    for ax0_ax1_fused_0 in T.parallel(T.int64(1536)):
        for ax0_ax1_fused_1 in T.vectorized(T.int64(64)):
            with T.sblock("T_add"):
                T.reads(param_1[ax0_ax1_fused_0 % T.int64(12) * T.int64(64) + ax0_ax1_fused_1], matmul_intermediate[ax0_ax1_fused_0 // T.int64(12), ax0_ax1_fused_0 % T.int64(12) * T.int64(64) + ax0_ax1_fused_1])
                T.writes(T_add_intermediate[ax0_ax1_fused_0 // T.int64(12), ax0_ax1_fused_0 % T.int64(12) * T.int64(64) + ax0_ax1_fused_1])
                T_add_intermediate[ax0_ax1_fused_0 // T.int64(12), ax0_ax1_fused_0 % T.int64(12) * T.int64(64) + ax0_ax1_fused_1] = param_1[ax0_ax1_fused_0 % T.int64(12) * T.int64(64) + ax0_ax1_fused_1] + matmul_intermediate[ax0_ax1_fused_0 // T.int64(12), ax0_ax1_fused_0 % T.int64(12) * T.int64(64) + ax0_ax1_fused_1]
