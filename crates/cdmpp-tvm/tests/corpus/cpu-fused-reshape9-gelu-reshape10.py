# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv48: T.Buffer((T.int64(128), T.int64(512)), "float32"), T_reshape_intermediate_1: T.Buffer((T.int64(128), T.int64(512)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    for ax0_ax1_fused_0 in T.parallel(T.int64(1024)):
        for ax0_ax1_fused_1 in T.vectorized(T.int64(64)):
            with T.sblock("T_reshape1"):
                T.reads(lv48[ax0_ax1_fused_0 // T.int64(8), ax0_ax1_fused_0 % T.int64(8) * T.int64(64) + ax0_ax1_fused_1])
                T.writes(T_reshape_intermediate_1[ax0_ax1_fused_0 // T.int64(8), ax0_ax1_fused_0 % T.int64(8) * T.int64(64) + ax0_ax1_fused_1])
                T_reshape_intermediate_1[ax0_ax1_fused_0 // T.int64(8), ax0_ax1_fused_0 % T.int64(8) * T.int64(64) + ax0_ax1_fused_1] = lv48[ax0_ax1_fused_0 // T.int64(8), ax0_ax1_fused_0 % T.int64(8) * T.int64(64) + ax0_ax1_fused_1] * (T.float32(0.5) + T.erf(lv48[ax0_ax1_fused_0 // T.int64(8), ax0_ax1_fused_0 % T.int64(8) * T.int64(64) + ax0_ax1_fused_1] * T.float32(0.70710678118654757)) * T.float32(0.5))
