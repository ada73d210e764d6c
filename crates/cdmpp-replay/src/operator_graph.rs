//! Networks as operator graphs in JSON.

mod operator;
mod unique;
mod version;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::operator::Operator;
use self::version::Version;
use crate::{LaneId, ReplayError, TaskGraph, TaskId};

/// The lane of operators that name none.
const MAIN_LANE: &str = "main";

/// A network: its operators, what each took alone, and what the whole took, on any number of hardware.
///
/// In JSON it is one object:
///
/// | field | | meaning |
/// |---|---|---|
/// | `version` | optional | of this form: 1, which is also what a missing version means. Another is refused |
/// | `network` | | its name |
/// | `variant` | optional | which of several graphs of the network, for people |
/// | `ops` | | the operators, see [`Operator`] |
/// | `lanes` | optional | what is known of lanes, see [`Lane`]; a lane need not be here |
/// | `hand_overs` | optional | times between lanes, see [`HandOver`] |
/// | `end_to_end_s` | optional | seconds of the whole, repeated, by hardware |
///
/// Other fields are ignored. `null` among the seconds stands for a measurement that is missing.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use cdmpp_replay::{OperatorGraph, replay};
///
/// let network = OperatorGraph::from_json(r#"{
///     "network": "tiny",
///     "ops": [
///         {"id": 10, "name": "conv", "latency_s": {"tesla-t4": 2e-3}},
///         {"id": 20, "name": "relu", "depends_on": [10], "latency_s": {"tesla-t4": 1e-3}}
///     ],
///     "end_to_end_s": {"tesla-t4": [3.2e-3, 3.1e-3, 9e-3]}
/// }"#)?;
/// let graph = network.task_graph()?;
/// let timeline = replay(&graph, |task| network.latency_s(task, "tesla-t4"))?;
/// assert_eq!(timeline.makespan(), Duration::from_millis(3));
/// assert_eq!(network.measured("tesla-t4")?, Some(Duration::from_micros(3200)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct OperatorGraph {
    /// The version of the form.
    version: Version,
    /// The network's name.
    pub network: String,
    /// Which of several graphs of the network; may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub variant: String,
    /// The operators.
    pub ops: Vec<Operator>,
    /// What is known of lanes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lanes: Vec<Lane>,
    /// Times between lanes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hand_overs: Vec<HandOver>,
    /// The repeated measurements of the whole by hardware, in seconds.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub end_to_end_s: BTreeMap<String, Vec<Option<f64>>>,
}

/// A lane of an [`OperatorGraph`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// Seconds that pass before each operator on it.
    #[serde(default)]
    pub launch_gap_s: f64,
    /// Seconds until it is there.
    #[serde(default)]
    pub start_up_s: f64,
}

/// The time between operators on two lanes of an [`OperatorGraph`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HandOver {
    /// The lane of the operator that ends.
    pub from: String,
    /// The lane of the one that waits for it.
    pub to: String,
    /// Seconds that pass between.
    pub gap_s: f64,
}

impl OperatorGraph {
    /// Reads the JSON form.
    ///
    /// # Errors
    /// If the text is not JSON of this form (with line and column), or what it says cannot be: see
    /// [`check`](Self::check).
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// The JSON form, in one line.
    ///
    /// # Errors
    /// Never, as long as memory lasts.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// A network without operators.
    #[must_use]
    pub fn new(network: impl Into<String>) -> Self {
        Self { network: network.into(), ..Self::default() }
    }

    /// Checks all that a JSON reader cannot see.
    ///
    /// # Errors
    /// If two operators have one id, one depends on an id that there is not or on itself through others, a gap is
    /// negative or not finite, or a lane or hand-over is described twice. The error names the place.
    pub fn check(&self) -> Result<(), ReplayError> {
        self.task_graph().map(drop)
    }

    /// The operators as tasks: the operator with index `i` is the task with index `i`.
    ///
    /// # Errors
    /// As those of [`check`](Self::check).
    ///
    /// # Complexity
    /// O(T + E).
    pub fn task_graph(&self) -> Result<TaskGraph, ReplayError> {
        let mut graph = TaskGraph::new();
        let mut lanes = BTreeMap::new();
        self.add_lanes(&mut graph, &mut lanes)?;
        for op in &self.ops {
            let name = op.lane.as_deref().unwrap_or(MAIN_LANE);
            let lane = *lanes.entry(name).or_insert_with(|| graph.add_lane(name));
            let task = graph.add_task(op.name.as_str(), lane)?;
            graph.set_priority(task, op.priority)?;
        }
        let mut by_id = HashMap::with_capacity(self.ops.len());
        for (index, op) in self.ops.iter().enumerate() {
            if by_id.insert(op.id, index).is_some() {
                return Err(self.refused(&op.place(), "its id is that of another operator"));
            }
        }
        let mut dependencies = Vec::new();
        for (index, op) in self.ops.iter().enumerate() {
            for before in op.depends_on.iter().collect::<BTreeSet<_>>() {
                let Some(&before) = by_id.get(before) else {
                    return Err(self.refused(&op.place(), format!("there is no operator {before} to depend on")));
                };
                dependencies.push((TaskId::new(before), TaskId::new(index)));
            }
        }
        graph.add_dependencies(dependencies).map_err(|error| match error {
            ReplayError::Cycle { task, .. } => self.refused(&self.ops[task].place(), "it would wait for itself"),
            other => other,
        })?;
        Ok(graph)
    }

