# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv89: T.Buffer((T.int64(1), T.int64(512), T.int64(1), T.int64(1)), "float32"), T_reshape: T.Buffer((T.int64(1), T.int64(512)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    for ax0_ax1_fused_0 in T.parallel(T.int64(8)):
        for ax0_ax1_fused_1 in T.vectorized(T.int64(64)):
            with T.sblock("T_reshape"):
                T.reads(lv89[T.int64(0), ax0_ax1_fused_0 * T.int64(64) + ax0_ax1_fused_1, T.int64(0), T.int64(0)])
                T.writes(T_reshape[T.int64(0), ax0_ax1_fused_0 * T.int64(64) + ax0_ax1_fused_1])
                T_reshape[T.int64(0), ax0_ax1_fused_0 * T.int64(64) + ax0_ax1_fused_1] = lv89[T.int64(0), ax0_ax1_fused_0 * T.int64(64) + ax0_ax1_fused_1, T.int64(0), T.int64(0)]
