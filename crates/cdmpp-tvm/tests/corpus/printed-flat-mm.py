# from tvm.script import ir as I
# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@I.ir_module
class Module:
    @T.prim_func(private=True, s_tir=True)
    def main(A: T.Buffer((128, 128), "float16"), B: T.Buffer((128, 128), "float16"), C: T.Buffer((128, 128), "float32")):
        T.func_attr({"tirx.noalias": True})
        A_1 = A.view(16384)
        B_1 = B.view(16384)
        C_1 = C.view(16384)
        with T.launch_thread("blockIdx.x", 8) as i_0:
            j_0 = T.launch_thread("blockIdx.y", 8)
            i_1 = T.launch_thread("threadIdx.y", 16)
            j_1 = T.launch_thread("threadIdx.x", 16)
            C_local = T.alloc_local((1,), annotations={"buffer_allocated_addr": [], "buffer_data_alignment": 64})
            C_local[0] = T.float32(0.0)
            for k_0 in range(16):
                A_shared = T.alloc_shared((128,), "float16", annotations={"buffer_allocated_addr": [], "buffer_data_alignment": 64})
                for ax0, ax1 in T.grid(16, 8):
                    A_shared[ax0 * 8 + ax1] = A_1[i_0 * 2048 + ax0 * 128 + k_0 * 8 + ax1]
                k_1 = T.int32()
                with T.attr(k_1, "pragma_auto_unroll_max_step", 16):
                    for k_1 in T.unroll(8):
                        C_local[0] = C_local[0] + T.Cast("float32", A_shared[i_1 * 8 + k_1]) * T.Cast("float32", B_1[k_0 * 1024 + k_1 * 128 + j_0 * 16 + j_1])
            C_1[i_0 * 2048 + i_1 * 128 + j_0 * 16 + j_1] = C_local[0]
