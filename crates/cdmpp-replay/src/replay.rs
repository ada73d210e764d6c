//! From latencies to a timeline.

use crate::plan::{Plan, Run};
use crate::{Latency, ReplayError, TaskGraph, TaskId, Timeline};

/// Runs the tasks of a graph on its lanes, each as soon as its turn comes.
///
/// `latency` gives the time of each task, as a [`Duration`](std::time::Duration), as seconds, or as an `Option` of one
/// of them; see [`Latency`].
///
/// The schedule is that of a list scheduler: each lane takes, of the tasks that are ready, the one that was ready first;
/// of those that were ready at the same time the one of the lower priority number; of those the one that was added
/// first. A lane never waits for a task while another is ready. A task that takes no time has its turn in this
/// order, too, before what waits for it is ready. Nothing is random, and nothing but the graph and the latencies decides.
///
/// With such scheduling a shorter task can make the whole longer (Graham, 1969). Where that must not happen, as for
/// bounds, take the order of one replay and use [`replay_in_order`].
///
/// # Errors
/// If a task has no latency or one that is none; the error names it.
///
/// # Complexity
/// O((T + E) log T) time and O(T + E) memory for T tasks and E dependencies.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use cdmpp_replay::{TaskGraph, replay};
///
/// // Two branches on two lanes, and a task that joins them.
/// let mut graph = TaskGraph::new();
/// let [a, b] = ["a", "b"].map(|name| graph.add_lane(name));
/// let left = graph.add_task("left", a)?;
/// let right = graph.add_task("right", b)?;
/// let join = graph.add_task("join", a)?;
/// graph.add_dependencies([(left, join), (right, join)])?;
///
/// let milliseconds = [3, 5, 1];
/// let timeline = replay(&graph, |task| Duration::from_millis(milliseconds[task.index()]))?;
/// assert_eq!(timeline.makespan(), Duration::from_millis(6));
/// assert_eq!(timeline.critical_path(), [right, join]);
/// # Ok::<(), cdmpp_replay::ReplayError>(())
/// ```
pub fn replay<L: Into<Latency>>(graph: &TaskGraph, latency: impl FnMut(TaskId) -> L) -> Result<Timeline, ReplayError> {
    let plan = Plan::new(graph);
    let (mut latencies, mut run) = (Vec::new(), Run::default());
    plan.latencies(latency, &mut latencies)?;
    plan.replay(&latencies, &mut run);
    Ok(Timeline::new(graph, &latencies, run))
}

/// Runs the tasks of a graph in a given order: each lane takes its tasks as they come in `order`, and waits for them.
///
/// With the order fixed, the time of the whole never falls when a latency rises. A bound of every latency thus gives a
/// bound of the whole. [`Timeline::order`] is an order to start from.
///
/// # Errors
/// If a task has no latency, or `order` lacks a task, has one twice, or has one before another that it waits for.
///
/// # Complexity
/// O(T + E).
///
/// # Examples
/// ```
/// use cdmpp_replay::{TaskGraph, replay, replay_in_order};
///
/// let mut graph = TaskGraph::new();
/// let lane = graph.add_lane("gpu");
/// let [first, second] = [graph.add_task("first", lane)?, graph.add_task("second", lane)?];
/// let timeline = replay_in_order(&graph, &[second, first], |_| 1.0)?;
/// assert_eq!(timeline.span(first).start.as_secs(), 1);
///
/// let upper = replay_in_order(&graph, timeline.order(), |_| 1.2)?;
/// assert!(upper.makespan() >= timeline.makespan());
/// # Ok::<(), cdmpp_replay::ReplayError>(())
/// ```
pub fn replay_in_order<L: Into<Latency>>(
    graph: &TaskGraph,
    order: &[TaskId],
    latency: impl FnMut(TaskId) -> L,
) -> Result<Timeline, ReplayError> {
    let plan = Plan::new(graph);
    let order = plan.check_order(order)?;
    let (mut latencies, mut run) = (Vec::new(), Run::default());
    plan.latencies(latency, &mut latencies)?;
    plan.replay_in_order(&order, &latencies, &mut run);
    Ok(Timeline::new(graph, &latencies, run))
}
