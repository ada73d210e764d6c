# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv43: T.Buffer((T.int64(1), T.int64(128), T.int64(768)), "float32"), B: T.Buffer((T.int64(768),), "float32"), C: T.Buffer((T.int64(768),), "float32"), T_layer_norm: T.Buffer((T.int64(1), T.int64(128), T.int64(768)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    lv43_sum = T.sblock_alloc_buffer((T.int64(1), T.int64(128)))
    for ax0_ax1_fused in T.parallel(T.int64(128), annotations={"pragma_auto_unroll_max_step": 512, "pragma_unroll_explicit": 1}):
        with T.sblock("lv43_sum_init"):
            T.reads()
            T.writes(lv43_sum[T.int64(0), ax0_ax1_fused])
            lv43_sum[T.int64(0), ax0_ax1_fused] = T.float32(0.0)
        for k2 in range(T.int64(768)):
            with T.sblock("lv43_sum_update"):
                T.reads(lv43_sum[T.int64(0), ax0_ax1_fused], lv43[T.int64(0), ax0_ax1_fused, k2])
                T.writes(lv43_sum[T.int64(0), ax0_ax1_fused])
                lv43_sum[T.int64(0), ax0_ax1_fused] = lv43_sum[T.int64(0), ax0_ax1_fused] + lv43[T.int64(0), ax0_ax1_fused, k2]
    for ax0_ax1_fused in T.parallel(T.int64(128), annotations={"pragma_auto_unroll_max_step": 512, "pragma_unroll_explicit": 1}):
        for ax2 in range(T.int64(768)):
            with T.sblock(""):
                T.reads(lv43[T.int64(0), ax0_ax1_fused, T.int64(0):T.int64(768)], lv43_sum[T.int64(0), ax0_ax1_fused], B[ax2], C[ax2])
                T.writes(T_layer_norm[T.int64(0), ax0_ax1_fused, ax2])
                lv43_var_sum = T.sblock_alloc_buffer((T.int64(1), T.int64(1)))
                with T.sblock("lv43_var_sum_init"):
                    T.reads()
                    T.writes(lv43_var_sum[T.int64(0), T.int64(0)])
                    lv43_var_sum[T.int64(0), T.int64(0)] = T.float32(0.0)
                for ax2_1 in range(T.int64(768)):
                    with T.sblock("lv43_var_sum_update"):
                        T.reads(lv43_var_sum[T.int64(0), T.int64(0)], lv43[T.int64(0), ax0_ax1_fused, ax2_1], lv43_sum[T.int64(0), ax0_ax1_fused])
                        T.writes(lv43_var_sum[T.int64(0), T.int64(0)])
                        lv43_var_sum[T.int64(0), T.int64(0)] = lv43_var_sum[T.int64(0), T.int64(0)] + (lv43[T.int64(0), ax0_ax1_fused, ax2_1] - lv43_sum[T.int64(0), ax0_ax1_fused] / T.float32(768.0)) * (lv43[T.int64(0), ax0_ax1_fused, ax2_1] - lv43_sum[T.int64(0), ax0_ax1_fused] / T.float32(768.0))
                with T.sblock("T_layer_norm"):
                    T.reads(lv43[T.int64(0), ax0_ax1_fused, ax2], lv43_sum[T.int64(0), ax0_ax1_fused], lv43_var_sum[T.int64(0), T.int64(0)], B[ax2], C[ax2])
                    T.writes(T_layer_norm[T.int64(0), ax0_ax1_fused, ax2])
                    T_layer_norm[T.int64(0), ax0_ax1_fused, ax2] = (lv43[T.int64(0), ax0_ax1_fused, ax2] - lv43_sum[T.int64(0), ax0_ax1_fused] / T.float32(768.0)) * T.rsqrt(lv43_var_sum[T.int64(0), T.int64(0)] / T.float32(768.0) + T.float32(1.0000000000000001e-05)) * B[ax2] + C[ax2]
