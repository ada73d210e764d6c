//! How latencies become the numbers that the network learns.

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
    pub(crate) lambda: f64,
    /// Seconds are divided by this (the geometric mean), so that powers stay near 1.
    pub(crate) unit: f64,
    pub(crate) mean: f64,
    pub(crate) deviation: f64,
}

/// Beyond the end of Box and Cox's transform there is no latency; the gradient stops at a very small base.
pub(crate) const SMALLEST_BASE: f64 = 1e-6;

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

    /// The natural logarithm of the latency of a label, and its slope.
    pub(crate) fn log_latency_at(&self, label: f64) -> (f64, f64) {
        let x = label * self.deviation + self.mean;
        let log_unit = self.unit.ln();
        if self.lambda == 0.0 {
            return (x + log_unit, self.deviation);
        }
        let base = self.lambda * x + 1.0;
        if base < SMALLEST_BASE {
            return (SMALLEST_BASE.ln() / self.lambda + log_unit, 0.0);
        }
        (base.ln() / self.lambda + log_unit, self.deviation / base)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECONDS: [f64; 12] =
        [2.1e-6, 3.4e-6, 5.5e-6, 8.2e-6, 1.3e-5, 2.7e-5, 4.9e-5, 7.7e-5, 2.4e-4, 9.1e-4, 3.3e-3, 1.8e-2];

    fn labels(kind: LabelKind) -> (LabelTransform, Vec<f64>) {
        let transform = LabelTransform::fit(kind, &SECONDS).unwrap();
        (transform.clone(), SECONDS.iter().map(|y| transform.forward(*y)).collect())
    }

    #[track_caller]
    fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
        }
    }

    /// scikit-learn 1.9.1, in microseconds because its search for λ needs numbers near 1; λ and the standardised labels
    /// do not depend on the unit.
    /// ```python
    /// from sklearn.preprocessing import PowerTransformer
    /// t = PowerTransformer("box-cox").fit(1e6 * SECONDS.reshape(-1, 1))
    /// print(t.lambdas_, t.transform(1e6 * SECONDS.reshape(-1, 1)))
    /// ```
    #[test]
    fn box_cox_agrees_with_scikit_learn() {
        let (transform, found) = labels(LabelKind::BoxCox);
        assert_close(&[transform.lambda()], &[-0.146_447_314_873_984_35], 1e-5);
        let expected = [
            -1.53536117,
            -1.23576222,
            -0.95705948,
            -0.74009437,
            -0.50502861,
            -0.16325297,
            0.08959529,
            0.26716353,
            0.66511926,
            1.05466312,
            1.36539657,
            1.69462104,
        ];
        assert_close(&found, &expected, 1e-5);
    }

    /// `x = np.log(SECONDS); (x - x.mean()) / x.std()`
    #[test]
    fn logarithm_agrees_with_numpy() {
        let (transform, found) = labels(LabelKind::Log);
        assert_eq!(transform.lambda(), 0.0);
        let expected = [
            -1.25206054,
            -1.07618115,
            -0.90061765,
            -0.7548347,
            -0.58662903,
            -0.31984222,
            -0.10229776,
            0.06268477,
            0.47764903,
            0.96414659,
            1.43437439,
            2.05360827,
        ];
        assert_close(&found, &expected, 1e-8);
    }

    #[test]
    fn equal_latencies_and_a_single_one_work() {
        for (kind, seconds) in
            [(LabelKind::Log, [1e-5].as_slice()), (LabelKind::BoxCox, &[1e-5]), (LabelKind::BoxCox, &[2e-3; 5])]
        {
            let transform = LabelTransform::fit(kind, seconds).unwrap();
            assert_close(&[transform.forward(seconds[0])], &[0.0], 1e-9);
            assert_close(&[transform.inverse(0.0) / seconds[0]], &[1.0], 1e-9);
        }
    }

    #[test]
    fn what_is_no_latency_is_refused() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(LabelTransform::fit(LabelKind::Log, &[1.0, bad]), None);
        }
        assert_eq!(LabelTransform::fit(LabelKind::BoxCox, &[]), None);
    }

    #[test]
    fn beyond_its_end_box_cox_gives_no_number() {
        let (transform, _) = labels(LabelKind::BoxCox);
        assert_eq!(transform.inverse(1e6), f64::INFINITY);
    }

    #[test]
    fn the_logarithm_of_the_latency_has_the_right_slope() {
        for kind in [LabelKind::Log, LabelKind::BoxCox] {
            let (transform, _) = labels(kind);
            for at in [-1.5, -0.2, 0.0, 0.7, 1.6] {
                let (log, slope) = transform.log_latency_at(at);
                let moved = |by: f64| transform.log_latency_at(at + by).0;
                assert_close(&[log, slope], &[transform.inverse(at).ln(), (moved(1e-6) - moved(-1e-6)) / 2e-6], 1e-7);
            }
        }
    }

    proptest! {
        #[test]
        fn forward_then_inverse_is_nothing(
            logs in prop::collection::vec(-16.0_f64..2.0, 2..40), place in 0_usize..40, box_cox: bool,
        ) {
            let seconds: Vec<f64> = logs.iter().map(|log| log.exp()).collect();
            let kind = if box_cox { LabelKind::BoxCox } else { LabelKind::Log };
            let transform = LabelTransform::fit(kind, &seconds).unwrap();
            let y = seconds[place % seconds.len()];
            prop_assert!((transform.inverse(transform.forward(y)) / y - 1.0).abs() < 1e-6);
        }

        #[test]
        fn the_unit_of_time_does_not_matter(logs in prop::collection::vec(-3.0_f64..3.0, 3..20), unit in 1e-6_f64..1e6) {
            let seconds: Vec<f64> = logs.iter().map(|log| log.exp()).collect();
            let scaled: Vec<f64> = seconds.iter().map(|y| y * unit).collect();
            let (a, b) = (LabelTransform::fit(LabelKind::Log, &seconds), LabelTransform::fit(LabelKind::Log, &scaled));
            let difference = a.unwrap().forward(seconds[0]) - b.unwrap().forward(scaled[0]);
            prop_assert!(difference.abs() < 1e-6);
        }
    }
}
