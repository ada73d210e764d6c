# from tvm.script import tirx as T
# from tvm.tirx.layout import Axis

@T.prim_func(s_tir=True)
def main(lv28: T.Buffer((T.int64(1), T.int64(12), T.int64(128), T.int64(128)), "float32"), T_broadcast_to_intermediate: T.Buffer((T.int64(1), T.int64(12), T.int64(128), T.int64(128)), "float32")):
    T.func_attr({"tirx.noalias": True})
    # with T.sblock("root"):
    T_softmax_exp = T.sblock_alloc_buffer((T.int64(1), T.int64(12), T.int64(128), T.int64(128)))
    for i0_i1_i2_fused in T.parallel(T.int64(1536), annotations={"pragma_auto_unroll_max_step": 512, "pragma_unroll_explicit": 1}):
        for i3 in range(T.int64(128)):
            with T.sblock(""):
                T.reads(lv28[T.int64(0), i0_i1_i2_fused // T.int64(128), i0_i1_i2_fused % T.int64(128), T.int64(0):T.int64(128)])
                T.writes(T_softmax_exp[T.int64(0), i0_i1_i2_fused // T.int64(128), i0_i1_i2_fused % T.int64(128), i3])
                T_softmax_maxelem = T.sblock_alloc_buffer((T.int64(1), T.int64(1), T.int64(1)))
                with T.sblock("T_softmax_maxelem_init"):
                    T.reads()
                    T.writes(T_softmax_maxelem[T.int64(0), T.int64(0), T.int64(0)])
                    T_softmax_maxelem[T.int64(0), T.int64(0), T.int64(0)] = T.float32(-340282346638528859811704183484516925440.0)
                for ax3 in range(T.int64(128)):
                    with T.sblock("T_softmax_maxelem_update"):
                        T.reads(T_softmax_maxelem[T.int64(0), T.int64(0), T.int64(0)], lv28[T.int64(0), i0_i1_i2_fused // T.int64(128), i0_i1_i2_fused % T.int64(128), ax3])
                        T.writes(T_softmax_maxelem[T.int64(0), T.int64(0), T.int64(0)])
                        T_softmax_maxelem[T.int64(0), T.int64(0), T.int64(0)] = T.max(T_softmax_maxelem[T.int64(0), T.int64(0), T.int64(0)], lv28[T.int64(0), i0_i1_i2_fused // T.int64(128), i0_i1_i2_fused % T.int64(128), ax3])
                with T.sblock("T_softmax_exp"):
                    T.reads(lv28[T.int64(0), i0_i1_i2_fused // T.int64(128), i0_i1_i2_fused % T.int64(128), i3], T_softmax_maxelem[T.int64(0), T.int64(0), T.int64(0)])
                    T.writes(T_softmax_exp[T.int64(0), i0_i1_i2_fused // T.int64(128), i0_i1_i2_fused % T.int64(128), i3])
                    T_softmax_exp[T.int64(0), i0_i1_i2_fused // T.int64(128), i0_i1_i2_fused % T.int64(128), i3] = T.exp(lv28[T.int64(0), i0_i1_i2_fused // T.int64(128), i0_i1_i2_fused % T.int64(128), i3] - T_softmax_maxelem[T.int64(0), T.int64(0), T.int64(0)])
    for ax0_ax1_fused in T.parallel(T.int64(12), annotations={"pragma_auto_unroll_max_step": 512, "pragma_unroll_explicit": 1}):
        with T.sblock(""):
            T.reads(T_softmax_exp[T.int64(0), ax0_ax1_fused, T.int64(0):T.int64(128), T.int64(0):T.int64(128)])
            T.writes(T_broadcast_to_intermediate[T.int64(0), ax0_ax1_fused, T.int64(0):T.int64(128), T.int64(0):T.int64(128)])
            T_softmax_expsum = T.sblock_alloc_buffer((T.int64(1), T.int64(1), T.int64(128)))
            for ax2 in range(T.int64(128)):
                with T.sblock("T_softmax_expsum_init"):
                    T.reads()
                    T.writes(T_softmax_expsum[T.int64(0), T.int64(0), ax2])
                    T_softmax_expsum[T.int64(0), T.int64(0), ax2] = T.float32(0.0)
                for ax3 in range(T.int64(128)):
                    with T.sblock("T_softmax_expsum_update"):
                        T.reads(T_softmax_expsum[T.int64(0), T.int64(0), ax2], T_softmax_exp[T.int64(0), ax0_ax1_fused, ax2, ax3])
                        T.writes(T_softmax_expsum[T.int64(0), T.int64(0), ax2])
                        T_softmax_expsum[T.int64(0), T.int64(0), ax2] = T_softmax_expsum[T.int64(0), T.int64(0), ax2] + T_softmax_exp[T.int64(0), ax0_ax1_fused, ax2, ax3]
            for ax2, ax3 in T.grid(T.int64(128), T.int64(128)):
                with T.sblock("T_broadcast_to"):
                    T.reads(T_softmax_exp[T.int64(0), ax0_ax1_fused, ax2, ax3], T_softmax_expsum[T.int64(0), T.int64(0), ax2])
                    T.writes(T_broadcast_to_intermediate[T.int64(0), ax0_ax1_fused, ax2, ax3])
                    T_broadcast_to_intermediate[T.int64(0), ax0_ax1_fused, ax2, ax3] = T_softmax_exp[T.int64(0), ax0_ax1_fused, ax2, ax3] / T_softmax_expsum[T.int64(0), T.int64(0), ax2]
