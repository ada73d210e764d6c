@T.prim_func(s_tir=True)
def main(A: T.Buffer((4096, 4096), "float32"), B: T.Buffer((4096, 4096), "float32"), C: T.Buffer((4096, 4096), "float32")):
    T.func_attr({"tirx.noalias": True})
    for bx in T.thread_binding(32, thread="blockIdx.x"):
        for by in T.thread_binding(128, thread="blockIdx.y"):
            for tx in T.thread_binding(8, thread="threadIdx.x"):
                for ty in T.thread_binding(32, thread="threadIdx.y"):
                    with T.sblock(""):
                        T.reads(A[0:4096, 0:4096], B[0:4096, 0:4096])
                        T.writes(C[0:4096, 0:4096])
                        acc = T.sblock_alloc_buffer((1, 16), scope="local")
                        areg = T.sblock_alloc_buffer((16,), scope="local")
                        breg = T.sblock_alloc_buffer((1,), scope="local")
                        bsh = T.sblock_alloc_buffer((32, 32), scope="shared")
                        for ni0 in T.unroll(1):
                            for mi0 in T.unroll(8):
                                for v0 in T.vectorized(2):
                                    acc[ni0, mi0 * 2 + v0] = T.float32(0)
                        for ko in range(128):
                            for nib in T.unroll(2):
                                for kib in T.unroll(2):
                                    for vb in T.vectorized(1):
                                        bsh[((tx + ty * 8) // 16) * 2 + kib, (((tx + ty * 8) % 16) * 2 + nib) * 1 + vb] = B[ko * 32 + ((tx + ty * 8) // 16) * 2 + kib, by * 32 + (((tx + ty * 8) % 16) * 2 + nib) * 1 + vb]
                            T.evaluate(T.tvm_storage_sync("shared"))
                            for pwi in range(16):
                                for pit in T.unroll(2):
                                    for mi1 in T.unroll(8):
                                        for v1 in T.vectorized(2):
                                            areg[mi1 * 2 + v1] = A[ko * 32 + pwi * 2 + pit, bx * 128 + tx * 16 + mi1 * 2 + v1]
                                    for ni1 in T.unroll(1):
                                        for v2 in T.vectorized(1):
                                            breg[ni1 * 1 + v2] = bsh[pwi * 2 + pit, ty * 1 + ni1 * 1 + v2]
                                    for ni2 in T.unroll(1):
                                        for mi2 in T.unroll(8):
                                            for v3 in T.vectorized(2):
                                                acc[ni2, mi2 * 2 + v3] = acc[ni2, mi2 * 2 + v3] + areg[mi2 * 2 + v3] * breg[ni2]
                            T.evaluate(T.tvm_storage_sync("shared"))
                        for ni3 in T.unroll(1):
                            for vn in T.unroll(1):
                                for mi3 in T.unroll(8):
                                    for v4 in T.vectorized(2):
                                        C[by * 32 + ty * 1 + ni3 * 1 + vn, bx * 128 + tx * 16 + mi3 * 2 + v4] = acc[ni3 * 1 + vn, mi3 * 2 + v4] * T.float32(1)
