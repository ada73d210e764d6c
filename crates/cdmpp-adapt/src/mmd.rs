//! Maximum mean discrepancy.

use candle_core::{DType, Result, Tensor, bail};

use crate::pair::{midpoint, sizes};

/// The bandwidths of [`median_bandwidths`], as multiples of the median.
const FACTORS: [f64; 5] = [0.5, std::f64::consts::FRAC_1_SQRT_2, 1.0, std::f64::consts::SQRT_2, 2.0];

/// The squared maximum mean discrepancy of two sets of embeddings, under the mean of Gaussian kernels of several
/// bandwidths σ, k(x, y) = exp(−‖x − y‖² / 2σ²):
///
/// E k(x, x′) − 2 E k(x, y) + E k(y, y′), each over all pairs, those of a row with itself included.
///
/// With these pairs the estimate is biased upwards, the more the smaller the sets are, but it is never negative, and 0
/// for equal sets (up to rounding). It is at most 2, symmetric, and does not depend on the order of rows.
///
/// # Shapes
/// `source` is (n, d) and `target` (m, d), of `f32` or `f64`; the result is a scalar.
///
/// # Units
/// A bandwidth is a distance between embeddings; [`median_bandwidths`] suggests some. One that is far below all
/// distances tells no set from another, and neither does one far above. The distances come from a product of matrices:
/// they are rounded by the square of the largest deviation from the mean, in the precision of the tensors.
///
/// # Errors
/// If a set is no matrix or is empty, their widths differ, there are no bandwidths, or one is not positive and finite.
///
/// # Complexity
/// O((n + m)² · (d + the number of bandwidths)).
///
/// # Examples
/// ```
/// use cdmpp_adapt::candle_core::{Device, Tensor};
/// use cdmpp_adapt::{median_bandwidths, mmd};
///
/// let source = Tensor::new(&[[0.0], [1.0], [2.0]], &Device::Cpu)?;
/// let target = Tensor::new(&[[3.0], [4.0]], &Device::Cpu)?;
/// let bandwidths = median_bandwidths(&source, &target)?;
/// assert!(mmd(&source, &source, &bandwidths)?.to_scalar::<f64>()? < 1e-12);
/// assert!(mmd(&source, &target, &bandwidths)?.to_scalar::<f64>()? > 0.1);
/// # Ok::<(), cdmpp_adapt::candle_core::Error>(())
/// ```
///
/// # References
/// Gretton et al., *A Kernel Two-Sample Test*, 2012; several kernels as in Long et al., *Learning Transferable Features
/// with Deep Adaptation Networks*, ICML 2015. The published code of CDMPP takes the sum of the kernels exp(−γ‖x − y‖²)
/// for γ of 1, 0.1 and 0.001: three times this, at bandwidths of 0.7071, 2.236 and 22.36.
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

/// Five bandwidths for [`mmd`]: the median of the distances between all rows of both sets, and its multiples by powers
/// of √2, from a half to two.
///
/// Distances of 0 are left out: of rows that repeat each other there may be more than of others. If all are 0 the median
/// is taken as 1; no bandwidth tells such sets apart. The bandwidths are numbers and have no gradient; to take them once
/// for many steps is cheaper, and keeps the scale that they are measured by from moving.
///
/// # Shapes
/// `source` is (n, d) and `target` (m, d).
///
/// # Errors
/// If a set is no matrix or is empty, or their widths differ.
///
/// # Complexity
/// O((n + m)² · d).
///
/// # Examples
/// ```
/// use cdmpp_adapt::candle_core::{Device, Tensor};
/// use cdmpp_adapt::median_bandwidths;
///
/// let source = Tensor::new(&[[0.0], [1.0]], &Device::Cpu)?;
/// let target = Tensor::new(&[[4.0]], &Device::Cpu)?;
/// // The distances are 1, 3 and 4.
/// assert_eq!(median_bandwidths(&source, &target)?[2], 3.0);
/// # Ok::<(), cdmpp_adapt::candle_core::Error>(())
/// ```
pub fn median_bandwidths(source: &Tensor, target: &Tensor) -> Result<Vec<f64>> {
    sizes(source, target, "median_bandwidths")?;
    let mut rows: Vec<Vec<f64>> = source.to_dtype(DType::F64)?.to_vec2()?;
    rows.extend(target.to_dtype(DType::F64)?.to_vec2()?);
    let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
    let pairs = rows.iter().enumerate().flat_map(|(i, a)| rows[..i].iter().map(move |b| (a, b)));
    let mut distances: Vec<f64> = pairs.map(|(a, b)| distance(a, b)).filter(|distance| *distance > 0.0).collect();
    let middle = distances.len() / 2;
    let median = if distances.is_empty() { 1.0 } else { *distances.select_nth_unstable_by(middle, f64::total_cmp).1 };
    Ok(FACTORS.iter().map(|factor| factor * median).collect())
}

/// The squared distance of each row of `xs` (n, d) to each row of `ys` (m, d), as (n, m).
fn squared_distances(xs: &Tensor, ys: &Tensor) -> Result<Tensor> {
    let products = xs.matmul(&ys.t()?)?;
    let (xs, ys) = (xs.sqr()?.sum_keepdim(1)?, ys.sqr()?.sum_keepdim(1)?.t()?);
    // Rounding takes the distance of a row to itself below 0, and far below if the row is far from the origin.
    // Unlike `relu`, `maximum` keeps what is not a number.
    (products * -2.0)?.broadcast_add(&xs)?.broadcast_add(&ys)?.maximum(0.0)
}
