//! Training, frozen between two epochs.

use std::path::Path;

use safetensors::tensor::Dtype;
use serde::{Deserialize, Serialize};

use super::TrainConfig;
use crate::adamw::AdamW;
use crate::checkpoint::{from_bytes, read_file, to_bytes, write_file};
use crate::parameters::floats;
use crate::{CheckpointProblem, ModelError, StateDifference};

/// Names the format of the file; the number grows with every change.
const FORMAT: &str = "cdmpp-training-state/1";

/// Training between two epochs: parameters, optimiser, the best parameters so far.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainState {
    pub(crate) progress: Progress,
    pub(crate) parameters: Vec<f32>,
    pub(crate) best: Vec<f32>,
    pub(crate) optimizer: AdamW,
}

/// The scalars of the state, and what it belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Progress {
    pub(crate) epoch: usize,
    pub(crate) best_epoch: usize,
    pub(crate) best_loss: Option<f64>,
    pub(crate) config: TrainConfig,
    /// A hash of the samples and the model's shape.
    pub(crate) fingerprint: u64,
    pub(crate) step: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    progress: Progress,
}

impl TrainState {
    /// The state before the first epoch.
    pub(crate) fn new(parameters: Vec<f32>, config: &TrainConfig, fingerprint: u64) -> Self {
        let config = config.clone();
        Self {
            progress: Progress { epoch: 0, best_epoch: 0, best_loss: None, config, fingerprint, step: 0 },
            best: parameters.clone(),
            optimizer: AdamW::new(&parameters),
            parameters,
        }
    }

    /// How the settings differ from those that the state was made with, if they do. It needs neither samples nor a
    /// model, so that it can be asked before they are read.
    #[must_use]
    pub fn difference(&self, config: &TrainConfig) -> Option<StateDifference> {
        // Settings are numbers and names, which all have a JSON form.
        let json = |config: &TrainConfig| serde_json::to_value(config).unwrap_or_default();
        first_difference("training", &json(&self.progress.config), &json(config))
    }

    /// Refuses a state of another training.
    pub(crate) fn check(&self, config: &TrainConfig, fingerprint: u64, n_parameters: usize) -> Result<(), ModelError> {
        let difference = self.difference(config).or_else(|| {
            if self.parameters.len() != n_parameters {
                return Some(StateDifference::Model);
            }
            (self.progress.fingerprint != fingerprint).then_some(StateDifference::Samples)
        });
        difference.map_or(Ok(()), |difference| Err(ModelError::ForeignState(difference)))
    }

    /// Counts an epoch, and keeps the mean of the parameters if it is the best so far (without a loss, always).
    pub(crate) fn finish_epoch(&mut self, number: usize, loss: Option<f64>) -> bool {
        let Self { progress, best, optimizer, .. } = self;
        (progress.epoch, progress.step) = (number, optimizer.step);
        let is_best = loss.zip(progress.best_loss).is_none_or(|(loss, best)| loss < best);
        if is_best {
            best.copy_from_slice(&optimizer.average);
            (progress.best_epoch, progress.best_loss) = (number, loss);
        }
        is_best
    }

    /// The number of epochs done.
    #[must_use]
    pub fn epoch(&self) -> usize {
        self.progress.epoch
    }

    /// Writes the state to a file, replacing it at once when it is complete.
    ///
    /// # Errors
    /// [`ModelError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        let header = Header { format: FORMAT.to_owned(), progress: self.progress.clone() };
        let parts = [
            ("average", &self.optimizer.average),
            ("best", &self.best),
            ("first_moment", &self.optimizer.first),
            ("parameters", &self.parameters),
            ("second_moment", &self.optimizer.second),
        ];
        let shape = [self.parameters.len()];
        let arrays = parts.iter().map(|(name, values)| (*name, &shape[..], values.as_slice()));
        write_file(path, &to_bytes(&header, arrays))
    }

    /// Reads a state.
    ///
    /// # Errors
    /// [`ModelError::Io`], or [`ModelError::Checkpoint`] if the file is not a complete state of this version.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        Self::from_bytes(&read_file(path)?).map_err(|error| error.of_file(path))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let (header, tensors) = from_bytes::<Header>(bytes, FORMAT)?;
        let progress = header.progress;
        if progress.best_epoch > progress.epoch {
            return Err(CheckpointProblem::BestEpoch { best: progress.best_epoch, last: progress.epoch }.into());
        }
        let n = tensors.tensor("parameters").ok().map(|tensor| tensor.shape().to_vec());
        let take = |name: &str| -> Result<Vec<f32>, ModelError> {
            let variable = || name.to_owned();
            let tensor = tensors.tensor(name).map_err(|_| CheckpointProblem::Missing { variable: variable() })?;
            if Some(tensor.shape()) != n.as_deref() {
                return Err(CheckpointProblem::Length { tensor: variable() }.into());
            }
            if tensor.dtype() != Dtype::F32 {
                let (found, expected) = (format!("{:?}", tensor.dtype()), format!("{:?}", Dtype::F32));
                return Err(CheckpointProblem::Variable { variable: variable(), found, expected }.into());
            }
            Ok(floats(tensor.data()).collect())
        };
        let optimizer = AdamW {
            first: take("first_moment")?,
            second: take("second_moment")?,
            average: take("average")?,
            step: progress.step,
        };
        Ok(Self { parameters: take("parameters")?, best: take("best")?, optimizer, progress })
    }
}

/// The first place where two settings differ, by name.
fn first_difference(name: &str, state: &serde_json::Value, now: &serde_json::Value) -> Option<StateDifference> {
    match (state, now) {
        (serde_json::Value::Object(state), serde_json::Value::Object(now)) => {
            let mut keys = state.keys();
            keys.find_map(|key| first_difference(&format!("{name}.{key}"), &state[key], now.get(key)?))
        }
        _ if state == now => None,
        _ => Some(StateDifference::Setting { name: name.to_owned(), state: state.to_string(), now: now.to_string() }),
    }
}
