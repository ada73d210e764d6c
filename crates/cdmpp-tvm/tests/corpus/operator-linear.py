@T.prim_func(s_tir=True)
def main(A: T.Buffer((1, 1024, 960), "float32"), B: T.Buffer((3840, 960), "float32"), C: T.Buffer((1, 1024, 3840), "float32")):
    T.func_attr({"tirx.noalias": True})
    for bz in T.thread_binding(1, thread="blockIdx.z"):
        for by in T.thread_binding(32, thread="blockIdx.y"):
            for bx in T.thread_binding(120, thread="blockIdx.x"):
                for tx in T.thread_binding(128, thread="threadIdx.x"):
                    with T.sblock(""):
                        T.reads(A[0:1, 0:1024, 0:960], B[0:3840, 0:960])
                        T.writes(C[0:1, 0:1024, 0:3840])
                        acc = T.sblock_alloc_buffer((4, 2), scope="local")
                        ash = T.sblock_alloc_buffer((32, 32), scope="shared")
                        bsh = T.sblock_alloc_buffer((32, 32), scope="shared")
                        for i0 in T.unroll(4):
                            for j0 in T.unroll(2):
                                acc[i0, j0] = T.float32(0)
                        for ko in range(30):
                            for ash_i in T.unroll(8):
                                ash[(ash_i * 128 + tx) // 32, (ash_i * 128 + tx) % 32] = A[bz, by * 32 + (ash_i * 128 + tx) % 32, ko * 32 + (ash_i * 128 + tx) // 32]
                            for bsh_i in T.unroll(8):
                                bsh[(bsh_i * 128 + tx) // 32, (bsh_i * 128 + tx) % 32] = B[bx * 32 + (bsh_i * 128 + tx) % 32, ko * 32 + (bsh_i * 128 + tx) // 32]
                            T.evaluate(T.tvm_storage_sync("shared"))
                            for ki in T.unroll(32):
                                for i1 in T.unroll(4):
                                    for j1 in T.unroll(2):
                                        acc[i1, j1] = acc[i1, j1] + ash[ki, tx // 16 * 4 + i1] * bsh[ki, tx % 16 * 2 + j1]
                            T.evaluate(T.tvm_storage_sync("shared"))
                        for i2 in T.unroll(4):
                            for j2 in T.unroll(2):
                                C[bz, by * 32 + tx // 16 * 4 + i2, bx * 32 + tx % 16 * 2 + j2] = acc[i2, j2]
