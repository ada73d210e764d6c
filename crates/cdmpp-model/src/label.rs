//! How latencies become the numbers that the network learns.

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

/// The kind of label transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LabelKind {
    /// The natural logarithm.
    Log,
    /// Box and Cox's power transform, its exponent fitted by maximum likelihood.
    BoxCox,
}

/// A label transform fitted to latencies: x = ln y, or (y^λ − 1) / λ; then scaled to mean 0 and deviation 1.
///
/// # Units
/// Latencies in seconds.
///
/// # References
/// Box and Cox, *An analysis of transformations*, 1964; the published code's default is Box-Cox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelTransform {
    /// The exponent; 0 is the logarithm.
    lambda: f64,
    /// Seconds are divided by this (the geometric mean), so that powers stay near 1.
    unit: f64,
    mean: f64,
    deviation: f64,
}

/// The bounds of the search for λ.
const LAMBDA: (f64, f64) = (-2.0, 2.0);

impl LabelTransform {
    /// Fits to latencies; `None` if there are none, or one is not positive and finite.
    #[must_use]
    pub fn fit(kind: LabelKind, seconds: &[f64]) -> Option<Self> {
        if seconds.is_empty() || !seconds.iter().all(|y| *y > 0.0 && y.is_finite()) {
            return None;
        }
        let log_unit = mean(seconds.iter().map(|y| y.ln()));
        let logs: Vec<f64> = seconds.iter().map(|y| y.ln() - log_unit).collect();
        let lambda = match kind {
            LabelKind::Log => 0.0,
            LabelKind::BoxCox => maximise(|lambda| log_likelihood(&logs, lambda), LAMBDA),
        };
        let xs: Vec<f64> = logs.iter().map(|log| power(*log, lambda)).collect();
        let mean = mean(xs.iter().copied());
        // A single label, or equal ones, have no deviation: any unit will do.
        let deviation = Some(variance(&xs).sqrt()).filter(|deviation| *deviation > 1e-9).unwrap_or(1.0);
        Some(Self { lambda, unit: log_unit.exp(), mean, deviation })
    }

    /// The fitted exponent; 0 for the logarithm.
    #[must_use]
    pub fn lambda(&self) -> f64 {
        self.lambda
    }

    /// The label of a latency.
    #[must_use]
    pub fn forward(&self, seconds: f64) -> f64 {
        (power((seconds / self.unit).ln(), self.lambda) - self.mean) / self.deviation
    }

    /// The latency of a label; infinite or zero where the transform ends.
    #[must_use]
    pub fn inverse(&self, label: f64) -> f64 {
        let x = label * self.deviation + self.mean;
        let log = if self.lambda == 0.0 { x } else { (self.lambda * x + 1.0).max(0.0).ln() / self.lambda };
        self.unit * log.exp()
    }

    /// The natural logarithm of the latencies of labels, with gradients.
    ///
    /// # Shapes
    /// `labels` of any shape; the result has the same.
    ///
    /// # Errors
    /// Those of candle's operations.
    pub fn log_latency(&self, labels: &Tensor) -> Result<Tensor> {
        let x = labels.affine(self.deviation, self.mean)?;
        let log = if self.lambda == 0.0 {
            x
        } else {
            // Beyond the end of the transform there is no latency; the gradient stops at a very small base.
            x.affine(self.lambda, 1.0)?.maximum(1e-6)?.log()?.affine(1.0 / self.lambda, 0.0)?
        };
        log.affine(1.0, self.unit.ln())
    }
}

/// Box-Cox of e^`log`; `exp_m1` keeps it exact near λ = 0.
fn power(log: f64, lambda: f64) -> f64 {
    if lambda == 0.0 { log } else { (lambda * log).exp_m1() / lambda }
}

fn mean(xs: impl Iterator<Item = f64> + Clone) -> f64 {
    let n = xs.clone().count().max(1) as f64;
    xs.sum::<f64>() / n
}

fn variance(xs: &[f64]) -> f64 {
    let centre = mean(xs.iter().copied());
    mean(xs.iter().map(|x| (x - centre).powi(2)))
}

/// The log-likelihood of λ up to a constant: −n/2 · ln var(x) + (λ − 1) · Σ ln y; the logs have mean 0.
fn log_likelihood(logs: &[f64], lambda: f64) -> f64 {
    let xs: Vec<f64> = logs.iter().map(|log| power(*log, lambda)).collect();
    -0.5 * variance(&xs).max(f64::MIN_POSITIVE).ln() + (lambda - 1.0) * mean(logs.iter().copied())
}

/// The maximum of a function with one peak, by golden-section search.
fn maximise(f: impl Fn(f64) -> f64, (mut low, mut high): (f64, f64)) -> f64 {
    let ratio = (5_f64.sqrt() - 1.0) / 2.0;
    let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut fa, mut fb) = (f(a), f(b));
    while high - low > 1e-6 {
        if fa > fb {
            (high, b, fb) = (b, a, fa);
            a = high - ratio * (high - low);
            fa = f(a);
        } else {
            (low, a, fa) = (a, b, fb);
            b = low + ratio * (high - low);
            fb = f(b);
        }
    }
    0.5 * (low + high)
}
