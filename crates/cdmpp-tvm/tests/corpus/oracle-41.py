# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv58: T.Buffer((T.int64(1), T.int64(256), T.int64(14), T.int64(14)), "float32"), param_0: T.Buffer((T.int64(256), T.int64(256), T.int64(3), T.int64(3)), "float32"), param_1: T.Buffer((T.int64(1), T.int64(256), T.int64(1), T.int64(1)), "float32"), compute_intermediate: T.Buffer((T.int64(1), T.int64(256), T.int64(14), T.int64(14)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    conv2d_nchw_intermediate = T.sblock_alloc_buffer((T.int64(1), T.int64(256), T.int64(14), T.int64(14)))
    for nn_0_ff_0_fused in T.parallel(T.int64(128)):
        for yy_0, xx_0, yy_1, xx_1 in T.grid(T.int64(7), T.int64(7), T.int64(2), T.int64(2)):
            for ff_3_init in range(T.int64(2)):
                with T.sblock("conv2d_nchw_init"):
                    T.reads()
                    T.writes(conv2d_nchw_intermediate[T.int64(0), nn_0_ff_0_fused * T.int64(2) + ff_3_init, yy_0 * T.int64(2) + yy_1, xx_0 * T.int64(2) + xx_1])
                    T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                    conv2d_nchw_intermediate[T.int64(0), nn_0_ff_0_fused * T.int64(2) + ff_3_init, yy_0 * T.int64(2) + yy_1, xx_0 * T.int64(2) + xx_1] = T.float32(0.0)
            for rc_0, ry_0, rx_0, rc_1, ff_3 in T.grid(T.int64(64), T.int64(3), T.int64(3), T.int64(4), T.int64(2)):
                with T.sblock("conv2d_nchw_update"):
                    T.reads(conv2d_nchw_intermediate[T.int64(0), nn_0_ff_0_fused * T.int64(2) + ff_3, yy_0 * T.int64(2) + yy_1, xx_0 * T.int64(2) + xx_1], lv58[T.int64(0), rc_0 * T.int64(4) + rc_1, yy_0 * T.int64(2) + yy_1 + ry_0 - T.int64(1), xx_0 * T.int64(2) + xx_1 + rx_0 - T.int64(1)], param_0[nn_0_ff_0_fused * T.int64(2) + ff_3, rc_0 * T.int64(4) + rc_1, ry_0, rx_0])
                    T.writes(conv2d_nchw_intermediate[T.int64(0), nn_0_ff_0_fused * T.int64(2) + ff_3, yy_0 * T.int64(2) + yy_1, xx_0 * T.int64(2) + xx_1])
                    T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                    conv2d_nchw_intermediate[T.int64(0), nn_0_ff_0_fused * T.int64(2) + ff_3, yy_0 * T.int64(2) + yy_1, xx_0 * T.int64(2) + xx_1] = conv2d_nchw_intermediate[T.int64(0), nn_0_ff_0_fused * T.int64(2) + ff_3, yy_0 * T.int64(2) + yy_1, xx_0 * T.int64(2) + xx_1] + T.if_then_else(T.int64(1) <= yy_0 * T.int64(2) + yy_1 + ry_0 and yy_0 * T.int64(2) + yy_1 + ry_0 < T.int64(15) and T.int64(1) <= xx_0 * T.int64(2) + xx_1 + rx_0 and xx_0 * T.int64(2) + xx_1 + rx_0 < T.int64(15), lv58[T.int64(0), rc_0 * T.int64(4) + rc_1, yy_0 * T.int64(2) + yy_1 + ry_0 - T.int64(1), xx_0 * T.int64(2) + xx_1 + rx_0 - T.int64(1)], T.float32(0.0)) * param_0[nn_0_ff_0_fused * T.int64(2) + ff_3, rc_0 * T.int64(4) + rc_1, ry_0, rx_0]
    for i0_i1_i2_i3_fused_0 in T.parallel(T.int64(784)):
        for i0_i1_i2_i3_fused_1 in T.vectorized(T.int64(64)):
            with T.sblock("compute"):
                T.reads(conv2d_nchw_intermediate[T.int64(0), (i0_i1_i2_i3_fused_0 * T.int64(64) + i0_i1_i2_i3_fused_1) // T.int64(196), (i0_i1_i2_i3_fused_0 * T.int64(64) + i0_i1_i2_i3_fused_1) % T.int64(196) // T.int64(14), (i0_i1_i2_i3_fused_0 * T.int64(64) + i0_i1_i2_i3_fused_1) % T.int64(14)], param_1[T.int64(0), (i0_i1_i2_i3_fused_0 * T.int64(64) + i0_i1_i2_i3_fused_1) // T.int64(196), T.int64(0), T.int64(0)])
                T.writes(compute_intermediate[T.int64(0), (i0_i1_i2_i3_fused_0 * T.int64(64) + i0_i1_i2_i3_fused_1) // T.int64(196), (i0_i1_i2_i3_fused_0 * T.int64(64) + i0_i1_i2_i3_fused_1) % T.int64(196) // T.int64(14), (i0_i1_i2_i3_fused_0 * T.int64(64) + i0_i1_i2_i3_fused_1) % T.int64(14)])
                compute_intermediate[T.int64(0), (i0_i1_i2_i3_fused_0 * T.int64(64) + i0_i1_i2_i3_fused_1) // T.int64(196), (i0_i1_i2_i3_fused_0 * T.int64(64) + i0_i1_i2_i3_fused_1) % T.int64(196) // T.int64(14), (i0_i1_i2_i3_fused_0 * T.int64(64) + i0_i1_i2_i3_fused_1) % T.int64(14)] = T.max(conv2d_nchw_intermediate[T.int64(0), (i0_i1_i2_i3_fused_0 * T.int64(64) + i0_i1_i2_i3_fused_1) // T.int64(196), (i0_i1_i2_i3_fused_0 * T.int64(64) + i0_i1_i2_i3_fused_1) % T.int64(196) // T.int64(14), (i0_i1_i2_i3_fused_0 * T.int64(64) + i0_i1_i2_i3_fused_1) % T.int64(14)] + param_1[T.int64(0), (i0_i1_i2_i3_fused_0 * T.int64(64) + i0_i1_i2_i3_fused_1) // T.int64(196), T.int64(0), T.int64(0)], T.float32(0.0))
