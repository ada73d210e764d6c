//! One network, replayed.

use std::time::Duration;

use crate::error::{At, GraphProblem, Result, WorkflowError};
use cdmpp_replay::{Cause, Overheads, TaskGraph, TaskId, Timeline, contributions, replay};
use serde::{Deserialize, Serialize};

use crate::graph_file::NetworkGraph;
use crate::quantiles::Quantiles;

/// How many operators are listed as those that contribute most.
const N_LISTED: usize = 10;

/// What the replay of a network says.
///
/// The prediction is the replay of predicted programs, or that of measured programs if nothing was predicted. Errors are
/// shares of the measured whole: `error` is the prediction less the whole, and the sum of `program_error` (the prediction
/// less the replay of measured programs) and `replay_error` (the latter less the whole).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReplayedNetwork {
    /// The network.
    pub network: String,
    /// Its variant; empty if there is but one.
    pub variant: String,
    /// The file and line of the graph.
    pub place: String,
    /// Operators.
    pub n_operators: usize,
    /// The median of the measured whole.
    pub measured_s: Option<f64>,
    /// The sum of what the programs took alone, without any overhead.
    pub sum_s: Option<f64>,
    /// The replay of measured programs.
    pub replayed_s: Option<f64>,
    /// The replay of predicted programs.
    pub predicted_s: Option<f64>,
    /// The error of the prediction.
    pub error: Option<f64>,
    /// The part of it that comes from the programs.
    pub program_error: Option<f64>,
    /// The part of it that comes from the replay.
    pub replay_error: Option<f64>,
    /// Of predicted against measured programs, each operator counted once: the mean of the absolute relative errors.
    pub program_mape: Option<f64>,
    /// The lanes.
    pub lanes: Vec<LaneSummary>,
    /// The operators without which the whole would be shortest, best first.
    pub contributions: Vec<Contribution>,
    /// The operators that decide how long the whole takes.
    pub critical_path: Vec<Step>,
    /// The graph with its overheads and what ran when; not in the JSON.
    #[serde(skip)]
    pub run: Option<(TaskGraph, Timeline)>,
}

/// What ran on a lane.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LaneSummary {
    /// The name.
    pub name: String,
    /// Operators.
    pub n_operators: usize,
    /// Seconds in which it runs something.
    pub busy_s: f64,
    /// Seconds in which it runs nothing.
    pub idle_s: f64,
    /// The share of the whole in which it runs something.
    pub utilisation: f64,
}

/// What the whole would save without an operator.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Contribution {
    /// The number of the operator.
    pub id: u64,
    /// The name.
    pub name: String,
    /// The lane it runs on.
    pub lane: String,
    /// What it takes, in seconds.
    pub latency_s: f64,
    /// What the whole would save if the operator took no time.
    pub saved_s: f64,
    /// The same as a share of the whole.
    pub share: f64,
}

/// An operator of the critical path.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Step {
    id: u64,
    /// The name.
    pub name: String,
    /// The lane it runs on.
    pub lane: String,
    /// When it starts, in seconds from the start of all.
    pub start_s: f64,
    /// When it ends.
    pub end_s: f64,
    /// What its start waited for: the start of all, its lane, or a dependency.
    pub waited_for: String,
}

/// Absolute relative errors over networks; `None` where there are none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReplayErrors {
    /// The error of the prediction.
    pub error: Option<Quantiles>,
    /// The part of it that comes from the programs.
    pub program_error: Option<Quantiles>,
    /// The part of it that comes from the replay.
    pub replay_error: Option<Quantiles>,
}

impl ReplayErrors {
    pub(crate) fn of(outcomes: &[ReplayedNetwork]) -> Self {
        let quantiles = |of: fn(&ReplayedNetwork) -> Option<f64>| Quantiles::of(outcomes.iter().filter_map(of));
        Self {
            error: quantiles(|outcome| outcome.error),
            program_error: quantiles(|outcome| outcome.program_error),
            replay_error: quantiles(|outcome| outcome.replay_error),
        }
    }
}

impl ReplayedNetwork {
    /// What it is called in messages and tables.
    #[must_use]
    pub fn title(&self) -> String {
        let Self { network, variant, .. } = self;
        if variant.is_empty() { network.clone() } else { format!("{network} ({variant})") }
    }

