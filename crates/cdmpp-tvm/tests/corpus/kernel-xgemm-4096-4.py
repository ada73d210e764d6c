@T.prim_func(s_tir=True)
def main(A: T.Buffer((4096, 4096), "float32"), B: T.Buffer((4096, 4096), "float32"), C: T.Buffer((4096, 4096), "float32")):
    T.func_attr({"tirx.noalias": True})
    for bx in T.thread_binding(64, thread="blockIdx.x"):
        for by in T.thread_binding(64, thread="blockIdx.y"):
            for tx in T.thread_binding(32, thread="threadIdx.x"):
                for ty in T.thread_binding(8, thread="threadIdx.y"):
                    with T.sblock(""):
                        T.reads(A[0:4096, 0:4096], B[0:4096, 0:4096])
                        T.writes(C[0:4096, 0:4096])
                        acc = T.sblock_alloc_buffer((8, 2), scope="local")
                        areg = T.sblock_alloc_buffer((2,), scope="local")
                        breg = T.sblock_alloc_buffer((8,), scope="local")
                        for ni0 in T.unroll(8):
                            for mi0 in T.unroll(2):
                                for v0 in T.vectorized(1):
                                    acc[ni0, mi0 * 1 + v0] = T.float32(0)
                        for ko in range(128):
                            for pwi in range(16):
                                for pit in T.unroll(2):
                                    for mi1 in T.unroll(2):
                                        for v1 in T.vectorized(1):
                                            areg[mi1 * 1 + v1] = A[ko * 32 + pwi * 2 + pit, bx * 64 + tx * 2 + mi1 * 1 + v1]
                                    for ni1 in T.unroll(4):
                                        for v2 in T.vectorized(2):
                                            breg[ni1 * 2 + v2] = B[ko * 32 + pwi * 2 + pit, by * 64 + ty * 8 + ni1 * 2 + v2]
                                    for ni2 in T.unroll(8):
                                        for mi2 in T.unroll(2):
                                            for v3 in T.vectorized(1):
                                                acc[ni2, mi2 * 1 + v3] = acc[ni2, mi2 * 1 + v3] + areg[mi2 * 1 + v3] * breg[ni2]
                        for ni3 in T.unroll(4):
                            for vn in T.unroll(2):
                                for mi3 in T.unroll(2):
                                    for v4 in T.vectorized(1):
                                        C[by * 64 + ty * 8 + ni3 * 2 + vn, bx * 64 + tx * 2 + mi3 * 1 + v4] = acc[ni3 * 2 + vn, mi3 * 1 + v4] * T.float32(1)
