//! What runs, where, and after what.

mod gaps;
mod id;
mod order;

use std::collections::BTreeMap;
use std::time::Duration;

use petgraph::algo::toposort;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef as _;

use self::gaps::nanos;
pub use self::id::{LaneId, TaskId};
use self::order::Positions;
use crate::ReplayError;

/// Tasks on lanes, and the dependencies between them; never with a cycle.
///
/// A *lane* is a queue that runs one task at a time: a stream of a GPU, the thread pool of a CPU, the matrix engine of
/// an accelerator. *Gaps* are times in which nothing runs:
///
/// | gap | where | effect |
/// |---|---|---|
/// | start-up | a lane | the lane is there from this time on |
/// | launch | a lane | passes between the end of a task and the start of the next one on the lane, and before the first |
/// | of a dependency | an edge | passes between the end of a task and the time when the other is ready |
/// | hand-over | a pair of lanes | the same, for all dependencies from the one lane to the other |
///
/// A task of no latency is a mark: it keeps its turn on the lane, but nothing is launched for it.
///
/// # Units
/// Gaps are kept in whole nanoseconds; what is longer than 584 years makes the replay fail.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use cdmpp_replay::{TaskGraph, replay};
///
/// let mut graph = TaskGraph::new();
/// let [matrix, vector] = ["matrix engine", "vector engine"].map(|name| graph.add_lane(name));
/// let conv = graph.add_task("conv", matrix)?;
/// let relu = graph.add_task("relu", vector)?;
/// graph.add_dependency(conv, relu)?;
/// graph.set_hand_over(matrix, vector, Duration::from_micros(2))?;
///
/// let error = graph.add_dependency(relu, conv).unwrap_err();
/// assert_eq!(error.to_string(), "task `conv` (0) would wait for itself");
/// let timeline = replay(&graph, |_| Duration::from_micros(10))?;
/// assert_eq!(timeline.makespan(), Duration::from_micros(22));
/// # Ok::<(), cdmpp_replay::ReplayError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TaskGraph {
    lanes: Vec<Lane>,
    tasks: Vec<Task>,
    /// Node `i` is task `i`; the weight of an edge is its gap.
    edges: DiGraph<(), u64>,
    positions: Positions,
    hand_overs: BTreeMap<(LaneId, LaneId), u64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Lane {
    name: String,
    pub(crate) start_up: u64,
    pub(crate) launch_gap: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Task {
    name: String,
    pub(crate) lane: LaneId,
    pub(crate) priority: i32,
}

impl TaskGraph {
    /// A graph without lanes and tasks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a lane. Names are for people and need not differ.
    ///
    /// # Panics
    /// If there are 2³² − 1 lanes already.
    pub fn add_lane(&mut self, name: impl Into<String>) -> LaneId {
        let id = u32::try_from(self.lanes.len()).ok().filter(|id| *id < u32::MAX);
        self.lanes.push(Lane { name: name.into(), start_up: 0, launch_gap: 0 });
        LaneId(id.expect("so many lanes do not fit into memory"))
    }

    /// Adds a task to a lane, with priority 0. Names are for people and need not differ.
    ///
    /// # Errors
    /// If there is no such lane.
    ///
    /// # Panics
    /// If there are 2³² − 1 tasks already.
    pub fn add_task(&mut self, name: impl Into<String>, lane: LaneId) -> Result<TaskId, ReplayError> {
        self.check_lane(lane)?;
        let node = self.edges.add_node(());
        self.positions.push();
        self.tasks.push(Task { name: name.into(), lane, priority: 0 });
        Ok(TaskId::new(node.index()))
    }

    /// Lets `after` wait for the end of `before`. A dependency may be added twice, which changes nothing.
    ///
    /// # Errors
    /// If there is no such task, or `after` comes before `before` already. The graph is then as it was.
    ///
    /// # Complexity
    /// O(1) if `before` stands before `after` in the topological order that the graph keeps, as it does when tasks are
    /// added in the order in which they can run. Otherwise the tasks between the two that depend on one of them are
    /// moved (Pearce and Kelly, 2004): O(T + E) at worst. For many dependencies in any order there is
    /// [`add_dependencies`](Self::add_dependencies).
    pub fn add_dependency(&mut self, before: TaskId, after: TaskId) -> Result<(), ReplayError> {
        self.add_dependency_with_gap(before, after, Duration::ZERO)
    }

    /// Lets `after` wait until some time after the end of `before`; see [`add_dependency`](Self::add_dependency).
    ///
    /// # Errors
    /// As for [`add_dependency`](Self::add_dependency).
    pub fn add_dependency_with_gap(&mut self, before: TaskId, after: TaskId, gap: Duration) -> Result<(), ReplayError> {
        let [from, to] = [self.node(before)?, self.node(after)?];
        if !self.positions.admit(&self.edges, from, to) {
            return Err(self.cycle(to));
        }
        self.edges.add_edge(from, to, nanos(gap));
        Ok(())
    }

    /// Adds pairs of `before` and `after`, all or none of them.
    ///
    /// # Errors
    /// If there is no such task, or a task would wait for itself. The graph is then as it was.
    ///
    /// # Complexity
    /// O(T + E), whatever the order.
    pub fn add_dependencies(
        &mut self,
        dependencies: impl IntoIterator<Item = (TaskId, TaskId)>,
    ) -> Result<(), ReplayError> {
        let n_before = self.edges.edge_count();
        let mut added = dependencies.into_iter().try_for_each(|(before, after)| {
            self.edges.add_edge(self.node(before)?, self.node(after)?, 0);
            Ok(())
        });
        if added.is_ok() {
            added = match toposort(&self.edges, None) {
                Ok(order) => {
                    self.positions = Positions::of(&order);
                    return Ok(());
                }
                Err(cycle) => Err(self.cycle(cycle.node_id())),
            };
        }
        // Edges have the numbers in which they were added, and the last one can go without another taking its number.
        for edge in (n_before..self.edges.edge_count()).rev() {
            self.edges.remove_edge(EdgeIndex::new(edge));
        }
        added
    }

    /// Sets the rank of a task among those that are ready at the same time: lower numbers go first, as with CUDA's
    /// streams.
    ///
    /// # Errors
    /// If there is no such task.
    pub fn set_priority(&mut self, task: TaskId, priority: i32) -> Result<(), ReplayError> {
        let node = self.node(task)?;
        self.tasks[node.index()].priority = priority;
        Ok(())
    }

    /// How many tasks there are.
    #[must_use]
    pub fn n_tasks(&self) -> usize {
        self.tasks.len()
    }

    /// How many lanes there are.
    #[must_use]
    pub fn n_lanes(&self) -> usize {
        self.lanes.len()
    }

    /// How many dependencies there are, counting those twice that were added twice.
    #[must_use]
    pub fn n_dependencies(&self) -> usize {
        self.edges.edge_count()
    }

    /// All tasks, in the order in which they were added.
    pub fn task_ids(&self) -> impl ExactSizeIterator<Item = TaskId> + use<> {
        (0..self.tasks.len()).map(TaskId::new)
    }

    /// All lanes, in the order in which they were added.
    pub fn lane_ids(&self) -> impl ExactSizeIterator<Item = LaneId> + use<> {
        (0..self.lanes.len()).map(LaneId::new)
    }

    /// All dependencies: before, after, and the gap between them with the hand-over of their lanes.
    pub fn dependencies(&self) -> impl Iterator<Item = (TaskId, TaskId, Duration)> {
        let task = |node: NodeIndex| TaskId::new(node.index());
        self.edges.edge_references().map(move |edge| {
            let (before, after) = (task(edge.source()), task(edge.target()));
            (before, after, Duration::from_nanos(self.gap_of(before, after, *edge.weight())))
        })
    }

    /// The name of a task.
    ///
    /// # Panics
    /// If there is no such task.
    #[must_use]
    pub fn name(&self, task: TaskId) -> &str {
        &self.tasks[task.index()].name
    }

    /// The lane of a task.
    ///
    /// # Panics
    /// If there is no such task.
    #[must_use]
    pub fn lane(&self, task: TaskId) -> LaneId {
        self.tasks[task.index()].lane
    }

    /// The name of a lane.
    ///
    /// # Panics
    /// If there is no such lane.
    #[must_use]
    pub fn lane_name(&self, lane: LaneId) -> &str {
        &self.lanes[lane.index()].name
    }

    pub(crate) fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    pub(crate) fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// All dependencies by index, with their gaps in nanoseconds.
    pub(crate) fn edges(&self) -> impl Iterator<Item = (usize, usize, u64)> {
        self.edges.raw_edges().iter().map(|edge| {
            let [before, after] = [edge.source(), edge.target()].map(|node| TaskId::new(node.index()));
            (before.index(), after.index(), self.gap_of(before, after, edge.weight))
        })
    }

    fn node(&self, task: TaskId) -> Result<NodeIndex, ReplayError> {
        if task.index() < self.tasks.len() {
            return Ok(NodeIndex::new(task.index()));
        }
        Err(ReplayError::UnknownTask { task: task.index(), n_tasks: self.tasks.len() })
    }

    fn check_lane(&self, lane: LaneId) -> Result<(), ReplayError> {
        if lane.index() < self.lanes.len() {
            return Ok(());
        }
        Err(ReplayError::UnknownLane { lane: lane.index(), n_lanes: self.lanes.len() })
    }

    fn cycle(&self, node: NodeIndex) -> ReplayError {
        let task = node.index();
        ReplayError::Cycle { task, name: self.tasks[task].name.clone() }
    }
}
