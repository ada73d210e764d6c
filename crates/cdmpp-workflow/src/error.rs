//! Why a workflow fails.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cdmpp_data::{DataError, Location};
use cdmpp_hardware::HardwareError;
use cdmpp_ir::UnknownFeaturizer;
use cdmpp_model::ModelError;
use cdmpp_replay::ReplayError;
use cdmpp_sample::SampleError;

use crate::program_list::Entry;

pub(crate) type Result<T, E = WorkflowError> = std::result::Result<T, E>;

/// A workflow failed. The cause of an error is in its [source](std::error::Error::source) and not in its text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkflowError {
    /// The callback asked to stop before there was any result. Nothing was written.
    #[error("stopped before there was a result")]
    Stopped,
    /// An error at a place: a file, a line, a network.
    #[error("{place}")]
    At {
        /// The place.
        place: String,
        /// What is wrong there.
        source: Box<WorkflowError>,
    },
    /// A file cannot be read.
    #[error("cannot read {what}")]
    Read {
        /// What it is, with its path.
        what: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file cannot be removed.
    #[error("cannot remove {}", path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A name that is in none of the data.
    #[error("unknown {kind} `{name}`; nearest of {n_known} in {place}: {}", nearest.join(", "))]
    UnknownName {
        /// What it should name: `hardware`, `network`.
        kind: &'static str,
        /// The name.
        name: String,
        /// Where names are known from.
        place: String,
        /// How many are known.
        n_known: usize,
        /// Those most like it, best first.
        nearest: Vec<String>,
    },
    /// There is no featurizer of this name.
    #[error("unknown features `{name}`; known: {}", known.join(", "))]
    UnknownFeatures {
        /// The name.
        name: String,
        /// All names.
        known: Vec<String>,
    },
    /// A model reads features that this version does not make.
    #[error("the model reads features of the schema `{schema}`; this version of cdmpp makes {}", known.join(", "))]
    UnknownSchema {
        /// The schema of the model.
        schema: String,
        /// The schemas that there are, in quotes.
        known: Vec<String>,
    },
    /// No measurement is left to use.
    #[error("there is no measurement to use in {n_records} records{}", dropped_list(dropped))]
    NoMeasurements {
        /// The records that were read.
        n_records: usize,
        /// What was dropped, by reason.
        dropped: BTreeMap<String, usize>,
    },
    /// No record has a program to choose from.
    #[error("there is no program to choose from")]
    NoCandidates,
    /// A file without a program.
    #[error("{file}: there is no program: neither a `prim_func` of TVMScript nor cdmpp's text form")]
    NoProgram {
        /// The file.
        file: String,
    },
    /// A program that computes nothing.
    #[error("{}task `{task}`, schedule {schedule}: the program has no store statement", prefix(at.as_ref()))]
    EmptyProgram {
        /// Where its record is, if that is known.
        at: Option<Location>,
        /// The task.
        task: String,
        /// The schedule.
        schedule: i64,
    },
    /// A feature that no model can read.
    #[error("task `{task}`, schedule {schedule}: feature {column} of leaf {leaf} is not finite")]
    FeatureNotFinite {
        /// The task.
        task: String,
        /// The schedule.
        schedule: i64,
        /// The column.
        column: String,
        /// The leaf.
        leaf: usize,
    },
    /// The hardware table lacks a hardware that a record names.
    #[error("needed for task `{task}`, schedule {schedule}")]
    HardwareNeeded {
        /// The task.
        task: String,
        /// The schedule.
        schedule: i64,
        /// Which hardware.
        source: HardwareError,
    },
    /// A settings file that is not well formed.
    #[error("{file}:{line}: {problem}")]
    Settings {
        /// The file.
        file: String,
        /// The line.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// The selection of measurements is empty.
    #[error("no program of {} was measured on {}", networks.join(", "), hardware.join(", "))]
    NothingSelected {
        /// The networks asked for.
        networks: Vec<String>,
        /// The hardware asked for.
        hardware: Vec<String>,
    },
    /// A must-have that no candidate is.
    #[error("{at}: {entry} is not among the candidates")]
    NotACandidate {
        /// Where it is listed.
        at: Location,
        /// The task or program.
        entry: Entry,
    },
    /// A candidate without a weight.
    #[error("{entry} has no weight")]
    NoWeight {
        /// The task or program.
        entry: Entry,
    },
    /// A weight that is negative or not finite.
    #[error("{at}: the weight of {entry} must be finite and not negative, and is {weight}")]
    BadWeight {
        /// Where it is listed.
        at: Location,
        /// The task or program.
        entry: Entry,
        /// The weight.
        weight: f64,
    },
    /// Adaptation with neither measurements nor a discrepancy.
    #[error("there is nothing to adapt by: give what is measured, a budget or a discrepancy")]
    NothingToAdaptBy,
    /// A listed task or program that was not measured on the target.
    #[error("{at}: {entry} is in no measurement {target}")]
    NotMeasured {
        /// Where it is listed.
        at: Location,
        /// The task or program.
        entry: Entry,
        /// The target.
        target: String,
    },
    /// Every measurement of the target is used.
    #[error("every measurement {target} is used: there is none to test on")]
    NothingToTestOn {
        /// The target.
        target: String,
    },
    /// What may be used of the target was not measured.
    #[error("nothing is measured {target}")]
    NothingMeasured {
        /// The target.
        target: String,
    },
    /// A program that the model cannot predict.
    #[error("{place}: {problem}")]
    Unpredictable {
        /// The program.
        place: String,
        /// What the model says.
        problem: cdmpp_model::InputProblem,
    },
    /// An operator graph that cannot be used.
    #[error("{place}{problem}")]
    Graph {
        /// The graph, network or operator.
        place: String,
        /// What is wrong with it.
        problem: GraphProblem,
    },
    /// No graph has what a fit of overheads needs.
    #[error("no graph has a measured whole")]
    NoMeasuredNetwork,
    /// A file of overheads that another version wrote.
    #[error("{place}: overheads of the format `{format}`; this version of cdmpp reads `{expected}`")]
    OverheadsFormat {
        /// The file.
        place: String,
        /// Its format.
        format: String,
        /// The format that is read.
        expected: &'static str,
    },
    /// Two programs under one name.
    #[error("{at}: another program of task `{task}`, schedule {schedule} is at {first}")]
    TwoPrograms {
        /// The second.
        at: Location,
        /// The first.
        first: Location,
        /// The task.
        task: String,
        /// The schedule.
        schedule: i64,
    },
    /// The data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The hardware.
    #[error(transparent)]
    Hardware(#[from] HardwareError),
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The replay.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The choice.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// The text of a program.
    #[error(transparent)]
    Program(Box<dyn std::error::Error + Send + Sync>),
    /// JSON that does not say what it should.
    #[error("not a {what}")]
    Json {
        /// What it should be.
        what: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The discrepancy.
    #[error(transparent)]
    Discrepancy(#[from] cdmpp_adapt::AdaptError),
}

/// What is wrong with an operator graph. It reads on after the name of the graph or operator.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphProblem {
    /// The file has none.
    #[error(": there is no operator graph")]
    NoGraph,
    /// It is empty.
    #[error(" has no operators")]
    NoOperators,
    /// An operator was not measured.
    #[error(" has no latency on `{hardware}`")]
    NoLatency {
        /// The hardware.
        hardware: String,
    },
    /// A latency that is negative or not finite.
    #[error(" has a latency on `{hardware}` that is none: {seconds:?} s")]
    BadLatency {
        /// The hardware.
        hardware: String,
        /// The latency.
        seconds: f64,
    },
    /// A latency that is longer than a [`Duration`](std::time::Duration) holds.
    #[error(" has a latency that is too long: {seconds:?} s")]
    TooLong {
        /// The latency.
        seconds: f64,
    },
    /// Some operators tell the bytes of their operands, this one does not.
    #[error(" has no `argument_bytes`, unlike others")]
    SomeBytes,
    /// No operator tells the bytes of its operands, and the overheads need them.
    #[error(": no operator has `argument_bytes`, which the hand-over of the overheads needs")]
    NoBytes,
    /// There is neither a measurement nor a prediction.
    #[error(": there are no latencies")]
    NoLatencies,
    /// An operator does not say which program it runs.
    #[error(" has no `{field}`, by which its program is found")]
    NoKey {
        /// The missing field.
        field: &'static str,
    },
    /// The program of an operator is in no record.
    #[error(": no record has task `{task}`, schedule {schedule}")]
    NoRecord {
        /// The task.
        task: String,
        /// The schedule.
        schedule: i64,
    },
}

impl WorkflowError {
    pub(crate) fn graph(place: impl Into<String>, problem: GraphProblem) -> Self {
        Self::Graph { place: place.into(), problem }
    }
}

impl From<UnknownFeaturizer> for WorkflowError {
    fn from(error: UnknownFeaturizer) -> Self {
        let all = cdmpp_ir::BuiltIn::all().iter();
        match error {
            UnknownFeaturizer::Schema { schema } => Self::UnknownSchema {
                schema,
                known: all.map(|known| format!("`{}`", known.featurizer().schema())).collect(),
            },
            UnknownFeaturizer::Name { name } => {
                Self::UnknownFeatures { name, known: all.map(|known| known.name().to_owned()).collect() }
            }
            other => Self::Program(Box::new(other)),
        }
    }
}

/// Says where an error is.
pub(crate) trait At<T> {
    fn at<P: Into<String>>(self, place: impl FnOnce() -> P) -> Result<T>;
}

impl<T, E: Into<WorkflowError>> At<T> for std::result::Result<T, E> {
    fn at<P: Into<String>>(self, place: impl FnOnce() -> P) -> Result<T> {
        self.map_err(|error| WorkflowError::At { place: place().into(), source: Box::new(error.into()) })
    }
}

fn prefix(at: Option<&Location>) -> String {
    at.map_or(String::new(), |at| format!("{at}: "))
}

fn dropped_list(dropped: &BTreeMap<String, usize>) -> String {
    if dropped.is_empty() {
        return String::new();
    }
    let list: Vec<String> = dropped.iter().map(|(reason, n)| format!("{reason}: {n}")).collect();
    format!(" (dropped, {})", list.join(", "))
}
