# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv202: T.Buffer((T.int64(1), T.int64(1280)), "float32"), param_0: T.Buffer((T.int64(1280), T.int64(1000)), "float32"), param_1: T.Buffer((T.int64(1000),), "float32"), T_add_intermediate: T.Buffer((T.int64(1), T.int64(1000)), "float32")):
    T.func_attr({"tirx.noalias": True})
    with T.sblock(""):
        T.reads(lv202[T.int64(0), T.int64(0):T.int64(1280)], param_0[T.int64(0):T.int64(1280), T.int64(0):T.int64(1000)], param_1[T.int64(0):T.int64(1000)])
        T.writes(T_add_intermediate[T.int64(0), T.int64(0):T.int64(1000)])
        matmul_intermediate = T.sblock_alloc_buffer((T.int64(1), T.int64(1000)))
        for i1_1 in range(T.int64(20)):
            for i1_2_init in range(T.int64(50)):
                with T.sblock("matmul_init"):
                    T.reads()
                    T.writes(matmul_intermediate[T.int64(0), i1_1 * T.int64(50) + i1_2_init])
                    T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                    matmul_intermediate[T.int64(0), i1_1 * T.int64(50) + i1_2_init] = T.float32(0.0)
            for k_0, i1_2, k_1 in T.grid(T.int64(128), T.int64(50), T.int64(10)):
                with T.sblock("matmul_update"):
                    T.reads(matmul_intermediate[T.int64(0), i1_1 * T.int64(50) + i1_2], lv202[T.int64(0), k_0 * T.int64(10) + k_1], param_0[k_0 * T.int64(10) + k_1, i1_1 * T.int64(50) + i1_2])
                    T.writes(matmul_intermediate[T.int64(0), i1_1 * T.int64(50) + i1_2])
                    T.sblock_attr({"meta_schedule.tiling_structure": "SSRSRS"})
                    matmul_intermediate[T.int64(0), i1_1 * T.int64(50) + i1_2] = matmul_intermediate[T.int64(0), i1_1 * T.int64(50) + i1_2] + lv202[T.int64(0), k_0 * T.int64(10) + k_1] * param_0[k_0 * T.int64(10) + k_1, i1_1 * T.int64(50) + i1_2]
        for ax1 in range(T.int64(1000)):
            with T.sblock("T_add"):
                T.reads(param_1[ax1], matmul_intermediate[T.int64(0), ax1])
                T.writes(T_add_intermediate[T.int64(0), ax1])
                T_add_intermediate[T.int64(0), ax1] = param_1[ax1] + matmul_intermediate[T.int64(0), ax1]
