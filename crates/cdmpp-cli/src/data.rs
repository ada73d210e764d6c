//! The flags for measured programs, models and hardware.

use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result};
use cdmpp::data::{CleanConfig, OnBadLabel};
use cdmpp::hardware::HardwareTable;
use cdmpp::model::Predictor;
use cdmpp::workflow::{DataRequest, WorkflowError};

/// What `train`, `eval` and `adapt` read.
#[derive(Debug, clap::Args)]
pub(crate) struct DataArgs {
    /// Record files (.jsonl, .jsonl.zst)
    #[arg(required = true, value_name = "DATA")]
    data: Vec<PathBuf>,
    /// The hardware table (JSON): what is known of each hardware that the records name
    #[arg(long, value_name = "FILE")]
    hardware: PathBuf,
    /// Drop measurements whose repeats spread more than this (their coefficient of variation)
    #[arg(long, value_name = "X")]
    max_spread: Option<f64>,
    /// What to do with a label that is no latency (NaN, zero, negative, missing)
    #[arg(long, value_name = "WHAT")]
    on_bad_label: Option<BadLabel>,
    /// Keep so much of the encoded programs in memory; what is beyond goes to a temporary file
    ///
    /// The file is in the system's folder for temporary files (`TMPDIR`) and has no name. Results are the same.
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    memory: usize,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum BadLabel {
    /// Stop with an error
    Refuse,
    /// Leave it out and count it
    Drop,
}

impl DataArgs {
    /// Lets the command line override the settings.
    pub(crate) fn change(&self, cleaning: &mut CleanConfig) {
        if let Some(max_spread) = self.max_spread {
            cleaning.max_spread = max_spread;
        }
        match self.on_bad_label {
            Some(BadLabel::Refuse) => cleaning.on_bad_label = OnBadLabel::Refuse,
            Some(BadLabel::Drop) => cleaning.on_bad_label = OnBadLabel::Drop,
            None => {}
        }
    }

    pub(crate) fn request(&self) -> Result<DataRequest> {
        let mut request = DataRequest::new(&self.data, HardwareTable::load(&self.hardware)?);
        request.memory = self.memory.saturating_mul(1 << 20);
        Ok(request)
    }

    /// Names the file that an error is about.
    pub(crate) fn place(&self, error: WorkflowError) -> Error {
        match error {
            WorkflowError::HardwareNeeded { .. } | WorkflowError::Hardware(_) => {
                Error::new(error).context(self.hardware.display().to_string())
            }
            error => error.into(),
        }
    }
}

/// Loads a checkpoint.
pub(crate) fn load_model(path: &Path) -> Result<Predictor> {
    let model = Predictor::load(path)?;
    cdmpp::ir::BuiltIn::of_schema(model.schema())
        .map_err(WorkflowError::from)
        .with_context(|| path.display().to_string())?;
    Ok(model)
}
