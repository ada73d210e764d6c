@T.prim_func(s_tir=True)
def main(A: T.Buffer((372, 119, 11), "float32"), B: T.Buffer((372, 11, 233), "float32"), C: T.Buffer((372, 119, 233), "float32")):
    T.func_attr({"tirx.noalias": True})
    for bz in T.thread_binding(372, thread="blockIdx.z"):
        for by in T.thread_binding(1, thread="blockIdx.y"):
            for bx in T.thread_binding(8, thread="blockIdx.x"):
                for tx in T.thread_binding(256, thread="threadIdx.x"):
                    with T.sblock(""):
                        T.reads(A[0:372, 0:119, 0:11], B[0:372, 0:11, 0:233])
                        T.writes(C[0:372, 0:119, 0:233])
                        acc = T.sblock_alloc_buffer((4, 4), scope="local")
                        ash = T.sblock_alloc_buffer((8, 128), scope="shared")
                        bsh = T.sblock_alloc_buffer((8, 32), scope="shared")
                        for i0 in T.unroll(4):
                            for j0 in T.unroll(4):
                                acc[i0, j0] = T.float32(0)
                        for ko in range(2):
                            for ash_i in T.unroll(4):
                                if by * 128 + (ash_i * 256 + tx) % 128 < 119 and ko * 8 + (ash_i * 256 + tx) // 128 < 11:
                                    ash[(ash_i * 256 + tx) // 128, (ash_i * 256 + tx) % 128] = A[bz, by * 128 + (ash_i * 256 + tx) % 128, ko * 8 + (ash_i * 256 + tx) // 128]
                            for bsh_i in T.unroll(1):
                                if bx * 32 + (bsh_i * 256 + tx) % 32 < 233 and ko * 8 + (bsh_i * 256 + tx) // 32 < 11:
                                    bsh[(bsh_i * 256 + tx) // 32, (bsh_i * 256 + tx) % 32] = B[bz, ko * 8 + (bsh_i * 256 + tx) // 32, bx * 32 + (bsh_i * 256 + tx) % 32]
                            T.evaluate(T.tvm_storage_sync("shared"))
                            for ki in T.unroll(8):
                                for i1 in T.unroll(4):
                                    for j1 in T.unroll(4):
                                        acc[i1, j1] = acc[i1, j1] + ash[ki, tx // 8 * 4 + i1] * bsh[ki, tx % 8 * 4 + j1]
                            T.evaluate(T.tvm_storage_sync("shared"))
                        for i2 in T.unroll(4):
                            for j2 in T.unroll(4):
                                if by * 128 + tx // 8 * 4 + i2 < 119 and bx * 32 + tx % 8 * 4 + j2 < 233:
                                    C[bz, by * 128 + tx // 8 * 4 + i2, bx * 32 + tx % 8 * 4 + j2] = acc[i2, j2]