    /// What an operator took alone on some hardware, in seconds; `None` if it was not measured. For the closure of a
    /// [`replay`](crate::replay()).
    ///
    /// # Panics
    /// If there is no such operator.
    #[must_use]
    pub fn latency_s(&self, task: TaskId, hardware: &str) -> Option<f64> {
        self.ops[task.index()].latency_s.get(hardware).copied().flatten()
    }

    /// The median of what the whole took on some hardware; `None` if it was not measured.
    ///
    /// # Errors
    /// If a measurement is missing among the repeats, or is none.
    pub fn measured(&self, hardware: &str) -> Result<Option<Duration>, ReplayError> {
        let Some(repeats) = self.end_to_end_s.get(hardware).filter(|repeats| !repeats.is_empty()) else {
            return Ok(None);
        };
        let place = || format!("`end_to_end_s` on `{hardware}`");
        let mut sorted = Vec::with_capacity(repeats.len());
        for repeat in repeats {
            let seconds = repeat.ok_or_else(|| self.refused(&place(), "a measurement is missing or not finite"))?;
            let is_latency = seconds > 0.0 && Duration::try_from_secs_f64(seconds).is_ok_and(|time| !time.is_zero());
            if !is_latency {
                return Err(self.refused(&place(), format!("a measurement that is none: {seconds:?} s")));
            }
            sorted.push(seconds);
        }
        sorted.sort_by(f64::total_cmp);
        let middle = (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) / 2.0;
        Ok(Some(Duration::from_secs_f64(middle)))
    }

    fn add_lanes<'a>(
        &'a self,
        graph: &mut TaskGraph,
        lanes: &mut BTreeMap<&'a str, LaneId>,
    ) -> Result<(), ReplayError> {
        let gap = |place: &dyn Fn() -> String, seconds: f64| {
            let problem = || self.refused(&place(), format!("a gap that is none: {seconds:?} s"));
            Duration::try_from_secs_f64(seconds).map_err(|_| problem())
        };
        for Lane { name, launch_gap_s, start_up_s } in &self.lanes {
            let place = || format!("lane `{name}`");
            let id = graph.add_lane(name.as_str());
            if lanes.insert(name.as_str(), id).is_some() {
                return Err(self.refused(&place(), "it is described twice"));
            }
            graph.set_launch_gap(id, gap(&place, *launch_gap_s)?)?;
            graph.set_start_up(id, gap(&place, *start_up_s)?)?;
        }
        let mut given = BTreeSet::new();
        for HandOver { from, to, gap_s } in &self.hand_overs {
            let place = || format!("hand-over from `{from}` to `{to}`");
            let [from, to] = [from, to].map(|name| *lanes.entry(name).or_insert_with(|| graph.add_lane(name.as_str())));
            if !given.insert((from, to)) {
                return Err(self.refused(&place(), "it is described twice"));
            }
            graph.set_hand_over(from, to, gap(&place, *gap_s)?)?;
        }
        Ok(())
    }

    fn refused(&self, place: &str, problem: impl Into<String>) -> ReplayError {
        ReplayError::Operator { network: self.network.clone(), place: place.to_owned(), problem: problem.into() }
    }
}

/// What a JSON reader alone accepts.
#[derive(Deserialize)]
struct Unchecked {
    #[serde(default)]
    version: Version,
    network: String,
    #[serde(default)]
    variant: String,
    ops: Vec<Operator>,
    #[serde(default)]
    lanes: Vec<Lane>,
    #[serde(default)]
    hand_overs: Vec<HandOver>,
    #[serde(default, deserialize_with = "unique::map")]
    end_to_end_s: BTreeMap<String, Vec<Option<f64>>>,
}

impl TryFrom<Unchecked> for OperatorGraph {
    type Error = ReplayError;

    fn try_from(unchecked: Unchecked) -> Result<Self, ReplayError> {
        let Unchecked { version, network, variant, ops, lanes, hand_overs, end_to_end_s } = unchecked;
        let graph = Self { version, network, variant, ops, lanes, hand_overs, end_to_end_s };
        graph.check()?;
        Ok(graph)
    }
}
