//! Central moment discrepancy.

use candle_core::{Result, Tensor, bail};

use super::pair::{midpoint, sizes};
use crate::cmd::{SMALLEST_NORM, SMALLEST_SPREAD};

/// The central moment discrepancy of two sets of embeddings: [`crate::cmd`] on tensors.
///
/// # Shapes
/// `source` is (n, d) and `target` (m, d), of `f32` or `f64`; n and m may differ, and may be 1. The result is a scalar.
///
/// # Errors
/// If a set is no matrix or is empty, their widths differ, or `n_moments` is 0.
///
/// # Complexity
/// O((n + m) · d · `n_moments`).
///
/// # Examples
/// ```
/// use cdmpp_adapt::candle::candle_core::{Device, Tensor};
/// use cdmpp_adapt::candle::cmd;
///
/// let source = Tensor::new(&[[0.0_f32, 1.0], [2.0, 3.0]], &Device::Cpu)?;
/// let target = Tensor::new(&[[0.0_f32, 1.0], [2.0, 4.0], [1.0, 2.0]], &Device::Cpu)?;
/// assert_eq!(cmd(&source, &source, 5)?.to_scalar::<f32>()?, 0.0);
/// let near = cmd(&source, &target, 5)?.to_scalar::<f32>()?;
/// let far = cmd(&source, &(target + 2.0)?, 5)?.to_scalar::<f32>()?;
/// assert!(0.0 < near && near < far);
/// # Ok::<(), cdmpp_adapt::candle::candle_core::Error>(())
/// ```
pub fn cmd(source: &Tensor, target: &Tensor, n_moments: usize) -> Result<Tensor> {
    sizes(source, target, "cmd")?;
    let mean = midpoint(&source.mean_keepdim(0)?, &target.mean_keepdim(0)?)?;
    let (source, target) = (source.broadcast_sub(&mean)?, target.broadcast_sub(&mean)?);
    let variance = midpoint(&source.sqr()?.mean_all()?, &target.sqr()?.mean_all()?)?;
    let spread = (variance + SMALLEST_SPREAD * SMALLEST_SPREAD)?.sqrt()?;
    let bound = |xs: Tensor| xs.broadcast_div(&spread)?.tanh();
    cmd_within(&bound(source)?, &bound(target)?, n_moments, 2.0)
}

/// The central moment discrepancy of two sets of activations in an interval of this width: [`crate::cmd_within`] on
/// tensors.
///
/// # Shapes
/// `source` is (n, d) and `target` (m, d), of `f32` or `f64`; the result is a scalar.
///
/// # Errors
/// If a set is no matrix or is empty, their widths differ, `n_moments` is 0, or `width` is not positive and finite.
///
/// # Complexity
/// O((n + m) · d · `n_moments`).
pub fn cmd_within(source: &Tensor, target: &Tensor, n_moments: usize, width: f64) -> Result<Tensor> {
    sizes(source, target, "cmd")?;
    if n_moments == 0 {
        bail!("cmd: the number of moments must be at least 1");
    }
    if !(width.is_finite() && width > 0.0) {
        bail!("cmd: the width of the interval must be positive and finite, not {width}");
    }
    let (source, target) = ((source / width)?, (target / width)?);
    let (source_mean, target_mean) = (source.mean_keepdim(0)?, target.mean_keepdim(0)?);
    let mut sum = norm(&(&source_mean - &target_mean)?)?;
    let (source, target) = (source.broadcast_sub(&source_mean)?, target.broadcast_sub(&target_mean)?);
    let (mut source_power, mut target_power) = (source.clone(), target.clone());
    for _ in 2..=n_moments {
        (source_power, target_power) = ((source_power * &source)?, (target_power * &target)?);
        sum = (sum + norm(&(source_power.mean_keepdim(0)? - target_power.mean_keepdim(0)?)?)?)?;
    }
    Ok(sum)
}

/// The length of a vector, with a slope of 0 at 0.
fn norm(xs: &Tensor) -> Result<Tensor> {
    (xs.sqr()?.sum_all()? + SMALLEST_NORM * SMALLEST_NORM)?.sqrt()? - SMALLEST_NORM
}
