//! Errors, summed up.

use serde::{Deserialize, Serialize};

/// How far off some predictions are, as absolute relative errors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// How many.
    pub n: usize,
    /// The mean.
    pub mean: f64,
    /// The median.
    pub median: f64,
    /// The 80th percentile.
    pub p80: f64,
    /// The 90th percentile.
    pub p90: f64,
    /// The largest.
    pub max: f64,
}

impl Quantiles {
    /// `None` of no errors. Between two errors a quantile is interpolated.
    pub(crate) fn of(errors: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = errors.into_iter().map(f64::abs).collect();
        sorted.sort_by(f64::total_cmp);
        let max = *sorted.last()?;
        let quantile = |share: f64| {
            let place = share * (sorted.len() - 1) as f64;
            let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
            low + (high - low) * place.fract()
        };
        let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
        Some(Self { n: sorted.len(), mean, median: quantile(0.5), p80: quantile(0.8), p90: quantile(0.9), max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ```text
    /// python3 -c "import numpy as np; print(np.percentile([.1, .2, .4, .8], [50, 80, 90]))"
    /// ```
    #[test]
    fn quantiles_are_those_of_numpy() {
        let quantiles = Quantiles::of([0.4, -0.1, 0.8, -0.2]).unwrap();
        let found = [quantiles.mean, quantiles.median, quantiles.p80, quantiles.p90, quantiles.max];
        let expected = [0.375, 0.3, 0.56, 0.68, 0.8];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        assert!(Quantiles::of([]).is_none());
    }
}
