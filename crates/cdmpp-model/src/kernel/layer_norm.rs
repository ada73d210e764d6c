//! Layer normalisation over the last dimension.

use candle_core::{CpuStorage, CustomOp3, D, Layout, Result, Shape, Tensor};

use super::{is_cpu_f32, slice, sum_by, with_slice};

const EPSILON: f32 = 1e-5;

/// `(x − mean) / sqrt(variance + 1e-5) · weight + bias` over the last dimension, with gradients for all three.
///
/// # Shapes
/// `xs` `(.., d)`, `weight` and `bias` `(d)`; the result has the shape of `xs`.
pub(crate) fn layer_norm(xs: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    if is_cpu_f32(xs) {
        xs.contiguous()?.apply_op3(&weight.contiguous()?, &bias.contiguous()?, LayerNorm)
    } else {
        plain(xs, weight, bias)
    }
}

pub(super) fn plain(xs: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let centred = xs.broadcast_sub(&xs.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    let normed = centred.broadcast_div(&(variance + f64::from(EPSILON))?.sqrt()?)?;
    normed.broadcast_mul(weight)?.broadcast_add(bias)
}

struct LayerNorm;

/// The mean and the reciprocal standard deviation of a row.
fn moments(row: &[f32]) -> (f32, f32) {
    let n = row.len() as f32;
    let mean = sum_by(row.len(), |i| row[i]) / n;
    let variance = sum_by(row.len(), |i| (row[i] - mean) * (row[i] - mean)) / n;
    (mean, 1.0 / (variance + EPSILON).sqrt())
}

impl CustomOp3 for LayerNorm {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
        s3: &CpuStorage,
        l3: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (xs, weight, bias) = (slice(s1, l1)?, slice(s2, l2)?, slice(s3, l3)?);
        let mut out = vec![0.0; xs.len()];
        for (row, out) in xs.chunks_exact(weight.len()).zip(out.chunks_exact_mut(weight.len())) {
            let (mean, scale) = moments(row);
            for (((y, x), w), b) in out.iter_mut().zip(row).zip(weight).zip(bias) {
                *y = (x - mean) * scale * w + b;
            }
        }
        Ok((CpuStorage::F32(out), l1.shape().clone()))
    }

    fn bwd(
        &self,
        xs: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let d = weight.elem_count();
        let (mut dx, mut dw, mut db) = (vec![0.0; xs.elem_count()], vec![0.0_f32; d], vec![0.0_f32; d]);
        with_slice(xs, |x| {
            with_slice(weight, |w| {
                with_slice(grad, |g| {
                    let mut normed = vec![0.0_f32; d];
                    for ((row, g), dx) in x.chunks_exact(d).zip(g.chunks_exact(d)).zip(dx.chunks_exact_mut(d)) {
                        let (mean, scale) = moments(row);
                        for i in 0..d {
                            normed[i] = (row[i] - mean) * scale;
                            dw[i] += g[i] * normed[i];
                            db[i] += g[i];
                        }
                        let mean_g = sum_by(d, |i| g[i] * w[i]) / d as f32;
                        let mean_gn = sum_by(d, |i| g[i] * w[i] * normed[i]) / d as f32;
                        for i in 0..d {
                            dx[i] = (g[i] * w[i] - mean_g - normed[i] * mean_gn) * scale;
                        }
                    }
                    Ok(())
                })
            })
        })?;
        let device = xs.device();
        Ok((
            Some(Tensor::from_vec(dx, xs.shape(), device)?),
            Some(Tensor::from_vec(dw, weight.shape(), device)?),
            Some(Tensor::from_vec(db, bias.shape(), device)?),
        ))
    }
}
