//! The measured programs of the record files, joined with their hardware.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cdmpp::data::{CleanConfig, CleanReport, Dataset, EncodedProgram, LoadConfig, Measurement, OnBadLabel, Spill};
use cdmpp::hardware::{HardwareSpec, HardwareTable};
use cdmpp::ir::CompactAst;
use cdmpp::model::train::Samples;
use cdmpp::model::{ModelError, Predictor, Query, Scored};

use crate::featurizer::BuiltIn;
use crate::progress;

/// Measurements that are predicted at a time; bounds memory.
const CHUNK: usize = 4096;

/// What `train` and `eval` read.
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

    pub(crate) fn load(&self, built_in: BuiltIn, cleaning: &CleanConfig) -> Result<Measured> {
        let hardware = HardwareTable::load(&self.hardware)?;
        let config = LoadConfig {
            clean: cleaning.clone(),
            n_threads: std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
            spill: Some(Spill { above: self.memory.saturating_mul(1 << 20), folder: std::env::temp_dir() }),
        };
        let bar = progress::of_bytes(0, "reading");
        let dataset = Dataset::load(&self.data, built_in.featurizer, &config, &mut |at| {
            bar.set_length(at.total_bytes);
            bar.set_position(at.bytes);
        })?;
        bar.finish_and_clear();
        let measured = Measured { dataset, hardware };
        measured.check(built_in, &self.hardware)?;
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
    fn check(&self, built_in: BuiltIn, table: &Path) -> Result<()> {
        let (programs, measurements) = (self.dataset.programs(), self.dataset.measurements());
        if measurements.is_empty() {
            let CleanReport { n_records, dropped, .. } = self.dataset.report();
            let dropped: Vec<String> =
                dropped.iter().map(|(reason, dropped)| format!("{reason}: {}", dropped.n)).collect();
            let dropped =
                if dropped.is_empty() { String::new() } else { format!(" (dropped, {})", dropped.join(", ")) };
            bail!("there is no measurement to use in {n_records} records{dropped}");
        }
        for (program, EncodedProgram { task, schedule, .. }) in programs.iter().enumerate() {
            let ast = self.dataset.ast(program)?;
            if ast.n_leaves() == 0 {
                bail!("task `{task}`, schedule {schedule}: the program has no store statement");
            }
            if let Some(place) = ast.features().iter().position(|x| !x.is_finite()) {
                let column = built_in.columns().get(place % ast.dim()).map_or("?", String::as_str);
                bail!(
                    "task `{task}`, schedule {schedule}: feature {column} of leaf {} is not finite",
                    place / ast.dim()
                );
            }
        }
        let mut known = BTreeSet::new();
        for Measurement { program, hardware, .. } in measurements {
            if known.insert(hardware) {
                let EncodedProgram { task, schedule, .. } = &programs[*program];
                self.hardware
                    .get(hardware)
                    .with_context(|| format!("{}: needed for task `{task}`, schedule {schedule}", table.display()))?;
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
