//! What can go wrong.

use std::fmt;
use std::path::{Path, PathBuf};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A setting is out of its range: the caller's fault.
    #[error("{field} {rule}")]
    Config {
        /// The setting.
        field: &'static str,
        /// What it must be.
        rule: Rule,
    },
    /// There is nothing where something is needed: the caller's fault.
    #[error("{what} needs at least one {of}")]
    Empty {
        /// What is empty, such as `training`.
        what: &'static str,
        /// What it holds, such as `sample`.
        of: &'static str,
    },
    /// There is not one group for each measured sample: the caller's fault.
    #[error("there are {found} groups for {expected} measured samples")]
    Groups {
        /// The number of measured samples.
        expected: usize,
        /// The number of groups.
        found: usize,
    },
    /// A name of [`FineTuneConfig::frozen`](crate::train::FineTuneConfig::frozen) is no variable: the caller's fault.
    #[error("frozen name {index}: there is no variable `{name}`, and none below that name")]
    UnknownVariable {
        /// The index of the name.
        index: usize,
        /// The name.
        name: String,
    },
    /// A training state belongs to another training: the caller's fault.
    #[error("the training state belongs to another training: {0}")]
    ForeignState(StateDifference),
    /// A sample or query cannot be used: the data's fault.
    #[error("{what} {index}: {problem}")]
    Input {
        /// Whether it is a `training sample`, a `validation sample` or a `query`.
        what: &'static str,
        /// Its index in what was passed.
        index: usize,
        /// What is wrong with it.
        problem: InputProblem,
    },
    /// The features are of another kind than the model was trained on.
    #[error("the model was trained on features `{expected}` and cannot read `{found}`")]
    Schema {
        /// The model's schema and width.
        expected: String,
        /// The data's schema and width.
        found: String,
    },
    /// No featurizer of `cdmpp-ir` writes the features that the model reads.
    #[error("the model reads features of a featurizer of your own: encode the program with it, and call predict")]
    Featurizer(#[from] cdmpp_ir::UnknownFeaturizer),
    /// The model has not been trained.
    #[error("the model is not trained: call train::fit or load a checkpoint")]
    NotTrained,
    /// Training diverged: the loss is not a number.
    #[error("training diverged in epoch {epoch}: {what} is not finite; lower the learning rate")]
    Diverged {
        /// The epoch, from 1.
        epoch: usize,
        /// What is not finite.
        what: &'static str,
    },
    /// A discrepancy could not be computed.
    #[error("the discrepancy between source and target cannot be computed")]
    Discrepancy(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A checkpoint cannot be read.
    #[error("{}{problem}", place(path))]
    Checkpoint {
        /// The file, if it was one.
        path: Option<PathBuf>,
        /// What is wrong with it.
        problem: CheckpointProblem,
    },
    /// A file cannot be read or written.
    #[error("{}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// An operation of candle failed.
    #[cfg(feature = "candle")]
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

/// What a setting must be.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// At least this.
    AtLeast(usize),
    /// From the first to the second, both included.
    Between(f64, f64),
    /// From the first to below the second.
    AtLeastAndBelow(f64, f64),
    /// Above 0.
    Positive,
    /// 0 or above.
    NotNegative,
    /// Widths of layers, from 1 to this.
    Widths(usize),
    /// A multiple of another setting.
    MultipleOf(&'static str),
    /// At least one column.
    Columns,
    /// A positive weight among several.
    PositiveWeight,
    /// 0 where there are no samples of the source.
    ZeroWithoutSource,
    /// `program`, since the head has no hidden layer.
    ProgramWithoutHidden,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(n) => write!(f, "must be at least {n}"),
            Self::Between(low, high) => write!(f, "must be between {low} and {high}"),
            Self::AtLeastAndBelow(low, high) => write!(f, "must be at least {low} and below {high}"),
            Self::Positive => f.write_str("must be positive"),
            Self::NotNegative => f.write_str("must not be negative"),
            Self::Widths(most) => write!(f, "must have widths between 1 and {most}"),
            Self::MultipleOf(other) => write!(f, "must be a multiple of {other}"),
            Self::Columns => f.write_str("must have at least one column"),
            Self::PositiveWeight => f.write_str("must have a positive weight"),
            Self::ZeroWithoutSource => f.write_str("must be 0 without samples of the source"),
            Self::ProgramWithoutHidden => f.write_str("must be `program`: the head has no hidden layer"),
        }
    }
}

/// What is wrong with a sample or a query.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum InputProblem {
    /// The program has no store statement.
    NoStore,
    /// A feature of a leaf is not finite.
    Feature {
        /// The leaf.
        leaf: usize,
        /// The column.
        feature: usize,
    },
    /// The latency is 0, or below half a nanosecond.
    ZeroLatency,
    /// The work of the program is unknown, which the roofline prior needs.
    NoWork,
    /// The hardware has no peak rate and no bandwidth, of which the roofline prior needs one.
    NoRates {
        /// The hardware.
        hardware: String,
    },
    /// The predicted number of seconds is not a latency.
    NoLatency {
        /// The number.
        seconds: f64,
    },
    /// The program is in two groups, which would be held out apart.
    TwoGroups {
        /// The one.
        first: usize,
        /// The other.
        second: usize,
    },
    /// The program cannot be read.
    Unreadable {
        /// What the reader said.
        reason: String,
    },
}

