//! Graphs for Graphviz.

use std::io::{self, Write};

use crate::{TaskGraph, Timeline};

/// Writes a graph in the language of Graphviz: a cluster for each lane, the time of each task under its name, and the
/// critical path in red.
///
/// # Errors
/// If `out` cannot be written to.
///
/// # Panics
/// If the timeline is not one of the graph.
///
/// # Examples
/// ```
/// use cdmpp_replay::{TaskGraph, replay, write_dot};
///
/// let mut graph = TaskGraph::new();
/// let lane = graph.add_lane("cpu");
/// let [conv, relu] = [graph.add_task("conv", lane)?, graph.add_task("relu", lane)?];
/// graph.add_dependency(conv, relu)?;
/// let mut dot = Vec::new();
/// write_dot("network", &graph, &replay(&graph, |_| 1e-3)?, &mut dot)?;
/// assert!(String::from_utf8(dot)?.contains("t0 -> t1 [color=red];"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_dot(name: &str, graph: &TaskGraph, timeline: &Timeline, mut out: impl Write) -> io::Result<()> {
    writeln!(out, "digraph {} {{", quoted(name))?;
    writeln!(out, "  node [shape=box, fontname=\"sans-serif\"];")?;
    let mut critical = vec![false; graph.n_tasks()];
    let path = timeline.critical_path();
    path.iter().for_each(|task| critical[task.index()] = true);
    let mut on_lane = vec![Vec::new(); graph.n_lanes()];
    graph.task_ids().for_each(|task| on_lane[graph.lane(task).index()].push(task));
    for (lane, tasks) in graph.lane_ids().zip(on_lane) {
        writeln!(out, "  subgraph cluster_{} {{", lane.index())?;
        writeln!(out, "    label={};", quoted(graph.lane_name(lane)))?;
        for task in tasks {
            let micros = timeline.span(task).duration().as_secs_f64() * 1e6;
            let label = quoted(&format!("{}\n{micros:.1} µs", graph.name(task)));
            let colour = if critical[task.index()] { ", color=red" } else { "" };
            writeln!(out, "    t{} [label={label}{colour}];", task.index())?;
        }
        writeln!(out, "  }}")?;
    }
    for (before, after, _) in graph.dependencies() {
        // On the path is what the start waited for, and what it could as well have waited for.
        let is_on_path = critical[before.index()] && timeline.span(after).cause.task() == Some(before);
        let colour = if is_on_path && critical[after.index()] { " [color=red]" } else { "" };
        writeln!(out, "  t{} -> t{}{colour};", before.index(), after.index())?;
    }
    writeln!(out, "}}")?;
    out.flush()
}

/// A text in quotes, with line breaks as Graphviz writes them.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
