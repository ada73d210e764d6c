# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv161: T.Buffer((T.int64(1), T.int64(160), T.int64(7), T.int64(7)), "float32"), param_0: T.Buffer((T.int64(960), T.int64(160), T.int64(1), T.int64(1)), "float32"), param_1: T.Buffer((T.int64(1), T.int64(960), T.int64(1), T.int64(1)), "float32"), compute_intermediate: T.Buffer((T.int64(1), T.int64(960), T.int64(7), T.int64(7)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    for nn_0_ff_0_yy_0_xx_0_nn_1_ff_1_fused_fused in T.parallel(T.int64(960)):
        for xx_1 in range(T.int64(7)):
            with T.sblock(""):
                T.reads(lv161[T.int64(0), T.int64(0):T.int64(160), T.int64(0):T.int64(7), xx_1], param_0[nn_0_ff_0_yy_0_xx_0_nn_1_ff_1_fused_fused, T.int64(0):T.int64(160), T.int64(0), T.int64(0)], param_1[T.int64(0), nn_0_ff_0_yy_0_xx_0_nn_1_ff_1_fused_fused, T.int64(0), T.int64(0)])
                T.writes(compute_intermediate[T.int64(0), nn_0_ff_0_yy_0_xx_0_nn_1_ff_1_fused_fused, T.int64(0):T.int64(7), xx_1])
                conv2d_nchw_intermediate = T.sblock_alloc_buffer((T.int64(1), T.int64(1), T.int64(7), T.int64(1)))
                for yy_2_init in range(T.int64(7)):
                    with T.sblock("conv2d_nchw_init"):
                        T.reads()
                        T.writes(conv2d_nchw_intermediate[T.int64(0), T.int64(0), yy_2_init, T.int64(0)])
                        T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                        conv2d_nchw_intermediate[T.int64(0), T.int64(0), yy_2_init, T.int64(0)] = T.float32(0.0)
                for rc_0, yy_2, rc_1 in T.grid(T.int64(5), T.int64(7), T.int64(32)):
                    with T.sblock("conv2d_nchw_update"):
                        T.reads(conv2d_nchw_intermediate[T.int64(0), T.int64(0), yy_2, T.int64(0)], lv161[T.int64(0), rc_0 * T.int64(32) + rc_1, yy_2, xx_1], param_0[nn_0_ff_0_yy_0_xx_0_nn_1_ff_1_fused_fused, rc_0 * T.int64(32) + rc_1, T.int64(0), T.int64(0)])
                        T.writes(conv2d_nchw_intermediate[T.int64(0), T.int64(0), yy_2, T.int64(0)])
                        T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                        conv2d_nchw_intermediate[T.int64(0), T.int64(0), yy_2, T.int64(0)] = conv2d_nchw_intermediate[T.int64(0), T.int64(0), yy_2, T.int64(0)] + lv161[T.int64(0), rc_0 * T.int64(32) + rc_1, yy_2, xx_1] * param_0[nn_0_ff_0_yy_0_xx_0_nn_1_ff_1_fused_fused, rc_0 * T.int64(32) + rc_1, T.int64(0), T.int64(0)]
                for ax2 in range(T.int64(7)):
                    with T.sblock("compute"):
                        T.reads(conv2d_nchw_intermediate[T.int64(0), T.int64(0), ax2, T.int64(0)], param_1[T.int64(0), nn_0_ff_0_yy_0_xx_0_nn_1_ff_1_fused_fused, T.int64(0), T.int64(0)])
                        T.writes(compute_intermediate[T.int64(0), nn_0_ff_0_yy_0_xx_0_nn_1_ff_1_fused_fused, ax2, xx_1])
                        compute_intermediate[T.int64(0), nn_0_ff_0_yy_0_xx_0_nn_1_ff_1_fused_fused, ax2, xx_1] = T.max(T.min(conv2d_nchw_intermediate[T.int64(0), T.int64(0), ax2, T.int64(0)] + param_1[T.int64(0), nn_0_ff_0_yy_0_xx_0_nn_1_ff_1_fused_fused, T.int64(0), T.int64(0)], T.float32(6.0)), T.float32(0.0))
