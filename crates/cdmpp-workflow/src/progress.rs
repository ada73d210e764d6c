//! How a workflow tells its progress.

use std::ops::ControlFlow;

use cdmpp_data::{CleanReport, SplitCounts};
use cdmpp_model::train::{Epoch, TuningEpoch};

/// What a workflow does; passed to the caller's closure, which may stop it.
///
/// A workflow that is asked to stop ends at the next place where nothing is lost: training keeps the best model so far,
/// and everything that has no result yet ends with [`WorkflowError::Stopped`](crate::WorkflowError::Stopped).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// Files are being read.
    Reading {
        /// Bytes read so far, as they lie on the disk.
        bytes: u64,
        /// Bytes of all files; 0 for what has no size, such as a pipe.
        total_bytes: u64,
    },
    /// The records are read and cleaned.
    Loaded(&'a CleanReport),
    /// The measurements are divided.
    Divided {
        /// What cleaning kept and dropped.
        cleaning: &'a CleanReport,
        /// The sizes of the sets.
        counts: &'a SplitCounts,
    },
    /// The measurements are divided into source and target.
    Domains {
        /// What cleaning kept and dropped.
        cleaning: &'a CleanReport,
        /// Measurements of the source.
        n_source: usize,
        /// Measurements of the target that may be used.
        n_measured: usize,
        /// The groups that are held out together.
        n_groups: usize,
        /// Measurements of the target to test on.
        n_test: usize,
    },
    /// Training begins.
    Training {
        /// Trainable numbers of the model.
        n_parameters: usize,
        /// Passes over the training set.
        epochs: usize,
        /// The seed of everything random.
        seed: u64,
    },
    /// An epoch of training is done.
    Epoch(&'a Epoch<'a>),
    /// An epoch of adaptation is done.
    TuningEpoch(&'a TuningEpoch),
}

/// Gets the progress of a workflow; [`ControlFlow::Break`] stops it.
pub type OnProgress<'f> = dyn FnMut(Progress<'_>) -> ControlFlow<()> + 'f;

/// Adds up the bytes of files that are read one after the other.
#[derive(Debug)]
pub(crate) struct ReadBytes {
    bytes: u64,
    total_bytes: u64,
}

impl ReadBytes {
    pub(crate) fn of_files(paths: &[std::path::PathBuf]) -> Self {
        let size = |path: &std::path::PathBuf| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        Self { bytes: 0, total_bytes: paths.iter().map(size).sum() }
    }

    /// Tells of some more bytes.
    pub(crate) fn add(&mut self, more: u64, on_progress: &mut OnProgress<'_>) -> crate::error::Result<()> {
        self.bytes += more;
        let at = Progress::Reading { bytes: self.bytes, total_bytes: self.total_bytes };
        if on_progress(at).is_break() { Err(crate::WorkflowError::Stopped) } else { Ok(()) }
    }
}
