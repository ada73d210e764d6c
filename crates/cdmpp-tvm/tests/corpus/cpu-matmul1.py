# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv23: T.Buffer((T.int64(2), T.int64(128), T.int64(64)), "float32"), lv25: T.Buffer((T.int64(2), T.int64(64), T.int64(128)), "float32"), matmul: T.Buffer((T.int64(2), T.int64(128), T.int64(128)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    for i0_0_i1_0_i2_0_fused_fused in T.parallel(T.int64(64)):
        with T.sblock(""):
            T.reads(lv23[T.int64(0):T.int64(2), i0_0_i1_0_i2_0_fused_fused // T.int64(8) * T.int64(16):i0_0_i1_0_i2_0_fused_fused // T.int64(8) * T.int64(16) + T.int64(16), T.int64(0):T.int64(64)], lv25[T.int64(0):T.int64(2), T.int64(0):T.int64(64), i0_0_i1_0_i2_0_fused_fused % T.int64(8) * T.int64(16):i0_0_i1_0_i2_0_fused_fused % T.int64(8) * T.int64(16) + T.int64(16)])
            T.writes(matmul[T.int64(0):T.int64(2), i0_0_i1_0_i2_0_fused_fused // T.int64(8) * T.int64(16):i0_0_i1_0_i2_0_fused_fused // T.int64(8) * T.int64(16) + T.int64(16), i0_0_i1_0_i2_0_fused_fused % T.int64(8) * T.int64(16):i0_0_i1_0_i2_0_fused_fused % T.int64(8) * T.int64(16) + T.int64(16)])
            matmul_global = T.sblock_alloc_buffer((T.int64(2), T.int64(16), T.int64(16)))
            for i2_1 in range(T.int64(2)):
                for i1_2_init, i0_3_init, i1_3_init in T.grid(T.int64(4), T.int64(2), T.int64(4)):
                    for i2_3_fused_init in T.vectorized(T.int64(8)):
                        with T.sblock("matmul_init"):
                            T.reads()
                            T.writes(matmul_global[i0_3_init, i1_2_init * T.int64(4) + i1_3_init, i2_1 * T.int64(8) + i2_3_fused_init])
                            T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                            matmul_global[i0_3_init, i1_2_init * T.int64(4) + i1_3_init, i2_1 * T.int64(8) + i2_3_fused_init] = T.float32(0.0)
                for i1_2, k_1, i0_3, i1_3 in T.grid(T.int64(4), T.int64(64), T.int64(2), T.int64(4)):
                    for i2_3_fused in T.vectorized(T.int64(8)):
                        with T.sblock("matmul_update"):
                            T.reads(matmul_global[i0_3, i1_2 * T.int64(4) + i1_3, i2_1 * T.int64(8) + i2_3_fused], lv23[i0_3, i0_0_i1_0_i2_0_fused_fused // T.int64(8) * T.int64(16) + i1_2 * T.int64(4) + i1_3, k_1], lv25[i0_3, k_1, i0_0_i1_0_i2_0_fused_fused % T.int64(8) * T.int64(16) + i2_1 * T.int64(8) + i2_3_fused])
                            T.writes(matmul_global[i0_3, i1_2 * T.int64(4) + i1_3, i2_1 * T.int64(8) + i2_3_fused])
                            T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                            matmul_global[i0_3, i1_2 * T.int64(4) + i1_3, i2_1 * T.int64(8) + i2_3_fused] = matmul_global[i0_3, i1_2 * T.int64(4) + i1_3, i2_1 * T.int64(8) + i2_3_fused] + lv23[i0_3, i0_0_i1_0_i2_0_fused_fused // T.int64(8) * T.int64(16) + i1_2 * T.int64(4) + i1_3, k_1] * lv25[i0_3, k_1, i0_0_i1_0_i2_0_fused_fused % T.int64(8) * T.int64(16) + i2_1 * T.int64(8) + i2_3_fused]
            for ax0, ax1 in T.grid(T.int64(2), T.int64(16)):
                for ax2_fused in T.vectorized(T.int64(16)):
                    with T.sblock("matmul_global"):
                        T.reads(matmul_global[ax0, ax1, ax2_fused])
                        T.writes(matmul[ax0, i0_0_i1_0_i2_0_fused_fused // T.int64(8) * T.int64(16) + ax1, i0_0_i1_0_i2_0_fused_fused % T.int64(8) * T.int64(16) + ax2_fused])
                        matmul[ax0, i0_0_i1_0_i2_0_fused_fused // T.int64(8) * T.int64(16) + ax1, i0_0_i1_0_i2_0_fused_fused % T.int64(8) * T.int64(16) + ax2_fused] = matmul_global[ax0, ax1, ax2_fused]
