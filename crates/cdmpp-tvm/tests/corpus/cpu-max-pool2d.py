# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv11: T.Buffer((T.int64(1), T.int64(64), T.int64(147), T.int64(147)), "float32"), pool_max: T.Buffer((T.int64(1), T.int64(64), T.int64(73), T.int64(73)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    for ax0_ax1_fused in T.parallel(T.int64(64)):
        for ax2, ax3 in T.grid(T.int64(73), T.int64(73)):
            with T.sblock("pool_max_init"):
                T.reads()
                T.writes(pool_max[T.int64(0), ax0_ax1_fused, ax2, ax3])
                pool_max[T.int64(0), ax0_ax1_fused, ax2, ax3] = T.float32(-340282346638528859811704183484516925440.0)
            for rv0, rv1 in T.grid(T.int64(3), T.int64(3)):
                with T.sblock("pool_max_update"):
                    T.reads(pool_max[T.int64(0), ax0_ax1_fused, ax2, ax3], lv11[T.int64(0), ax0_ax1_fused, ax2 * T.int64(2) + rv0, ax3 * T.int64(2) + rv1])
                    T.writes(pool_max[T.int64(0), ax0_ax1_fused, ax2, ax3])
                    pool_max[T.int64(0), ax0_ax1_fused, ax2, ax3] = T.max(pool_max[T.int64(0), ax0_ax1_fused, ax2, ax3], lv11[T.int64(0), ax0_ax1_fused, ax2 * T.int64(2) + rv0, ax3 * T.int64(2) + rv1])
