//! Differentiable operations that candle has not, or has only without a gradient or far slower on the CPU.
//!
//! Each takes the kernels of `cdmpp-kernel` for contiguous `f32` tensors on the CPU, and candle's plain operations for
//! everything else; tests hold the two against each other and against finite differences.
//! candle's own `LayerNorm::forward` and `softmax_last_dim` record no gradient at all
//! (<https://github.com/huggingface/candle/issues/3011>), so they cannot be used here.

mod attention;
mod bias;
mod layer_norm;

pub(crate) use attention::attention;
pub(crate) use bias::{add_bias, add_bias_relu};
pub(crate) use layer_norm::layer_norm;

use candle_core::{CpuStorage, DType, Layout, Result, Storage, Tensor};

/// Whether the hand-written kernels apply.
fn is_cpu_f32(xs: &Tensor) -> bool {
    xs.device().is_cpu() && xs.dtype() == DType::F32
}

/// The elements of a contiguous `f32` tensor in CPU storage.
fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let data = storage.as_slice::<f32>()?;
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&data[start..end]),
        None => candle_core::bail!("a kernel needs contiguous tensors, not {layout:?}"),
    }
}

/// Calls `f` with the elements of a contiguous `f32` tensor on the CPU.
fn with_slice<R>(xs: &Tensor, f: impl FnOnce(&[f32]) -> Result<R>) -> Result<R> {
    let xs = xs.contiguous()?;
    let (storage, layout) = xs.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => f(slice(storage, layout)?),
        _ => candle_core::bail!("a CPU kernel got a tensor on {:?}", xs.device().location()),
    }
}

#[cfg(test)]
mod tests;
