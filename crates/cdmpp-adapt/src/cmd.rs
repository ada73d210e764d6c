//! Central moment discrepancy.

use crate::rows::{Rows, both, means};
use crate::{AdaptError, Discrepancy};

/// What a square root is kept away from zero by: there it has no slope, and a gradient would be infinity times zero.
/// A power of two, so that its own square root is exact and the discrepancy of equal sets is exactly 0.
pub(crate) const SMALLEST_NORM: f64 = 1.0 / (1_u64 << 40) as f64;

/// What a spread is kept away from zero by.
pub(crate) const SMALLEST_SPREAD: f64 = 1e-6;

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
/// `source` is (n, `width`) and `target` (m, `width`) in row-major order; n and m may differ, and may be 1.
///
/// # Errors
/// If a set is empty, is no whole number of rows, or has a value that is not finite, or if `n_moments` is 0.
///
/// # Complexity
/// O((n + m) · `width` · `n_moments`) time, O((n + m) · `width`) memory.
///
/// # Examples
/// ```
/// use cdmpp_adapt::cmd;
///
/// let source = [0.0, 1.0, 2.0, 3.0];
/// let target = [0.0, 1.0, 2.0, 4.0, 1.0, 2.0];
/// assert_eq!(cmd(&source, &source, 2, 5)?.value, 0.0);
/// let near = cmd(&source, &target, 2, 5)?.value;
/// let far = cmd(&source, &target.map(|x| x + 2.0), 2, 5)?.value;
/// assert!(0.0 < near && near < far);
/// # Ok::<(), cdmpp_adapt::AdaptError>(())
/// ```
///
/// # References
/// Zellinger et al., *Central Moment Discrepancy (CMD) for Domain-Invariant Representation Learning*, ICLR 2017, which
/// asks for activations in an interval. The published code of CDMPP takes the moments of unbounded ones, with a width
/// of 1: `cmd_within(source, target, width, 5, 1.0)`.
pub fn cmd(source: &[f32], target: &[f32], width: usize, n_moments: usize) -> Result<Discrepancy, AdaptError> {
    let (mut source, mut target) = both(source, target, width)?;
    let middle: Vec<f64> = source.means().iter().zip(target.means()).map(|(a, b)| 0.5 * (a + b)).collect();
    source.subtract(&middle);
    target.subtract(&middle);
    let variance = 0.5 * (source.mean_square() + target.mean_square());
    let spread = (variance + SMALLEST_SPREAD * SMALLEST_SPREAD).sqrt();
    let bounded = [&source, &target].map(|set| set.map(|x| (x / spread).tanh()));
    let (value, mut slopes) = moments([&bounded[0], &bounded[1]], n_moments, 2.0)?;

    // From y = tanh(x / σ) back to x with σ held, and to σ.
    let mut to_spread = 0.0;
    for ((set, bounded), slopes) in [&source, &target].into_iter().zip(&bounded).zip(&mut slopes) {
        for ((slope, y), x) in slopes.iter_mut().zip(&bounded.values).zip(&set.values) {
            *slope *= (1.0 - y * y) / spread;
            to_spread -= *slope * x / spread;
        }
    }
    // σ² is the mean of the mean squares, and x a deviation from the middle of two means.
    let mut to_middle = vec![0.0; width];
    for (set, slopes) in [&source, &target].into_iter().zip(&mut slopes) {
        let by_spread = to_spread / (2.0 * spread * set.values.len() as f64);
        for (slopes, row) in slopes.chunks_exact_mut(width).zip(set.iter()) {
            for ((slope, x), to_middle) in slopes.iter_mut().zip(row).zip(&mut to_middle) {
                *slope += by_spread * x;
                *to_middle -= *slope;
            }
        }
    }
    for (set, slopes) in [&source, &target].into_iter().zip(&mut slopes) {
        let share = 0.5 / set.n() as f64;
        for slopes in slopes.chunks_exact_mut(width) {
            for (slope, to_middle) in slopes.iter_mut().zip(&to_middle) {
                *slope += share * to_middle;
            }
        }
    }
    Discrepancy::new(value, &slopes[0], &slopes[1])
}

