//! Graphs that proptest draws.

use std::time::Duration;

use cdmpp_replay::{LaneId, TaskGraph, TaskId};
use proptest::prelude::*;

/// What a graph is made of, so that it can be made again with other numbers of its tasks.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Lane, latency in nanoseconds.
    pub(crate) tasks: Vec<(usize, u64)>,
    /// Before, after, gap in nanoseconds; the first is smaller.
    pub(crate) edges: Vec<(usize, usize, u64)>,
    /// Start-up and launch gap of each lane.
    pub(crate) lanes: Vec<(u64, u64)>,
    pub(crate) hand_overs: Vec<(usize, usize, u64)>,
}

const N_LANES: usize = 3;

pub(crate) fn plans() -> impl Strategy<Value = Plan> {
    let time = || prop_oneof![2 => Just(0_u64), 5 => 0_u64..20];
    let lanes = prop::collection::vec((time(), time()), N_LANES);
    let hand_overs = prop::collection::vec((0..N_LANES, 0..N_LANES, time()), 0..4);
    let tasks = prop::collection::vec((0..N_LANES, time()), 1..25);
    (tasks, lanes, hand_overs).prop_flat_map(move |(tasks, lanes, hand_overs)| {
        let n = tasks.len();
        let edge = (0..n, 0..n, time()).prop_map(|(a, b, gap)| (a.min(b), a.max(b), gap));
        let edges = prop::collection::vec(edge, 0..2 * n);
        (Just(tasks), edges, Just(lanes), Just(hand_overs)).prop_map(|(tasks, edges, lanes, hand_overs)| {
            let edges = edges.into_iter().filter(|(before, after, _)| before != after).collect();
            Plan { tasks, edges, lanes, hand_overs }
        })
    })
}

impl Plan {
    /// The graph with all times multiplied. Task `i` of the plan is task `numbers[i]` of the graph, with the priority `i`,
    /// so that the numbers never decide.
    pub(crate) fn graph(&self, numbers: &[usize], times: u64) -> TaskGraph {
        let nanos = |time: u64| Duration::from_nanos(time * times);
        let mut graph = TaskGraph::new();
        for (lane, &(start_up, launch)) in self.lanes.iter().enumerate() {
            let id = graph.add_lane(format!("lane {lane}"));
            graph.set_start_up(id, nanos(start_up)).unwrap();
            graph.set_launch_gap(id, nanos(launch)).unwrap();
        }
        for &(from, to, gap) in &self.hand_overs {
            graph.set_hand_over(LaneId::new(from), LaneId::new(to), nanos(gap)).unwrap();
        }
        let mut by_number: Vec<usize> = (0..numbers.len()).collect();
        by_number.sort_by_key(|task| numbers[*task]);
        for task in by_number {
            let id = graph.add_task(format!("task {task}"), LaneId::new(self.tasks[task].0)).unwrap();
            graph.set_priority(id, task as i32).unwrap();
        }
        for &(before, after, gap) in &self.edges {
            let [before, after] = [before, after].map(|task| TaskId::new(numbers[task]));
            graph.add_dependency_with_gap(before, after, nanos(gap)).unwrap();
        }
        graph
    }

    pub(crate) fn plain(&self) -> TaskGraph {
        self.graph(&(0..self.tasks.len()).collect::<Vec<_>>(), 1)
    }

    pub(crate) fn latencies(&self) -> Vec<Duration> {
        self.tasks.iter().map(|(_, time)| Duration::from_nanos(*time)).collect()
    }
}
