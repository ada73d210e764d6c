//! Multi-head self-attention over short sequences.

use candle_core::{CpuStorage, CustomOp1, D, Layout, Result, Shape, Tensor};

use super::{dot, is_cpu_f32, slice, with_slice};

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

/// The geometry of one call.
#[derive(Clone, Copy)]
struct Heads {
    l: usize,
    d: usize,
    n: usize,
    size: usize,
    scale: f32,
}

impl Heads {
    fn new(shape: &Shape, n: usize) -> Result<Self> {
        let (_, l, width) = shape.dims3()?;
        if width % (3 * n) != 0 {
            candle_core::bail!("{n} heads do not divide a width of {width} / 3");
        }
        let (d, size) = (width / 3, width / 3 / n);
        Ok(Self { l, d, n, size, scale: (size as f32).powf(-0.5) })
    }

    /// The query (`part` 0), key (1) or value (2) of one head at one place, within the `(l, 3·d)` block of a sample.
    fn at(self, part: usize, head: usize, place: usize) -> std::ops::Range<usize> {
        let start = place * 3 * self.d + part * self.d + head * self.size;
        start..start + self.size
    }

    /// Writes the attention weights of one head at one place, `(l)`. Only one such row is ever in memory: all of them
    /// would be l².
    fn weights(self, qkv: &[f32], head: usize, place: usize, row: &mut [f32]) {
        let q = &qkv[self.at(0, head, place)];
        let mut max = f32::NEG_INFINITY;
        for (j, score) in row.iter_mut().enumerate() {
            *score = dot(q, &qkv[self.at(1, head, j)]) * self.scale;
            max = max.max(*score);
        }
        let mut sum = 0.0;
        for score in row.iter_mut() {
            *score = (*score - max).exp();
            sum += *score;
        }
        row.iter_mut().for_each(|weight| *weight /= sum);
    }
}

/// `out += factor · xs`
fn add_scaled(out: &mut [f32], factor: f32, xs: &[f32]) {
    out.iter_mut().zip(xs).for_each(|(out, x)| *out += factor * x);
}

impl CustomOp1 for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let qkv = slice(storage, layout)?;
        let heads = Heads::new(layout.shape(), self.n_heads)?;
        let Heads { l, d, .. } = heads;
        let (b, _, _) = layout.shape().dims3()?;
        let mut out = vec![0.0_f32; b * l * d];
        let mut row = vec![0.0_f32; l];
        for (qkv, out) in qkv.chunks_exact(l * 3 * d).zip(out.chunks_exact_mut(l * d)) {
            for head in 0..heads.n {
                for i in 0..l {
                    heads.weights(qkv, head, i, &mut row);
                    let y = &mut out[i * d + head * heads.size..][..heads.size];
                    for (j, weight) in row.iter().enumerate() {
                        add_scaled(y, *weight, &qkv[heads.at(2, head, j)]);
                    }
                }
            }
        }
        Ok((CpuStorage::F32(out), Shape::from((b, l, d))))
    }

    fn bwd(&self, qkv: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let heads = Heads::new(qkv.shape(), self.n_heads)?;
        let Heads { l, d, size, .. } = heads;
        let mut out = vec![0.0_f32; qkv.elem_count()];
        let (mut row, mut dscores) = (vec![0.0_f32; l], vec![0.0_f32; l]);
        with_slice(qkv, |qkv| {
            with_slice(grad, |grad| {
                let samples = qkv.chunks_exact(l * 3 * d).zip(grad.chunks_exact(l * d));
                for ((qkv, grad), out) in samples.zip(out.chunks_exact_mut(l * 3 * d)) {
                    for head in 0..heads.n {
                        for i in 0..l {
                            heads.weights(qkv, head, i, &mut row);
                            let dy = &grad[i * d + head * size..][..size];
                            // d weight_ij = dy_i · v_j; softmax: d score = w ⊙ (d weight − Σ w · d weight).
                            let mut mean = 0.0;
                            for (j, (weight, dscore)) in row.iter().zip(&mut dscores).enumerate() {
                                *dscore = dot(dy, &qkv[heads.at(2, head, j)]);
                                mean += weight * *dscore;
                            }
                            for (j, (weight, dscore)) in row.iter().zip(&dscores).enumerate() {
                                let dscore = weight * (dscore - mean) * heads.scale;
                                add_scaled(&mut out[heads.at(2, head, j)], *weight, dy);
                                add_scaled(&mut out[heads.at(0, head, i)], dscore, &qkv[heads.at(1, head, j)]);
                                add_scaled(&mut out[heads.at(1, head, j)], dscore, &qkv[heads.at(0, head, i)]);
                            }
                        }
                    }
                }
                Ok(())
            })
        })?;
        Tensor::from_vec(out, qkv.shape(), qkv.device()).map(Some)
    }
}
