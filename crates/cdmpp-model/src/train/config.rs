//! The settings of training.

use serde::{Deserialize, Serialize};

use crate::error::check_rules;
use crate::objective::StepConfig;
use crate::{LossConfig, ModelError, OptimizerConfig, Rule};

/// The settings of [`fit`](super::fit).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the training samples.
    pub epochs: usize,
    /// Samples a step. A program with all its hardware stays together, so a step may hold a few more.
    pub batch_size: usize,
    /// The seed of shuffles and dropout.
    pub seed: u64,
    /// Training ends after this many epochs without a better validation loss; 0 never ends it early.
    pub patience: usize,
    /// The parts of a batch that are computed side by side, in threads of rayon's current pool. The result depends on
    /// their number, not on that of the threads.
    pub n_shards: usize,
    /// The deviation of the noise added to the scaled numbers of the hardware, and to the inputs from the
    /// [prior](crate::Prior), drawn anew for every hardware and batch: with a few
    /// training devices, a network without it learns their names and not what their numbers mean.
    pub hardware_noise: f64,
    /// The optimiser.
    pub optimizer: OptimizerConfig,
    /// The loss.
    pub loss: LossConfig,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            epochs: 120,
            batch_size: 64,
            seed: 0,
            patience: 30,
            n_shards: 2,
            hardware_noise: 0.2,
            optimizer: OptimizerConfig::default(),
            loss: LossConfig::default(),
        }
    }
}

impl TrainConfig {
    /// What a step must know.
    pub(crate) fn step(&self) -> StepConfig {
        let Self { seed, n_shards, hardware_noise, loss, .. } = self;
        StepConfig { seed: *seed, n_shards: *n_shards, hardware_noise: *hardware_noise, loss: loss.clone() }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// [`ModelError::Config`] names the field and what it must be.
    pub fn check(&self) -> Result<(), ModelError> {
        let loss = &self.loss;
        let rules = [
            (self.epochs >= 1, "training.epochs", Rule::AtLeast(1)),
            (self.batch_size >= 1, "training.batch_size", Rule::AtLeast(1)),
            ((1..=256).contains(&self.n_shards), "training.n_shards", Rule::Between(1.0, 256.0)),
            (self.hardware_noise >= 0.0, "training.hardware_noise", Rule::NotNegative),
            (loss.label_weight >= 0.0, "training.loss.label_weight", Rule::NotNegative),
            (loss.ape_weight >= 0.0, "training.loss.ape_weight", Rule::NotNegative),
            (loss.huber_delta > 0.0, "training.loss.huber_delta", Rule::Positive),
            (loss.label_weight + loss.ape_weight > 0.0, "training.loss", Rule::PositiveWeight),
        ];
        check_rules(rules)?;
        self.optimizer.check()
    }
}