impl fmt::Display for InputProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStore => f.write_str("the program has no store statement"),
            Self::Feature { leaf, feature } => write!(f, "feature {feature} of leaf {leaf} is not finite"),
            Self::ZeroLatency => f.write_str("the latency is 0 (or below half a nanosecond)"),
            Self::NoWork => f.write_str("the work of the program is unknown, which the model's roofline needs"),
            Self::NoRates { hardware } => write!(
                f,
                "the hardware `{hardware}` has neither peak_fp32_gflops nor memory_bandwidth_gbs, of which the model's roofline needs one"
            ),
            Self::NoLatency { seconds } => write!(
                f,
                "the prediction of {seconds} s is not a latency: the program lies far outside the training data"
            ),
            Self::TwoGroups { first, second } => write!(f, "its program is in group {first}, and in group {second}"),
            Self::Unreadable { reason } => write!(f, "the program cannot be read: {reason}"),
        }
    }
}

/// How a training state differs from the training that is to go on from it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateDifference {
    /// A setting has another value.
    Setting {
        /// Its name, with the tables that it is in.
        name: String,
        /// Its value in the state.
        state: String,
        /// Its value now.
        now: String,
    },
    /// The model has another shape.
    Model,
    /// The samples are others.
    Samples,
}

impl fmt::Display for StateDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting { name, state, now } => write!(f, "`{name}` was {state} and is {now}"),
            Self::Model => f.write_str("the model has another shape"),
            Self::Samples => f.write_str("the samples differ"),
        }
    }
}

/// What is wrong with a checkpoint or a training state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckpointProblem {
    /// It is not a safetensors file, or a part of one.
    Incomplete {
        /// What the reader said.
        reason: String,
    },
    /// It is a safetensors file of something else.
    Foreign,
    /// The header is not what this version writes.
    Header {
        /// What the reader said.
        reason: String,
    },
    /// It has another format.
    Format {
        /// The format.
        found: String,
        /// The one that this version reads.
        expected: String,
    },
    /// The fitted scaling is of other columns than the model.
    Scaling,
    /// The shape cannot be built.
    Shape {
        /// Why.
        reason: String,
    },
    /// A variable of the model is missing.
    Missing {
        /// Its name.
        variable: String,
    },
    /// A variable has another shape or element type.
    Variable {
        /// Its name.
        variable: String,
        /// What it is.
        found: String,
        /// What it must be.
        expected: String,
    },
    /// There are variables that the model does not have.
    Unused {
        /// Their names.
        variables: Vec<String>,
    },
    /// The best epoch comes after the last.
    BestEpoch {
        /// The best epoch.
        best: usize,
        /// The last.
        last: usize,
    },
    /// A tensor of a training state is as long as the parameters in none of them.
    Length {
        /// The tensor.
        tensor: String,
    },
}

impl fmt::Display for CheckpointProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete { reason } => write!(f, "not a complete safetensors file ({reason})"),
            Self::Foreign => f.write_str("a safetensors file, but not one of cdmpp's"),
            Self::Header { reason } => write!(f, "the header is malformed: {reason}"),
            Self::Format { found, expected } => write!(f, "the format is `{found}`; this version reads `{expected}`"),
            Self::Scaling => f.write_str("the fitted scaling is of other columns than the model"),
            Self::Shape { reason } => f.write_str(reason),
            Self::Missing { variable } => write!(f, "there is no variable `{variable}`"),
            Self::Variable { variable, found, expected } => {
                write!(f, "variable `{variable}` is {found}, not {expected}")
            }
            Self::Unused { variables } => write!(f, "the encoder has no use for {}", variables.join(", ")),
            Self::BestEpoch { best, last } => write!(f, "epoch {best} is the best of {last}"),
            Self::Length { tensor } => write!(f, "`{tensor}` and `parameters` differ in length"),
        }
    }
}

impl ModelError {
    pub(crate) fn config(field: &'static str, rule: Rule) -> Self {
        Self::Config { field, rule }
    }

    pub(crate) fn input(what: &'static str, index: usize, problem: InputProblem) -> Self {
        Self::Input { what, index, problem }
    }

    /// The same error of a checkpoint, told of the file that it was read from.
    pub(crate) fn of_file(self, path: &Path) -> Self {
        match self {
            Self::Checkpoint { path: None, problem } => Self::Checkpoint { path: Some(path.to_owned()), problem },
            other => other,
        }
    }
}

impl From<CheckpointProblem> for ModelError {
    fn from(problem: CheckpointProblem) -> Self {
        Self::Checkpoint { path: None, problem }
    }
}

/// Checks settings: the first rule that does not hold is the error.
pub(crate) fn check_rules<const N: usize>(rules: [(bool, &'static str, Rule); N]) -> Result<(), ModelError> {
    match rules.into_iter().find(|(holds, ..)| !holds) {
        Some((_, field, rule)) => Err(ModelError::config(field, rule)),
        None => Ok(()),
    }
}

fn place(path: &Option<PathBuf>) -> String {
    path.as_ref().map_or(String::new(), |path| format!("{}: ", path.display()))
}
