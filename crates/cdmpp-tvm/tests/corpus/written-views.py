# from tvm.script import tirx as T

@T.prim_func(s_tir=True)
def main(a: T.handle, B: T.Buffer((8, 8), "float32", strides=(16, 1), scope="global", align=64, offset_factor=1)):
    A = T.match_buffer(a, (8, 8), "float32")
    A_1 = T.decl_buffer((64,), data=A.data)
    A_2 = T.decl_buffer((8, 8), data=A.data)
    s = T.alloc_buffer((4, 4), "float16", scope="shared.dyn")
    for i, j in T.grid(8, 8):
        with T.sblock("view"):
            T.reads(A[i, j:j + 4])
            T.writes(B[i, 0:8])
            W = T.match_buffer(A[i, 0:8], (8,), offset_factor=1)
            A_2[i, j] = A_1[i * 8 + j] + W[j]
    T.evaluate(T.ptx.wait_group(0))
    T.evaluate(T.call_extern("handle", "touch", T.address_of(s[0, 0]), B.data, T.tvm_access_ptr(T.type_annotation("float32"), A.data, 0, 64, 1)))
