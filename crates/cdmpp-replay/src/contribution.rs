//! What each task does to the whole.

use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use crate::plan::{Plan, Run};
use crate::{Latency, ReplayError, TaskGraph, TaskId, Timeline};

/// The time that the whole would save if a task took none, by task, with the order of the timeline kept.
///
/// It is exact: the makespan less that of [`replay_in_order`](crate::replay_in_order) with a latency of zero for the
/// task. A task has a contribution if it lies on every critical path; its contribution is less than its latency if
/// another path is nearly as long. On one lane each task contributes its latency and its launch gap.
///
/// What would be saved if the lanes took the tasks anew as they become ready is a difference of two replays, for one task
/// or many: that of `makespan` and `rescheduled` of an [`error_effect`] of −1. It may be negative.
///
/// # Panics
/// If the timeline is not one of this graph.
///
/// # Complexity
/// O((T + E) log (T + E)) for all tasks together.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use cdmpp_replay::{TaskGraph, contributions, replay};
///
/// let mut graph = TaskGraph::new();
/// let [a, b] = ["a", "b"].map(|name| graph.add_lane(name));
/// graph.add_task("short", a)?;
/// graph.add_task("long", b)?;
/// let timeline = replay(&graph, |task| [3.0, 5.0][task.index()])?;
/// // Without the long task, the short one remains.
/// assert_eq!(contributions(&graph, &timeline), [Duration::ZERO, Duration::from_secs(2)]);
/// # Ok::<(), cdmpp_replay::ReplayError>(())
/// ```
#[must_use]
pub fn contributions(graph: &TaskGraph, timeline: &Timeline) -> Vec<Duration> {
    let network = Network::new(graph, timeline);
    let tails = network.tails();
    let makespan = nanos(timeline.makespan());

    // A path that does not visit the task at a place passes over that place by exactly one edge. Edges are taken up as
    // the place passes their start, and the longest path of those still open counts.
    let mut edges = network.edges(&tails);
    edges.sort_unstable();
    let mut saved = vec![Duration::ZERO; network.order.len()];
    let (mut next, mut open) = (0, BinaryHeap::new());
    for (place, &task) in (1..).zip(&network.order) {
        while let Some(&(_, to, path)) = edges.get(next).filter(|(from, ..)| *from < place) {
            open.push((path, to));
            next += 1;
        }
        while open.peek().is_some_and(|(_, to)| *to <= place) {
            open.pop();
        }
        let around = open.peek().map_or(0, |(path, _)| *path);
        let through = network.ready[task].max(network.free[task]) + tails[task];
        saved[task] = Duration::from_nanos(makespan - around.max(through));
    }
    saved
}

/// The time by which each task could end later without any effect on the whole, by task, with the order of the timeline
/// kept. Zero marks the tasks on a critical path.
///
/// # Panics
/// If the timeline is not one of this graph.
///
/// # Complexity
/// O(T + E).
#[must_use]
pub fn slack(graph: &TaskGraph, timeline: &Timeline) -> Vec<Duration> {
    let network = Network::new(graph, timeline);
    let makespan = nanos(timeline.makespan());
    let ends = network.starts.iter().zip(&network.latencies).map(|(start, latency)| start + latency);
    network.tails().into_iter().zip(ends).map(|(tail, end)| Duration::from_nanos(makespan - end - tail)).collect()
}

/// The time that the whole would save if all tasks of a group took none, by group, with the order of the timeline kept.
///
/// Exact, as [`contributions`] is. The groups of a network on one lane add up to the whole less its start-up, unless
/// dependencies have gaps; on several lanes they need not add up to anything.
///
/// # Panics
/// If the timeline is not one of this graph.
///
/// # Complexity
/// O(T log T + G (T + E)) for G groups.
pub fn group_contributions<K: Ord>(
    graph: &TaskGraph,
    timeline: &Timeline,
    mut group: impl FnMut(TaskId) -> K,
) -> BTreeMap<K, Duration> {
    let mut groups: BTreeMap<K, Vec<usize>> = BTreeMap::new();
    for task in graph.task_ids() {
        groups.entry(group(task)).or_default().push(task.index());
    }
    let plan = Plan::new(graph);
    let order = order_of(timeline);
    let (mut latencies, mut run) = (latencies_of(timeline), Run::default());
    let saved = groups.into_iter().map(|(key, tasks)| {
        let kept: Vec<u64> = tasks.iter().map(|&task| std::mem::take(&mut latencies[task])).collect();
        plan.replay_in_order(&order, &latencies, &mut run);
        tasks.into_iter().zip(kept).for_each(|(task, latency)| latencies[task] = latency);
        (key, timeline.makespan() - Duration::from_nanos(run.makespan))
    });
    saved.collect()
}

/// What a relative error of some latencies does to the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorEffect {
    /// The makespan without the error.
    pub makespan: Duration,
    /// With the error, if every lane keeps the order of its tasks.
    pub in_order: Duration,
    /// With the error, if the lanes take the tasks as they become ready.
    pub rescheduled: Duration,
}

impl ErrorEffect {
    /// The change of the makespan as a share of it, with the order kept. 0 of a makespan of zero.
    #[must_use]
    pub fn relative(&self) -> f64 {
        if self.makespan.is_zero() { 0.0 } else { self.in_order.div_duration_f64(self.makespan) - 1.0 }
    }
}

