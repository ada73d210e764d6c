//! Features of leaves as inputs of the network.

use std::convert::Infallible;

use cdmpp_kernel::Line;
use serde::{Deserialize, Serialize};

/// Scaled inputs stay within this many deviations of the mean: what is rare in training may be common elsewhere, and a
/// network says nothing sensible about inputs a hundred deviations away.
const LIMIT: f32 = 4.0;

/// The leaves that the bins are fitted to are at most this many, spread evenly over the training leaves.
const BIN_LEAVES: usize = 20_000;

/// How a column of features becomes inputs; fitted on training leaves only.
///
/// Every column gives its own value and, for each of `n_bins` bins between quantiles of the training leaves, how much
/// of the bin lies below the value (0 to 1). All are scaled to mean 0 and deviation 1 over the training leaves. A column
/// that is constant in training gives zeros: whatever it holds later says nothing that was learned.
///
/// # References
/// Gorishniy et al., *On embeddings for numerical features in tabular deep learning*, 2022, section 3.2: with
/// piecewise-linear bins a network follows the sharp steps that trees follow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeatureInput {
    n_bins: usize,
    /// For every column the edges of its bins, increasing; fewer where quantiles coincide.
    edges: Vec<Vec<f32>>,
    /// For every input.
    mean: Vec<f32>,
    /// For every input.
    factor: Vec<f32>,
}

impl FeatureInput {
    /// The number of inputs of a leaf with `dim` features.
    pub(crate) fn width(dim: usize, n_bins: usize) -> usize {
        dim * (1 + n_bins)
    }