    pub(crate) fn of(
        network: &NetworkGraph,
        hardware: &str,
        predicted: Option<&[f64]>,
        overheads: &Overheads,
    ) -> Result<Self> {
        let tasks = overheads.added_to(&network.tasks)?;
        let replay_all = |latencies: &[f64]| replay_with(network, &tasks, latencies, overheads);
        let measured_s = network.measured_s(hardware)?;
        // A prediction does without measured programs, but not with some of them.
        let alone = (predicted.is_none() || network.has_latencies_on(hardware))
            .then(|| network.latencies(hardware))
            .transpose()?;
        let replayed = alone.as_deref().map(replay_all).transpose()?;
        let timeline_of_predicted = predicted.map(replay_all).transpose()?;
        let [replayed_s, predicted_s] =
            [&replayed, &timeline_of_predicted].map(|of| of.as_ref().map(|of| of.makespan().as_secs_f64()));
        let share = |a: Option<f64>, b: Option<f64>| Some((a? - b?) / measured_s?);
        let Some(timeline) = timeline_of_predicted.or(replayed) else {
            return Err(WorkflowError::graph(network.place(), GraphProblem::NoLatencies));
        };
        Ok(Self {
            network: network.graph.network.clone(),
            variant: network.graph.variant.clone(),
            place: network.at.to_string(),
            n_operators: network.graph.ops.len(),
            measured_s,
            sum_s: alone.as_ref().map(|alone| alone.iter().sum()),
            replayed_s,
            predicted_s,
            error: share(predicted_s.or(replayed_s), measured_s),
            program_error: share(predicted_s, replayed_s),
            replay_error: share(replayed_s, measured_s),
            program_mape: predicted.zip(alone.as_deref()).and_then(|(predicted, alone)| mape(predicted, alone)),
            lanes: lanes(&tasks, &timeline),
            contributions: most(network, &tasks, &timeline),
            critical_path: timeline
                .critical_path()
                .iter()
                .map(|task| step(network, &tasks, &timeline, *task))
                .collect(),
            run: Some((tasks, timeline)),
        })
    }
}

/// A replay with overheads; `tasks` has their gaps already.
pub(crate) fn replay_with(
    network: &NetworkGraph,
    tasks: &TaskGraph,
    latencies: &[f64],
    overheads: &Overheads,
) -> Result<Timeline> {
    let bytes = match network.bytes()? {
        Some(bytes) => bytes,
        None if overheads.hand_over_s_per_byte > 0.0 => {
            return Err(WorkflowError::graph(network.place(), GraphProblem::NoBytes));
        }
        None => vec![0; latencies.len()],
    };
    let latency = |task: TaskId| overheads.latency_s(latencies[task.index()], bytes[task.index()]);
    replay(tasks, latency).at(|| network.place())
}

/// Operators that took no time have no relative error.
fn mape(predicted: &[f64], alone: &[f64]) -> Option<f64> {
    let errors = predicted.iter().zip(alone).filter(|(_, alone)| **alone > 0.0);
    let errors: Vec<f64> = errors.map(|(predicted, alone)| (predicted / alone - 1.0).abs()).collect();
    (!errors.is_empty()).then(|| errors.iter().sum::<f64>() / errors.len() as f64)
}

fn lanes(tasks: &TaskGraph, timeline: &Timeline) -> Vec<LaneSummary> {
    let lane = |lane| {
        let lane_use = timeline.lane_use(lane);
        LaneSummary {
            name: tasks.lane_name(lane).to_owned(),
            n_operators: lane_use.n_tasks,
            busy_s: lane_use.busy.as_secs_f64(),
            idle_s: lane_use.idle.as_secs_f64(),
            utilisation: lane_use.utilisation,
        }
    };
    tasks.lane_ids().map(lane).collect()
}

fn most(network: &NetworkGraph, tasks: &TaskGraph, timeline: &Timeline) -> Vec<Contribution> {
    let saved = contributions(tasks, timeline);
    let mut order: Vec<TaskId> = tasks.task_ids().collect();
    // The sort is stable: of equal ones the first comes first.
    order.sort_by_key(|task| std::cmp::Reverse(saved[task.index()]));
    let contribution = |task: &TaskId| {
        let (op, saved) = (&network.graph.ops[task.index()], saved[task.index()]);
        let whole = timeline.makespan();
        Contribution {
            id: op.id,
            name: op.name.clone(),
            lane: tasks.lane_name(tasks.lane(*task)).to_owned(),
            latency_s: timeline.span(*task).duration().as_secs_f64(),
            saved_s: saved.as_secs_f64(),
            share: if whole == Duration::ZERO { 0.0 } else { saved.div_duration_f64(whole) },
        }
    };
    order.iter().take(N_LISTED).map(contribution).collect()
}

fn step(network: &NetworkGraph, tasks: &TaskGraph, timeline: &Timeline, task: TaskId) -> Step {
    let (op, span) = (&network.graph.ops[task.index()], timeline.span(task));
    Step {
        id: op.id,
        name: op.name.clone(),
        lane: tasks.lane_name(span.lane).to_owned(),
        start_s: span.start.as_secs_f64(),
        end_s: span.end.as_secs_f64(),
        waited_for: match span.cause {
            Cause::Lane(_) => "lane".to_owned(),
            Cause::Dependency(_) => "dependency".to_owned(),
            _ => "start".to_owned(),
        },
    }
}
