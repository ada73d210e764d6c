//! TVM's intrinsic functions: what they return, and whether they do anything else.

use cdmpp_ir::{Body, DataType, Effect, ExprId};

/// The type that a call has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Returns {
    /// The type of the first argument.
    First,
    /// The type of the second argument.
    Second,
    /// The type that both arguments are brought to.
    Both,
    Fixed(DataType),
    /// The type that the first argument names; the rest are the arguments.
    Named,
}

/// What is known of an intrinsic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Intrinsic {
    pub(crate) effect: Effect,
    pub(crate) returns: Returns,
}

/// The intrinsic of a name; `None` if the name is not known as one.
///
/// Pure are those that TVM registers as pure or as annotations of an expression; those that read or update state, jump
/// or carry information for a pass are opaque.
///
/// # References
/// `TCallEffectKind` in TVM's `src/tirx/op/builtin.cc` and `src/tirx/op/op.cc`, version 0.27.
pub(crate) fn find(name: &str) -> Option<Intrinsic> {
    use DataType::{Bool, Handle, I32, U32};
    let (effect, returns) = match name {
        "exp"
        | "exp2"
        | "exp10"
        | "erf"
        | "tanh"
        | "sigmoid"
        | "log"
        | "log2"
        | "log10"
        | "log1p"
        | "tan"
        | "cos"
        | "cosh"
        | "acos"
        | "acosh"
        | "sin"
        | "sinh"
        | "asin"
        | "asinh"
        | "atan"
        | "atanh"
        | "sqrt"
        | "rsqrt"
        | "fma"
        | "atan2"
        | "nextafter"
        | "hypot"
        | "copysign"
        | "ldexp"
        | "fmod"
        | "popcount"
        | "bitwise_not"
        | "likely"
        | "floor"
        | "ceil"
        | "trunc"
        | "round"
        | "nearbyint"
        | "tvm_thread_invariant" => (Effect::Pure, Returns::First),
        "pow" | "power" => (Effect::Pure, Returns::Both),
        "isnan" | "isnullptr" | "filter" | "ignore_loop_partition" => (Effect::Pure, Returns::Fixed(Bool)),
        "clz" | "dp4a" | "q_multiply_shift" | "q_multiply_shift_per_axis" | "vscale" => {
            (Effect::Pure, Returns::Fixed(I32))
        }
        "reinterpret"
        | "call_pure_extern"
        | "call_llvm_pure_intrin"
        | "call_spirv_pure_glsl450"
        | "type_annotation"
        | "vectorlow"
        | "vectorhigh"
        | "vectorcombine"
        | "get_active_lane_mask" => (Effect::Pure, Returns::Named),
        "call_extern" | "call_llvm_intrin" => (Effect::Opaque, Returns::Named),
        "address_of"
        | "ptr_byte_offset"
        | "handle_add_byte_offset"
        | "start_profile_intrinsic"
        | "end_profile_intrinsic" => (Effect::Pure, Returns::Fixed(Handle)),
        "selector" => (Effect::Opaque, Returns::First),
        "tvm_warp_shuffle" | "tvm_warp_shuffle_up" | "tvm_warp_shuffle_down" | "tvm_warp_shuffle_xor" => {
            (Effect::Opaque, Returns::Second)
        }
        "tvm_warp_activemask" => (Effect::Opaque, Returns::Fixed(U32)),
        "assume" => (Effect::Opaque, Returns::Fixed(Bool)),
        "undef" | "call_packed" | "call_cpacked" | "tvm_call_packed" | "tvm_call_cpacked" | "atomic_add"
        | "tvm_struct_set" | "dma_copy" | "dma_wait" => (Effect::Opaque, Returns::Fixed(I32)),
        "ret"
        | "thread_return"
        | "break_loop"
        | "continue_loop"
        | "lookup_param"
        | "prefetch"
        | "print_buffer"
        | "TVMBackendAllocWorkspace"
        | "TVMBackendFreeWorkspace" => (Effect::Opaque, Returns::Fixed(Handle)),
        // Barriers, tensor cores and asynchronous copies: all of them opaque.
        _ if ["tvm_", "ptx_", "mma_", "simdgroup_", "cooperative_tensor_", "dma_", "texture2d_", "anylist_"]
            .iter()
            .any(|prefix| name.starts_with(prefix)) =>
        {
            (Effect::Opaque, Returns::Fixed(Handle))
        }
        _ => return None,
    };
    Some(Intrinsic { effect, returns })
}

/// A pure call with the type of its first argument.
pub(crate) fn pure_call(body: &mut Body<'_>, name: &str, args: &[ExprId]) -> ExprId {
    let dtype = args.first().map_or(DataType::Handle, |arg| body.dtype(*arg));
    body.call(name, dtype, Effect::Pure, args)
}
