@T.prim_func(s_tir=True)
def main(image: T.Buffer((4110, 4110), "float32"), weight: T.Buffer((15, 15), "float32"), out: T.Buffer((4096, 4096), "float32")):
    T.func_attr({"tirx.noalias": True})
    for by in T.thread_binding(2048, thread="blockIdx.y"):
        for bx in T.thread_binding(43, thread="blockIdx.x"):
            for ty in T.thread_binding(1, thread="threadIdx.y"):
                for tx in T.thread_binding(48, thread="threadIdx.x"):
                    with T.sblock(""):
                        T.reads(image[0:4110, 0:4110], weight[0:15, 0:15])
                        T.writes(out[0:4096, 0:4096])
                        acc = T.sblock_alloc_buffer((2, 2), scope="local")
                        tile = T.sblock_alloc_buffer((16, 112), scope="shared")
                        for i in range(16):
                            for j in range(3):
                                if i * 1 + ty < 16 and j * 48 + tx < 110 and by * 2 + i * 1 + ty < 4110 and bx * 96 + j * 48 + tx < 4110:
                                    tile[i * 1 + ty, j * 48 + tx] = image[by * 2 + i * 1 + ty, bx * 96 + j * 48 + tx]
                        T.evaluate(T.tvm_storage_sync("shared"))
                        for y0 in T.unroll(2):
                            for x0 in T.unroll(2):
                                acc[y0, x0] = T.float32(0)
                        for fy in range(15):
                            for fx in T.unroll(15):
                                for y1 in T.unroll(2):
                                    for x1 in T.unroll(2):
                                        acc[y1, x1] = acc[y1, x1] + tile[ty + y1 * 1 + fy, tx + x1 * 48 + fx] * weight[fy, fx]
                        for y2 in T.unroll(2):
                            for x2 in T.unroll(2):
                                if by * 2 + ty + y2 * 1 < 4096 and bx * 96 + tx + x2 * 48 < 4096:
                                    out[by * 2 + ty + y2 * 1, bx * 96 + tx + x2 * 48] = acc[y2, x2]