/// The central moment discrepancy of two sets of activations that lie in an interval of the width `interval`, such as 1
/// after a sigmoid and 2 after a hyperbolic tangent:
///
/// ‖E x − E y‖ / interval + Σₖ ‖Cₖ(x) − Cₖ(y)‖ / intervalᵏ for k from 2 to `n_moments`, with Cₖ(x) = E (x − E x)ᵏ by
/// column.
///
/// It is 0 for equal sets, symmetric, at least 0, and does not depend on the order of rows. Where a norm is 0 its
/// gradient is taken as 0.
///
/// # Shapes
/// `source` is (n, `width`) and `target` (m, `width`) in row-major order.
///
/// # Errors
/// If a set is empty, is no whole number of rows, or has a value that is not finite, if `n_moments` is 0, or if
/// `interval` is not positive and finite. If values are so far outside the interval that a moment overflows.
///
/// # Complexity
/// O((n + m) · `width` · `n_moments`) time, O((n + m) · `width`) memory.
///
/// # Examples
/// ```
/// use cdmpp_adapt::cmd_within;
///
/// // The means differ by 1/4, the variances by 1/4 − 1/16.
/// let discrepancy = cmd_within(&[0.0, 1.0], &[0.5, 1.0], 1, 2, 1.0)?;
/// assert!((discrepancy.value - 0.4375).abs() < 1e-6);
/// # Ok::<(), cdmpp_adapt::AdaptError>(())
/// ```
///
/// # References
/// Zellinger et al., *Central Moment Discrepancy (CMD) for Domain-Invariant Representation Learning*, ICLR 2017,
/// definition 2.
pub fn cmd_within(
    source: &[f32],
    target: &[f32],
    width: usize,
    n_moments: usize,
    interval: f64,
) -> Result<Discrepancy, AdaptError> {
    let (source, target) = both(source, target, width)?;
    let (value, slopes) = moments([&source, &target], n_moments, interval)?;
    Discrepancy::new(value, &slopes[0], &slopes[1])
}

/// The sum of the distances of moments up to `n_moments`, and its slopes along the elements of both sets.
fn moments(sets: [&Rows; 2], n_moments: usize, interval: f64) -> Result<(f64, [Vec<f64>; 2]), AdaptError> {
    if n_moments == 0 {
        return Err(AdaptError::NoMoments);
    }
    if !(interval.is_finite() && interval > 0.0) {
        return Err(AdaptError::Interval { interval });
    }
    let scaled = sets.map(|set| set.map(|x| x / interval));
    let means = [0, 1].map(|side| scaled[side].means());
    let mut sides = scaled.map(Powers::new);
    let (mut value, slopes) = norm_of_difference(&means);
    sides[0].ascend(1.0, &slopes);
    sides[1].ascend(-1.0, &slopes);
    for k in 2..=n_moments {
        let moments = [0, 1].map(|side| sides[side].moments());
        let (norm, slopes) = norm_of_difference(&moments);
        value += norm;
        for (side, (sign, moments)) in sides.iter_mut().zip([1.0, -1.0].into_iter().zip(moments)) {
            side.ascend(sign * k as f64, &slopes);
            side.means = moments;
        }
    }
    let slopes = sides.map(|side| side.slopes.iter().map(|slope| slope / interval).collect());
    Ok((value, slopes))
}

/// The deviations of a set from its means, raised to one power after the other.
struct Powers {
    deviations: Rows,
    /// The deviations to the present power, from 0.
    powers: Vec<f64>,
    /// The means of the columns of `powers`; 0 for power 0, which no element changes.
    means: Vec<f64>,
    /// The slopes of all distances so far.
    slopes: Vec<f64>,
}

impl Powers {
    fn new(mut set: Rows) -> Self {
        set.subtract(&set.means());
        let len = set.values.len();
        Self { powers: vec![1.0; len], means: vec![0.0; set.width], slopes: vec![0.0; len], deviations: set }
    }

    /// The means of the next power.
    fn moments(&self) -> Vec<f64> {
        let raised: Vec<f64> = self.powers.iter().zip(&self.deviations.values).map(|(power, x)| power * x).collect();
        means(&raised, self.deviations.width)
    }

    /// Adds the slopes of a distance between moments of the next power, given `factor`, that power with the sign of the
    /// side, and the slopes along the moments; then goes on to that power, whose means stay to be set.
    ///
    /// The k-th moment of n rows moves with an element by k (xᵏ⁻¹ − E xᵏ⁻¹) / n: the second term is the element's share in
    /// the mean that x is a deviation from.
    fn ascend(&mut self, factor: f64, slopes: &[f64]) {
        let width = self.deviations.width;
        let factor = factor / self.deviations.n() as f64;
        let rows = self.slopes.chunks_exact_mut(width).zip(self.powers.chunks_exact_mut(width));
        for ((to, powers), row) in rows.zip(self.deviations.iter()) {
            for j in 0..width {
                to[j] += factor * slopes[j] * (powers[j] - self.means[j]);
                powers[j] *= row[j];
            }
        }
        self.means.fill(0.0);
    }
}

/// The length of the difference of two vectors, and its slopes along the first; those along the second are the opposite.
/// At 0 they are 0.
fn norm_of_difference([a, b]: &[Vec<f64>; 2]) -> (f64, Vec<f64>) {
    let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let square: f64 = difference.iter().map(|x| x * x).sum();
    let length = (square + SMALLEST_NORM * SMALLEST_NORM).sqrt();
    let slopes = difference.iter().map(|x| x / length).collect();
    (length - SMALLEST_NORM, slopes)
}
