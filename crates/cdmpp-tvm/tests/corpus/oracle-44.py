# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(A: T.Buffer((192, 196, 196), "float32"), B: T.Buffer((192, 196, 96), "float32"), C: T.Buffer((192, 196, 96), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    for bz in T.thread_binding(192, thread="blockIdx.z"):
        for by in T.thread_binding(4, thread="blockIdx.y"):
            for bx in T.thread_binding(1, thread="blockIdx.x"):
                for tx in T.thread_binding(128, thread="threadIdx.x"):
                    with T.sblock(""):
                        T.reads(A[0:192, 0:196, 0:196], B[0:192, 0:196, 0:96])
                        T.writes(C[0:192, 0:196, 0:96])
                        acc = T.sblock_alloc_buffer((8, 8), scope="local")
                        ash = T.sblock_alloc_buffer((8, 64), scope="shared")
                        bsh = T.sblock_alloc_buffer((8, 128), scope="shared")
                        for i0 in T.unroll(8):
                            for j0 in T.unroll(8):
                                acc[i0, j0] = T.float32(0.0)
                        for ko in range(25):
                            for ash_i in T.unroll(4):
                                if by * 16 + tx % 64 // 4 < 49 and ko * 4 + ash_i < 98:
                                    ash[ash_i * 2 + tx // 64, tx % 64] = A[bz, by * 64 + tx % 64, ko * 8 + ash_i * 2 + tx // 64]
                            for bsh_i in T.unroll(8):
                                if tx < 96 and ko * 8 + bsh_i < 196:
                                    bsh[bsh_i, tx] = B[bz, ko * 8 + bsh_i, tx]
                            T.tvm_storage_sync("shared", T.bool(False), -1)
                            for ki in T.unroll(8):
                                for i1 in T.unroll(8):
                                    for j1 in T.unroll(8):
                                        acc[i1, j1] = acc[i1, j1] + ash[ki, tx // 16 * 8 + i1] * bsh[ki, tx % 16 * 8 + j1]
                            T.tvm_storage_sync("shared", T.bool(False), -1)
                        for i2 in T.unroll(8):
                            for j2 in T.unroll(8):
                                if by * 64 + tx // 16 * 8 + i2 < 196 and tx % 16 < 12:
                                    C[bz, by * 64 + tx // 16 * 8 + i2, tx % 16 * 8 + j2] = acc[i2, j2]
