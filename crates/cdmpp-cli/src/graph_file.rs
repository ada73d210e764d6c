//! Files with operator graphs.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use cdmpp::data::{JsonLines, Location};
use cdmpp::replay::{OperatorGraph, TaskGraph};

/// An operator graph, and where it comes from.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) at: Location,
    pub(crate) graph: OperatorGraph,
    pub(crate) tasks: TaskGraph,
}

impl Network {
    /// What it is called in messages and tables.
    pub(crate) fn title(&self) -> String {
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
                bail!("{} has no latency on `{hardware}`", self.op_place(task.index()));
            };
            if !(0.0..f64::INFINITY).contains(&seconds) {
                bail!("{} has a latency on `{hardware}` that is none: {seconds:?} s", self.op_place(task.index()));
            }
            Ok(seconds)
        };
        self.tasks.task_ids().map(latency).collect()
    }

    /// The median of what the whole took, in seconds.
    pub(crate) fn measured_s(&self, hardware: &str) -> Result<Option<f64>> {
        let measured = self.graph.measured(hardware).with_context(|| self.at.to_string())?;
        Ok(measured.map(|time| time.as_secs_f64()))
    }

    /// The bytes of operands and results, if they are known.
    pub(crate) fn bytes(&self) -> Result<Option<Vec<u64>>> {
        if self.graph.ops.iter().all(|op| op.argument_bytes.is_none()) {
            return Ok(None);
        }
        let bytes = |(index, bytes): (usize, Option<u64>)| {
            bytes.with_context(|| format!("{} has no `argument_bytes`, unlike others", self.op_place(index)))
        };
        self.graph.ops.iter().map(|op| op.argument_bytes).enumerate().map(bytes).collect::<Result<_>>().map(Some)
    }
}

/// Reads all graphs of some files.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<Network>> {
    let mut networks = Vec::new();
    for path in paths {
        let before = networks.len();
        let mut lines = JsonLines::<OperatorGraph>::open("graph", path)?;
        while let Some(graph) = lines.next() {
            let (graph, at) = (graph?, lines.location().clone());
            let tasks = graph.task_graph().with_context(|| at.to_string())?;
            if graph.ops.is_empty() {
                bail!("{at}: network `{}` has no operators", graph.network);
            }
            networks.push(Network { at, graph, tasks });
        }
        if networks.len() == before {
            bail!("{}: there is no operator graph", path.display());
        }
    }
    Ok(networks)
}

/// All hardware on which something was measured.
pub(crate) fn hardware(networks: &[Network]) -> BTreeSet<&str> {
    let graphs = networks.iter().map(|network| &network.graph);
    let of_ops = graphs.clone().flat_map(|graph| graph.ops.iter().flat_map(|op| op.latency_s.keys()));
    of_ops.chain(graphs.flat_map(|graph| graph.end_to_end_s.keys())).map(String::as_str).collect()
}
