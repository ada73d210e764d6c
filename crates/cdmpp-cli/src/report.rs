//! How good a model is, overall and in parts, as JSON.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::Result;
use cdmpp::data::CleanReport;
use cdmpp::model::{Metrics, Predictor, Scored};
use serde::Serialize;

use crate::measured::Measured;
use crate::new_file::NewFile;

/// The metrics of a set of samples and of its parts. Shares are fractions.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Scores {
    /// `None` of no samples.
    pub(crate) overall: Option<Metrics>,
    pub(crate) by_hardware: BTreeMap<String, Metrics>,
    /// The programs that a network uses; a program may be in several networks.
    pub(crate) by_network: BTreeMap<String, Metrics>,
    pub(crate) by_task: BTreeMap<String, Metrics>,
}

impl Scores {
    /// `scored` are the predictions of the measurements `indices`. `networks` are those to tell apart; all if `None`.
    pub(crate) fn of(
        measured: &Measured,
        indices: &[usize],
        scored: &[Scored<'_>],
        networks: Option<&[String]>,
    ) -> Self {
        let mut by_network: BTreeMap<&str, Vec<Scored<'_>>> = BTreeMap::new();
        for (&index, scored) in indices.iter().zip(scored) {
            for network in measured.program(index).networks.keys().map(String::as_str) {
                if networks.is_none_or(|networks| networks.iter().any(|wanted| wanted == network)) {
                    by_network.entry(network).or_default().push(*scored);
                }
            }
        }
        Self {
            overall: (!scored.is_empty()).then(|| Metrics::of(scored)),
            by_hardware: metrics(grouped(scored, |scored| scored.hardware)),
            by_network: metrics(by_network),
            by_task: metrics(grouped(scored, |scored| scored.task)),
        }
    }
}

fn grouped<'a>(scored: &[Scored<'a>], name: impl Fn(&Scored<'a>) -> &'a str) -> BTreeMap<&'a str, Vec<Scored<'a>>> {
    let mut groups: BTreeMap<&str, Vec<Scored<'_>>> = BTreeMap::new();
    for scored in scored {
        groups.entry(name(scored)).or_default().push(*scored);
    }
    groups
}

fn metrics(groups: BTreeMap<&str, Vec<Scored<'_>>>) -> BTreeMap<String, Metrics> {
    groups.into_iter().map(|(name, scored)| (name.to_owned(), Metrics::of(&scored))).collect()
}

/// What made a report.
#[derive(Debug, Serialize)]
pub(crate) struct Versions {
    cdmpp: &'static str,
    /// Of the checkpoint.
    format: &'static str,
    /// Of the features.
    schema: String,
}

impl Versions {
    pub(crate) fn of(model: &Predictor) -> Self {
        Self { cdmpp: env!("CARGO_PKG_VERSION"), format: Predictor::FORMAT, schema: model.schema().to_owned() }
    }
}

/// How much data there was.
#[derive(Debug, Serialize)]
pub(crate) struct Counts {
    records: usize,
    measurements: usize,
    kept: usize,
    dropped: BTreeMap<&'static str, usize>,
    programs: usize,
    /// Trainable numbers of the model.
    parameters: usize,
}

impl Counts {
    pub(crate) fn of(measured: &Measured, model: &Predictor) -> Self {
        let CleanReport { n_records, n_measurements, n_kept, dropped, .. } = measured.dataset.report();
        Self {
            records: *n_records,
            measurements: *n_measurements,
            kept: *n_kept,
            dropped: dropped.iter().map(|(reason, dropped)| (*reason, dropped.n)).collect(),
            programs: measured.dataset.programs().len(),
            parameters: model.parameters().n_parameters(),
        }
    }
}

/// Writes a report as JSON.
pub(crate) fn write(report: &impl Serialize, path: &Path) -> Result<()> {
    let mut file = NewFile::create(path)?;
    serde_json::to_writer_pretty(&mut file, report)?;
    file.write_all(b"\n")?;
    file.finish()
}
