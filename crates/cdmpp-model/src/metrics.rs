//! How good predictions are.

use serde::{Deserialize, Serialize};

/// Errors of predicted latencies. Shares are fractions, not percent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Metrics {
    /// The number of predictions.
    pub n: usize,
    /// The mean of |predicted − measured| / measured.
    pub mape: f64,
    /// The median of |predicted − measured| / measured.
    pub median_ape: f64,
    /// The share of predictions within 10 % of the measurement.
    pub within_10: f64,
    /// The share of predictions within 20 % of the measurement.
    pub within_20: f64,
    /// The root of the mean squared error, in seconds.
    pub rmse_s: f64,
}

impl Metrics {
    /// The metrics of (measured, predicted) latencies in seconds; NaN without any.
    #[must_use]
    pub fn of(pairs: &[(f64, f64)]) -> Self {
        let n = pairs.len();
        let mut errors: Vec<f64> = pairs.iter().map(|(y, p)| (p - y).abs() / y).collect();
        errors.sort_unstable_by(f64::total_cmp);
        let mean = |sum: f64| sum / n as f64;
        let within = |limit: f64| mean(errors.partition_point(|error| *error <= limit) as f64);
        Self {
            n,
            mape: mean(errors.iter().sum()),
            median_ape: median(&errors),
            within_10: within(0.10),
            within_20: within(0.20),
            rmse_s: mean(pairs.iter().map(|(y, p)| (p - y).powi(2)).sum()).sqrt(),
        }
    }
}

/// The median of sorted numbers; NaN of none.
fn median(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]),
    }
}
