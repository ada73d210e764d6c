# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(V: T.Buffer((8, 64), "float32"), V_red: T.Buffer((8,), "int32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    V_red_temp_v0 = T.sblock_alloc_buffer((8,), "int32")
    V_red_temp_v1 = T.sblock_alloc_buffer((8,))
    for ax0, k1 in T.grid(8, 64):
        with T.sblock("V_red_temp"):
            v_ax0, v_k1 = T.axis.remap("SR", [ax0, k1])
            T.reads(V[v_ax0, v_k1])
            T.writes(V_red_temp_v0[v_ax0], V_red_temp_v1[v_ax0])
            with T.init():
                V_red_temp_v0[v_ax0] = -1
                V_red_temp_v1[v_ax0] = T.float32(-340282346638528859811704183484516925440.0)
            v_V_red_temp_v0: T.let[T.int32] = T.Select(V_red_temp_v1[v_ax0] > V[v_ax0, v_k1] or V_red_temp_v1[v_ax0] == V[v_ax0, v_k1] and V_red_temp_v0[v_ax0] < v_k1, V_red_temp_v0[v_ax0], v_k1)
            v_V_red_temp_v1: T.let[T.float32] = T.Select(V_red_temp_v1[v_ax0] > V[v_ax0, v_k1], V_red_temp_v1[v_ax0], V[v_ax0, v_k1])
            V_red_temp_v0[v_ax0] = v_V_red_temp_v0
            V_red_temp_v1[v_ax0] = v_V_red_temp_v1
    for ax0 in range(8):
        with T.sblock("V_red"):
            v_ax0 = T.axis.spatial(8, ax0)
            T.reads(V_red_temp_v0[v_ax0])
            T.writes(V_red[v_ax0])
            V_red[v_ax0] = V_red_temp_v0[v_ax0]