//! From programs to a network: what BERT-tiny takes, from the latencies of its programs, and what two requests at a time
//! would take on a device with an engine for matrices and one for vectors.
//!
//! `cargo run --release -p cdmpp-examples --bin end_to_end` prints a table and writes `end_to_end.json`, which
//! <https://ui.perfetto.dev> opens, and `end_to_end.svg` into `target`, or into the folder named after `--`.
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use cdmpp::data::JsonLines;
use cdmpp::replay::{
    Draw, MonteCarloConfig, OperatorGraph, TaskGraph, TaskId, Timeline, contributions, error_effect,
    group_contributions, monte_carlo, replay, write_chrome_trace, write_svg,
};

const NETWORK: &str = "bert_tiny-b1";
const HARDWARE: &str = "epyc-genoa-avx512-1c";
const N_REQUESTS: usize = 2;

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::args().nth(1).map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let network = load(&root.join("data/networks.jsonl.zst"))?;

    // The latencies are measured ones; those of `Predictor::predict` go the same way.
    let latency = |task: TaskId| network.latency_s(task, HARDWARE);
    let one_lane = network.task_graph()?;
    let timeline = replay(&one_lane, latency)?;
    let measured = network.measured(HARDWARE)?.context("the network was measured")?;
    println!("{NETWORK} on {HARDWARE}: measured {}, replayed {}", ms(measured), ms(timeline.makespan()));

    let two_lanes = on_two_lanes(&network)?;
    let latency = |task: TaskId| latency(TaskId::new(task.index() % network.ops.len()));
    let timeline = replay(&two_lanes, latency)?;
    println!("{N_REQUESTS} requests on two engines, each as fast: {}\n", ms(timeline.makespan()));
    print_table(&two_lanes, &timeline);
    print_errors(&two_lanes, &timeline, latency)?;

    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let [json, svg] = ["end_to_end.json", "end_to_end.svg"].map(|name| folder.join(name));
    write_chrome_trace(NETWORK, &two_lanes, &timeline, create(&json)?)?;
    write_svg(&two_lanes, &timeline, create(&svg)?)?;
    println!("\nwritten: {} and {}", json.display(), svg.display());
    Ok(())
}

fn load(path: &Path) -> Result<OperatorGraph> {
    for graph in JsonLines::<OperatorGraph>::open("graph", path)? {
        let graph = graph?;
        if graph.network == NETWORK && graph.variant == "best" {
            return Ok(graph);
        }
    }
    anyhow::bail!("{}: no graph of {NETWORK}", path.display())
}

// ANCHOR: two_lanes
/// Matrix products on one engine, everything else on the other, and a microsecond to hand a tensor over; the network once
/// for each request.
fn on_two_lanes(network: &OperatorGraph) -> Result<TaskGraph> {
    let mut graph = TaskGraph::new();
    let [matrix, vector] = ["matrix engine", "vector engine"].map(|name| graph.add_lane(name));
    for (from, to) in [(matrix, vector), (vector, matrix)] {
        graph.set_hand_over(from, to, Duration::from_micros(1))?;
    }
    for request in 0..N_REQUESTS {
        // The ids of this network's operators are their indices.
        let task = |id: u64| TaskId::new(request * network.ops.len() + id as usize);
        for op in &network.ops {
            let lane = if op.name.contains("matmul") { matrix } else { vector };
            let added = graph.add_task(op.name.as_str(), lane)?;
            // The first request goes first where both could.
            graph.set_priority(added, request as i32)?;
            op.depends_on.iter().try_for_each(|before| graph.add_dependency(task(*before), added))?;
        }
    }
    Ok(graph)
}
// ANCHOR_END: two_lanes

fn print_table(graph: &TaskGraph, timeline: &Timeline) {
    println!("| lane          | operators |    busy |    idle |   used |");
    println!("|---------------|----------:|--------:|--------:|-------:|");
    for lane in graph.lane_ids() {
        let of = timeline.lane_use(lane);
        let (busy, idle, used) = (ms(of.busy), ms(of.idle), 100.0 * of.utilisation);
        println!("| {:<13} | {:>9} | {busy} | {idle} | {used:>4.1} % |", graph.lane_name(lane), of.n_tasks);
    }
    let saved = contributions(graph, timeline);
    let mut most: Vec<TaskId> = graph.task_ids().collect();
    most.sort_by_key(|task| std::cmp::Reverse(saved[task.index()]));
    println!("\n| operator                      |    took | saved without it |");
    println!("|-------------------------------|--------:|-----------------:|");
    for task in most.into_iter().take(5) {
        let (took, saved) = (ms(timeline.span(task).duration()), ms(saved[task.index()]));
        println!("| {:<29} | {took} | {saved:>16} |", graph.name(task));
    }
    println!("\ncritical path: {} of {} operators", timeline.critical_path().len(), graph.n_tasks());
}

/// What errors of the latencies do to the whole.
fn print_errors(graph: &TaskGraph, timeline: &Timeline, latency: impl Fn(TaskId) -> Option<f64> + Sync) -> Result<()> {
    let is_product = |task: TaskId| graph.name(task).contains("matmul");
    let by_kind = group_contributions(graph, timeline, is_product);
    println!("without products {} less, without the rest {} less", ms(by_kind[&true]), ms(by_kind[&false]));
    let effect = error_effect(graph, timeline, 0.1, is_product)?;
    println!("with products 10 % slower: {:+.1} %", 100.0 * effect.relative());

    // Predictions off by 15 % in the logarithm: 10 % that all share, the rest each for itself. Variances add up.
    let own = (0.15_f64.powi(2) - 0.1_f64.powi(2)).sqrt();
    let whole = monte_carlo(
        graph,
        &MonteCarloConfig::default(),
        |draw| 0.1 * draw.normal(),
        |draw: &mut Draw, shared, task| {
            let error = shared + own * draw.normal();
            latency(task).map(|seconds| seconds * error.exp())
        },
    )?;
    let (low, high) = (whole.quantile(0.05), whole.quantile(0.95));
    println!("if predictions are off by 15 %, 10 % of it shared by all: 90 % between {} and {}", ms(low), ms(high));
    Ok(())
}

fn create(path: &Path) -> Result<BufWriter<File>> {
    Ok(BufWriter::new(File::create(path).with_context(|| path.display().to_string())?))
}

fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