    /// Fits to blocks of row-major leaves of width `dim`.
    pub(crate) fn fit<'a>(dim: usize, n_bins: usize, blocks: impl Iterator<Item = &'a [f32]> + Clone) -> Self {
        let n = blocks.clone().map(|block| block.len() / dim.max(1)).sum();
        let Ok(fitted) = Self::fit_to(dim, n_bins, n, |visit: &mut dyn FnMut(&[f32])| {
            blocks.clone().for_each(visit);
            Ok::<_, Infallible>(())
        });
        fitted
    }

    /// Fits to `n` row-major leaves of width `dim`. Every call of `blocks` lets its argument see all of them, in one order.
    pub(crate) fn fit_to<E>(
        dim: usize,
        n_bins: usize,
        n: usize,
        blocks: impl Fn(&mut dyn FnMut(&[f32])) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut sample = LeafSample::of(dim, n);
        blocks(&mut |block| sample.look_at(block))?;
        Self::fit_scaling(n_bins, n, &sample, blocks)
    }

    /// Fits to `n` row-major leaves of which a sample was taken; `blocks` lets its argument see all of them once.
    pub(crate) fn fit_scaling<E>(
        n_bins: usize,
        n: usize,
        sample: &LeafSample,
        blocks: impl Fn(&mut dyn FnMut(&[f32])) -> Result<(), E>,
    ) -> Result<Self, E> {
        let LeafSample { dim, rows: sample, .. } = sample;
        let dim = *dim;
        let rows =
            |visit: &mut dyn FnMut(&[f32])| blocks(&mut |block| block.chunks_exact(dim.max(1)).for_each(&mut *visit));
        let column = |column| sample.iter().skip(column).step_by(dim).copied().collect();
        let edges = (0..dim).map(|at| quantiles(column(at), n_bins)).collect();
        let width = Self::width(dim, n_bins);
        let mut fitted = Self { n_bins, edges, mean: vec![0.0; width], factor: vec![1.0; width] };
        let (mut sum, mut squares, mut expanded) = (vec![0.0_f64; width], vec![0.0_f64; width], Vec::new());
        // Around the first leaf, sums of squares lose no digits to large means.
        let mut origin = Vec::new();
        sample.chunks_exact(dim.max(1)).take(1).for_each(|row| fitted.expand(row, &mut origin));
        rows(&mut |row| {
            expanded.clear();
            fitted.expand(row, &mut expanded);
            for (i, (x, origin)) in expanded.iter().zip(&origin).enumerate() {
                let x = f64::from(*x) - f64::from(*origin);
                sum[i] += x;
                squares[i] += x * x;
            }
        })?;
        for (i, origin) in origin.iter().enumerate() {
            let mean = sum[i] / n as f64;
            let variance = squares[i] / n as f64 - mean * mean;
            fitted.mean[i] = (mean + f64::from(*origin)) as f32;
            fitted.factor[i] = if variance > 1e-10 { variance.sqrt().recip() as f32 } else { 0.0 };
        }
        Ok(fitted)
    }

    /// Whether nothing is missing for leaves with `dim` features (it may come from a file).
    pub(crate) fn is_whole(&self, dim: usize, n_bins: usize) -> bool {
        let width = Self::width(dim, n_bins);
        let lengths = [self.mean.len(), self.factor.len()];
        self.n_bins == n_bins && self.edges.len() == dim && lengths == [width; 2]
    }

    /// Appends the inputs of row-major leaves.
    pub(crate) fn append(&self, rows: &[f32], out: &mut Vec<f32>) {
        for row in rows.chunks_exact(self.edges.len().max(1)) {
            let start = out.len();
            self.expand(row, out);
            for ((x, mean), factor) in out[start..].iter_mut().zip(&self.mean).zip(&self.factor) {
                *x = ((*x - mean) * factor).clamp(-LIMIT, LIMIT);
            }
        }
    }

    /// The inputs that are not always zero, as bounded straight lines: the column, the place among all inputs, the line.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, usize, Line)> {
        let n = 1 + self.n_bins;
        self.edges.iter().enumerate().flat_map(move |(column, edges)| {
            let (value, unbounded) = ((0.0, 1.0), (f32::NEG_INFINITY, f32::INFINITY));
            let bins = edges.windows(2).map(|edge| ((edge[0], (edge[1] - edge[0]).recip()), (0.0, 1.0)));
            let inputs = [(value, unbounded)].into_iter().chain(bins.take(self.n_bins)).enumerate();
            inputs.filter_map(move |(i, ((origin, slope), bounds))| {
                let place = column * n + i;
                let (mean, factor) = (self.mean[place], self.factor[place]);
                let bound = |filled: f32| ((filled - mean) * factor).clamp(-LIMIT, LIMIT);
                // The value is counted from its mean, a bin from its lower edge: differences of large numbers are exact.
                let (origin, shift) = if i == 0 { (mean, 0.0) } else { (origin, -mean * factor) };
                let (low, high) = (bound(bounds.0), bound(bounds.1));
                (factor != 0.0).then_some((column, place, Line { origin, slope: slope * factor, shift, low, high }))
            })
        })
    }

    fn expand(&self, row: &[f32], out: &mut Vec<f32>) {
        for (x, edges) in row.iter().zip(&self.edges) {
            out.push(*x);
            let filled = edges.windows(2).map(|edge| ((x - edge[0]) / (edge[1] - edge[0])).clamp(0.0, 1.0));
            out.extend(filled.chain(std::iter::repeat(0.0)).take(self.n_bins));
        }
    }
}

/// Some of the leaves that bins are fitted to, spread evenly over all of them.
#[derive(Clone, Debug)]
pub(crate) struct LeafSample {
    dim: usize,
    rows: Vec<f32>,
    step: usize,
    /// The leaves that were looked at.
    at: usize,
}

impl LeafSample {
    /// A sample of `n` leaves of width `dim`.
    pub(crate) fn of(dim: usize, n: usize) -> Self {
        Self { dim, rows: Vec::new(), step: n.div_ceil(BIN_LEAVES).max(1), at: 0 }
    }

    /// Takes what it needs of row-major leaves.
    pub(crate) fn look_at(&mut self, leaves: &[f32]) {
        for row in leaves.chunks_exact(self.dim.max(1)) {
            if self.at.is_multiple_of(self.step) {
                self.rows.extend_from_slice(row);
            }
            self.at += 1;
        }
    }
}

