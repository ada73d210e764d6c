//! Keeps what training has reached, and stops it in time.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cdmpp_model::ModelError;
use cdmpp_model::train::Epoch;
use serde::{Deserialize, Serialize};

use crate::progress::{OnProgress, Progress};

/// The files are written after the first epoch and then at most this often, so that short epochs are not spent writing.
const SAVE_EVERY: Duration = Duration::from_secs(2);

/// What happens after every epoch.
pub(super) struct Keeper<'a, 'f> {
    /// The files of the model and of the state of training.
    paths: Option<(&'a Path, PathBuf)>,
    limit: Option<Duration>,
    on_progress: &'a mut OnProgress<'f>,
    history: Vec<EpochSummary>,
    started: Instant,
    epoch_started: Instant,
    saved: Option<Instant>,
    stop: Option<Stop>,
    failure: Option<ModelError>,
}

/// Why training stops before its last epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The callback asked for it.
    Interrupted,
    /// The time limit.
    TimeUp,
}

/// What an epoch of training reached.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochSummary {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The learning rate of its last step.
    pub learning_rate: f64,
    /// The mean loss over its training samples.
    pub train_loss: f64,
    /// The mean loss over the validation samples; `None` without any.
    pub validation_loss: Option<f64>,
    /// The mean of |predicted − measured| / measured over the validation samples; `None` without any.
    pub validation_mape: Option<f64>,
    /// The median of the same.
    pub validation_median_ape: Option<f64>,
    /// Whether it was the best epoch so far.
    pub is_best: bool,
}

impl EpochSummary {
    fn of(epoch: &Epoch<'_>) -> Self {
        let validation = epoch.validation;
        Self {
            epoch: epoch.number,
            learning_rate: epoch.learning_rate,
            train_loss: epoch.train_loss,
            validation_loss: validation.map(|of| of.loss).filter(|loss| loss.is_finite()),
            validation_mape: validation.map(|of| of.mape).filter(|mape| mape.is_finite()),
            validation_median_ape: validation.map(|of| of.median_ape).filter(|median| median.is_finite()),
            is_best: epoch.is_best,
        }
    }
}

impl<'a, 'f> Keeper<'a, 'f> {
    pub(super) fn new(
        paths: Option<(&'a Path, PathBuf)>,
        limit: Option<Duration>,
        on_progress: &'a mut OnProgress<'f>,
    ) -> Self {
        let now = Instant::now();
        Self {
            paths,
            limit,
            on_progress,
            history: Vec::new(),
            started: now,
            epoch_started: now,
            saved: None,
            stop: None,
            failure: None,
        }
    }

    pub(super) fn keep(&mut self, epoch: &Epoch<'_>) -> ControlFlow<()> {
        let now = Instant::now();
        let duration = now - std::mem::replace(&mut self.epoch_started, now);
        self.history.push(EpochSummary::of(epoch));
        let is_interrupted = (self.on_progress)(Progress::Epoch(epoch)).is_break();
        let is_last = epoch.number == epoch.n_epochs;
        self.stop = if is_last {
            None
        } else if is_interrupted {
            Some(Stop::Interrupted)
        } else if self.limit.is_some_and(|limit| now - self.started + duration > limit) {
            Some(Stop::TimeUp)
        } else {
            None
        };
        if self.stop.is_some() || self.saved.is_none_or(|saved| now - saved >= SAVE_EVERY) {
            self.saved = Some(now);
            if let Err(error) = self.save(epoch) {
                self.failure = Some(error);
                return ControlFlow::Break(());
            }
        }
        if self.stop.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Why training stopped early, if it did, and what its epochs reached.
    pub(super) fn finish(self) -> Result<(Option<Stop>, Vec<EpochSummary>), ModelError> {
        self.failure.map_or(Ok((self.stop, self.history)), Err)
    }

    /// The state holds the best parameters too, so a best epoch between two savings is lost for no resumption.
    fn save(&self, epoch: &Epoch<'_>) -> Result<(), ModelError> {
        let Some((model, state)) = &self.paths else { return Ok(()) };
        if epoch.is_best {
            epoch.model.save(model)?;
        }
        epoch.state.save(state)
    }
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Interrupted => "interrupted",
            Self::TimeUp => "time is up",
        })
    }
}
