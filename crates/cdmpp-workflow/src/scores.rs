//! How good a model is, overall and in parts.

use std::collections::BTreeMap;

use cdmpp_data::CleanReport;
use cdmpp_model::{Metrics, Predictor, Scored};
use serde::{Deserialize, Serialize};

use crate::measured::Measured;

/// The metrics of a set of samples and of its parts. Shares are fractions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// `None` of no samples.
    pub overall: Option<Metrics>,
    /// The measurements on each hardware.
    pub by_hardware: BTreeMap<String, Metrics>,
    /// The programs that a network uses; a program may be in several networks.
    pub by_network: BTreeMap<String, Metrics>,
    /// The programs of each task.
    pub by_task: BTreeMap<String, Metrics>,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Versions {
    /// Of cdmpp.
    pub cdmpp: String,
    /// Of the checkpoint.
    pub format: String,
    /// Of the features.
    pub schema: String,
}

impl Versions {
    pub(crate) fn of(model: &Predictor) -> Self {
        Self {
            cdmpp: env!("CARGO_PKG_VERSION").to_owned(),
            format: Predictor::FORMAT.to_owned(),
            schema: model.schema().to_owned(),
        }
    }
}

/// How much data there was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Records read.
    pub records: usize,
    /// Measurements in them.
    pub measurements: usize,
    /// Measurements that cleaning kept.
    pub kept: usize,
    /// Measurements that it dropped, by reason.
    pub dropped: BTreeMap<String, usize>,
    /// Different programs.
    pub programs: usize,
    /// Trainable numbers of the model.
    pub parameters: usize,
}

impl Counts {
    pub(crate) fn of(measured: &Measured, model: &Predictor) -> Self {
        let CleanReport { n_records, n_measurements, n_kept, dropped, .. } = measured.dataset.report();
        Self {
            records: *n_records,
            measurements: *n_measurements,
            kept: *n_kept,
            dropped: dropped.iter().map(|(reason, dropped)| (reason.clone(), dropped.n)).collect(),
            programs: measured.dataset.programs().len(),
            parameters: model.parameters().n_parameters(),
        }
    }
}
