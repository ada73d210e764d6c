//! Adding a bias to rows, with or without a rectifier.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use cdmpp_kernel::{add_columns, relu_backward};

use super::{is_cpu_f32, slice, with_slice};

/// Adds a bias to every row. candle's own broadcast sum has the right gradient but takes twenty times as long for it.
///
/// # Shapes
/// `xs` `(.., d)`, `bias` `(d)`; the result has the shape of `xs`.
pub(crate) fn add_bias(xs: &Tensor, bias: &Tensor) -> Result<Tensor> {
    if is_cpu_f32(xs) {
        xs.contiguous()?.apply_op2(&bias.contiguous()?, AddBias { rectify: false })
    } else {
        xs.broadcast_add(bias)
    }
}

/// Adds a bias to every row and sets negative sums to zero.
///
/// # Shapes
/// As [`add_bias`].
pub(crate) fn add_bias_relu(xs: &Tensor, bias: &Tensor) -> Result<Tensor> {
    if is_cpu_f32(xs) {
        xs.contiguous()?.apply_op2(&bias.contiguous()?, AddBias { rectify: true })
    } else {
        xs.broadcast_add(bias)?.relu()
    }
}

struct AddBias {
    rectify: bool,
}

impl CustomOp2 for AddBias {
    fn name(&self) -> &'static str {
        "add-bias"
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
        let (xs, bias) = (slice(s1, l1)?, slice(s2, l2)?);
        // `max` would turn NaN into 0, and hide that training diverged.
        let rectified = |sum: f32| if self.rectify && sum < 0.0 { 0.0 } else { sum };
        let mut out = vec![0.0; xs.len()];
        for (row, out) in xs.chunks_exact(bias.len()).zip(out.chunks_exact_mut(bias.len())) {
            for ((y, x), b) in out.iter_mut().zip(row).zip(bias) {
                *y = rectified(x + b);
            }
        }
        Ok((CpuStorage::F32(out), l1.shape().clone()))
    }

    fn bwd(&self, xs: &Tensor, bias: &Tensor, res: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let d = bias.elem_count();
        let mut db = vec![0.0_f32; d];
        let dx = with_slice(grad, |grad| {
            if !self.rectify {
                add_columns(grad, d, &mut db);
                return Ok(None);
            }
            let mut dx = grad.to_vec();
            with_slice(res, |res| {
                relu_backward(res, &mut dx);
                Ok(())
            })?;
            add_columns(&dx, d, &mut db);
            Ok(Some(dx))
        })?;
        let dx = match dx {
            Some(dx) => Tensor::from_vec(dx, xs.shape(), xs.device())?,
            None => grad.clone(),
        };
        Ok((Some(dx), Some(Tensor::from_vec(db, bias.shape(), bias.device())?)))
    }
}
