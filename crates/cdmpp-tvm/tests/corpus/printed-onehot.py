# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(Ii: T.Buffer((8, 64), "int32"), T_one_hot: T.Buffer((8, 64, 10), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    for ax0, ax1, ax2 in T.grid(8, 64, 10):
        with T.sblock("T_one_hot"):
            v_ax0, v_ax1, v_ax2 = T.axis.remap("SSS", [ax0, ax1, ax2])
            T.reads(Ii[v_ax0, v_ax1])
            T.writes(T_one_hot[v_ax0, v_ax1, v_ax2])
            T_one_hot[v_ax0, v_ax1, v_ax2] = T.Select(Ii[v_ax0, v_ax1] == v_ax2, T.float32(1.0), T.float32(0.0))