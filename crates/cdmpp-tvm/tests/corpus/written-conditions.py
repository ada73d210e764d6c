# from tvm.script import tirx as T

@T.prim_func
def main(A: T.Buffer((T.int64(8), T.int64(8)), "float32")):
    for i in T.serial(T.int64(8)):
        for j in range(i, i + T.int64(4)):
            if 0 <= i < 4 and j != T.int64(3):
                A[i, j] = T.float32(1)
            elif i == j:
                A[i, j] = T.float32(2)
            elif T.bool(False):
                pass
            else:
                A[i, j] = T.float32(3)
            if i < T.int64(2) or j < T.int64(2):
                A[j, i] = T.float32(4)
        assert i < T.int64(8), "in range"
