//! Training.

mod adapt;
mod config;
mod cycle;
mod descent;
mod fine_tune;
mod fit;
mod folds;
mod held_out;
mod state;
mod tuning;

pub use adapt::{AdaptConfig, adapt};
pub use config::TrainConfig;
pub use fine_tune::{FineTuneConfig, Labelled, fine_tune};
pub use fit::{fit, resume};
pub use state::TrainState;
pub use tuning::{OnTuningEpoch, Tuned, TuningEpoch};

pub use crate::blend::{AlignedLayer, Compared, Discrepancy};
pub use crate::samples::Samples;

use std::ops::ControlFlow;

use crate::Predictor;

/// What happened in an epoch; passed to the caller's closure after each.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Epoch<'a> {
    /// The epoch, from 1.
    pub number: usize,
    /// The number of epochs planned.
    pub n_epochs: usize,
    /// The learning rate of its last step.
    pub learning_rate: f64,
    /// The mean loss over its training samples.
    pub train_loss: f64,
    /// How good the model is on the validation samples; `None` without any.
    pub validation: Option<Validation>,
    /// Whether this is the best epoch so far.
    pub is_best: bool,
    /// The model with the parameters that were validated: save it here whenever `is_best`, and nothing is lost.
    pub model: &'a Predictor,
    /// The state from which training can be [resumed](resume).
    pub state: &'a TrainState,
}

/// How good the model is on the validation samples after an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Validation {
    /// The mean loss; the epoch with the lowest is the best.
    pub loss: f64,
    /// The mean of |predicted − measured| / measured; infinite if a prediction is.
    pub mape: f64,
    /// The median of |predicted − measured| / measured.
    pub median_ape: f64,
}

/// Gets every epoch; [`ControlFlow::Break`] stops training, with the best parameters so far in the model.
pub type OnEpoch<'f> = dyn FnMut(&Epoch<'_>) -> ControlFlow<()> + 'f;

/// Why training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// All epochs are done.
    Finished,
    /// The validation loss did not improve for too many epochs.
    EarlyStopping,
    /// The caller's closure asked for it.
    Interrupted,
}

/// How training ended.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// Why it ended.
    pub reason: StopReason,
    /// The number of epochs done, those before a resumption included.
    pub epochs: usize,
    /// The epoch whose parameters the model has now; 0 if none was done.
    pub best_epoch: usize,
    /// Its validation loss; `None` without validation samples.
    pub validation_loss: Option<f64>,
}
