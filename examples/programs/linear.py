# A linear layer, 3,072 to 1,024 features of 512 tokens, as one GPU kernel computes it (record linear-1x512x1024x3072 of
# data/gpu-operators.jsonl.zst, NeuSight, MIT licence). It belongs to the networks that the quickstart never trains on.
@T.prim_func(s_tir=True)
def main(A: T.Buffer((1, 512, 3072), "float32"), B: T.Buffer((1024, 3072), "float32"), C: T.Buffer((1, 512, 1024), "float32")):
    T.func_attr({"tirx.noalias": True})
    for bz in T.thread_binding(1, thread="blockIdx.z"):
        for by in T.thread_binding(8, thread="blockIdx.y"):
            for bx in T.thread_binding(8, thread="blockIdx.x"):
                for tx in T.thread_binding(128, thread="threadIdx.x"):
                    with T.sblock(""):
                        T.reads(A[0:1, 0:512, 0:3072], B[0:1024, 0:3072])
                        T.writes(C[0:1, 0:512, 0:1024])
                        acc = T.sblock_alloc_buffer((8, 8), scope="local")
                        ash = T.sblock_alloc_buffer((8, 64), scope="shared")
                        bsh = T.sblock_alloc_buffer((8, 128), scope="shared")
                        for i0 in T.unroll(8):
                            for j0 in T.unroll(8):
                                acc[i0, j0] = T.float32(0)
                        for ko in range(384):
                            for ash_i in T.unroll(4):
                                ash[(ash_i * 128 + tx) // 64, (ash_i * 128 + tx) % 64] = A[bz, by * 64 + (ash_i * 128 + tx) % 64, ko * 8 + (ash_i * 128 + tx) // 64]
                            for bsh_i in T.unroll(8):
                                bsh[(bsh_i * 128 + tx) // 128, (bsh_i * 128 + tx) % 128] = B[bx * 128 + (bsh_i * 128 + tx) % 128, ko * 8 + (bsh_i * 128 + tx) // 128]
                            T.evaluate(T.tvm_storage_sync("shared"))
                            for ki in T.unroll(8):
                                for i1 in T.unroll(8):
                                    for j1 in T.unroll(8):
                                        acc[i1, j1] = acc[i1, j1] + ash[ki, tx // 16 * 8 + i1] * bsh[ki, tx % 16 * 8 + j1]
                            T.evaluate(T.tvm_storage_sync("shared"))
                        for i2 in T.unroll(8):
                            for j2 in T.unroll(8):
                                C[bz, by * 64 + tx // 16 * 8 + i2, bx * 128 + tx % 16 * 8 + j2] = acc[i2, j2]
