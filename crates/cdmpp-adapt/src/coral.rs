//! Correlation alignment.

use pulp::{Arch, Simd, WithSimd};

use crate::rows::{Rows, both};
use crate::{AdaptError, Discrepancy};

/// The distance between the covariances of two sets of embeddings: ‖cov(x) − cov(y)‖² / 4 `width`², the sum of squares over
/// all pairs of columns.
///
/// It does not see the means. It is 0 for equal sets, symmetric, at least 0, and does not depend on the order of rows.
/// The covariance of a single row is taken as 0.
///
/// # Shapes
/// `source` is (n, `width`) and `target` (m, `width`) in row-major order.
///
/// # Units
/// It grows with the fourth power of the scale of the embeddings; its weight in a loss depends on that scale.
///
/// # Errors
/// If a set is empty, is no whole number of rows, or has a value that is not finite. If values are so large that a slope
/// overflows.
///
/// # Complexity
/// O((n + m) · `width`²) time, O((n + m) · `width` + `width`²) memory.
///
/// # Examples
/// ```
/// use cdmpp_adapt::coral;
///
/// // Variances of 2 and 4.
/// assert_eq!(coral(&[0.0, 2.0], &[5.0, 9.0, 7.0], 1)?.value, 1.0);
/// # Ok::<(), cdmpp_adapt::AdaptError>(())
/// ```
///
/// # References
/// Sun and Saenko, *Deep CORAL: Correlation Alignment for Deep Domain Adaptation*, 2016, equations 1 to 3.
pub fn coral(source: &[f32], target: &[f32], width: usize) -> Result<Discrepancy, AdaptError> {
    let (mut source, mut target) = both(source, target, width)?;
    source.subtract(&source.means());
    target.subtract(&target.means());
    let arch = Arch::new();
    let mut difference = arch.dispatch(Covariance { set: &source });
    for (a, b) in difference.iter_mut().zip(arch.dispatch(Covariance { set: &target })) {
        *a -= b;
    }
    let scale = 1.0 / (4.0 * (width as f64).powi(2));
    let value = difference.iter().map(|x| x * x).sum::<f64>() * scale;
    // The slope along cov(x) is 2 · scale · difference, and cov(x) is xᵀx / (n − 1). The mean that x is a deviation from
    // adds nothing: the deviations, and with them their products with a matrix, add up to 0.
    let slopes = |set: &Rows, sign: f64| {
        arch.dispatch(Products { set, matrix: &difference, factor: sign * 4.0 * scale / degrees(set) })
    };
    Discrepancy::new(value, &slopes(&source, 1.0), &slopes(&target, -1.0))
}

/// What the sum of the products of deviations is divided by.
fn degrees(set: &Rows) -> f64 {
    set.n().saturating_sub(1).max(1) as f64
}

/// The covariance of the columns of a set of deviations, (d, d), by n − 1.
struct Covariance<'a> {
    set: &'a Rows,
}

impl WithSimd for Covariance<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Vec<f64> {
        let set = self.set;
        let d = set.width;
        let mut sums = vec![0.0; d * d];
        for row in set.iter() {
            for (i, x) in row.iter().enumerate() {
                for (sum, y) in sums[i * d + i..(i + 1) * d].iter_mut().zip(&row[i..]) {
                    *sum += x * y;
                }
            }
        }
        let degrees = degrees(set);
        for i in 0..d {
            for j in i..d {
                sums[i * d + j] /= degrees;
                sums[j * d + i] = sums[i * d + j];
            }
        }
        sums
    }
}

/// The product of the rows and a matrix (d, d), times a factor.
struct Products<'a> {
    set: &'a Rows,
    matrix: &'a [f64],
    factor: f64,
}

impl WithSimd for Products<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Vec<f64> {
        let Self { set, matrix, factor } = self;
        let d = set.width;
        let mut products = vec![0.0; set.values.len()];
        for (row, sums) in set.iter().zip(products.chunks_exact_mut(d)) {
            for (x, line) in row.iter().zip(matrix.chunks_exact(d)) {
                let x = factor * x;
                for (sum, y) in sums.iter_mut().zip(line) {
                    *sum += x * y;
                }
            }
        }
        products
    }
}
