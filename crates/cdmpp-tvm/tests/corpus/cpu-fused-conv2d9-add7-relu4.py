# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv79: T.Buffer((T.int64(4), T.int64(512), T.int64(7), T.int64(7)), "float32"), param_0: T.Buffer((T.int64(512), T.int64(512), T.int64(3), T.int64(3)), "float32"), param_1: T.Buffer((T.int64(1), T.int64(512), T.int64(1), T.int64(1)), "float32"), compute_intermediate: T.Buffer((T.int64(4), T.int64(512), T.int64(7), T.int64(7)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    pad_temp = T.sblock_alloc_buffer((T.int64(4), T.int64(512), T.int64(9), T.int64(9)))
    for i0_i1_fused in T.parallel(T.int64(2048)):
        for i2 in range(T.int64(9)):
            for i3_fused in T.vectorized(T.int64(9)):
                with T.sblock("pad_temp"):
                    T.reads(lv79[i0_i1_fused // T.int64(512), i0_i1_fused % T.int64(512), i2 - T.int64(1), i3_fused - T.int64(1)])
                    T.writes(pad_temp[i0_i1_fused // T.int64(512), i0_i1_fused % T.int64(512), i2, i3_fused])
                    pad_temp[i0_i1_fused // T.int64(512), i0_i1_fused % T.int64(512), i2, i3_fused] = T.if_then_else(T.int64(1) <= i2 and i2 < T.int64(8) and T.int64(1) <= i3_fused and i3_fused < T.int64(8), lv79[i0_i1_fused // T.int64(512), i0_i1_fused % T.int64(512), i2 - T.int64(1), i3_fused - T.int64(1)], T.float32(0.0))
    for nn_0_ff_0_yy_0_xx_0_fused_fused in T.parallel(T.int64(8)):
        with T.sblock(""):
            T.reads(pad_temp[nn_0_ff_0_yy_0_xx_0_fused_fused // T.int64(4) * T.int64(2):nn_0_ff_0_yy_0_xx_0_fused_fused // T.int64(4) * T.int64(2) + T.int64(2), T.int64(0):T.int64(512), T.int64(0):T.int64(9), T.int64(0):T.int64(9)], param_0[nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(4) * T.int64(128):nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(4) * T.int64(128) + T.int64(128), T.int64(0):T.int64(512), T.int64(0):T.int64(3), T.int64(0):T.int64(3)], param_1[T.int64(0), nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(4) * T.int64(128):nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(4) * T.int64(128) + T.int64(128), T.int64(0), T.int64(0)])
            T.writes(compute_intermediate[nn_0_ff_0_yy_0_xx_0_fused_fused // T.int64(4) * T.int64(2):nn_0_ff_0_yy_0_xx_0_fused_fused // T.int64(4) * T.int64(2) + T.int64(2), nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(4) * T.int64(128):nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(4) * T.int64(128) + T.int64(128), T.int64(0):T.int64(7), T.int64(0):T.int64(7)])
            conv2d_nchw_intermediate = T.sblock_alloc_buffer((T.int64(2), T.int64(128), T.int64(7), T.int64(7)))
            for nn_1 in range(T.int64(2)):
                for ff_2_init, yy_3_init in T.grid(T.int64(128), T.int64(7)):
                    for xx_3_fused_init in T.vectorized(T.int64(7)):
                        with T.sblock("conv2d_nchw_init"):
                            T.reads()
                            T.writes(conv2d_nchw_intermediate[nn_1, ff_2_init, yy_3_init, xx_3_fused_init])
                            T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                            conv2d_nchw_intermediate[nn_1, ff_2_init, yy_3_init, xx_3_fused_init] = T.float32(0.0)
                for rc_0, ry_0, ff_2, rc_1, rx_1, yy_3 in T.grid(T.int64(8), T.int64(3), T.int64(128), T.int64(64), T.int64(3), T.int64(7)):
                    for xx_3_fused in T.vectorized(T.int64(7)):
                        with T.sblock("conv2d_nchw_update"):
                            T.reads(conv2d_nchw_intermediate[nn_1, ff_2, yy_3, xx_3_fused], pad_temp[nn_0_ff_0_yy_0_xx_0_fused_fused // T.int64(4) * T.int64(2) + nn_1, rc_0 * T.int64(64) + rc_1, yy_3 + ry_0, xx_3_fused + rx_1], param_0[nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(4) * T.int64(128) + ff_2, rc_0 * T.int64(64) + rc_1, ry_0, rx_1])
                            T.writes(conv2d_nchw_intermediate[nn_1, ff_2, yy_3, xx_3_fused])
                            T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                            conv2d_nchw_intermediate[nn_1, ff_2, yy_3, xx_3_fused] = conv2d_nchw_intermediate[nn_1, ff_2, yy_3, xx_3_fused] + pad_temp[nn_0_ff_0_yy_0_xx_0_fused_fused // T.int64(4) * T.int64(2) + nn_1, rc_0 * T.int64(64) + rc_1, yy_3 + ry_0, xx_3_fused + rx_1] * param_0[nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(4) * T.int64(128) + ff_2, rc_0 * T.int64(64) + rc_1, ry_0, rx_1]
            for ax0, ax1 in T.grid(T.int64(2), T.int64(128)):
                for ax2_ax3_fused in T.vectorized(T.int64(49)):
                    with T.sblock("compute"):
                        T.reads(conv2d_nchw_intermediate[ax0, ax1, ax2_ax3_fused // T.int64(7), ax2_ax3_fused % T.int64(7)], param_1[T.int64(0), nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(4) * T.int64(128) + ax1, T.int64(0), T.int64(0)])
                        T.writes(compute_intermediate[nn_0_ff_0_yy_0_xx_0_fused_fused // T.int64(4) * T.int64(2) + ax0, nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(4) * T.int64(128) + ax1, ax2_ax3_fused // T.int64(7), ax2_ax3_fused % T.int64(7)])
                        compute_intermediate[nn_0_ff_0_yy_0_xx_0_fused_fused // T.int64(4) * T.int64(2) + ax0, nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(4) * T.int64(128) + ax1, ax2_ax3_fused // T.int64(7), ax2_ax3_fused % T.int64(7)] = T.max(conv2d_nchw_intermediate[ax0, ax1, ax2_ax3_fused // T.int64(7), ax2_ax3_fused % T.int64(7)] + param_1[T.int64(0), nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(4) * T.int64(128) + ax1, T.int64(0), T.int64(0)], T.float32(0.0))
