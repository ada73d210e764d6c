//! From a trained model to one for a target of which little is measured.

use serde::{Deserialize, Serialize};

use super::TrainConfig;
use super::tuning::{OnTuningEpoch, Tuned, tune};
use crate::error::check_rules;
use crate::samples::Samples;
use crate::{LossConfig, ModelError, OptimizerConfig, Predictor, Rule};

/// What is measured of source and target.
#[derive(Clone, Copy, Debug)]
pub struct Labelled<'a, 's> {
    /// Samples of what the model was trained on, or of the like; they keep it from forgetting that.
    pub source: &'a Samples<'s>,
    /// Samples of the target.
    pub measured: &'a Samples<'s>,
    /// The group of each measured sample, by any number: its task. What is held out is held out by group.
    pub groups: &'a [usize],
}

/// The settings of [`fine_tune`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FineTuneConfig {
    /// The most epochs.
    pub epochs: usize,
    /// The steps of an epoch. It is no pass over the samples: that would be a step or two if a few dozen are measured.
    pub steps_per_epoch: usize,
    /// Measured samples a step, or all if there are fewer; and as many of the source.
    pub batch_size: usize,
    /// The seed of folds, orders and dropout.
    pub seed: u64,
    /// The parts of the measured groups that are held out in turn, to find out how many epochs are best; 0 or 1 does all
    /// epochs without holding anything out, and so does a single group.
    pub folds: usize,
    /// Variables that stay as they are: those of these names and those below them, such as `encoder`, `encoder.block0`
    /// or `head.1.weight`. [`Predictor::parameters`] has the names.
    pub frozen: Vec<String>,
    /// The share of the source's samples in the loss, from 0 to below 1.
    pub replay: f64,
    /// How strongly parameters are drawn to where they started: the share of the way back that a step goes, at a learning
    /// rate of 1. It takes the place of a decay to zero.
    pub pull: f64,
    /// The parts of a batch that are computed side by side; the result depends on their number.
    pub n_shards: usize,
    /// As [`TrainConfig::hardware_noise`]. The target is one hardware, whose place among the others need not be blurred.
    pub hardware_noise: f64,
    /// The optimiser; its schedule is that of all epochs, also where fewer are best.
    pub optimizer: OptimizerConfig,
    /// The loss.
    pub loss: LossConfig,
}

impl Default for FineTuneConfig {
    fn default() -> Self {
        Self {
            epochs: 30,
            steps_per_epoch: 10,
            batch_size: 64,
            seed: 0,
            folds: 5,
            frozen: Vec::new(),
            replay: 0.1,
            pull: 0.0,
            n_shards: 2,
            hardware_noise: 0.0,
            optimizer: OptimizerConfig {
                learning_rate: 5e-4,
                weight_decay: 0.0,
                average_decay: 0.98,
                ..OptimizerConfig::default()
            },
            loss: LossConfig::default(),
        }
    }
}

impl FineTuneConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`ModelError::Config`] names the field and what it must be.
    pub fn check(&self) -> Result<(), ModelError> {
        let rules = [
            (self.epochs >= 1, "tuning.epochs", Rule::AtLeast(1)),
            (self.steps_per_epoch >= 1, "tuning.steps_per_epoch", Rule::AtLeast(1)),
            ((0.0..1.0).contains(&self.replay), "tuning.replay", Rule::AtLeastAndBelow(0.0, 1.0)),
            (self.pull >= 0.0, "tuning.pull", Rule::NotNegative),
        ];
        check_rules(rules)?;
        self.training().check()
    }

    /// The same as settings of training.
    pub(crate) fn training(&self) -> TrainConfig {
        TrainConfig {
            epochs: self.epochs,
            batch_size: self.batch_size,
            seed: self.seed,
            patience: 0,
            n_shards: self.n_shards,
            hardware_noise: self.hardware_noise,
            optimizer: self.optimizer.clone(),
            loss: self.loss.clone(),
        }
    }
}

/// Goes on training a trained model on what is measured of a target: other hardware, other networks.
///
/// The label transform and all scaling stay. So that it neither learns a few samples by heart nor forgets what it knew,
/// samples of the source are mixed in, parameters may be drawn back to where they started, layers may be frozen; and the
/// number of epochs is what serves held-out groups best: the measured groups are held out part by part, then the model is
/// trained on all of them for as many epochs as had the lowest mean loss. Those may be none: the model stays as it is.
/// Nothing but the samples that are passed has an influence.
///
/// # Errors
/// [`ModelError::NotTrained`]; [`ModelError::Config`], also if nothing is measured, or there is replay and no source;
/// [`ModelError::Input`] for a sample that cannot be used, a program in two groups, or a frozen variable that is none;
/// [`ModelError::Schema`]; [`ModelError::Diverged`]; [`ModelError::Tensor`]. The model is then what it was before.
pub fn fine_tune(
    model: &mut Predictor,
    labelled: &Labelled<'_, '_>,
    config: &FineTuneConfig,
    on_epoch: &mut OnTuningEpoch<'_>,
) -> Result<Tuned, ModelError> {
    config.check()?;
    if labelled.measured.n_samples() == 0 {
        return Err(ModelError::Empty { what: "measured", of: "sample" });
    }
    if config.replay > 0.0 && labelled.source.n_samples() == 0 {
        return Err(ModelError::config("tuning.replay", Rule::ZeroWithoutSource));
    }
    tune(model, labelled, config, None, on_epoch)
}
