//! Training with a discrepancy between source and target.

use serde::{Deserialize, Serialize};

use super::blend::{AlignedLayer, Discrepancy};
use super::fine_tune::{FineTuneConfig, Labelled};
use super::tuning::{OnTuningEpoch, Target, Tuned, Tuning};
use crate::{ModelError, Predictor, Query};

/// The settings of [`adapt`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdaptConfig {
    /// The weight of the discrepancy beside the loss.
    pub weight: f64,
    /// The share of all steps over which the weight rises linearly from 0.
    pub warm_up: f64,
    /// What is compared; if not set, what [`AlignedLayer::between`] says of source and target.
    pub layer: Option<AlignedLayer>,
    /// Queries of the target that are compared a step, with those of the source that are in the batch. A moment of few
    /// rows is mostly noise.
    pub target_batch_size: usize,
    /// All else.
    pub tuning: FineTuneConfig,
}

impl Default for AdaptConfig {
    fn default() -> Self {
        Self { weight: 0.1, warm_up: 0.1, layer: None, target_batch_size: 128, tuning: FineTuneConfig::default() }
    }
}

impl AdaptConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`ModelError::Config`] names the field and what it must be.
    pub fn check(&self) -> Result<(), ModelError> {
        let rules = [
            (self.weight >= 0.0, "adaptation.weight", "must not be negative"),
            ((0.0..=1.0).contains(&self.warm_up), "adaptation.warm_up", "must be between 0 and 1"),
            (self.target_batch_size >= 1, "adaptation.target_batch_size", "must be at least 1"),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            Some((_, field, rule)) => Err(ModelError::config(field, rule)),
            None => self.tuning.check(),
        }
    }
}

/// Adapts a trained model to a target: trains on the samples of the source, and on those of the target if any are
/// measured, while a discrepancy draws what the network makes of both together. The queries of the target need no
/// measurement.
///
/// With measured samples the number of epochs is found as [`fine_tune`](super::fine_tune()) finds it. Without them there
/// is nothing to find it by: all are done.
///
/// # Errors
/// Those of [`fine_tune`](super::fine_tune()), but nothing needs to be measured; [`ModelError::Config`] if the source or
/// the target is empty, or the head has no hidden layer to compare at; [`ModelError::Tensor`] from the discrepancy.
pub fn adapt(
    model: &mut Predictor,
    labelled: &Labelled<'_>,
    target: &[Query<'_>],
    discrepancy: &Discrepancy<'_>,
    config: &AdaptConfig,
    on_epoch: &mut OnTuningEpoch<'_>,
) -> Result<Tuned, ModelError> {
    config.check()?;
    if labelled.source.is_empty() {
        return Err(ModelError::config("source", "needs at least one sample to compare the target with"));
    }
    if target.is_empty() {
        return Err(ModelError::config("target", "needs at least one query to compare the source with"));
    }
    let layer = config.layer.unwrap_or_else(|| AlignedLayer::between(labelled.source, target));
    if layer == AlignedLayer::Pair && model.config().head_hidden.is_empty() {
        return Err(ModelError::config("adaptation.layer", "must be `program`: the head has no hidden layer"));
    }
    let target = Target { queries: target, discrepancy, layer, config };
    Tuning::new(model, labelled, &config.tuning, Some(target))?.run(on_epoch)
}
