//! Maximum mean discrepancy.

use pulp::{Arch, Simd, WithSimd};

use crate::rows::both;
use crate::{AdaptError, Discrepancy};

/// The bandwidths of [`median_bandwidths`], as multiples of the median.
const FACTORS: [f64; 5] = [0.5, std::f64::consts::FRAC_1_SQRT_2, 1.0, std::f64::consts::SQRT_2, 2.0];

/// How many sums of squares are taken side by side, so that they fill the vectors of a machine.
const LANES: usize = 16;

/// The squared maximum mean discrepancy of two sets of embeddings, under the mean of Gaussian kernels of several
/// bandwidths σ, k(x, y) = exp(−‖x − y‖² / 2σ²):
///
/// E k(x, x′) − 2 E k(x, y) + E k(y, y′), each over all pairs, those of a row with itself included.
///
/// With these pairs the estimate is biased upwards, the more the smaller the sets are, but it is never negative, and 0
/// for equal sets (up to rounding). It is at most 2, symmetric, and does not depend on the order of rows.
///
/// # Shapes
/// `source` is (n, `width`) and `target` (m, `width`) in row-major order.
///
/// # Units
/// A bandwidth is a distance between embeddings; [`median_bandwidths`] suggests some. One that is far below all
/// distances tells no set from another, and neither does one far above.
///
/// # Errors
/// If a set is empty, is no whole number of rows, or has a value that is not finite, if there are no bandwidths, or if
/// one is not positive and finite, or its square is not.
///
/// # Complexity
/// O((n + m)² · (`width` + the number of bandwidths)) time, O((n + m) · `width`) memory.
///
/// # Examples
/// ```
/// use cdmpp_adapt::{median_bandwidths, mmd};
///
/// let (source, target) = ([0.0, 1.0, 2.0], [3.0, 4.0]);
/// let bandwidths = median_bandwidths(&source, &target, 1)?;
/// assert!(mmd(&source, &source, 1, &bandwidths)?.value < 1e-12);
/// assert!(mmd(&source, &target, 1, &bandwidths)?.value > 0.1);
/// # Ok::<(), cdmpp_adapt::AdaptError>(())
/// ```
///
/// # References
/// Gretton et al., *A Kernel Two-Sample Test*, 2012; several kernels as in Long et al., *Learning Transferable Features
/// with Deep Adaptation Networks*, ICML 2015. The published code of CDMPP takes the sum of the kernels exp(−γ‖x − y‖²)
/// for γ of 1, 0.1 and 0.001: three times this, at bandwidths of 0.7071, 2.236 and 22.36.
pub fn mmd(source: &[f32], target: &[f32], width: usize, bandwidths: &[f64]) -> Result<Discrepancy, AdaptError> {
    let (source, target) = both(source, target, width)?;
    let factors = factors(bandwidths)?;
    // A row of the source has the share 1 / n, one of the target −1 / m. The discrepancy is the sum of k(x, y) over all
    // pairs of rows of both sets, times both shares.
    let (n, m) = (source.n(), target.n());
    let mut shares = vec![1.0 / n as f64; n];
    shares.resize(n + m, -1.0 / m as f64);
    let middle = source.values.len();
    let mut values = source.values;
    values.extend(&target.values);
    let (value, slopes) = Arch::new().dispatch(Pairs { values: &values, width, shares: &shares, factors: &factors });
    Discrepancy::new(value, &slopes[..middle], &slopes[middle..])
}

/// The sum of the kernel over all pairs of rows, times both shares, and its slopes along all elements.
///
/// Wider vectors do not change the order of sums, and so no bit of the result.
struct Pairs<'a> {
    values: &'a [f64],
    width: usize,
    shares: &'a [f64],
    factors: &'a [Factor],
}

impl WithSimd for Pairs<'_> {
    type Output = (f64, Vec<f64>);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        let Self { values, width, shares, factors } = self;
        // Of a row and itself the kernel is 1.
        let mut value: f64 = shares.iter().map(|share| share * share).sum();
        let mut slopes = vec![0.0; values.len()];
        let mut pulls = vec![0.0; shares.len()];
        for i in 1..shares.len() {
            let (before, x) = (&values[..i * width], &values[i * width..][..width]);
            for (square, y) in pulls.iter_mut().zip(before.chunks_exact(width)) {
                *square = squared_distance(x, y);
            }
            for (pull, share) in pulls[..i].iter_mut().zip(shares) {
                let (kernel, fall) = kernel(*pull, factors);
                // Each pair stands for two, (x, y) and (y, x).
                let share = 2.0 * shares[i] * share;
                value += share * kernel;
                // The slope along the square is −fall, and that of the square along x is 2 (x − y).
                *pull = -2.0 * share * fall;
            }
            let (slopes_before, to_x) = slopes.split_at_mut(i * width);
            let others = before.chunks_exact(width).zip(slopes_before.chunks_exact_mut(width));
            for ((y, to_y), pull) in others.zip(&pulls).filter(|(_, pull)| **pull != 0.0) {
                for ((to_x, to_y), (x, y)) in to_x.iter_mut().zip(to_y).zip(x.iter().zip(y)) {
                    let slope = pull * (x - y);
                    *to_x += slope;
                    *to_y -= slope;
                }
            }
        }
        (value, slopes)
    }
}

