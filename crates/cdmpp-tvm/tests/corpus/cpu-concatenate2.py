# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv121: T.Buffer((T.int64(1), T.int64(384), T.int64(17), T.int64(17)), "float32"), lv133: T.Buffer((T.int64(1), T.int64(96), T.int64(17), T.int64(17)), "float32"), lv134: T.Buffer((T.int64(1), T.int64(288), T.int64(17), T.int64(17)), "float32"), T_concat: T.Buffer((T.int64(1), T.int64(768), T.int64(17), T.int64(17)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    for ax0_ax1_fused in T.parallel(T.int64(768)):
        for ax2 in range(T.int64(17)):
            for ax3_fused in T.vectorized(T.int64(17)):
                with T.sblock("T_concat"):
                    T.reads(lv134[T.int64(0), ax0_ax1_fused - T.int64(480), ax2, ax3_fused], lv133[T.int64(0), ax0_ax1_fused - T.int64(384), ax2, ax3_fused], lv121[T.int64(0), ax0_ax1_fused, ax2, ax3_fused])
                    T.writes(T_concat[T.int64(0), ax0_ax1_fused, ax2, ax3_fused])
                    T_concat[T.int64(0), ax0_ax1_fused, ax2, ax3_fused] = T.if_then_else(T.int64(480) <= ax0_ax1_fused, lv134[T.int64(0), ax0_ax1_fused - T.int64(480), ax2, ax3_fused], T.if_then_else(T.int64(384) <= ax0_ax1_fused, lv133[T.int64(0), ax0_ax1_fused - T.int64(384), ax2, ax3_fused], lv121[T.int64(0), ax0_ax1_fused, ax2, ax3_fused]))
