//! Differentiable operations that candle has not, or has only without a gradient or far slower on the CPU.
//!
//! Each has a forward and a hand-written backward for contiguous `f32` tensors on the CPU, and falls back to candle's
//! plain operations for everything else; tests hold the two against each other and against finite differences.
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

/// Eight partial sums let the compiler keep a reduction in vector registers; the order is fixed, so results repeat.
fn sum_by(n: usize, term: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let blocks = n / 8;
    for block in 0..blocks {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += term(block * 8 + lane);
        }
    }
    let tail: f32 = (blocks * 8..n).map(&term).sum();
    lanes.iter().sum::<f32>() + tail
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    sum_by(n, |i| a[i] * b[i])
}

#[cfg(test)]
mod tests;
