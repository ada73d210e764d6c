//! Keeps what training has reached, and stops it in time.

use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use cdmpp::model::ModelError;
use cdmpp::model::train::Epoch;
use indicatif::ProgressBar;

use crate::interrupt::Interrupt;
use crate::progress;

/// The files are written after the first epoch and then at most this often, so that short epochs are not spent writing.
const SAVE_EVERY: Duration = Duration::from_secs(2);

/// What happens after every epoch.
pub(super) struct Keeper<'a> {
    model_path: &'a Path,
    state_path: &'a Path,
    limit: Option<Duration>,
    interrupt: Interrupt,
    bar: ProgressBar,
    started: Instant,
    epoch_started: Instant,
    saved: Option<Instant>,
    stop: Option<Stop>,
    failure: Option<ModelError>,
}

/// Why training stops before its last epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Interrupted,
    TimeUp,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(
        model_path: &'a Path,
        state_path: &'a Path,
        n_epochs: usize,
        limit: Option<Duration>,
        interrupt: Interrupt,
    ) -> Self {
        let now = Instant::now();
        Self {
            model_path,
            state_path,
            limit,
            interrupt,
            bar: progress::of_epochs(n_epochs),
            started: now,
            epoch_started: now,
            saved: None,
            stop: None,
            failure: None,
        }
    }

    pub(super) fn state_path(&self) -> &'a Path {
        self.state_path
    }

    pub(super) fn keep(&mut self, epoch: &Epoch<'_>) -> ControlFlow<()> {
        let now = Instant::now();
        let duration = now - std::mem::replace(&mut self.epoch_started, now);
        self.show(epoch);
        let is_last = epoch.number == epoch.n_epochs;
        self.stop = if is_last {
            None
        } else if self.interrupt.is_wished() {
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

    /// Why training stopped early, if it did.
    pub(super) fn finish(self) -> Result<Option<Stop>, ModelError> {
        self.bar.finish_and_clear();
        self.failure.map_or(Ok(self.stop), Err)
    }

    /// The state holds the best parameters too, so a best epoch between two savings is lost for no resumption.
    fn save(&self, epoch: &Epoch<'_>) -> Result<(), ModelError> {
        if epoch.is_best {
            epoch.model.save(self.model_path)?;
        }
        epoch.state.save(self.state_path)
    }

    fn show(&self, epoch: &Epoch<'_>) {
        let mut message = format!("loss {:.3}", epoch.train_loss);
        if let Some(validation) = &epoch.validation {
            let (mape, median) = (100.0 * validation.mape, 100.0 * validation.median_ape);
            message += &format!(", validation {:.3}: MAPE {mape:.1}%, median {median:.1}%", validation.loss);
        }
        self.bar.set_position(epoch.number as u64);
        self.bar.set_message(message);
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupted => "interrupted",
            Self::TimeUp => "time is up",
        })
    }
}
