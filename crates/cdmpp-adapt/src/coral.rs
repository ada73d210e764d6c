//! Correlation alignment.

use candle_core::{Result, Tensor};

use crate::pair::sizes;

/// The distance between the covariances of two sets of embeddings: ‖cov(x) − cov(y)‖² / 4d², the sum of squares over all
/// pairs of columns.
///
/// It does not see the means. It is 0 for equal sets, symmetric, at least 0, and does not depend on the order of rows.
/// The covariance of a single row is taken as 0.
///
/// # Shapes
/// `source` is (n, d) and `target` (m, d), of `f32` or `f64`; the result is a scalar.
///
/// # Units
/// It grows with the fourth power of the scale of the embeddings; its weight in a loss depends on that scale.
///
/// # Errors
/// If a set is no matrix or is empty, or their widths differ.
///
/// # Complexity
/// O((n + m) · d²).
///
/// # Examples
/// ```
/// use cdmpp_adapt::candle_core::{Device, Tensor};
/// use cdmpp_adapt::coral;
///
/// let source = Tensor::new(&[[0.0], [2.0]], &Device::Cpu)?;
/// let target = Tensor::new(&[[5.0], [9.0], [7.0]], &Device::Cpu)?;
/// // Variances of 2 and 4.
/// assert_eq!(coral(&source, &target)?.to_scalar::<f64>()?, 1.0);
/// # Ok::<(), cdmpp_adapt::candle_core::Error>(())
/// ```
///
/// # References
/// Sun and Saenko, *Deep CORAL: Correlation Alignment for Deep Domain Adaptation*, 2016, equations 1 to 3.
pub fn coral(source: &Tensor, target: &Tensor) -> Result<Tensor> {
    let (.., d) = sizes(source, target, "coral")?;
    let difference = (covariance(source)? - covariance(target)?)?;
    difference.sqr()?.sum_all()? / (4 * d * d) as f64
}

/// The covariance of the columns of (n, d), as (d, d), by n − 1.
fn covariance(xs: &Tensor) -> Result<Tensor> {
    let n = xs.dim(0)?;
    let xs = xs.broadcast_sub(&xs.mean_keepdim(0)?)?;
    xs.t()?.matmul(&xs)? / n.saturating_sub(1).max(1) as f64
}
