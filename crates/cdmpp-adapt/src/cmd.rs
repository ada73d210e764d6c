//! Central moment discrepancy.

use candle_core::{Result, Tensor, bail};

use crate::pair::{midpoint, sizes};

/// What a square root is kept away from zero by: there it has no slope, and a gradient would be infinity times zero.
/// A power of two, so that its own square root is exact and the discrepancy of equal sets is exactly 0.
const SMALLEST_NORM: f64 = 1.0 / (1_u64 << 40) as f64;

/// What a spread is kept away from zero by.
const SMALLEST_SPREAD: f64 = 1e-6;

/// The central moment discrepancy of two sets of embeddings: how far apart the means of their columns are, and the
/// variances, the third central moments, and so on up to `n_moments`.
///
/// It is [`cmd_within`] an interval of 2, of embeddings that have been brought there together by y = tanh((x − μ) / σ).
/// The vector μ is the midpoint between the means of the two sets; the number σ² is the midpoint between their mean
/// squared deviations from μ, over all rows and columns.
///
/// *Why bounded.* The k-th moment is divided by the k-th power of the interval's width. Without a bound a single large
/// value outweighs all the rest: at the fifth moment, ten times the value is a hundred thousand times the term.
///
/// *Why scaled.* A bound at a fixed scale takes small embeddings for equal ones, so that training would shrink them
/// rather than bring the domains together. This discrepancy does not change when both sets are shifted, or multiplied
/// by one positive number, and its gradient, to which the scale contributes, never points towards shrinking. Dividing by
/// the observed range instead would give the two outermost values alone a large part of the gradient; holding the range
/// constant would lose the property.
///
/// It is 0 for equal sets, symmetric, at least 0, and does not depend on the order of rows.
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
/// use cdmpp_adapt::candle_core::{Device, Tensor};
/// use cdmpp_adapt::cmd;
///
/// let source = Tensor::new(&[[0.0_f32, 1.0], [2.0, 3.0]], &Device::Cpu)?;
/// let target = Tensor::new(&[[0.0_f32, 1.0], [2.0, 4.0], [1.0, 2.0]], &Device::Cpu)?;
/// assert_eq!(cmd(&source, &source, 5)?.to_scalar::<f32>()?, 0.0);
/// let near = cmd(&source, &target, 5)?.to_scalar::<f32>()?;
/// let far = cmd(&source, &(target + 2.0)?, 5)?.to_scalar::<f32>()?;
/// assert!(0.0 < near && near < far);
/// # Ok::<(), cdmpp_adapt::candle_core::Error>(())
/// ```
///
/// # References
/// Zellinger et al., *Central Moment Discrepancy (CMD) for Domain-Invariant Representation Learning*, ICLR 2017, which
/// asks for activations in an interval. The published code of CDMPP takes the moments of unbounded ones, with a width
/// of 1: `cmd_within(source, target, 5, 1.0)`.
pub fn cmd(source: &Tensor, target: &Tensor, n_moments: usize) -> Result<Tensor> {
    sizes(source, target, "cmd")?;
    let mean = midpoint(&source.mean_keepdim(0)?, &target.mean_keepdim(0)?)?;
    let (source, target) = (source.broadcast_sub(&mean)?, target.broadcast_sub(&mean)?);
    let variance = midpoint(&source.sqr()?.mean_all()?, &target.sqr()?.mean_all()?)?;
    let spread = (variance + SMALLEST_SPREAD * SMALLEST_SPREAD)?.sqrt()?;
    let bound = |xs: Tensor| xs.broadcast_div(&spread)?.tanh();
    cmd_within(&bound(source)?, &bound(target)?, n_moments, 2.0)
}

/// The central moment discrepancy of two sets of activations that lie in an interval of this width, such as 1 after a
/// sigmoid and 2 after a hyperbolic tangent:
///
/// ‖E x − E y‖ / width + Σₖ ‖Cₖ(x) − Cₖ(y)‖ / widthᵏ for k from 2 to `n_moments`, with Cₖ(x) = E (x − E x)ᵏ by column.
///
/// It is 0 for equal sets, symmetric, at least 0, and does not depend on the order of rows. Where a norm is 0 its
/// gradient is taken as 0.
///
/// # Shapes
/// `source` is (n, d) and `target` (m, d), of `f32` or `f64`; the result is a scalar.
///
/// # Errors
/// If a set is no matrix or is empty, their widths differ, `n_moments` is 0, or `width` is not positive and finite.
///
/// # Complexity
/// O((n + m) · d · `n_moments`).
///
/// # Examples
/// ```
/// use cdmpp_adapt::candle_core::{Device, Tensor};
/// use cdmpp_adapt::cmd_within;
///
/// let source = Tensor::new(&[[0.0], [1.0]], &Device::Cpu)?;
/// let target = Tensor::new(&[[0.5], [1.0]], &Device::Cpu)?;
/// // The means differ by 1/4, the variances by 1/4 − 1/16.
/// let discrepancy = cmd_within(&source, &target, 2, 1.0)?.to_scalar::<f64>()?;
/// assert!((discrepancy - 0.4375).abs() < 1e-6);
/// # Ok::<(), cdmpp_adapt::candle_core::Error>(())
/// ```
///
/// # References
/// Zellinger et al., *Central Moment Discrepancy (CMD) for Domain-Invariant Representation Learning*, ICLR 2017,
/// definition 2.
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
