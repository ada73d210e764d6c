//! A graph in the form that is replayed many times, and the two ways to replay it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::{Latency, ReplayError, TaskGraph, TaskId};

/// No task.
pub(crate) const NONE: u32 = u32::MAX;

/// What follows each task, in one array.
#[derive(Debug)]
pub(crate) struct Plan<'g> {
    pub(crate) graph: &'g TaskGraph,
    /// `followers[first[t]..first[t + 1]]` are the tasks after `t`, with the gaps between.
    first: Vec<u32>,
    followers: Vec<(u32, u64)>,
    n_before: Vec<u32>,
    /// All gaps and start-ups together, an upper bound of what they can add to a makespan.
    gaps: u128,
}

/// A replay in nanoseconds. The buffers are used again by the next one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    pub(crate) starts: Vec<u64>,
    /// The tasks as they were started.
    pub(crate) order: Vec<u32>,
    /// What each start waited for: the task before on the lane (`true`) or a dependency. `NONE` if for neither.
    pub(crate) causes: Vec<(u32, bool)>,
    pub(crate) makespan: u64,
    /// When the dependencies of a task are met, and the one that was met last.
    ready: Vec<(u64, u32)>,
    waits: Vec<u32>,
    lanes: Vec<LaneState>,
    queue: BinaryHeap<Reverse<(u64, i32, u32)>>,
}

#[derive(Clone, Copy, Debug)]
struct LaneState {
    free: u64,
    last: u32,
}

impl<'g> Plan<'g> {
    /// # Complexity
    /// O(T + E).
    pub(crate) fn new(graph: &'g TaskGraph) -> Self {
        let n = graph.n_tasks();
        let (mut first, mut n_before) = (vec![0_u32; n + 1], vec![0_u32; n]);
        let mut gaps: u128 = 0;
        for (before, after, gap) in graph.edges() {
            first[before + 1] += 1;
            n_before[after] += 1;
            gaps += u128::from(gap);
        }
        for task in 0..n {
            first[task + 1] += first[task];
        }
        let (mut next, mut followers) = (first.clone(), vec![(0, 0); graph.n_dependencies()]);
        for (before, after, gap) in graph.edges() {
            followers[next[before] as usize] = (after as u32, gap);
            next[before] += 1;
        }
        for task in graph.tasks() {
            gaps += u128::from(graph.lanes()[task.lane.index()].launch_gap);
        }
        gaps += graph.lanes().iter().map(|lane| u128::from(lane.start_up)).sum::<u128>();
        Self { graph, first, followers, n_before, gaps }
    }

    pub(crate) fn followers(&self, task: usize) -> &[(u32, u64)] {
        &self.followers[self.first[task] as usize..self.first[task + 1] as usize]
    }

    /// The latencies in nanoseconds, after a check that no time of a replay can overflow.
    pub(crate) fn latencies<L: Into<Latency>>(
        &self,
        mut latency: impl FnMut(TaskId) -> L,
        nanos: &mut Vec<u64>,
    ) -> Result<(), ReplayError> {
        nanos.clear();
        if self.gaps > u128::from(u64::MAX) {
            let rule = "must be less than 584 years together, in seconds";
            return Err(ReplayError::Config { field: "gaps", rule, value: self.gaps as f64 / 1e9 });
        }
        let (mut total, mut longest) = (self.gaps, (0, 0));
        for task in self.graph.task_ids() {
            let time = latency(task).into().nanos().map_err(|seconds| self.refused(task.index(), seconds))?;
            total += u128::from(time);
            longest = longest.max((time, task.index()));
            nanos.push(time);
        }
        if total > u128::from(u64::MAX) {
            return Err(self.refused(longest.1, Some(total as f64 / 1e9)));
        }
        Ok(())
    }

    fn refused(&self, task: usize, seconds: Option<f64>) -> ReplayError {
        ReplayError::Latency { task, name: self.graph.name(TaskId::new(task)).to_owned(), seconds }
    }

