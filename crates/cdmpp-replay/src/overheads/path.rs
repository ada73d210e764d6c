//! What of a network is on its critical path, summed up so that it need not be replayed for each guess.

use std::time::Duration;

use super::{MeasuredNetwork, Overheads};
use crate::{Cause, ReplayError, TaskId, replay};

/// A critical path. Its length is linear in all overheads but the hidden launch, which decides what counts.
#[derive(Clone, Debug)]
pub(super) struct Path {
    /// The tasks, for comparison.
    pub(super) tasks: Vec<TaskId>,
    /// The latencies that are not zero, shortest first.
    alone_s: Vec<f64>,
    /// Sums over the longest `n` of them, by `n`: latencies, launches, bytes.
    sums: Vec<[f64; 3]>,
    /// Gaps that the graph has without overheads.
    pub(super) fixed_s: f64,
    /// The name of the lane that the path starts on.
    pub(super) first_lane: String,
    pub(super) whole_s: f64,
    /// What errors are shares of: the whole, but at least half of its parts. As a share of a whole that was measured far
    /// too short, one error would outweigh all others.
    pub(super) unit_s: f64,
}

/// What counts on a path if so much of each latency is hidden.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) seconds: f64,
    pub(super) n_launches: f64,
    pub(super) bytes: f64,
}

impl Path {
    /// The critical path of a network with these overheads.
    pub(super) fn new(network: &MeasuredNetwork<'_>, overheads: &Overheads) -> Result<Self, ReplayError> {
        let graph = overheads.added_to(network.graph)?;
        let alone_s = |task: TaskId| network.latencies[task.index()].as_secs_f64();
        let bytes = |task: TaskId| network.bytes.get(task.index()).copied().unwrap_or(0);
        let timeline = replay(&graph, |task| overheads.latency_s(alone_s(task), bytes(task)))?;
        let tasks = timeline.critical_path();
        let mut counted = Vec::new();
        let mut fixed_s = 0.0;
        let mut end = Duration::ZERO;
        for &task in &tasks {
            let span = timeline.span(task);
            // What waits for a dependency was launched meanwhile.
            let on_lane = !matches!(span.cause, Cause::Dependency(_));
            let launched = on_lane && !span.duration().is_zero();
            let start_up = overheads.start_up_s.get(graph.lane_name(span.lane)).copied().unwrap_or(0.0);
            fixed_s += (span.start - end).as_secs_f64()
                - if launched { overheads.launch_gap_s } else { 0.0 }
                - if span.cause == Cause::Start { start_up } else { 0.0 };
            end = span.end;
            if alone_s(task) > 0.0 {
                counted.push((alone_s(task), f64::from(u8::from(on_lane)), bytes(task) as f64));
            }
        }
        counted.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut sums = vec![[0.0; 3]];
        for (seconds, launches, bytes) in &counted {
            let [s, l, b] = sums[sums.len() - 1];
            sums.push([s + seconds, l + launches, b + bytes]);
        }
        let mut alone_s: Vec<f64> = counted.iter().map(|(seconds, ..)| *seconds).collect();
        alone_s.reverse();
        let first_lane = tasks.first().map_or("", |task| graph.lane_name(graph.lane(*task))).to_owned();
        // Times are rounded to nanoseconds, so that what is nothing comes out as nearly nothing.
        let (fixed_s, whole_s) = (fixed_s.max(0.0), network.whole.as_secs_f64());
        let unit_s = whole_s.max(0.5 * (fixed_s + alone_s.iter().sum::<f64>()));
        Ok(Self { tasks, alone_s, sums, fixed_s, first_lane, whole_s, unit_s })
    }

    /// # Complexity
    /// O(log n) for n tasks.
    pub(super) fn counted(&self, hidden_s: f64) -> Counted {
        let n = self.alone_s.len() - self.alone_s.partition_point(|seconds| *seconds <= hidden_s);
        let [seconds, n_launches, bytes] = self.sums[n];
        Counted { seconds: seconds - hidden_s * n as f64, n_launches, bytes }
    }
}
