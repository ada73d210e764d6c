//! Replays networks: what the whole takes, given what the programs take.
//!
//! The latencies of the programs are those that the graphs have measured on a hardware, or those that a model predicts,
//! whose programs are found in record files by task and schedule.
//!
//! # Examples
//! ```
//! use std::ops::ControlFlow;
//!
//! use cdmpp_workflow::{LatencySource, ReplayRequest, replay};
//!
//! let graphs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/networks.jsonl.zst");
//! let mut request = ReplayRequest::new([graphs], LatencySource::Measured("epyc-genoa-avx512-2c".to_owned()));
//! request.networks = vec!["resnet50-b1".to_owned()];
//! let report = replay(&request, &mut |_| ControlFlow::Continue(()))?;
//! assert!(report.graphs.iter().all(|graph| graph.replayed_s.is_some()));
//! # Ok::<(), cdmpp_workflow::WorkflowError>(())
//! ```

mod outcome;
mod predicted;

use std::path::PathBuf;
use std::time::Instant;

use cdmpp_hardware::HardwareSpec;
use cdmpp_model::Predictor;
use cdmpp_replay::Overheads;
use serde::{Deserialize, Serialize};

pub(crate) use self::outcome::replay_with;
pub use self::outcome::{Contribution, LaneSummary, ReplayErrors, ReplayedNetwork, Step};
use crate::error::Result;
use crate::graph_file::{NetworkGraph, measured_hardware, read_graphs};
use crate::near::check_names;
use crate::progress::OnProgress;

/// What to replay.
#[derive(Clone, Debug)]
pub struct ReplayRequest<'a> {
    /// Files with operator graphs (`.jsonl`, `.jsonl.zst`).
    pub graphs: Vec<PathBuf>,
    /// Where the latencies come from.
    pub latencies: LatencySource<'a>,
    /// Only these networks; all if there is none.
    pub networks: Vec<String>,
    /// What the hardware adds to the programs.
    pub overheads: Overheads,
}

/// Where the latencies of programs come from.
#[derive(Clone, Debug)]
pub enum LatencySource<'a> {
    /// The graphs have them for this hardware.
    Measured(String),
    /// A model predicts them.
    Predicted {
        /// The model.
        model: &'a Predictor,
        /// The name of the model in the report, such as its file.
        name: String,
        /// Record files with the programs of the graphs.
        programs: Vec<PathBuf>,
        /// The hardware to predict for.
        hardware: HardwareSpec,
    },
}

impl LatencySource<'_> {
    /// The name of the hardware.
    #[must_use]
    pub fn hardware(&self) -> &str {
        match self {
            Self::Measured(name) => name,
            Self::Predicted { hardware, .. } => hardware.name(),
        }
    }
}

impl<'a> ReplayRequest<'a> {
    /// A replay of all networks without overheads.
    pub fn new(graphs: impl IntoIterator<Item = impl Into<PathBuf>>, latencies: LatencySource<'a>) -> Self {
        let graphs = graphs.into_iter().map(Into::into).collect();
        Self { graphs, latencies, networks: Vec::new(), overheads: Overheads::default() }
    }
}

/// The report of a replay.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReplayReport {
    /// The version of this form; `version` is that of cdmpp.
    pub report_version: u32,
    /// The hardware.
    pub hardware: String,
    /// The name of the model; `None` if the latencies were measured.
    pub model: Option<String>,
    /// What the hardware adds to the programs.
    pub overheads: Overheads,
    /// Of the graphs whose whole was measured.
    pub errors: ReplayErrors,
    /// The graphs.
    pub graphs: Vec<ReplayedNetwork>,
    /// Graphs that were not measured on the hardware.
    pub left_out: Vec<String>,
    /// How long it took.
    pub seconds: f64,
    /// The version of cdmpp.
    pub version: String,
}

/// Replays networks.
///
/// # Errors
/// If files cannot be read, a name is unknown, a latency is missing, or a program cannot be predicted;
/// [`WorkflowError::Stopped`](crate::WorkflowError::Stopped) if the callback stops it.
pub fn replay(request: &ReplayRequest<'_>, on_progress: &mut OnProgress<'_>) -> Result<ReplayReport> {
    let started = Instant::now();
    let hardware = request.latencies.hardware();
    let (networks, left_out) = select(read_graphs(&request.graphs)?, request)?;
    let predicted = match &request.latencies {
        LatencySource::Measured(_) => None,
        LatencySource::Predicted { model, programs, hardware, .. } => {
            Some(predicted::latencies(&networks, model, programs, hardware, on_progress)?)
        }
    };
    let outcome = |(index, network): (usize, &NetworkGraph)| {
        let predicted = predicted.as_ref().map(|predicted| predicted[index].as_slice());
        ReplayedNetwork::of(network, hardware, predicted, &request.overheads)
    };
    let graphs: Vec<ReplayedNetwork> = networks.iter().enumerate().map(outcome).collect::<Result<_>>()?;
    Ok(ReplayReport {
        report_version: 1,
        hardware: hardware.to_owned(),
        model: match &request.latencies {
            LatencySource::Measured(_) => None,
            LatencySource::Predicted { name, .. } => Some(name.clone()),
        },
        overheads: request.overheads.clone(),
        errors: ReplayErrors::of(&graphs),
        graphs,
        left_out,
        seconds: started.elapsed().as_secs_f64(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// The graphs to replay, and the titles of those that nothing is known of on this hardware.
fn select(networks: Vec<NetworkGraph>, request: &ReplayRequest<'_>) -> Result<(Vec<NetworkGraph>, Vec<String>)> {
    let known = networks.iter().map(|network| network.graph.network.as_str()).collect();
    check_names("network", request.networks.iter().map(String::as_str), &known, "the graphs")?;
    let is_wanted = |of: &NetworkGraph| request.networks.is_empty() || request.networks.contains(&of.graph.network);
    let wanted: Vec<NetworkGraph> = networks.into_iter().filter(is_wanted).collect();
    let LatencySource::Measured(hardware) = &request.latencies else { return Ok((wanted, Vec::new())) };
    check_names("hardware", [hardware.as_str()], &measured_hardware(&wanted), "the graphs")?;
    let (measured, others): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|network| network.is_measured_on(hardware));
    Ok((measured, others.iter().map(NetworkGraph::title).collect()))
}