/// Replays with the latencies of some tasks multiplied by `1 + error`: an error of 0.1 makes them a tenth longer, one of
/// −1 takes them away.
///
/// # Errors
/// If `error` is below −1 or not finite, or the latencies become too long to count.
///
/// # Panics
/// If the timeline is not one of this graph.
///
/// # Complexity
/// O((T + E) log T).
///
/// # Examples
/// ```
/// use cdmpp_replay::{TaskGraph, error_effect, replay};
///
/// let mut graph = TaskGraph::new();
/// let lane = graph.add_lane("cpu");
/// let conv = graph.add_task("conv", lane)?;
/// graph.add_task("relu", lane)?;
/// let timeline = replay(&graph, |task| [9e-3, 1e-3][task.index()])?;
/// let effect = error_effect(&graph, &timeline, 0.1, |task| task == conv)?;
/// assert!((effect.relative() - 0.09).abs() < 1e-6);
/// # Ok::<(), cdmpp_replay::ReplayError>(())
/// ```
pub fn error_effect(
    graph: &TaskGraph,
    timeline: &Timeline,
    error: f64,
    mut of: impl FnMut(TaskId) -> bool,
) -> Result<ErrorEffect, ReplayError> {
    if !(-1.0..f64::INFINITY).contains(&error) {
        return Err(ReplayError::Config { field: "error", rule: "must be finite and at least -1", value: error });
    }
    let plan = Plan::new(graph);
    let (mut latencies, mut run) = (Vec::new(), Run::default());
    let changed = |task: TaskId| {
        let latency = timeline.span(task).duration();
        if of(task) { Latency::from(latency.as_secs_f64() * (1.0 + error)) } else { latency.into() }
    };
    plan.latencies(changed, &mut latencies)?;
    plan.replay_in_order(&order_of(timeline), &latencies, &mut run);
    let in_order = Duration::from_nanos(run.makespan);
    plan.replay(&latencies, &mut run);
    Ok(ErrorEffect { makespan: timeline.makespan(), in_order, rescheduled: Duration::from_nanos(run.makespan) })
}

/// A graph with its lanes as they were used: the makespan is the longest path over dependencies and lanes.
struct Network<'g> {
    plan: Plan<'g>,
    latencies: Vec<u64>,
    starts: Vec<u64>,
    order: Vec<usize>,
    /// The place of each task in `order`, from 1.
    places: Vec<usize>,
    /// By task: when its dependencies are met.
    ready: Vec<u64>,
    /// By task: when the lane is free for it, without the launch gap.
    free: Vec<u64>,
    launch_gaps: Vec<u64>,
    lane_before: Vec<Option<usize>>,
    lane_after: Vec<Option<usize>>,
}

impl<'g> Network<'g> {
    fn new(graph: &'g TaskGraph, timeline: &Timeline) -> Self {
        let n = graph.n_tasks();
        let mut network = Self {
            plan: Plan::new(graph),
            latencies: latencies_of(timeline),
            starts: timeline.spans().iter().map(|span| nanos(span.start)).collect(),
            order: timeline.order().iter().map(|task| task.index()).collect(),
            places: vec![0; n],
            ready: vec![0; n],
            free: vec![0; n],
            launch_gaps: vec![0; n],
            lane_before: vec![None; n],
            lane_after: vec![None; n],
        };
        let mut last: Vec<Option<usize>> = vec![None; graph.n_lanes()];
        for (place, &task) in (1..).zip(&network.order) {
            network.places[task] = place;
            let id = graph.lane(TaskId::new(task)).index();
            let before = last[id].replace(task);
            network.lane_before[task] = before;
            let ended = |task: usize| network.starts[task] + network.latencies[task];
            network.free[task] = before.map_or(graph.lanes()[id].start_up, ended);
            if let Some(before) = before {
                network.lane_after[before] = Some(task);
            }
            if network.latencies[task] > 0 {
                network.launch_gaps[task] = graph.lanes()[id].launch_gap;
            }
            for &(after, gap) in network.plan.followers(task) {
                let ready = &mut network.ready[after as usize];
                *ready = (*ready).max(ended(task) + gap);
            }
        }
        network
    }

    /// The longest path from the end of each task to the end of the whole.
    fn tails(&self) -> Vec<u64> {
        let mut tails = vec![0; self.order.len()];
        for &task in self.order.iter().rev() {
            let dependents = self.plan.followers(task).iter().map(|&(after, gap)| (after as usize, gap));
            let on_lane = self.lane_after[task].map(|after| (after, self.launch_gaps[after]));
            let waits = dependents.chain(on_lane).map(|(after, gap)| gap + self.latencies[after] + tails[after]);
            tails[task] = waits.max().unwrap_or(0);
        }
        tails
    }

    /// All waits, and the starts and ends of the whole, as edges between places: from, to, and the longest path that
    /// takes the edge.
    fn edges(&self, tails: &[u64]) -> Vec<(usize, usize, u64)> {
        let mut edges = Vec::new();
        for &task in &self.order {
            let place = self.places[task];
            let end = self.starts[task] + self.latencies[task];
            edges.push((place, self.order.len() + 1, end));
            let rest = |after: usize| self.latencies[after] + tails[after];
            for &(after, gap) in self.plan.followers(task) {
                edges.push((place, self.places[after as usize], end + gap + rest(after as usize)));
            }
            let before = self.lane_before[task].map_or(0, |before| self.places[before]);
            edges.push((before, place, self.free[task] + self.launch_gaps[task] + rest(task)));
        }
        edges
    }
}

fn order_of(timeline: &Timeline) -> Vec<u32> {
    timeline.order().iter().map(|task| task.index() as u32).collect()
}

fn latencies_of(timeline: &Timeline) -> Vec<u64> {
    timeline.spans().iter().map(|span| nanos(span.duration())).collect()
}

/// The times of a timeline were made of whole nanoseconds that fit.
fn nanos(time: Duration) -> u64 {
    time.as_nanos() as u64
}
