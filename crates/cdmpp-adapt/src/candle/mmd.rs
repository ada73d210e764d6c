//! Maximum mean discrepancy.

use candle_core::{DType, Result, Tensor, bail};

use super::pair::{midpoint, sizes};
use crate::mmd::around_median;

/// The squared maximum mean discrepancy of two sets of embeddings: [`crate::mmd`](crate::mmd()) on tensors.
///
/// # Shapes
/// `source` is (n, d) and `target` (m, d), of `f32` or `f64`; the result is a scalar.
///
/// # Units
/// A bandwidth is a distance between embeddings; [`median_bandwidths`] suggests some. Here distances come from a product of
/// matrices: they are rounded by the square of the largest deviation from the mean, in the precision of the tensors.
///
/// # Errors
/// If a set is no matrix or is empty, their widths differ, there are no bandwidths, or one is not positive and finite.
///
/// # Complexity
/// O((n + m)² · (d + the number of bandwidths)).
pub fn mmd(source: &Tensor, target: &Tensor, bandwidths: &[f64]) -> Result<Tensor> {
    sizes(source, target, "mmd")?;
    if bandwidths.is_empty() {
        bail!("mmd: there must be a bandwidth");
    }
    if let Some(bandwidth) = bandwidths.iter().find(|bandwidth| !(bandwidth.is_finite() && **bandwidth > 0.0)) {
        bail!("mmd: a bandwidth must be positive and finite, not {bandwidth}");
    }
    // Distances do not change with the origin, but rounding does: the squares of values far from it swallow them.
    let origin = midpoint(&source.mean_keepdim(0)?, &target.mean_keepdim(0)?)?.detach();
    let (source, target) = (source.broadcast_sub(&origin)?, target.broadcast_sub(&origin)?);
    let mean_kernel = |xs: &Tensor, ys: &Tensor| -> Result<Tensor> {
        let squared = squared_distances(xs, ys)?;
        let mut sum = squared.affine(-0.5 / bandwidths[0].powi(2), 0.0)?.exp()?;
        for bandwidth in &bandwidths[1..] {
            sum = (sum + squared.affine(-0.5 / bandwidth.powi(2), 0.0)?.exp()?)?;
        }
        sum.mean_all()? / bandwidths.len() as f64
    };
    let within = (mean_kernel(&source, &source)? + mean_kernel(&target, &target)?)?;
    within - (mean_kernel(&source, &target)? * 2.0)?
}

/// Five bandwidths for [`mmd`] around the median of all distances: [`crate::median_bandwidths`] of tensors.
///
/// # Shapes
/// `source` is (n, d) and `target` (m, d).
///
/// # Errors
/// If a set is no matrix or is empty, or their widths differ.
///
/// # Complexity
/// O((n + m)² · d).
pub fn median_bandwidths(source: &Tensor, target: &Tensor) -> Result<Vec<f64>> {
    sizes(source, target, "median_bandwidths")?;
    let mut rows: Vec<Vec<f64>> = source.to_dtype(DType::F64)?.to_vec2()?;
    rows.extend(target.to_dtype(DType::F64)?.to_vec2()?);
    let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
    let pairs = rows.iter().enumerate().flat_map(|(i, a)| rows[..i].iter().map(move |b| (a, b)));
    let distances = pairs.map(|(a, b)| distance(a, b)).filter(|distance| *distance > 0.0);
    Ok(around_median(distances.collect()))
}

/// The squared distance of each row of `xs` (n, d) to each row of `ys` (m, d), as (n, m).
fn squared_distances(xs: &Tensor, ys: &Tensor) -> Result<Tensor> {
    let products = xs.matmul(&ys.t()?)?;
    let (xs, ys) = (xs.sqr()?.sum_keepdim(1)?, ys.sqr()?.sum_keepdim(1)?.t()?);
    // Rounding takes the distance of a row to itself below 0, and far below if the row is far from the origin.
    // Unlike `relu`, `maximum` keeps what is not a number.
    (products * -2.0)?.broadcast_add(&xs)?.broadcast_add(&ys)?.maximum(0.0)
}
