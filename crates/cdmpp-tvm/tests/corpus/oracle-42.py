# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv65: T.Buffer((T.int64(1), T.int64(512), T.int64(28), T.int64(28)), "float32"), param_0: T.Buffer((T.int64(128), T.int64(512), T.int64(1), T.int64(1)), "float32"), param_1: T.Buffer((T.int64(1), T.int64(128), T.int64(1), T.int64(1)), "float32"), compute_intermediate: T.Buffer((T.int64(1), T.int64(128), T.int64(28), T.int64(28)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    for nn_0_ff_0_yy_0_xx_0_fused_fused in T.parallel(T.int64(4)):
        with T.sblock(""):
            T.reads(lv65[T.int64(0), T.int64(0):T.int64(512), T.int64(0):T.int64(28), nn_0_ff_0_yy_0_xx_0_fused_fused * T.int64(7):nn_0_ff_0_yy_0_xx_0_fused_fused * T.int64(7) + T.int64(7)], param_0[T.int64(0):T.int64(128), T.int64(0):T.int64(512), T.int64(0), T.int64(0)], param_1[T.int64(0), T.int64(0):T.int64(128), T.int64(0), T.int64(0)])
            T.writes(compute_intermediate[T.int64(0), T.int64(0):T.int64(128), T.int64(0):T.int64(28), nn_0_ff_0_yy_0_xx_0_fused_fused * T.int64(7):nn_0_ff_0_yy_0_xx_0_fused_fused * T.int64(7) + T.int64(7)])
            conv2d_nchw_intermediate = T.sblock_alloc_buffer((T.int64(1), T.int64(128), T.int64(28), T.int64(7)))
            for ff_1, yy_1, xx_1 in T.grid(T.int64(8), T.int64(2), T.int64(7)):
                for ff_2_init, yy_2_init, yy_3_init in T.grid(T.int64(16), T.int64(7), T.int64(2)):
                    with T.sblock("conv2d_nchw_init"):
                        T.reads()
                        T.writes(conv2d_nchw_intermediate[T.int64(0), ff_1 * T.int64(16) + ff_2_init, yy_1 * T.int64(14) + yy_2_init * T.int64(2) + yy_3_init, xx_1])
                        T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                        conv2d_nchw_intermediate[T.int64(0), ff_1 * T.int64(16) + ff_2_init, yy_1 * T.int64(14) + yy_2_init * T.int64(2) + yy_3_init, xx_1] = T.float32(0.0)
                for rc_0, ff_2, yy_2, rc_1, yy_3 in T.grid(T.int64(256), T.int64(16), T.int64(7), T.int64(2), T.int64(2)):
                    with T.sblock("conv2d_nchw_update"):
                        T.reads(conv2d_nchw_intermediate[T.int64(0), ff_1 * T.int64(16) + ff_2, yy_1 * T.int64(14) + yy_2 * T.int64(2) + yy_3, xx_1], lv65[T.int64(0), rc_0 * T.int64(2) + rc_1, yy_1 * T.int64(14) + yy_2 * T.int64(2) + yy_3, nn_0_ff_0_yy_0_xx_0_fused_fused * T.int64(7) + xx_1], param_0[ff_1 * T.int64(16) + ff_2, rc_0 * T.int64(2) + rc_1, T.int64(0), T.int64(0)])
                        T.writes(conv2d_nchw_intermediate[T.int64(0), ff_1 * T.int64(16) + ff_2, yy_1 * T.int64(14) + yy_2 * T.int64(2) + yy_3, xx_1])
                        T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                        conv2d_nchw_intermediate[T.int64(0), ff_1 * T.int64(16) + ff_2, yy_1 * T.int64(14) + yy_2 * T.int64(2) + yy_3, xx_1] = conv2d_nchw_intermediate[T.int64(0), ff_1 * T.int64(16) + ff_2, yy_1 * T.int64(14) + yy_2 * T.int64(2) + yy_3, xx_1] + lv65[T.int64(0), rc_0 * T.int64(2) + rc_1, yy_1 * T.int64(14) + yy_2 * T.int64(2) + yy_3, nn_0_ff_0_yy_0_xx_0_fused_fused * T.int64(7) + xx_1] * param_0[ff_1 * T.int64(16) + ff_2, rc_0 * T.int64(2) + rc_1, T.int64(0), T.int64(0)]
            for ax1, ax2 in T.grid(T.int64(128), T.int64(28)):
                for ax3_fused in T.vectorized(T.int64(7)):
                    with T.sblock("compute"):
                        T.reads(conv2d_nchw_intermediate[T.int64(0), ax1, ax2, ax3_fused], param_1[T.int64(0), ax1, T.int64(0), T.int64(0)])
                        T.writes(compute_intermediate[T.int64(0), ax1, ax2, nn_0_ff_0_yy_0_xx_0_fused_fused * T.int64(7) + ax3_fused])
                        compute_intermediate[T.int64(0), ax1, ax2, nn_0_ff_0_yy_0_xx_0_fused_fused * T.int64(7) + ax3_fused] = T.max(conv2d_nchw_intermediate[T.int64(0), ax1, ax2, ax3_fused] + param_1[T.int64(0), ax1, T.int64(0), T.int64(0)], T.float32(0.0))
