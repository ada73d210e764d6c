//! What training minimises.

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

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
        Self { label_weight: 1.0, huber_delta: 0.1, ape_weight: 0.3 }
    }
}

/// The sum of the losses of samples; dividing by their number is the caller's, who may hold only a part of a batch.
///
/// # Shapes
/// `predicted_labels`, `labels`, `predicted_logs` and `logs` are `(n)`; the result is a scalar.
pub(crate) fn hybrid_loss(
    config: &LossConfig,
    (predicted_labels, labels): (&Tensor, &Tensor),
    (predicted_logs, logs): (&Tensor, &Tensor),
) -> Result<Tensor> {
    let delta = config.huber_delta;
    let error = (predicted_labels - labels)?.abs()?;
    // Huber as q·(e − q/2) with q = min(e, δ): a square below δ and a line above.
    let quadratic = error.minimum(delta)?;
    let huber = (&quadratic * (&error - (&quadratic * 0.5)?)?)?.sum_all()?;
    let huber = (huber * (config.label_weight / delta))?;
    if config.ape_weight == 0.0 {
        return Ok(huber);
    }
    let cap = 4_f64.ln();
    let d = (predicted_logs - logs)?;
    let below = d.minimum(cap)?;
    let above = ((&d - &below)? * cap.exp())?;
    let ape = (((below.exp()? - 1.0)? + above)?).abs()?.sum_all()?;
    huber + (ape * config.ape_weight)?
}
