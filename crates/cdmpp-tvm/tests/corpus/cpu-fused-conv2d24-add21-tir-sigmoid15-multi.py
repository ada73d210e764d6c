# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv145: T.Buffer((T.int64(1), T.int64(80), T.int64(14), T.int64(14)), "float32"), param_0: T.Buffer((T.int64(480), T.int64(80), T.int64(1), T.int64(1)), "float32"), param_1: T.Buffer((T.int64(1), T.int64(480), T.int64(1), T.int64(1)), "float32"), T_multiply_intermediate: T.Buffer((T.int64(1), T.int64(480), T.int64(14), T.int64(14)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    for nn_0_ff_0_yy_0_xx_0_fused_fused in T.parallel(T.int64(14)):
        with T.sblock(""):
            T.reads(lv145[T.int64(0), T.int64(0):T.int64(80), T.int64(0):T.int64(14), nn_0_ff_0_yy_0_xx_0_fused_fused], param_0[T.int64(0):T.int64(480), T.int64(0):T.int64(80), T.int64(0), T.int64(0)], param_1[T.int64(0), T.int64(0):T.int64(480), T.int64(0), T.int64(0)])
            T.writes(T_multiply_intermediate[T.int64(0), T.int64(0):T.int64(480), T.int64(0):T.int64(14), nn_0_ff_0_yy_0_xx_0_fused_fused])
            conv2d_nchw_intermediate = T.sblock_alloc_buffer((T.int64(1), T.int64(480), T.int64(14), T.int64(1)))
            for yy_1 in range(T.int64(7)):
                for ff_2_init, ff_3_init, yy_3_init in T.grid(T.int64(120), T.int64(4), T.int64(2)):
                    with T.sblock("conv2d_nchw_init"):
                        T.reads()
                        T.writes(conv2d_nchw_intermediate[T.int64(0), ff_2_init * T.int64(4) + ff_3_init, yy_1 * T.int64(2) + yy_3_init, T.int64(0)])
                        T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                        conv2d_nchw_intermediate[T.int64(0), ff_2_init * T.int64(4) + ff_3_init, yy_1 * T.int64(2) + yy_3_init, T.int64(0)] = T.float32(0.0)
                for rc_0, ff_2, rc_1, ff_3, yy_3 in T.grid(T.int64(20), T.int64(120), T.int64(4), T.int64(4), T.int64(2)):
                    with T.sblock("conv2d_nchw_update"):
                        T.reads(conv2d_nchw_intermediate[T.int64(0), ff_2 * T.int64(4) + ff_3, yy_1 * T.int64(2) + yy_3, T.int64(0)], lv145[T.int64(0), rc_0 * T.int64(4) + rc_1, yy_1 * T.int64(2) + yy_3, nn_0_ff_0_yy_0_xx_0_fused_fused], param_0[ff_2 * T.int64(4) + ff_3, rc_0 * T.int64(4) + rc_1, T.int64(0), T.int64(0)])
                        T.writes(conv2d_nchw_intermediate[T.int64(0), ff_2 * T.int64(4) + ff_3, yy_1 * T.int64(2) + yy_3, T.int64(0)])
                        T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                        conv2d_nchw_intermediate[T.int64(0), ff_2 * T.int64(4) + ff_3, yy_1 * T.int64(2) + yy_3, T.int64(0)] = conv2d_nchw_intermediate[T.int64(0), ff_2 * T.int64(4) + ff_3, yy_1 * T.int64(2) + yy_3, T.int64(0)] + lv145[T.int64(0), rc_0 * T.int64(4) + rc_1, yy_1 * T.int64(2) + yy_3, nn_0_ff_0_yy_0_xx_0_fused_fused] * param_0[ff_2 * T.int64(4) + ff_3, rc_0 * T.int64(4) + rc_1, T.int64(0), T.int64(0)]
            for ax1, ax2 in T.grid(T.int64(480), T.int64(14)):
                with T.sblock("T_multiply"):
                    T.reads(conv2d_nchw_intermediate[T.int64(0), ax1, ax2, T.int64(0)], param_1[T.int64(0), ax1, T.int64(0), T.int64(0)])
                    T.writes(T_multiply_intermediate[T.int64(0), ax1, ax2, nn_0_ff_0_yy_0_xx_0_fused_fused])
                    T_multiply_intermediate[T.int64(0), ax1, ax2, nn_0_ff_0_yy_0_xx_0_fused_fused] = (conv2d_nchw_intermediate[T.int64(0), ax1, ax2, T.int64(0)] + param_1[T.int64(0), ax1, T.int64(0), T.int64(0)]) * T.sigmoid(conv2d_nchw_intermediate[T.int64(0), ax1, ax2, T.int64(0)] + param_1[T.int64(0), ax1, T.int64(0), T.int64(0)])
