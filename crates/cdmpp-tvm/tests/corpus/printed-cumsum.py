# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(V: T.Buffer((8, 64), "float32", offset_factor=1), out_buf: T.Buffer((8, 64), "float32")):
    T.func_attr({"tirx.noalias": True})
    with T.sblock("cumsum_generic"):
        T.reads()
        T.writes()
        for v in T.parallel(8):
            out_buf[v * 64 // 64, v * 64 % 64] = V[v * 64 // 64, v * 64 % 64]
            for v_1 in range(63):
                out_buf[(v * 64 + (v_1 + 1)) // 64, (v * 64 + (v_1 + 1)) % 64] = out_buf[(v * 64 + (v_1 + 1 - 1)) // 64, (v * 64 + (v_1 + 1 - 1)) % 64] + V[(v * 64 + (v_1 + 1)) // 64, (v * 64 + (v_1 + 1)) % 64]