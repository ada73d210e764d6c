//! Graphs as text, the language of the tests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use cdmpp_replay::{Cause, LaneId, TaskGraph, TaskId, Timeline, contributions, replay, slack};
use expect_test::Expect;

/// A graph with its latencies in seconds.
pub(crate) struct Sketch {
    pub(crate) graph: TaskGraph,
    pub(crate) latencies: Vec<f64>,
}

impl Sketch {
    /// Reads one statement a line: `lane NAME [launch GAP] [start TIME]`, `hand-over FROM TO GAP`,
    /// `NAME LANE LATENCY [priority N] [after NAME[+GAP] …]`. Times are seconds; lanes are made where they are first
    /// named.
    pub(crate) fn parse(text: &str) -> Self {
        let mut sketch = Self { graph: TaskGraph::new(), latencies: Vec::new() };
        let (mut lanes, mut tasks) = (BTreeMap::new(), BTreeMap::new());
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let value = |key: &str| words.iter().position(|word| *word == key).map(|at| words[at + 1]);
            match words[0] {
                "lane" => {
                    let lane = lane(&mut sketch.graph, &mut lanes, words[1]);
                    if let Some(gap) = value("launch") {
                        sketch.graph.set_launch_gap(lane, seconds(gap)).unwrap();
                    }
                    if let Some(time) = value("start") {
                        sketch.graph.set_start_up(lane, seconds(time)).unwrap();
                    }
                }
                "hand-over" => {
                    let [from, to] = [words[1], words[2]].map(|name| lane(&mut sketch.graph, &mut lanes, name));
                    sketch.graph.set_hand_over(from, to, seconds(words[3])).unwrap();
                }
                name => {
                    let lane = lane(&mut sketch.graph, &mut lanes, words[1]);
                    let task = sketch.graph.add_task(name, lane).unwrap();
                    sketch.latencies.push(words[2].parse().unwrap());
                    if let Some(rank) = value("priority") {
                        sketch.graph.set_priority(task, rank.parse().unwrap()).unwrap();
                    }
                    let after = words.iter().position(|word| *word == "after").unwrap_or(words.len());
                    for word in words.iter().skip(after + 1) {
                        let (before, gap) = word.split_once('+').unwrap_or((word, "0"));
                        sketch.graph.add_dependency_with_gap(tasks[before], task, seconds(gap)).unwrap();
                    }
                    tasks.insert(name, task);
                }
            }
        }
        sketch
    }

    pub(crate) fn replay(&self) -> Timeline {
        replay(&self.graph, |task| self.latencies[task.index()]).unwrap()
    }
}

fn lane<'a>(graph: &mut TaskGraph, lanes: &mut BTreeMap<&'a str, LaneId>, name: &'a str) -> LaneId {
    *lanes.entry(name).or_insert_with(|| graph.add_lane(name))
}

fn seconds(text: &str) -> Duration {
    Duration::from_secs_f64(text.parse().unwrap())
}

/// What ran when, a line a lane; then the critical path, and each task's contribution and slack if they are not zero.
pub(crate) fn show(graph: &TaskGraph, timeline: &Timeline) -> String {
    let mut text = String::new();
    for lane in graph.lane_ids() {
        let on_lane = timeline.order().iter().filter(|task| graph.lane(**task) == lane);
        let spans: Vec<String> = on_lane
            .map(|&task| {
                let span = timeline.span(task);
                format!("{} {}-{}", graph.name(task), span.start.as_secs_f64(), span.end.as_secs_f64())
            })
            .collect();
        let lane_use = timeline.lane_use(lane);
        let (busy, idle) = (lane_use.busy.as_secs_f64(), lane_use.idle.as_secs_f64());
        writeln!(text, "{}: {} ({busy} busy, {idle} idle)", graph.lane_name(lane), spans.join(", ")).unwrap();
    }
    let step = |task: &TaskId| match timeline.span(*task).cause {
        Cause::Lane(_) => format!("| {}", graph.name(*task)),
        Cause::Dependency(_) => format!("> {}", graph.name(*task)),
        _ => graph.name(*task).to_owned(),
    };
    let path: Vec<String> = timeline.critical_path().iter().map(step).collect();
    writeln!(text, "critical: {}", path.join(" ")).unwrap();
    for (title, times) in [("contributions", contributions(graph, timeline)), ("slack", slack(graph, timeline))] {
        let times: Vec<String> = graph
            .task_ids()
            .zip(times)
            .filter(|(_, time)| !time.is_zero())
            .map(|(task, time)| format!("{} {}", graph.name(task), time.as_secs_f64()))
            .collect();
        writeln!(text, "{title}: {}", times.join(", ")).unwrap();
    }
    text
}

pub(crate) fn check(text: &str, expect: Expect) {
    let sketch = Sketch::parse(text);
    expect.assert_eq(&show(&sketch.graph, &sketch.replay()));
}
