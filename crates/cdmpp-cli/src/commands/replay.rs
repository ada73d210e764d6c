//! `cdmpp replay`: from the latencies of programs to the time of networks.

mod summary;

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cdmpp::hardware::HardwareTable;
use cdmpp::replay::{TaskGraph, Timeline, write_chrome_traces, write_dot};
use cdmpp::workflow::{LatencySource, ReplayReport, ReplayRequest, read_overheads, replay};

use self::summary::Summary;
use crate::data::load_model;
use crate::new_file::{self, NewFile};
use crate::outputs::{say, write_report};
use crate::progress::Bars;

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

pub(crate) fn run(args: &ReplayArgs) -> Result<()> {
    new_file::check_places(args.trace.iter().chain(&args.dot).chain(&args.report))?;
    let name = args.measured.as_ref().or(args.on.as_ref()).context("no hardware is named")?.as_str();
    let overheads = args.overheads.as_deref().map(|path| read_overheads(path, name)).transpose()?;
    let model = args.model.as_deref().map(load_model).transpose()?;
    let latencies = match (&args.measured, &model, &args.model, &args.hardware) {
        (Some(measured), ..) => LatencySource::Measured(measured.clone()),
        (None, Some(model), Some(path), Some(table)) => LatencySource::Predicted {
            model,
            name: path.display().to_string(),
            programs: args.programs.clone(),
            hardware: HardwareTable::load(table)?.get(name).with_context(|| table.display().to_string())?.clone(),
        },
        _ => bail!("there are neither measurements nor a model"),
    };
    let mut request = ReplayRequest::new(&args.graphs, latencies);
    request.networks = args.networks.clone();
    request.overheads = overheads.unwrap_or_default();
    let mut bars = Bars::new();
    let report = replay(&request, &mut |progress| bars.show(progress))?;
    bars.finish();

    if let Some(path) = &args.trace {
        let runs = runs(&report);
        let timelines = runs.iter().map(|(title, (tasks, timeline))| (title.as_str(), tasks, timeline));
        write_file(path, |file| write_chrome_traces(timelines, file))?;
    }
    if let Some(path) = &args.dot {
        let runs = runs(&report);
        let mut graphs = runs.iter();
        write_file(path, |file| {
            graphs.try_for_each(|(title, (tasks, timeline))| write_dot(title, tasks, timeline, &mut *file))
        })?;
    }
    if let Some(path) = &args.report {
        write_report(&report, path)?;
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    write!(out, "{}", Summary { report: &report })?;
    out.flush()?;
    if !report.left_out.is_empty() {
        let n = report.left_out.len();
        say(format_args!("left out, since nothing of them was measured on `{name}`: {n} graphs"));
    }
    Ok(())
}

/// The graphs with their titles and what ran when.
fn runs(report: &ReplayReport) -> Vec<(String, &(TaskGraph, Timeline))> {
    report.graphs.iter().filter_map(|graph| Some((graph.title(), graph.run.as_ref()?))).collect()
}

fn write_file(path: &Path, write: impl FnOnce(&mut NewFile) -> std::io::Result<()>) -> Result<()> {
    let mut file = NewFile::create(path)?;
    write(&mut file).with_context(|| format!("cannot write {}", path.display()))?;
    file.finish()
}
