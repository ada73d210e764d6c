//! Correlation alignment.

use candle_core::{Result, Tensor};

use super::pair::sizes;

/// The distance between the covariances of two sets of embeddings: [`crate::coral`](crate::coral()) on tensors.
///
/// # Shapes
/// `source` is (n, d) and `target` (m, d), of `f32` or `f64`; the result is a scalar.
///
/// # Errors
/// If a set is no matrix or is empty, or their widths differ.
///
/// # Complexity
/// O((n + m) · d²).
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
