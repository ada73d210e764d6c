//! Multi-head self-attention over short sequences.

use candle_core::{CpuStorage, CustomOp1, D, Layout, Result, Shape, Tensor};
use cdmpp_kernel::AttentionRoom;

use super::{is_cpu_f32, slice, with_slice};

/// Scaled dot-product self-attention of every head, without mask.
///
/// # Shapes
/// `qkv` `(b, l, 3·d)`: queries, keys and values side by side, each with its heads side by side. The result is
/// `(b, l, d)`.
///
/// # Complexity
/// O(b · l² · d) time, O(b · l · d) memory.
pub(crate) fn attention(qkv: &Tensor, n_heads: usize) -> Result<Tensor> {
    if is_cpu_f32(qkv) { qkv.contiguous()?.apply_op1(Attention { n_heads }) } else { plain(qkv, n_heads) }
}

pub(super) fn plain(qkv: &Tensor, n_heads: usize) -> Result<Tensor> {
    let (b, l, width) = qkv.dims3()?;
    let (d, head) = (width / 3, width / 3 / n_heads);
    let part =
        |i: usize| qkv.narrow(D::Minus1, i * d, d)?.reshape((b, l, n_heads, head))?.transpose(1, 2)?.contiguous();
    let (q, k, v) = (part(0)?, part(1)?, part(2)?);
    let scores = (q.matmul(&k.t()?)? * (head as f64).powf(-0.5))?;
    let weights = candle_nn::ops::softmax(&scores, D::Minus1)?;
    weights.matmul(&v)?.transpose(1, 2)?.reshape((b, l, d))
}

struct Attention {
    n_heads: usize,
}

impl Attention {
    /// The numbers of samples and leaves, and the width of one of queries, keys and values.
    fn dims(&self, shape: &Shape) -> Result<(usize, usize, usize)> {
        let (b, l, width) = shape.dims3()?;
        if width % (3 * self.n_heads) != 0 {
            candle_core::bail!("{} heads do not divide a width of {width} / 3", self.n_heads);
        }
        Ok((b, l, width / 3))
    }
}

impl CustomOp1 for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let qkv = slice(storage, layout)?;
        let (b, l, d) = self.dims(layout.shape())?;
        let mut out = vec![0.0_f32; b * l * d];
        cdmpp_kernel::attention(qkv, l, d, self.n_heads, &mut AttentionRoom::default(), &mut out);
        Ok((CpuStorage::F32(out), Shape::from((b, l, d))))
    }

    fn bwd(&self, qkv: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (_, l, d) = self.dims(qkv.shape())?;
        let mut out = vec![0.0_f32; qkv.elem_count()];
        with_slice(qkv, |qkv| {
            with_slice(grad, |grad| {
                let room = &mut AttentionRoom::default();
                cdmpp_kernel::attention_backward(qkv, grad, l, d, self.n_heads, room, &mut out);
                Ok(())
            })
        })?;
        Tensor::from_vec(out, qkv.shape(), qkv.device()).map(Some)
    }
}
