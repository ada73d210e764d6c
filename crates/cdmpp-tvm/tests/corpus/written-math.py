# from tvm.script import tirx as T

@T.prim_func
def main(A: T.Buffer((64,), "float32"), B: T.Buffer((64,), "float32"), H: T.Buffer((64,), "float16"), I_: T.Buffer((64,), "int32"), L: T.Buffer((64,), "bool")):
    z = T.int32()
    for i in range(64):
        B[i] = T.exp(A[i]) + T.sqrt(T.fabs(A[i])) - T.tanh(A[i]) * T.erf(A[i]) / (T.sigmoid(A[i]) + T.float32(1e-05))
        B[i] = T.max(T.min(A[i], T.float32("inf")), T.float32("-inf"))
        B[i] = T.pow(A[i], T.float32(2)) + T.log(A[i]) + T.rsqrt(A[i]) + T.fmod(A[i], B[i])
        B[i] = T.if_then_else(i % 2 == 0 and not (i // 2 >= 8 or i == 63), A[i], T.float32(0))
        B[i] = T.Select(4 <= i and i < 60, A[i], -A[i])
        B[i] = T.floor(A[i]) + T.ceil(A[i]) + T.round(A[i]) + T.trunc(A[i]) + T.nearbyint(A[i])
        B[i] = T.Cast("float32", T.isnan(A[i])) + T.Cast("float32", T.isinf(A[i]))
        H[i] = T.Cast("float16", A[i]) * T.float16(0.5)
        I_[i] = T.truncdiv(i, 3) + T.truncmod(i, 3) + T.floordiv(i, 3) + T.floormod(i, 3) + T.ceildiv(i, 3)
        I_[i] = T.shift_left(i, 2) | (i & 7) ^ T.bitwise_xor(i, 5)
        I_[i] = ~i + (i << 1) + (i >> 1) - T.clz(i) + T.popcount(i)
        I_[i] = T.abs(i) + -i + 3 * 4 - 2 + T.max_value("int32") - T.min_value("int32")
        I_[i] = T.reinterpret("int32", A[i])
        I_[i] = T.Let(z + 1, where={z: i * 2})
        L[i] = T.likely(i < 3)
        B[i] = T.call_extern("float32", "expf", A[i]) + T.call_pure_extern("float32", "sinf", A[i])
        T.evaluate(T.call_packed("f", i))
        T.evaluate(0)
