//! What ran when.

use std::time::Duration;

use crate::plan::{NONE, Run};
use crate::{LaneId, TaskGraph, TaskId};

/// A replay: when each task ran, and what it waited for.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// By task.
    spans: Vec<Span>,
    order: Vec<TaskId>,
    lanes: Vec<LaneUse>,
    makespan: Duration,
}

/// One task in a [`Timeline`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Span {
    /// The task.
    pub task: TaskId,
    /// Where it ran.
    pub lane: LaneId,
    /// When it started, from the start of the whole.
    pub start: Duration,
    /// When it ended.
    pub end: Duration,
    /// What its start waited for last.
    pub cause: Cause,
}

impl Span {
    /// The latency of the task.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.end - self.start
    }
}

/// What the start of a task waited for last. If it waited for the lane and for a dependency equally long, it is the
/// lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The start of the whole, and the start-up and launch gap of the lane.
    Start,
    /// The task before it on its lane, and the launch gap.
    Lane(TaskId),
    /// A task that it depends on, and the gap of that dependency.
    Dependency(TaskId),
}

impl Cause {
    /// The task that was waited for; `None` at the start.
    #[must_use]
    pub fn task(self) -> Option<TaskId> {
        match self {
            Self::Start => None,
            Self::Lane(task) | Self::Dependency(task) => Some(task),
        }
    }
}

/// How a lane was used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LaneUse {
    /// How many tasks ran on it.
    pub n_tasks: usize,
    /// For how long a task ran.
    pub busy: Duration,
    /// For how long none did, until the end of the whole; gaps are part of it.
    pub idle: Duration,
    /// `busy` as a share of the makespan; 0 if nothing took any time.
    pub utilisation: f64,
}

impl Timeline {
    pub(crate) fn new(graph: &TaskGraph, latencies: &[u64], run: Run) -> Self {
        let makespan = Duration::from_nanos(run.makespan);
        let mut lanes = vec![LaneUse::default(); graph.n_lanes()];
        let spans = graph.task_ids().map(|task| {
            let lane = graph.lane(task);
            let [start, duration] = [run.starts[task.index()], latencies[task.index()]].map(Duration::from_nanos);
            let cause = match run.causes[task.index()] {
                (NONE, _) => Cause::Start,
                (before, true) => Cause::Lane(TaskId::new(before as usize)),
                (before, false) => Cause::Dependency(TaskId::new(before as usize)),
            };
            lanes[lane.index()].n_tasks += 1;
            lanes[lane.index()].busy += duration;
            Span { task, lane, start, end: start + duration, cause }
        });
        let spans = spans.collect();
        for lane in &mut lanes {
            lane.idle = makespan - lane.busy;
            lane.utilisation = if makespan.is_zero() { 0.0 } else { lane.busy.div_duration_f64(makespan) };
        }
        let order = run.order.iter().map(|task| TaskId::new(*task as usize)).collect();
        Self { spans, order, lanes, makespan }
    }

    /// The time of the whole: when the last task ended.
    #[must_use]
    pub fn makespan(&self) -> Duration {
        self.makespan
    }

    /// All tasks, by index.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// One task.
    ///
    /// # Panics
    /// If there is no such task.
    #[must_use]
    pub fn span(&self, task: TaskId) -> &Span {
        &self.spans[task.index()]
    }

    /// The tasks in the order in which they were started, for [`replay_in_order`](crate::replay_in_order). Each comes
    /// after all that it waits for.
    #[must_use]
    pub fn order(&self) -> &[TaskId] {
        &self.order
    }

    /// How a lane was used.
    ///
    /// # Panics
    /// If there is no such lane.
    #[must_use]
    pub fn lane_use(&self, lane: LaneId) -> &LaneUse {
        &self.lanes[lane.index()]
    }

    /// A chain of tasks that made the whole as long as it is, from its start to its end: each waited for the one
    /// before, for a dependency or for the lane. The latencies along it and the gaps between add up to the makespan.
    ///
    /// If several tasks end last, the chain leads to the one with the lowest index. Empty without tasks.
    #[must_use]
    pub fn critical_path(&self) -> Vec<TaskId> {
        let last = self.spans.iter().find(|span| span.end == self.makespan);
        let mut path: Vec<TaskId> = std::iter::successors(last, |span| span.cause.task().map(|task| self.span(task)))
            .map(|span| span.task)
            .collect();
        path.reverse();
        path
    }
}