/// The mean kernel at a squared distance, and how fast it falls with that.
#[inline(always)]
fn kernel(square: f64, factors: &[Factor]) -> (f64, f64) {
    let (mut kernel, mut fall, mut bump) = (0.0, 0.0, 1.0);
    for Factor { factor, is_double } in factors {
        bump = if *is_double { bump * bump } else { (-factor * square).exp() };
        kernel += bump;
        fall += factor * bump;
    }
    let n = factors.len() as f64;
    (kernel / n, fall / n)
}

/// Five bandwidths for [`mmd`]: the median of the distances between all rows of both sets, and its multiples by powers
/// of √2, from a half to two.
///
/// Distances of 0 are left out: of rows that repeat each other there may be more than of others. If all are 0 the median
/// is taken as 1; no bandwidth tells such sets apart. The bandwidths have no gradient; to take them once for many steps
/// is cheaper, and keeps the scale that they are measured by from moving.
///
/// # Shapes
/// `source` is (n, `width`) and `target` (m, `width`) in row-major order.
///
/// # Errors
/// If a set is empty, is no whole number of rows, or has a value that is not finite.
///
/// # Complexity
/// O((n + m)² · `width`) time, O((n + m)²) memory.
///
/// # Examples
/// ```
/// use cdmpp_adapt::median_bandwidths;
///
/// // The distances are 1, 3 and 4.
/// assert_eq!(median_bandwidths(&[0.0, 1.0], &[4.0], 1)?[2], 3.0);
/// # Ok::<(), cdmpp_adapt::AdaptError>(())
/// ```
pub fn median_bandwidths(source: &[f32], target: &[f32], width: usize) -> Result<Vec<f64>, AdaptError> {
    let (source, target) = both(source, target, width)?;
    let rows: Vec<&[f64]> = source.iter().chain(target.iter()).collect();
    Ok(around_median(Arch::new().dispatch(Distances { rows: &rows })))
}

/// All distances between two rows, but those of 0.
struct Distances<'a> {
    rows: &'a [&'a [f64]],
}

impl WithSimd for Distances<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Vec<f64> {
        let mut distances = Vec::with_capacity(self.rows.len() * (self.rows.len() - 1) / 2);
        for (i, a) in self.rows.iter().enumerate() {
            for b in &self.rows[..i] {
                let distance = squared_distance(a, b).sqrt();
                if distance > 0.0 {
                    distances.push(distance);
                }
            }
        }
        distances
    }
}

/// The bandwidths around the upper median of distances, or around 1 if there are none.
pub(crate) fn around_median(mut distances: Vec<f64>) -> Vec<f64> {
    let middle = distances.len() / 2;
    let median = if distances.is_empty() { 1.0 } else { *distances.select_nth_unstable_by(middle, f64::total_cmp).1 };
    FACTORS.iter().map(|factor| factor * median).collect()
}

/// 1 / 2σ² of a bandwidth σ.
struct Factor {
    factor: f64,
    /// Whether it is twice the one before: then the kernel is the square of that one's, and needs no exponential. Those of
    /// [`median_bandwidths`] are.
    is_double: bool,
}

/// The factors of bandwidths in rising order.
fn factors(bandwidths: &[f64]) -> Result<Vec<Factor>, AdaptError> {
    if bandwidths.is_empty() {
        return Err(AdaptError::NoBandwidth);
    }
    let factor = |bandwidth: &f64| {
        let factor = 0.5 / (bandwidth * bandwidth);
        let valid = *bandwidth > 0.0 && factor.is_finite() && factor > 0.0;
        if valid { Ok(factor) } else { Err(AdaptError::Bandwidth { bandwidth: *bandwidth }) }
    };
    let mut factors = bandwidths.iter().map(factor).collect::<Result<Vec<f64>, _>>()?;
    factors.sort_by(f64::total_cmp);
    let mut before = 0.0;
    let doubles = factors.into_iter().map(|factor| {
        let is_double = (factor - 2.0 * before).abs() < 1e-14 * factor;
        before = factor;
        Factor { factor, is_double }
    });
    Ok(doubles.collect())
}

#[inline(always)]
fn squared_distance(xs: &[f64], ys: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (xs, ys) = (xs.chunks_exact(LANES), ys.chunks_exact(LANES));
    let rest: f64 = xs.remainder().iter().zip(ys.remainder()).map(|(x, y)| (x - y) * (x - y)).sum();
    for (xs, ys) in xs.zip(ys) {
        for (sum, (x, y)) in sums.iter_mut().zip(xs.iter().zip(ys)) {
            *sum += (x - y) * (x - y);
        }
    }
    sums.iter().sum::<f64>() + rest
}