/// The edges of `n_bins` bins with equally many values, without repetitions.
fn quantiles(mut values: Vec<f32>, n_bins: usize) -> Vec<f32> {
    values.sort_unstable_by(f32::total_cmp);
    let Some(last) = values.len().checked_sub(1).filter(|_| n_bins > 0) else {
        return Vec::new();
    };
    let mut edges: Vec<f32> = (0..=n_bins).map(|i| values[last * i / n_bins]).collect();
    edges.dedup();
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(n_bins: usize, blocks: &[&[f32]], rows: &[f32]) -> Vec<f32> {
        let input = FeatureInput::fit(2, n_bins, blocks.iter().copied());
        assert!(input.is_whole(2, n_bins) && !input.is_whole(3, n_bins));
        let mut out = Vec::new();
        input.append(rows, &mut out);
        assert_eq!(out.len(), rows.len() * (1 + n_bins));
        out
    }

    #[test]
    fn inputs_have_mean_0_and_deviation_1() {
        let blocks: [&[f32]; 2] = [&[1.0, 10.0, 3.0, 30.0], &[5.0, 50.0, 7.0, 70.0]];
        let out = inputs(2, &blocks, &blocks.concat());
        for column in 0..6 {
            let xs: Vec<f32> = out.iter().skip(column).step_by(6).copied().collect();
            assert!(xs.iter().sum::<f32>().abs() < 1e-5, "column {column}: {xs:?}");
            assert!((xs.iter().map(|x| x * x).sum::<f32>() / 4.0 - 1.0).abs() < 1e-5, "column {column}: {xs:?}");
        }
    }

    #[test]
    fn bins_fill_one_after_the_other() {
        let input = FeatureInput::fit(1, 2, [[0.0, 1.0, 2.0, 4.0, 6.0].as_slice()].into_iter());
        let mut out = Vec::new();
        input.expand(&[1.0], &mut out);
        input.expand(&[3.0], &mut out);
        input.expand(&[9.0], &mut out);
        assert_eq!(out, [1.0, 0.5, 0.0, 3.0, 1.0, 0.25, 9.0, 1.0, 1.0]);
    }

    #[test]
    fn a_constant_column_stays_0_and_others_stay_near_the_training_leaves() {
        let out = inputs(3, &[&[0.1, 1.0, 0.1, 3.0]], &[99.0, 1e6]);
        assert!(out[..4].iter().all(|x| *x == 0.0), "{out:?}");
        assert_eq!(out[4], LIMIT);
    }

    #[test]
    fn a_large_mean_does_not_hide_a_deviation() {
        let out = inputs(0, &[&[1e6, 0.0, 1e6 + 2.0, 0.0]], &[1e6, 0.0]);
        assert!((out[0] + 1.0).abs() < 1e-3, "{out:?}");
    }

    #[test]
    fn no_row_gives_finite_inputs() {
        assert!(inputs(2, &[], &[1.0, 2.0]).iter().all(|x| x.is_finite()));
    }

    #[test]
    fn lines_are_the_inputs_that_are_not_always_zero() {
        let rows = [0.0, 7.0, 1e6, 1.0, 7.0, 1e6 + 1.0, 3.0, 7.0, 1e6 + 1.0, 4.0, 7.0, 1e6 + 9.0, 0.0, 7.0, 1e6];
        for n_bins in [0, 1, 4] {
            let input = FeatureInput::fit(3, n_bins, [rows.as_slice()].into_iter());
            let inputs = crate::engine::Inputs::new(&input, 3);
            for row in [[0.5, 7.0, 1e6 + 2.0], [2.0, 9.0, 1e6 + 0.5], [-50.0, 0.0, 0.0], [1e9, 1e9, 1e9]] {
                let mut expected = Vec::new();
                input.append(&row, &mut expected);
                let mut found = vec![0.0; inputs.len()];
                inputs.write(&row, &mut found);
                for (found, place) in found.iter().zip(&inputs.places) {
                    assert!((found - expected[*place]).abs() < 1e-5, "{n_bins} bins, {row:?}: {found} at {place}");
                    expected[*place] = 0.0;
                }
                assert!(expected.iter().all(|x| *x == 0.0), "{n_bins} bins, {row:?}: {expected:?} is left");
            }
        }
    }
}
