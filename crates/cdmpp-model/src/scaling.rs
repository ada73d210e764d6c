//! Scaling of columns to mean 0 and deviation 1.

use serde::{Deserialize, Serialize};

/// The mean and the reciprocal deviation of every column, fitted on training data only.
///
/// A column that is constant in training gets the factor 0: whatever it holds later says nothing that was learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scaling {
    mean: Vec<f32>,
    factor: Vec<f32>,
}

impl Scaling {
    /// Fits to the rows of row-major data of width `dim`.
    pub(crate) fn fit<'a>(dim: usize, blocks: impl Iterator<Item = &'a [f32]> + Clone) -> Self {
        let rows = || blocks.clone().flat_map(|block| block.chunks_exact(dim.max(1)));
        let n = rows().count().max(1) as f64;
        let mut mean = vec![0.0_f64; dim];
        rows().for_each(|row| mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x)));
        mean.iter_mut().for_each(|sum| *sum /= n);
        let mut variance = vec![0.0_f64; dim];
        for row in rows() {
            for ((sum, mean), x) in variance.iter_mut().zip(&mean).zip(row) {
                *sum += (f64::from(*x) - mean).powi(2);
            }
        }
        // Relative to the mean, because a featurizer may use any unit; what is less is noise of `f32`.
        let factor = |(sum, mean): (f64, &f64)| {
            let variance = sum / n;
            if variance > 1e-12 * mean * mean + 1e-30 { variance.sqrt().recip() as f32 } else { 0.0 }
        };
        Self {
            factor: variance.into_iter().zip(&mean).map(factor).collect(),
            mean: mean.into_iter().map(|mean| mean as f32).collect(),
        }
    }

    /// Whether nothing is missing (it may come from a file).
    pub(crate) fn is_whole(&self) -> bool {
        self.mean.len() == self.factor.len()
    }

    /// The number of columns.
    pub(crate) fn dim(&self) -> usize {
        self.mean.len()
    }

    /// Appends scaled rows of row-major data.
    pub(crate) fn append(&self, rows: &[f32], out: &mut Vec<f32>) {
        for row in rows.chunks_exact(self.dim().max(1)) {
            out.extend(row.iter().zip(&self.mean).zip(&self.factor).map(|((x, mean), factor)| (x - mean) * factor));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(blocks: &[&[f32]], rows: &[f32]) -> Vec<f32> {
        let scaling = Scaling::fit(2, blocks.iter().copied());
        assert!(scaling.dim() == 2 && scaling.is_whole());
        let mut out = Vec::new();
        scaling.append(rows, &mut out);
        out
    }

    #[test]
    fn columns_have_mean_0_and_deviation_1() {
        let blocks: [&[f32]; 2] = [&[1.0, 10.0, 3.0, 30.0], &[5.0, 50.0, 7.0, 70.0]];
        let out = scaled(&blocks, &blocks.concat());
        for column in 0..2 {
            let xs: Vec<f32> = out.iter().skip(column).step_by(2).copied().collect();
            assert!(xs.iter().sum::<f32>().abs() < 1e-6);
            assert!((xs.iter().map(|x| x * x).sum::<f32>() / 4.0 - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_constant_column_stays_0_and_the_unit_of_others_does_not_matter() {
        let out = scaled(&[&[0.1, 1e-9, 0.1, 3e-9]], &[0.1, 1e-9, 99.0, 3e-9]);
        assert_eq!((out[0], out[2]), (0.0, 0.0));
        assert!((out[1] + 1.0).abs() < 1e-5 && (out[3] - 1.0).abs() < 1e-5);
        let out = scaled(&[&[1e9, 1e9, 1e9, 3e9]], &[1e9, 1e9]);
        assert!(out[0] == 0.0 && (out[1] + 1.0).abs() < 1e-5);
    }

    #[test]
    fn no_row_gives_zeros() {
        assert_eq!(scaled(&[], &[1.0, 2.0]), [0.0, 0.0]);
    }
}
