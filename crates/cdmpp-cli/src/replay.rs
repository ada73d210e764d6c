//! `cdmpp replay`: from the latencies of programs to the time of networks.

mod outcome;
mod predicted;
mod summary;

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use cdmpp::replay::{Overheads, write_chrome_traces, write_dot};
use serde::Serialize;

pub(crate) use self::outcome::replay_with;
use self::outcome::{Errors, Outcome};
use self::summary::Summary;
use crate::graph_file::{self, Network};
use crate::near::check_names;
use crate::new_file::{self, NewFile};
use crate::{overheads_file, report};

/// Replays networks: what the whole takes, given what the programs take
///
/// The latencies of the programs are those that the graphs have measured on a hardware (`--measured`), or those that a
/// model predicts (`--model`), whose programs are found in record files by task and schedule. Prints a table of the
/// graphs, and for a single graph also its critical path and the operators that contribute most; `--report` has all of
/// it for each graph.
///
/// Graphs that were not measured on the hardware are left out with `--measured`, which is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// Files with operator graphs (.jsonl, .jsonl.zst)
    #[arg(required = true, value_name = "GRAPH")]
    graphs: Vec<PathBuf>,
    /// Take the latencies that the graphs have measured on this hardware
    #[arg(long, value_name = "NAME", required_unless_present = "model", conflicts_with_all = ["model", "programs", "hardware", "on"])]
    measured: Option<String>,
    /// Take the latencies that this model predicts (a checkpoint of `cdmpp train`)
    #[arg(long, value_name = "MODEL", requires_all = ["programs", "hardware", "on"])]
    model: Option<PathBuf>,
    /// Record files with the programs of the graphs
    #[arg(long, value_name = "DATA", num_args = 1.., requires = "model")]
    programs: Vec<PathBuf>,
    /// The hardware table (JSON)
    #[arg(long, value_name = "FILE", requires = "model")]
    hardware: Option<PathBuf>,
    /// The hardware to predict for, by its name in the table
    #[arg(long, value_name = "NAME", requires = "model")]
    on: Option<String>,
    /// Only these networks
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    networks: Vec<String>,
    /// Add the overheads of the hardware (a file of `cdmpp fit-overheads`)
    #[arg(long, value_name = "FILE")]
    overheads: Option<PathBuf>,
    /// Write what ran when as Chrome trace JSON, for Perfetto; a process a graph
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Write the graphs for Graphviz, with the critical path in red
    #[arg(long, value_name = "FILE")]
    dot: Option<PathBuf>,
    /// Write a JSON report
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report<'a> {
    hardware: &'a str,
    model: Option<String>,
    overheads: &'a Overheads,
    /// Of the graphs whose whole was measured.
    errors: Errors,
    graphs: &'a [Outcome],
    /// Graphs that were not measured on the hardware.
    left_out: Vec<String>,
    seconds: f64,
    version: &'static str,
}

pub(crate) fn run(args: &ReplayArgs) -> Result<()> {
    new_file::check_places(args.trace.iter().chain(&args.dot).chain(&args.report))?;
    let started = Instant::now();
    let hardware = args.measured.as_ref().or(args.on.as_ref()).context("no hardware is named")?.as_str();
    let overheads = match &args.overheads {
        Some(path) => overheads_file::read(path, hardware)?,
        None => Overheads::default(),
    };
    let (networks, left_out) = select(graph_file::read(&args.graphs)?, args, hardware)?;
    let predicted = match (&args.model, &args.hardware) {
        (Some(model), Some(table)) => Some(predicted::latencies(&networks, model, &args.programs, table, hardware)?),
        _ => None,
    };
    let outcome = |(index, network): (usize, &Network)| {
        let predicted = predicted.as_ref().map(|predicted| predicted[index].as_slice());
        Outcome::of(network, hardware, predicted, &overheads)
    };
    let outcomes: Vec<Outcome> = networks.iter().enumerate().map(outcome).collect::<Result<_>>()?;

    if let Some(path) = &args.trace {
        let titles: Vec<String> = networks.iter().map(Network::title).collect();
        let timelines = titles.iter().zip(&outcomes);
        let timelines = timelines.map(|(title, outcome)| (title.as_str(), &outcome.tasks, &outcome.timeline));
        write_file(path, |file| write_chrome_traces(timelines, file))?;
    }
    if let Some(path) = &args.dot {
        let write = |file: &mut NewFile| {
            let mut graphs = networks.iter().zip(&outcomes);
            graphs.try_for_each(|(network, of)| write_dot(&network.title(), &of.tasks, &of.timeline, &mut *file))
        };
        write_file(path, write)?;
    }
    if let Some(path) = &args.report {
        let report = Report {
            hardware,
            model: args.model.as_ref().map(|path| path.display().to_string()),
            overheads: &overheads,
            errors: Errors::of(&outcomes),
            graphs: &outcomes,
            left_out: left_out.clone(),
            seconds: started.elapsed().as_secs_f64(),
            version: env!("CARGO_PKG_VERSION"),
        };
        report::write(&report, path)?;
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    write!(out, "{}", Summary { outcomes: &outcomes, hardware })?;
    out.flush()?;
    if !left_out.is_empty() {
        // Nobody listens: no reason to fail.
        let n = left_out.len();
        let _ = writeln!(std::io::stderr(), "left out, since nothing of them was measured on `{hardware}`: {n} graphs");
    }
    Ok(())
}

/// The graphs to replay, and the titles of those that nothing is known of on this hardware.
fn select(networks: Vec<Network>, args: &ReplayArgs, hardware: &str) -> Result<(Vec<Network>, Vec<String>)> {
    let known = networks.iter().map(|network| network.graph.network.as_str()).collect();
    check_names("network", args.networks.iter().map(String::as_str), &known, "the graphs")?;
    let is_wanted = |network: &Network| args.networks.is_empty() || args.networks.contains(&network.graph.network);
    let wanted: Vec<Network> = networks.into_iter().filter(is_wanted).collect();
    if args.model.is_some() {
        return Ok((wanted, Vec::new()));
    }
    check_names("hardware", [hardware], &graph_file::hardware(&wanted), "the graphs")?;
    let (measured, others): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|network| network.is_measured_on(hardware));
    Ok((measured, others.iter().map(Network::title).collect()))
}

fn write_file(path: &Path, write: impl FnOnce(&mut NewFile) -> std::io::Result<()>) -> Result<()> {
    let mut file = NewFile::create(path)?;
    write(&mut file).with_context(|| format!("cannot write {}", path.display()))?;
    file.finish()
}
