# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv7: T.Buffer((T.int64(1), T.int64(32), T.int64(112), T.int64(112)), "float32"), param_0: T.Buffer((T.int64(16), T.int64(32), T.int64(1), T.int64(1)), "float32"), param_1: T.Buffer((T.int64(1), T.int64(16), T.int64(1), T.int64(1)), "float32"), T_add_intermediate: T.Buffer((T.int64(1), T.int64(16), T.int64(112), T.int64(112)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    for nn_0_ff_0_yy_0_xx_0_fused_fused in T.parallel(T.int64(32)):
        with T.sblock(""):
            T.reads(lv7[T.int64(0), T.int64(0):T.int64(32), nn_0_ff_0_yy_0_xx_0_fused_fused // T.int64(8) * T.int64(28):nn_0_ff_0_yy_0_xx_0_fused_fused // T.int64(8) * T.int64(28) + T.int64(28), nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(8) * T.int64(14):nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(8) * T.int64(14) + T.int64(14)], param_0[T.int64(0):T.int64(16), T.int64(0):T.int64(32), T.int64(0), T.int64(0)], param_1[T.int64(0), T.int64(0):T.int64(16), T.int64(0), T.int64(0)])
            T.writes(T_add_intermediate[T.int64(0), T.int64(0):T.int64(16), nn_0_ff_0_yy_0_xx_0_fused_fused // T.int64(8) * T.int64(28):nn_0_ff_0_yy_0_xx_0_fused_fused // T.int64(8) * T.int64(28) + T.int64(28), nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(8) * T.int64(14):nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(8) * T.int64(14) + T.int64(14)])
            conv2d_nchw_intermediate = T.sblock_alloc_buffer((T.int64(1), T.int64(16), T.int64(28), T.int64(14)))
            for ff_2_init, xx_2_init, yy_3_init in T.grid(T.int64(16), T.int64(14), T.int64(28)):
                with T.sblock("conv2d_nchw_init"):
                    T.reads()
                    T.writes(conv2d_nchw_intermediate[T.int64(0), ff_2_init, yy_3_init, xx_2_init])
                    T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                    conv2d_nchw_intermediate[T.int64(0), ff_2_init, yy_3_init, xx_2_init] = T.float32(0.0)
            for rc_0, ff_2, xx_2, rc_1, yy_3 in T.grid(T.int64(4), T.int64(16), T.int64(14), T.int64(8), T.int64(28)):
                with T.sblock("conv2d_nchw_update"):
                    T.reads(conv2d_nchw_intermediate[T.int64(0), ff_2, yy_3, xx_2], lv7[T.int64(0), rc_0 * T.int64(8) + rc_1, nn_0_ff_0_yy_0_xx_0_fused_fused // T.int64(8) * T.int64(28) + yy_3, nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(8) * T.int64(14) + xx_2], param_0[ff_2, rc_0 * T.int64(8) + rc_1, T.int64(0), T.int64(0)])
                    T.writes(conv2d_nchw_intermediate[T.int64(0), ff_2, yy_3, xx_2])
                    T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                    conv2d_nchw_intermediate[T.int64(0), ff_2, yy_3, xx_2] = conv2d_nchw_intermediate[T.int64(0), ff_2, yy_3, xx_2] + lv7[T.int64(0), rc_0 * T.int64(8) + rc_1, nn_0_ff_0_yy_0_xx_0_fused_fused // T.int64(8) * T.int64(28) + yy_3, nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(8) * T.int64(14) + xx_2] * param_0[ff_2, rc_0 * T.int64(8) + rc_1, T.int64(0), T.int64(0)]
            for ax1, ax2 in T.grid(T.int64(16), T.int64(28)):
                for ax3_fused in T.vectorized(T.int64(14)):
                    with T.sblock("T_add"):
                        T.reads(conv2d_nchw_intermediate[T.int64(0), ax1, ax2, ax3_fused], param_1[T.int64(0), ax1, T.int64(0), T.int64(0)])
                        T.writes(T_add_intermediate[T.int64(0), ax1, nn_0_ff_0_yy_0_xx_0_fused_fused // T.int64(8) * T.int64(28) + ax2, nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(8) * T.int64(14) + ax3_fused])
                        T_add_intermediate[T.int64(0), ax1, nn_0_ff_0_yy_0_xx_0_fused_fused // T.int64(8) * T.int64(28) + ax2, nn_0_ff_0_yy_0_xx_0_fused_fused % T.int64(8) * T.int64(14) + ax3_fused] = conv2d_nchw_intermediate[T.int64(0), ax1, ax2, ax3_fused] + param_1[T.int64(0), ax1, T.int64(0), T.int64(0)]
