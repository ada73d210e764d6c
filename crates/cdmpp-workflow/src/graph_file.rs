//! Files with operator graphs.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::error::{At, GraphProblem, Result, WorkflowError};
use cdmpp_data::{JsonLines, Location};
use cdmpp_replay::{OperatorGraph, TaskGraph};

/// An operator graph, and where it comes from.
#[derive(Debug)]
pub struct NetworkGraph {
    /// The file and line.
    pub at: Location,
    /// The graph as the file has it.
    pub graph: OperatorGraph,
    /// The graph as it is replayed.
    pub tasks: TaskGraph,
}

impl NetworkGraph {
    /// What it is called in messages and tables.
    #[must_use]
    pub fn title(&self) -> String {
        let OperatorGraph { network, variant, .. } = &self.graph;
        if variant.is_empty() { network.clone() } else { format!("{network} ({variant})") }
    }

    /// What overheads must not have seen when they are tested on it: the part of the name before the first hyphen.
    /// What follows is a batch size or another setting of the same network.
    pub(crate) fn architecture(&self) -> &str {
        let name = &self.graph.network;
        name.split_once('-').map_or(name, |(architecture, _)| architecture)
    }

    /// Where it is, for errors about it.
    pub(crate) fn place(&self) -> String {
        format!("{}: network `{}`", self.at, self.title())
    }

    /// What an operator is called in errors.
    pub(crate) fn op_place(&self, index: usize) -> String {
        let op = &self.graph.ops[index];
        format!("{}: operator `{}` (id {})", self.place(), op.name, op.id)
    }

    /// Whether anything of it was measured on a hardware.
    pub(crate) fn is_measured_on(&self, hardware: &str) -> bool {
        self.graph.end_to_end_s.contains_key(hardware) || self.has_latencies_on(hardware)
    }

    pub(crate) fn has_latencies_on(&self, hardware: &str) -> bool {
        self.graph.ops.iter().any(|op| op.latency_s.contains_key(hardware))
    }

    /// What each operator took alone, in seconds.
    pub(crate) fn latencies(&self, hardware: &str) -> Result<Vec<f64>> {
        let latency = |task| {
            let Some(seconds) = self.graph.latency_s(task, hardware) else {
                let hardware = hardware.to_owned();
                return Err(WorkflowError::graph(self.op_place(task.index()), GraphProblem::NoLatency { hardware }));
            };
            if !(0.0..f64::INFINITY).contains(&seconds) {
                let problem = GraphProblem::BadLatency { hardware: hardware.to_owned(), seconds };
                return Err(WorkflowError::graph(self.op_place(task.index()), problem));
            }
            Ok(seconds)
        };
        self.tasks.task_ids().map(latency).collect()
    }

    /// The median of what the whole took, in seconds.
    pub(crate) fn measured_s(&self, hardware: &str) -> Result<Option<f64>> {
        let measured = self.graph.measured(hardware).at(|| self.at.to_string())?;
        Ok(measured.map(|time| time.as_secs_f64()))
    }

    /// The bytes of operands and results, if they are known.
    pub(crate) fn bytes(&self) -> Result<Option<Vec<u64>>> {
        if self.graph.ops.iter().all(|op| op.argument_bytes.is_none()) {
            return Ok(None);
        }
        let bytes = |(index, bytes): (usize, Option<u64>)| {
            bytes.ok_or_else(|| WorkflowError::graph(self.op_place(index), GraphProblem::SomeBytes))
        };
        self.graph.ops.iter().map(|op| op.argument_bytes).enumerate().map(bytes).collect::<Result<_>>().map(Some)
    }
}

/// Reads all graphs of some files.
/// # Errors
/// If a file cannot be read, has no graph, or a graph is not well formed.
pub fn read_graphs(paths: &[PathBuf]) -> Result<Vec<NetworkGraph>> {
    let mut networks = Vec::new();
    for path in paths {
        let before = networks.len();
        let mut lines = JsonLines::<OperatorGraph>::open("graph", path)?;
        while let Some(graph) = lines.next() {
            let (graph, at) = (graph?, lines.location().clone());
            let tasks = graph.task_graph().at(|| at.to_string())?;
            if graph.ops.is_empty() {
                let place = format!("{at}: network `{}`", graph.network);
                return Err(WorkflowError::graph(place, GraphProblem::NoOperators));
            }
            networks.push(NetworkGraph { at, graph, tasks });
        }
        if networks.len() == before {
            return Err(WorkflowError::graph(path.display().to_string(), GraphProblem::NoGraph));
        }
    }
    Ok(networks)
}

/// All hardware on which something was measured.
#[must_use]
pub fn measured_hardware(networks: &[NetworkGraph]) -> BTreeSet<&str> {
    let graphs = networks.iter().map(|network| &network.graph);
    let of_ops = graphs.clone().flat_map(|graph| graph.ops.iter().flat_map(|op| op.latency_s.keys()));
    of_ops.chain(graphs.flat_map(|graph| graph.end_to_end_s.keys())).map(String::as_str).collect()
}
