# from tvm.script import ir as I
# from tvm.script import tir as T

@I.ir_module
class Module:
    I.module_attrs({"runtime": "llvm"})
    @T.prim_func
    def main(A: T.Buffer((64, 32), "float32"), B: T.Buffer((64,), "float32")):
        """Sums the rows."""
        T.func_attr({"global_symbol": "main", "tir.noalias": T.bool(True)})
        # with T.block("root"):
        A_shared = T.alloc_buffer((64, 32), scope="shared")
        for ax0, ax1 in T.grid(64, 32):
            with T.block("A_shared"):
                v0, v1 = T.axis.remap("SS", [ax0, ax1])
                T.reads(A[v0, v1])
                T.writes(A_shared[v0, v1])
                A_shared[v0, v1] = A[v0, v1]
        for i_0, i_1, k in T.grid(9, 8, 32):
            with T.block("B"):
                v_i = T.axis.spatial(64, i_0 * 8 + i_1)
                v_k = T.axis.reduce(32, k)
                T.where(i_0 * 8 + i_1 < 64)
                T.reads(A_shared[v_i, v_k])
                T.writes(B[v_i])
                T.block_attr({"meta_schedule.tiling_structure": "SSR"})
                with T.init():
                    B[v_i] = T.float32(0)
                x: T.float32 = A_shared[v_i, v_k]
                B[v_i] = B[v_i] + x * x
