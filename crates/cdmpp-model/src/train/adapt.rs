//! Training with a discrepancy between source and target.

use serde::{Deserialize, Serialize};

use super::fine_tune::{FineTuneConfig, Labelled};
use super::tuning::{OnTuningEpoch, Target, Tuned, tune};
use crate::blend::{AlignedLayer, Discrepancy};
use crate::error::check_rules;
use crate::samples::Samples;
use crate::{ModelError, Predictor, Rule};

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
            (self.weight >= 0.0, "adaptation.weight", Rule::NotNegative),
            ((0.0..=1.0).contains(&self.warm_up), "adaptation.warm_up", Rule::Between(0.0, 1.0)),
            (self.target_batch_size >= 1, "adaptation.target_batch_size", Rule::AtLeast(1)),
        ];
        check_rules(rules)?;
        self.tuning.check()
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
/// the target is empty, or the head has no hidden layer to compare at; [`ModelError::Discrepancy`].
pub fn adapt(
    model: &mut Predictor,
    labelled: &Labelled<'_, '_>,
    target: &Samples<'_>,
    discrepancy: &Discrepancy<'_>,
    config: &AdaptConfig,
    on_epoch: &mut OnTuningEpoch<'_>,
) -> Result<Tuned, ModelError> {
    config.check()?;
    if labelled.source.n_samples() == 0 {
        return Err(ModelError::Empty { what: "source", of: "sample to compare the target with" });
    }
    if target.n_samples() == 0 {
        return Err(ModelError::Empty { what: "target", of: "query to compare the source with" });
    }
    let layer = config.layer.unwrap_or_else(|| AlignedLayer::between(labelled.source, target));
    if layer == AlignedLayer::Pair && model.config().head_hidden.is_empty() {
        return Err(ModelError::config("adaptation.layer", Rule::ProgramWithoutHidden));
    }
    let target = Target { samples: target, discrepancy, layer, config };
    tune(model, labelled, &config.tuning, Some(target), on_epoch)
}
