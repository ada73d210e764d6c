//! What can go wrong.

use std::path::{Path, PathBuf};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A setting is out of its range: the caller's fault.
    #[error("{field} {rule}")]
    Config {
        /// The setting.
        field: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// A sample or query cannot be used: the data's fault.
    #[error("{what} {index}: {problem}")]
    Input {
        /// Whether it is a `training sample`, a `validation sample` or a `query`.
        what: &'static str,
        /// Its index in the slice that was passed.
        index: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// The features are of another kind than the model was trained on.
    #[error("the model was trained on features `{expected}` and cannot read `{found}`")]
    Schema {
        /// The model's schema and width.
        expected: String,
        /// The data's schema and width.
        found: String,
    },
    /// The model has not been trained.
    #[error("the model is not trained: call train::fit or load a checkpoint")]
    NotTrained,
    /// Training diverged: the loss is not a number.
    #[error("training diverged in epoch {epoch}: {what} is not finite; lower the learning rate")]
    Diverged {
        /// The epoch, from 1.
        epoch: usize,
        /// What is not finite.
        what: &'static str,
    },
    /// A checkpoint cannot be read.
    #[error("{}: {problem}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A tensor operation failed.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

impl ModelError {
    pub(crate) fn config(field: &'static str, rule: &'static str) -> Self {
        Self::Config { field, rule }
    }

    /// A file that holds what a model of this crate cannot use.
    pub(crate) fn checkpoint(path: &Path, problem: impl ToString) -> Self {
        Self::Checkpoint { path: path.to_owned(), problem: problem.to_string() }
    }

    /// The message without the backtrace that candle appends where `RUST_BACKTRACE` is set.
    pub(crate) fn in_one_line(self) -> String {
        match self {
            Self::Tensor(candle_core::Error::WithBacktrace { inner, .. }) => Self::Tensor(*inner).in_one_line(),
            other => other.to_string(),
        }
    }
}
