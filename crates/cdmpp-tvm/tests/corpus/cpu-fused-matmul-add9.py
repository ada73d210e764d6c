# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv90: T.Buffer((T.int64(1), T.int64(512)), "float32"), param_0: T.Buffer((T.int64(512), T.int64(1000)), "float32"), param_1: T.Buffer((T.int64(1000),), "float32"), T_add_intermediate: T.Buffer((T.int64(1), T.int64(1000)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    matmul_intermediate = T.sblock_alloc_buffer((T.int64(1), T.int64(1000)))
    for i1_2_init in range(T.int64(250)):
        for i1_3_fused_init in T.vectorized(T.int64(4)):
            with T.sblock("matmul_init"):
                T.reads()
                T.writes(matmul_intermediate[T.int64(0), i1_2_init * T.int64(4) + i1_3_fused_init])
                T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                matmul_intermediate[T.int64(0), i1_2_init * T.int64(4) + i1_3_fused_init] = T.float32(0.0)
    for k_0, i1_2, k_1 in T.grid(T.int64(256), T.int64(250), T.int64(2)):
        for i1_3_fused in T.vectorized(T.int64(4)):
            with T.sblock("matmul_update"):
                T.reads(matmul_intermediate[T.int64(0), i1_2 * T.int64(4) + i1_3_fused], lv90[T.int64(0), k_0 * T.int64(2) + k_1], param_0[k_0 * T.int64(2) + k_1, i1_2 * T.int64(4) + i1_3_fused])
                T.writes(matmul_intermediate[T.int64(0), i1_2 * T.int64(4) + i1_3_fused])
                T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                matmul_intermediate[T.int64(0), i1_2 * T.int64(4) + i1_3_fused] = matmul_intermediate[T.int64(0), i1_2 * T.int64(4) + i1_3_fused] + lv90[T.int64(0), k_0 * T.int64(2) + k_1] * param_0[k_0 * T.int64(2) + k_1, i1_2 * T.int64(4) + i1_3_fused]
    for ax0_ax1_fused_0 in T.parallel(T.int64(16)):
        for ax0_ax1_fused_1 in T.vectorized(T.int64(64)):
            with T.sblock("T_add"):
                T.where(ax0_ax1_fused_0 * T.int64(64) + ax0_ax1_fused_1 < T.int64(1000))
                T.reads(param_1[ax0_ax1_fused_0 * T.int64(64) + ax0_ax1_fused_1], matmul_intermediate[T.int64(0), ax0_ax1_fused_0 * T.int64(64) + ax0_ax1_fused_1])
                T.writes(T_add_intermediate[T.int64(0), ax0_ax1_fused_0 * T.int64(64) + ax0_ax1_fused_1])
                T_add_intermediate[T.int64(0), ax0_ax1_fused_0 * T.int64(64) + ax0_ax1_fused_1] = param_1[ax0_ax1_fused_0 * T.int64(64) + ax0_ax1_fused_1] + matmul_intermediate[T.int64(0), ax0_ax1_fused_0 * T.int64(64) + ax0_ax1_fused_1]
