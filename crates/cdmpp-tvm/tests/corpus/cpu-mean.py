# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv415: T.Buffer((T.int64(1), T.int64(2048), T.int64(8), T.int64(8)), "float32"), T_divide: T.Buffer((T.int64(1), T.int64(2048), T.int64(1), T.int64(1)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    for ax0_ax1_fused_fused in T.parallel(T.int64(2048)):
        with T.sblock(""):
            T.reads(lv415[T.int64(0), ax0_ax1_fused_fused, T.int64(0):T.int64(8), T.int64(0):T.int64(8)])
            T.writes(T_divide[T.int64(0), ax0_ax1_fused_fused, T.int64(0), T.int64(0)])
            lv415_red = T.sblock_alloc_buffer((T.int64(1), T.int64(1), T.int64(1), T.int64(1)))
            with T.sblock("lv415_red_init"):
                T.reads()
                T.writes(lv415_red[T.int64(0), T.int64(0), T.int64(0), T.int64(0)])
                lv415_red[T.int64(0), T.int64(0), T.int64(0), T.int64(0)] = T.float32(0.0)
            for ax4, ax5 in T.grid(T.int64(8), T.int64(8)):
                with T.sblock("lv415_red_update"):
                    T.reads(lv415_red[T.int64(0), T.int64(0), T.int64(0), T.int64(0)], lv415[T.int64(0), ax0_ax1_fused_fused, ax4, ax5])
                    T.writes(lv415_red[T.int64(0), T.int64(0), T.int64(0), T.int64(0)])
                    lv415_red[T.int64(0), T.int64(0), T.int64(0), T.int64(0)] = lv415_red[T.int64(0), T.int64(0), T.int64(0), T.int64(0)] + lv415[T.int64(0), ax0_ax1_fused_fused, ax4, ax5]
            with T.sblock("T_divide"):
                T.reads(lv415_red[T.int64(0), T.int64(0), T.int64(0), T.int64(0)])
                T.writes(T_divide[T.int64(0), ax0_ax1_fused_fused, T.int64(0), T.int64(0)])
                T_divide[T.int64(0), ax0_ax1_fused_fused, T.int64(0), T.int64(0)] = lv415_red[T.int64(0), T.int64(0), T.int64(0), T.int64(0)] / T.float32(64.0)
