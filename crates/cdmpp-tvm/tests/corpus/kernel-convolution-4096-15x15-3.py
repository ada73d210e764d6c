@T.prim_func(s_tir=True)
def main(image: T.Buffer((4110, 4110), "float32"), weight: T.Buffer((15, 15), "float32"), out: T.Buffer((4096, 4096), "float32")):
    T.func_attr({"tirx.noalias": True})
    for by in T.thread_binding(683, thread="blockIdx.y"):
        for bx in T.thread_binding(12, thread="blockIdx.x"):
            for ty in T.thread_binding(2, thread="threadIdx.y"):
                for tx in T.thread_binding(176, thread="threadIdx.x"):
                    with T.sblock(""):
                        T.reads(image[0:4110, 0:4110], weight[0:15, 0:15])
                        T.writes(out[0:4096, 0:4096])
                        acc = T.sblock_alloc_buffer((3, 2), scope="local")
                        tile = T.sblock_alloc_buffer((20, 366), scope="shared")
                        for i in range(10):
                            for j in range(3):
                                if i * 2 + ty < 20 and j * 176 + tx < 366 and by * 6 + i * 2 + ty < 4110 and bx * 352 + j * 176 + tx < 4110:
                                    tile[i * 2 + ty, j * 176 + tx] = image[by * 6 + i * 2 + ty, bx * 352 + j * 176 + tx]
                        T.evaluate(T.tvm_storage_sync("shared"))
                        for y0 in T.unroll(3):
                            for x0 in T.unroll(2):
                                acc[y0, x0] = T.float32(0)
                        for fy in range(15):
                            for fx in T.unroll(15):
                                for y1 in T.unroll(3):
                                    for x1 in T.unroll(2):
                                        acc[y1, x1] = acc[y1, x1] + tile[ty + y1 * 2 + fy, tx + x1 * 176 + fx] * weight[fy, fx]
                        for y2 in T.unroll(3):
                            for x2 in T.unroll(2):
                                if by * 6 + ty + y2 * 2 < 4096 and bx * 352 + tx + x2 * 176 < 4096:
                                    out[by * 6 + ty + y2 * 2, bx * 352 + tx + x2 * 176] = acc[y2, x2]
