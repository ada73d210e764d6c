//! Timelines for Perfetto.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use crate::{TaskGraph, Timeline};

/// The category of all events.
const CATEGORY: &str = "replay";

/// Writes a timeline as Chrome trace JSON, which Perfetto opens: a process with a thread for each lane, a slice for each
/// task, and a flow (an arrow) for each dependency.
///
/// The format has one list of events for any number of processes; several timelines in one file are
/// [`write_chrome_traces`]'s.
///
/// # Units
/// Microseconds, as the format wants them, with three digits behind the point.
///
/// # Errors
/// If `out` cannot be written to.
///
/// # Panics
/// If the timeline is not one of the graph.
///
/// # Examples
/// ```
/// use cdmpp_replay::{TaskGraph, replay, write_chrome_trace};
///
/// let mut graph = TaskGraph::new();
/// let lane = graph.add_lane("cpu");
/// graph.add_task("conv", lane)?;
/// let mut json = Vec::new();
/// write_chrome_trace("network", &graph, &replay(&graph, |_| 1e-3)?, &mut json)?;
/// assert!(String::from_utf8(json)?.contains(r#""name":"conv","cat":"replay","ph":"X","ts":0.0,"dur":1000.0"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
/// *Trace Event Format*, Google, 2016.
pub fn write_chrome_trace(name: &str, graph: &TaskGraph, timeline: &Timeline, out: impl Write) -> io::Result<()> {
    write_chrome_traces([(name, graph, timeline)], out)
}

/// Writes several timelines, each as a process of its own; see [`write_chrome_trace`].
///
/// # Errors
/// If `out` cannot be written to.
///
/// # Panics
/// If a timeline is not one of its graph.
pub fn write_chrome_traces<'a>(
    timelines: impl IntoIterator<Item = (&'a str, &'a TaskGraph, &'a Timeline)>,
    out: impl Write,
) -> io::Result<()> {
    let mut events = Events { out, n_events: 0, n_flows: 0 };
    events.out.write_all(b"{\"displayTimeUnit\":\"ms\",\"traceEvents\":[")?;
    for (pid, (name, graph, timeline)) in (1..).zip(timelines) {
        events.process(pid, name, graph, timeline)?;
    }
    events.out.write_all(b"\n]}\n")?;
    events.out.flush()
}

struct Events<W> {
    out: W,
    n_events: usize,
    n_flows: usize,
}

/// An event with the fields that every kind has. Those that a kind lacks are left out.
#[derive(Default, Serialize)]
struct Event<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cat: Option<&'a str>,
    ph: &'a str,
    ts: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    pid: usize,
    tid: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    /// The point of a flow: `e`, the slice that encloses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Args<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Args<'a> {
    Name { name: &'a str },
    SortIndex { sort_index: usize },
    Task { task: usize, critical: bool },
}

impl<W: Write> Events<W> {
    fn process(&mut self, pid: usize, name: &str, graph: &TaskGraph, timeline: &Timeline) -> io::Result<()> {
        self.metadata("process_name", pid, 0, Args::Name { name })?;
        for lane in graph.lane_ids() {
            let tid = lane.index() + 1;
            self.metadata("thread_name", pid, tid, Args::Name { name: graph.lane_name(lane) })?;
            self.metadata("thread_sort_index", pid, tid, Args::SortIndex { sort_index: lane.index() })?;
        }
        let mut critical = vec![false; graph.n_tasks()];
        timeline.critical_path().iter().for_each(|task| critical[task.index()] = true);
        // By task, the flows that arrive and leave.
        let mut flows = vec![(Vec::new(), Vec::new()); graph.n_tasks()];
        for (before, after, _) in graph.dependencies() {
            self.n_flows += 1;
            flows[after.index()].0.push(self.n_flows);
            flows[before.index()].1.push(self.n_flows);
        }
        for (&task, (arriving, leaving)) in timeline.order().iter().map(|task| (task, &flows[task.index()])) {
            let span = timeline.span(task);
            let tid = span.lane.index() + 1;
            self.event(&Event {
                name: graph.name(task),
                cat: Some(CATEGORY),
                ph: "X",
                ts: micros(span.start),
                dur: Some(micros(span.duration())),
                pid,
                tid,
                args: Some(Args::Task { task: task.index(), critical: critical[task.index()] }),
                ..Event::default()
            })?;
            // A flow belongs to the slice around its point, and the end of a slice is outside. Of slices that start at
            // one time it is the last before it in the file, which matters for those without length.
            let last = span.end.saturating_sub(Duration::from_nanos(1)).max(span.start);
            let arriving = arriving.iter().map(|id| (id, "f", span.start, Some("e")));
            for (&id, ph, time, bp) in arriving.chain(leaving.iter().map(|id| (id, "s", last, None))) {
                let (name, cat, ts) = ("dependency", Some(CATEGORY), micros(time));
                self.event(&Event { name, cat, ph, ts, pid, tid, id: Some(id), bp, ..Event::default() })?;
            }
        }
        Ok(())
    }

    fn metadata(&mut self, name: &str, pid: usize, tid: usize, args: Args<'_>) -> io::Result<()> {
        self.event(&Event { name, ph: "M", pid, tid, args: Some(args), ..Event::default() })
    }

    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.out.write_all(if self.n_events == 0 { b"\n" } else { b",\n" })?;
        self.n_events += 1;
        serde_json::to_writer(&mut self.out, event)?;
        Ok(())
    }
}

/// Whole nanoseconds as microseconds: three digits behind the point, exact up to 104 days.
fn micros(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e3
}
