# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv24: T.Buffer((T.int64(1), T.int64(192), T.int64(35), T.int64(35)), "float32"), pool_avg: T.Buffer((T.int64(1), T.int64(192), T.int64(35), T.int64(35)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    for ax0_ax1_fused_fused_fused in T.parallel(T.int64(192)):
        for ax2 in range(T.int64(35)):
            with T.sblock(""):
                T.reads(lv24[T.int64(0), ax0_ax1_fused_fused_fused, ax2 - T.int64(1):ax2 - T.int64(1) + T.int64(3), T.int64(-1):T.int64(36)])
                T.writes(pool_avg[T.int64(0), ax0_ax1_fused_fused_fused, ax2, T.int64(0):T.int64(35)])
                pool_sum = T.sblock_alloc_buffer((T.int64(1), T.int64(1), T.int64(1), T.int64(35)))
                pool_sum_rf = T.sblock_alloc_buffer((T.int64(1), T.int64(1), T.int64(1), T.int64(35), T.int64(9)))
                for ax0_init, ax4_init in T.grid(T.int64(9), T.int64(35)):
                    with T.sblock("pool_sum_rf_init"):
                        T.reads()
                        T.writes(pool_sum_rf[T.int64(0), T.int64(0), T.int64(0), ax4_init, ax0_init])
                        pool_sum_rf[T.int64(0), T.int64(0), T.int64(0), ax4_init, ax0_init] = T.float32(0.0)
                for ax3_ax4_fused_init in T.vectorized(T.int64(35)):
                    with T.sblock("pool_sum_init"):
                        T.reads()
                        T.writes(pool_sum[T.int64(0), T.int64(0), T.int64(0), ax3_ax4_fused_init])
                        pool_sum[T.int64(0), T.int64(0), T.int64(0), ax3_ax4_fused_init] = T.float32(0.0)
                for ax0 in range(T.int64(9)):
                    for ax4 in range(T.int64(35)):
                        with T.sblock("pool_sum_rf_update"):
                            T.reads(pool_sum_rf[T.int64(0), T.int64(0), T.int64(0), ax4, ax0], lv24[T.int64(0), ax0_ax1_fused_fused_fused, ax0 // T.int64(3) + ax2 - T.int64(1), ax4 + ax0 % T.int64(3) - T.int64(1)])
                            T.writes(pool_sum_rf[T.int64(0), T.int64(0), T.int64(0), ax4, ax0])
                            pool_sum_rf[T.int64(0), T.int64(0), T.int64(0), ax4, ax0] = pool_sum_rf[T.int64(0), T.int64(0), T.int64(0), ax4, ax0] + T.if_then_else(T.int64(1) <= ax0 // T.int64(3) + ax2 and ax0 // T.int64(3) + ax2 < T.int64(36) and T.int64(1) <= ax4 + ax0 % T.int64(3) and ax4 + ax0 % T.int64(3) < T.int64(36), lv24[T.int64(0), ax0_ax1_fused_fused_fused, ax0 // T.int64(3) + ax2 - T.int64(1), ax4 + ax0 % T.int64(3) - T.int64(1)], T.float32(0.0))
                    for ax3_ax4_fused in T.vectorized(T.int64(35)):
                        with T.sblock("pool_sum_update"):
                            T.reads(pool_sum[T.int64(0), T.int64(0), T.int64(0), ax3_ax4_fused], pool_sum_rf[T.int64(0), T.int64(0), T.int64(0), ax3_ax4_fused, ax0])
                            T.writes(pool_sum[T.int64(0), T.int64(0), T.int64(0), ax3_ax4_fused])
                            pool_sum[T.int64(0), T.int64(0), T.int64(0), ax3_ax4_fused] = pool_sum[T.int64(0), T.int64(0), T.int64(0), ax3_ax4_fused] + pool_sum_rf[T.int64(0), T.int64(0), T.int64(0), ax3_ax4_fused, ax0]
                for ax3_fused in T.vectorized(T.int64(35)):
                    with T.sblock("pool_avg"):
                        T.reads(pool_sum[T.int64(0), T.int64(0), T.int64(0), ax3_fused])
                        T.writes(pool_avg[T.int64(0), ax0_ax1_fused_fused_fused, ax2, ax3_fused])
                        pool_avg[T.int64(0), ax0_ax1_fused_fused_fused, ax2, ax3_fused] = pool_sum[T.int64(0), T.int64(0), T.int64(0), ax3_fused] / T.float32(9.0)
