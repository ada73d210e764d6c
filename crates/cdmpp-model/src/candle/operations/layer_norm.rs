//! Layer normalisation over the last dimension.

use candle_core::{CpuStorage, CustomOp3, D, Layout, Result, Shape, Tensor};

use super::{is_cpu_f32, slice, with_slice};

const EPSILON: f64 = 1e-5;

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
    let normed = centred.broadcast_div(&(variance + EPSILON)?.sqrt()?)?;
    normed.broadcast_mul(weight)?.broadcast_add(bias)
}

struct LayerNorm;

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
        cdmpp_kernel::layer_norm(xs, weight, bias, &mut out);
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
                    cdmpp_kernel::layer_norm_backward(x, w, g, &mut dx, &mut dw, &mut db);
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