    /// List scheduling. The task that is started next is the one that is ready first; then the one of the lower
    /// priority number; then the one that was added first.
    ///
    /// A task is ready when all it waits for has ended. What becomes ready later is started later, whatever its lane,
    /// since a start makes nothing ready before its own time: hence one queue serves all lanes.
    pub(crate) fn replay(&self, latencies: &[u64], run: &mut Run) {
        self.prepare(run);
        let tasks = self.graph.tasks();
        for (task, n_before) in self.n_before.iter().enumerate() {
            if *n_before == 0 {
                run.queue.push(Reverse((0, tasks[task].priority, task as u32)));
            }
        }
        while let Some(Reverse((_, _, task))) = run.queue.pop() {
            self.start(task as usize, latencies, run);
            for &(follower, _) in self.followers(task as usize) {
                let follower = follower as usize;
                run.waits[follower] -= 1;
                if run.waits[follower] == 0 {
                    let ready = run.ready[follower].0;
                    run.queue.push(Reverse((ready, tasks[follower].priority, follower as u32)));
                }
            }
        }
    }

    /// Starts the tasks as they are in `order`, which [`check_order`](Self::check_order) admits.
    pub(crate) fn replay_in_order(&self, order: &[u32], latencies: &[u64], run: &mut Run) {
        self.prepare(run);
        for &task in order {
            self.start(task as usize, latencies, run);
        }
    }

    /// Whether an order has every task once, after all that it waits for.
    pub(crate) fn check_order(&self, order: &[TaskId]) -> Result<Vec<u32>, ReplayError> {
        let n_tasks = self.graph.n_tasks();
        let refused = |task: TaskId, problem| {
            let name = self.graph.name(task).to_owned();
            Err(ReplayError::Order { task: task.index(), name, problem })
        };
        // A task that was started waits for `NONE` more.
        let mut waits = self.n_before.clone();
        for &task in order {
            match waits.get(task.index()) {
                None => return Err(ReplayError::UnknownTask { task: task.index(), n_tasks }),
                Some(&NONE) => return refused(task, "is there twice"),
                Some(0) => waits[task.index()] = NONE,
                Some(_) => return refused(task, "comes before a task that it waits for"),
            }
            for &(follower, _) in self.followers(task.index()) {
                waits[follower as usize] -= 1;
            }
        }
        match waits.iter().position(|waits| *waits != NONE) {
            Some(task) => refused(TaskId::new(task), "is missing"),
            None => Ok(order.iter().map(|task| task.index() as u32).collect()),
        }
    }

    fn prepare(&self, run: &mut Run) {
        let n = self.graph.n_tasks();
        let lanes = self.graph.lanes().iter().map(|lane| LaneState { free: lane.start_up, last: NONE });
        run.lanes.clear();
        run.lanes.extend(lanes);
        run.starts.clear();
        run.starts.resize(n, 0);
        run.causes.clear();
        run.causes.resize(n, (NONE, false));
        run.ready.clear();
        run.ready.resize(n, (0, NONE));
        run.waits.clone_from(&self.n_before);
        run.order.clear();
        run.queue.clear();
        run.makespan = 0;
    }

    /// Puts a task at the end of its lane and tells its followers. What nobody waits for longer is not told apart from
    /// the lane: at equal times the lane is the cause.
    fn start(&self, task: usize, latencies: &[u64], run: &mut Run) {
        let lane = self.graph.tasks()[task].lane.index();
        let LaneState { free, last } = run.lanes[lane];
        let (ready, dependency) = run.ready[task];
        let launched = if latencies[task] == 0 { free } else { free + self.graph.lanes()[lane].launch_gap };
        let start = ready.max(launched);
        let end = start + latencies[task];
        run.causes[task] = if launched >= ready { (last, true) } else { (dependency, false) };
        run.starts[task] = start;
        run.lanes[lane] = LaneState { free: end, last: task as u32 };
        run.makespan = run.makespan.max(end);
        run.order.push(task as u32);
        for &(follower, gap) in self.followers(task) {
            let (ready, cause) = &mut run.ready[follower as usize];
            let met = end + gap;
            // Of two that are met last together, the one with the lower index is the cause.
            if *cause == NONE || met > *ready || met == *ready && (task as u32) < *cause {
                (*ready, *cause) = (met, task as u32);
            }
        }
    }
}
