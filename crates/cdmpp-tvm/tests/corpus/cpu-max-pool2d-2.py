# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv3: T.Buffer((T.int64(1), T.int64(64), T.int64(112), T.int64(112)), "float32"), pool_max: T.Buffer((T.int64(1), T.int64(64), T.int64(56), T.int64(56)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    pool_max_rf = T.sblock_alloc_buffer((T.int64(1), T.int64(64), T.int64(56), T.int64(56), T.int64(3)))
    for ax0_ax1_fused in T.parallel(T.int64(64), annotations={"pragma_auto_unroll_max_step": 16, "pragma_unroll_explicit": 1}):
        for ax2, ax3, rv0_rv1_fused_0 in T.grid(T.int64(56), T.int64(56), T.int64(3)):
            with T.sblock("pool_max_rf_init"):
                T.reads()
                T.writes(pool_max_rf[T.int64(0), ax0_ax1_fused, ax2, ax3, rv0_rv1_fused_0])
                pool_max_rf[T.int64(0), ax0_ax1_fused, ax2, ax3, rv0_rv1_fused_0] = T.float32(-340282346638528859811704183484516925440.0)
            for rv0_rv1_fused_1 in range(T.int64(3)):
                with T.sblock("pool_max_rf_update"):
                    T.reads(pool_max_rf[T.int64(0), ax0_ax1_fused, ax2, ax3, rv0_rv1_fused_0], lv3[T.int64(0), ax0_ax1_fused, ax2 * T.int64(2) + rv0_rv1_fused_0 - T.int64(1), ax3 * T.int64(2) + rv0_rv1_fused_1 - T.int64(1)])
                    T.writes(pool_max_rf[T.int64(0), ax0_ax1_fused, ax2, ax3, rv0_rv1_fused_0])
                    pool_max_rf[T.int64(0), ax0_ax1_fused, ax2, ax3, rv0_rv1_fused_0] = T.max(pool_max_rf[T.int64(0), ax0_ax1_fused, ax2, ax3, rv0_rv1_fused_0], T.if_then_else(T.int64(1) <= ax2 * T.int64(2) + rv0_rv1_fused_0 and T.int64(1) <= ax3 * T.int64(2) + rv0_rv1_fused_1, lv3[T.int64(0), ax0_ax1_fused, ax2 * T.int64(2) + rv0_rv1_fused_0 - T.int64(1), ax3 * T.int64(2) + rv0_rv1_fused_1 - T.int64(1)], T.float32(-340282346638528859811704183484516925440.0)))
    for ax0_ax1_fused in T.parallel(T.int64(64), annotations={"pragma_auto_unroll_max_step": 16, "pragma_unroll_explicit": 1}):
        for ax2, ax3 in T.grid(T.int64(56), T.int64(56)):
            with T.sblock("pool_max_init"):
                T.reads()
                T.writes(pool_max[T.int64(0), ax0_ax1_fused, ax2, ax3])
                T.sblock_attr({"meta_schedule.random_compute_producer": 1})
                pool_max[T.int64(0), ax0_ax1_fused, ax2, ax3] = T.float32(-340282346638528859811704183484516925440.0)
            for rv0_rv1_fused_0 in range(T.int64(3)):
                with T.sblock("pool_max_update"):
                    T.reads(pool_max[T.int64(0), ax0_ax1_fused, ax2, ax3], pool_max_rf[T.int64(0), ax0_ax1_fused, ax2, ax3, rv0_rv1_fused_0])
                    T.writes(pool_max[T.int64(0), ax0_ax1_fused, ax2, ax3])
                    T.sblock_attr({"meta_schedule.random_compute_producer": 1})
                    pool_max[T.int64(0), ax0_ax1_fused, ax2, ax3] = T.max(pool_max[T.int64(0), ax0_ax1_fused, ax2, ax3], pool_max_rf[T.int64(0), ax0_ax1_fused, ax2, ax3, rv0_rv1_fused_0])
