# from tvm.script import tirx as T

@T.prim_func
def main(A: T.Buffer((16,), "int64"), S: T.Buffer((1,), "float32")):
    for i in T.serial(16):
        n: T.int32 = T.cast(A[i], "int32")
        m: T.let = A[i] * T.int64(2)
        k: T.let[T.int64] = m + T.int64(1)
        total = T.float32(0)
        total = total + T.Cast("float32", k)
        total += 1.5
        w: T.float32[4]
        for j in range(4):
            w[j] = total
        n = n + 1
        S = S[0] + w[3]
        A[i] = T.int64(n)
