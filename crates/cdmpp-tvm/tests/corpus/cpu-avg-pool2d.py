# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv24: T.Buffer((T.int64(1), T.int64(192), T.int64(35), T.int64(35)), "float32"), pool_avg: T.Buffer((T.int64(1), T.int64(192), T.int64(35), T.int64(35)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    for ax0_ax1_fused in T.parallel(T.int64(192), annotations={"pragma_auto_unroll_max_step": 16, "pragma_unroll_explicit": 1}):
        with T.sblock(""):
            T.reads(lv24[T.int64(0), ax0_ax1_fused, T.int64(-1):T.int64(36), T.int64(-1):T.int64(36)])
            T.writes(pool_avg[T.int64(0), ax0_ax1_fused, T.int64(0):T.int64(35), T.int64(0):T.int64(35)])
            pool_sum = T.sblock_alloc_buffer((T.int64(1), T.int64(1), T.int64(35), T.int64(35)))
            for ax2, ax3 in T.grid(T.int64(35), T.int64(35)):
                with T.sblock("pool_sum_init"):
                    T.reads()
                    T.writes(pool_sum[T.int64(0), T.int64(0), ax2, ax3])
                    pool_sum[T.int64(0), T.int64(0), ax2, ax3] = T.float32(0.0)
                for ax4, ax5 in T.grid(T.int64(3), T.int64(3)):
                    with T.sblock("pool_sum_update"):
                        T.reads(pool_sum[T.int64(0), T.int64(0), ax2, ax3], lv24[T.int64(0), ax0_ax1_fused, ax2 + ax4 - T.int64(1), ax3 + ax5 - T.int64(1)])
                        T.writes(pool_sum[T.int64(0), T.int64(0), ax2, ax3])
                        pool_sum[T.int64(0), T.int64(0), ax2, ax3] = pool_sum[T.int64(0), T.int64(0), ax2, ax3] + T.if_then_else(T.int64(1) <= ax2 + ax4 and ax2 + ax4 < T.int64(36) and T.int64(1) <= ax3 + ax5 and ax3 + ax5 < T.int64(36), lv24[T.int64(0), ax0_ax1_fused, ax2 + ax4 - T.int64(1), ax3 + ax5 - T.int64(1)], T.float32(0.0))
            for ax2 in range(T.int64(35)):
                for ax3_fused in T.vectorized(T.int64(35)):
                    with T.sblock("pool_avg"):
                        T.reads(pool_sum[T.int64(0), T.int64(0), ax2, ax3_fused])
                        T.writes(pool_avg[T.int64(0), ax0_ax1_fused, ax2, ax3_fused])
                        pool_avg[T.int64(0), ax0_ax1_fused, ax2, ax3_fused] = pool_sum[T.int64(0), T.int64(0), ax2, ax3_fused] / T.float32(9.0)
