//! Training, frozen between two epochs.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::TrainConfig;
use crate::ModelError;
use crate::adamw::AdamW;
use crate::checkpoint::{read_tensors, write_tensors};

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

    /// Whether the state is one of this training.
    pub(crate) fn belongs_to(&self, config: &TrainConfig, fingerprint: u64, n_parameters: usize) -> bool {
        let Progress { config: own, fingerprint: print, .. } = &self.progress;
        own == config && *print == fingerprint && self.parameters.len() == n_parameters
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
        let tensors = parts
            .into_iter()
            .map(|(name, values)| Ok((name.to_owned(), Tensor::from_slice(values, values.len(), &Device::Cpu)?)))
            .collect::<candle_core::Result<BTreeMap<_, _>>>()?;
        write_tensors(path, &header, &tensors)
    }

    /// Reads a state.
    ///
    /// # Errors
    /// [`ModelError::Io`], or [`ModelError::Checkpoint`] if the file is not a complete state of this version.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let (header, mut tensors) = read_tensors::<Header>(path, FORMAT, &Device::Cpu)?;
        let fail = |problem: String| ModelError::checkpoint(path, problem);
        let progress = header.progress;
        if progress.best_epoch > progress.epoch {
            return Err(fail(format!("epoch {} is the best of {}", progress.best_epoch, progress.epoch)));
        }
        let n = tensors.get("parameters").map(Tensor::elem_count);
        let mut take = |name: &str| -> Result<Vec<f32>, ModelError> {
            let tensor = tensors.remove(name).ok_or_else(|| fail(format!("there is no tensor `{name}`")))?;
            if Some(tensor.elem_count()) != n {
                return Err(fail(format!("`{name}` and `parameters` differ in length")));
            }
            tensor
                .to_vec1::<f32>()
                .map_err(|error| fail(format!("`{name}`: {}", ModelError::from(error).in_one_line())))
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
