//! What training minimises.

use serde::{Deserialize, Serialize};

use crate::LabelTransform;
use crate::examples::Labelled;

/// The weights of the hybrid loss: a robust error of the labels plus the absolute percentage error of the latencies.
///
/// With x the transformed label, x̂ its prediction, and d = ln ŷ − ln y the error of the latency's logarithm:
///
/// loss = `label_weight` · mean(`huber_δ`(x̂ − x)) / δ + `ape_weight` · mean(|e^d − 1|)
///
/// The label term sees ratios alike in both directions; the percentage term is what MAPE reports. Above d = ln 4 the
/// percentage error goes on as its tangent, so that one wild prediction cannot outweigh a batch.
///
/// # References
/// Hu et al., *CDMPP*, EuroSys 2024, on the hybrid loss. The published code takes 1000 · MSE plus a MAPE, both on
/// standardised labels, where a percentage has no meaning (they cross zero); here it is taken on latencies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossConfig {
    /// The weight of the label term.
    pub label_weight: f64,
    /// The error of the label, in deviations, where the Huber loss turns from a square to a line.
    pub huber_delta: f64,
    /// The weight of the percentage term.
    pub ape_weight: f64,
}

impl Default for LossConfig {
    fn default() -> Self {
        Self { label_weight: 1.0, huber_delta: 0.1, ape_weight: 0.5 }
    }
}

/// The loss of one sample by its predicted label, and its slope there.
pub(crate) fn sample_loss(
    config: &LossConfig,
    labels: &LabelTransform,
    predicted: f32,
    measured: &Labelled,
) -> (f64, f64) {
    let predicted = f64::from(predicted);
    let (delta, weight) = (config.huber_delta, config.label_weight / config.huber_delta);
    let error = predicted - f64::from(measured.label);
    let size = error.abs();
    // Written so that NaN passes.
    let quadratic = if size > delta { delta } else { size };
    let huber = weight * quadratic * (size - 0.5 * quadratic);
    let slope = weight * quadratic * error.signum();
    if config.ape_weight == 0.0 {
        return (huber, slope);
    }
    let cap = 4_f64.ln();
    let (log, log_slope) = labels.log_latency_at(predicted);
    let d = log - measured.units.ln();
    let steepness = if d > cap { cap.exp() } else { d.exp() };
    let ape = if d > cap { steepness * (1.0 + d - cap) - 1.0 } else { steepness - 1.0 };
    let ape_slope = config.ape_weight * ape.signum() * steepness * log_slope;
    (huber + config.ape_weight * ape.abs(), slope + ape_slope)
}
