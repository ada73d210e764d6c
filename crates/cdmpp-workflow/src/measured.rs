//! The measured programs of the record files, joined with their hardware.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::error::{Result, WorkflowError};
use cdmpp_data::{CleanConfig, CleanReport, Dataset, EncodedProgram, LoadConfig, Measurement, Spill};
use cdmpp_hardware::{HardwareSpec, HardwareTable};
use cdmpp_ir::{BuiltIn, CompactAst};
use cdmpp_model::train::Samples;
use cdmpp_model::{ModelError, Predictor, Query, Scored};

use crate::progress::{OnProgress, Progress};

/// Measurements that are predicted at a time; bounds memory.
const CHUNK: usize = 4096;

/// The measured programs that a workflow reads.
#[derive(Clone, Debug)]
pub struct DataRequest {
    /// Record files (`.jsonl`, `.jsonl.zst`).
    pub files: Vec<PathBuf>,
    /// What is known of each hardware that the records name.
    pub hardware: HardwareTable,
    /// So many bytes of encoded programs stay in memory; what is beyond goes to a temporary file. Results are the same.
    pub memory: usize,
}

impl DataRequest {
    /// Some files, with the default of [`memory`](Self::memory): 256 MiB.
    pub fn new(files: impl IntoIterator<Item = impl Into<PathBuf>>, hardware: HardwareTable) -> Self {
        Self { files: files.into_iter().map(Into::into).collect(), hardware, memory: 256 << 20 }
    }

    pub(crate) fn load(
        &self,
        built_in: BuiltIn,
        cleaning: &CleanConfig,
        on_progress: &mut OnProgress<'_>,
    ) -> Result<Measured> {
        let config = LoadConfig {
            clean: cleaning.clone(),
            n_threads: std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
            spill: Some(Spill { above: self.memory, folder: std::env::temp_dir() }),
        };
        // Reading cannot be stopped half-way; it ends the workflow afterwards.
        let mut flow = ControlFlow::Continue(());
        let dataset = Dataset::load(&self.files, built_in.featurizer(), &config, &mut |at| {
            if flow.is_continue() {
                flow = on_progress(Progress::Reading { bytes: at.bytes, total_bytes: at.total_bytes });
            }
        })?;
        if flow.is_break() || on_progress(Progress::Loaded(dataset.report())).is_break() {
            return Err(WorkflowError::Stopped);
        }
        let measured = Measured { dataset, hardware: self.hardware.clone() };
        measured.check(built_in)?;
        Ok(measured)
    }
}

/// The measured programs, each on a hardware that the table knows.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) dataset: Dataset,
    pub(crate) hardware: HardwareTable,
}

impl Measured {
    /// Finds everything that would fail later, where its place is known less well.
    fn check(&self, built_in: BuiltIn) -> Result<()> {
        let (programs, measurements) = (self.dataset.programs(), self.dataset.measurements());
        if measurements.is_empty() {
            let CleanReport { n_records, dropped, .. } = self.dataset.report();
            let dropped = dropped.iter().map(|(reason, dropped)| (reason.clone(), dropped.n)).collect();
            return Err(WorkflowError::NoMeasurements { n_records: *n_records, dropped });
        }
        for (program, EncodedProgram { task, schedule, .. }) in programs.iter().enumerate() {
            let ast = self.dataset.ast(program)?;
            if ast.n_leaves() == 0 {
                let (task, schedule) = (task.to_string(), *schedule);
                return Err(WorkflowError::EmptyProgram { at: None, task, schedule });
            }
            if let Some(place) = ast.features().iter().position(|x| !x.is_finite()) {
                return Err(WorkflowError::FeatureNotFinite {
                    task: task.to_string(),
                    schedule: *schedule,
                    column: built_in.columns().get(place % ast.dim()).map_or("?", String::as_str).to_owned(),
                    leaf: place / ast.dim(),
                });
            }
        }
        let mut known = BTreeSet::new();
        for Measurement { program, hardware, .. } in measurements {
            if known.insert(hardware) {
                let EncodedProgram { task, schedule, .. } = &programs[*program];
                self.hardware.get(hardware).map_err(|source| WorkflowError::HardwareNeeded {
                    task: task.to_string(),
                    schedule: *schedule,
                    source,
                })?;
            }
        }
        Ok(())
    }

    pub(crate) fn program(&self, index: usize) -> &EncodedProgram {
        &self.dataset.programs()[self.dataset.measurements()[index].program]
    }

    /// The samples of some measurements, whose programs are read when they are needed.
    pub(crate) fn samples(&self, indices: &[usize]) -> Result<Samples<'_>> {
        let sample = |&index: &usize| {
            let Measurement { program, latency, .. } = &self.dataset.measurements()[index];
            Ok((*program, self.spec(index)?, *latency))
        };
        let samples: Vec<_> = indices.iter().map(sample).collect::<Result<_>>()?;
        Ok(Samples::read_by(|program| self.dataset.ast(program).map_err(std::io::Error::other), samples))
    }

    /// Brings all programs into memory.
    pub(crate) fn asts(&self) -> Result<Vec<Cow<'_, CompactAst>>> {
        Ok((0..self.dataset.programs().len()).map(|program| self.dataset.ast(program)).collect::<Result<_, _>>()?)
    }

    /// The queries of some measurements, by what [`asts`](Self::asts) gave.
    pub(crate) fn queries<'a>(&'a self, asts: &'a [Cow<'_, CompactAst>], indices: &[usize]) -> Result<Vec<Query<'a>>> {
        let query = |&index: &usize| {
            Ok(Query { ast: &asts[self.dataset.measurements()[index].program], hardware: self.spec(index)? })
        };
        indices.iter().map(query).collect()
    }

    fn spec(&self, index: usize) -> Result<&HardwareSpec> {
        Ok(self.hardware.get(&self.dataset.measurements()[index].hardware)?)
    }

    /// Predicts some measurements.
    pub(crate) fn score(&self, model: &Predictor, indices: &[usize]) -> Result<Vec<Scored<'_>>> {
        let mut scored = Vec::with_capacity(indices.len());
        for chunk in indices.chunks(CHUNK) {
            let program_of = |index: &usize| self.dataset.measurements()[*index].program;
            // The measurements of a program stand side by side.
            let mut programs: Vec<usize> = chunk.iter().map(program_of).collect();
            programs.dedup();
            let asts: Vec<_> = programs.iter().map(|program| self.dataset.ast(*program)).collect::<Result<_, _>>()?;
            let (mut queries, mut at) = (Vec::with_capacity(chunk.len()), 0);
            for index in chunk {
                at += usize::from(programs[at] != program_of(index));
                queries.push(Query { ast: &asts[at], hardware: self.spec(*index)? });
            }
            let predicted = model.predict(&queries).map_err(|error| match error {
                ModelError::Input { what, index, problem } => {
                    ModelError::Input { what, index: scored.len() + index, problem }
                }
                other => other,
            })?;
            for (&index, predicted) in chunk.iter().zip(predicted) {
                let Measurement { hardware, latency, .. } = &self.dataset.measurements()[index];
                scored.push(Scored {
                    task: &self.program(index).task,
                    hardware,
                    measured_s: latency.as_secs_f64(),
                    predicted_s: predicted.latency.as_secs_f64(),
                });
            }
        }
        Ok(scored)
    }
}
