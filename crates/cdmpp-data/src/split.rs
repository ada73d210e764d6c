//! Training, validation and test sets that do not leak into each other.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::DataError;
use crate::fingerprint::{Draw, Fingerprint};

/// What a split looks at in a sample: one measured program on one hardware.
#[derive(Clone, Copy, Debug)]
pub struct SampleKey<'a> {
    /// The record's task.
    pub task: &'a str,
    /// The fingerprint of the record's program.
    pub program: Fingerprint,
    /// The hardware of the measurement.
    pub hardware: &'a str,
    /// The record's networks.
    pub networks: &'a BTreeMap<String, u32>,
}

/// What the test set is made of, and with it the question that the test answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// There is no test set: all samples are for training and validation.
    NoTest,
    /// About this fraction of the programs, on all their hardware: *other schedules of tasks that it knows?*
    Records(f64),
    /// About this fraction of the tasks, with all their programs: *tasks that it never saw?*
    Tasks(f64),
    /// The programs of these networks: *networks that it never saw?* A task that one of them uses is in neither
    /// training nor validation, under whatever network its record stands.
    Networks(Vec<String>),
    /// The measurements on these hardware: *hardware that it never saw?*
    Hardware(Vec<String>),
    /// Both of the last two: the test set has the programs of these networks on any hardware and all programs on these
    /// hardware, and neither is in training or validation.
    NetworksAndHardware {
        /// The networks.
        networks: Vec<String>,
        /// The hardware.
        hardware: Vec<String>,
    },
}

impl SplitBy {
    /// The networks and hardware that the test set is made of.
    pub(crate) fn held_out(&self) -> (&[String], &[String]) {
        match self {
            Self::NoTest | Self::Records(_) | Self::Tasks(_) => (&[], &[]),
            Self::Networks(networks) => (networks, &[]),
            Self::Hardware(hardware) => (&[], hardware),
            Self::NetworksAndHardware { networks, hardware } => (networks, hardware),
        }
    }
}

/// What stays together when a set is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// All measurements of one program: one task and one program text.
    Program,
    /// All measurements of one task.
    Task,
}

/// The samples of each set, as indices into the keys, ascending. No sample is in two sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Split {
    /// To fit the model, and all statistics.
    pub train: Vec<usize>,
    /// To choose between models and to stop early.
    pub validation: Vec<usize>,
    /// To report, once.
    pub test: Vec<usize>,
    /// In none of the sets: programs of a held-out network's tasks that the network itself does not list.
    pub unused: Vec<usize>,
    /// The unit that the validation set was drawn by.
    pub validation_unit: Unit,
}

/// Splits samples into training, validation and test sets.
///
/// The test set is what `by` says; about the fraction `validation` of the rest, chosen in the same manner, is the
/// validation set.
///
/// | `by` | test | validation | what a test sample and a training sample never share |
/// |---|---|---|---|
/// | nothing | none | a draw of tasks | |
/// | records | a draw of programs | a draw of programs | program |
/// | tasks | a draw of tasks | a draw of tasks | task |
/// | networks | all of these | a draw of tasks | task |
/// | hardware | all of these | a draw of tasks | hardware |
/// | both | all of these | a draw of tasks | task or hardware, as the test sample is there for the one or the other |
///
/// Training and validation share no program, and no task where tasks are drawn. The one exception: with `hardware` or
/// without a test set, and fewer tasks than `1 / validation` (a file of two tuned kernels), a draw of whole tasks would be
/// far from the fraction, and programs are drawn; see [`Split::validation_unit`].
///
/// A draw compares a hash of the seed and the unit with the fraction. It hence does not depend on the order of the
/// samples, and a sample keeps its side when others are added. If it selects no unit or all, the unit nearest to the
/// limit changes sides, so that with two units or more neither side is empty.
///
/// # Errors
/// If a fraction is out of range (`validation` may be 0), a network or hardware is unknown, or a set would be empty.
///
/// # Complexity
/// O(n log n) for n samples.
///
/// # Examples
/// ```
/// use std::collections::BTreeMap;
/// use cdmpp_data::{Fingerprint, SampleKey, SplitBy, split};
///
/// let (bert, resnet) = (BTreeMap::from([("bert".into(), 1)]), BTreeMap::from([("resnet".into(), 1)]));
/// let key = |task, networks| SampleKey { task, program: Fingerprint::of(task), hardware: "tesla-t4", networks };
/// let keys = [key("softmax", &bert), key("conv", &resnet), key("dense", &resnet), key("softmax", &resnet)];
/// let split = split(&keys, &SplitBy::Networks(vec!["bert".into()]), 0.0, 0)?;
/// assert_eq!(split.test, [0]);
/// assert_eq!(split.train, [1, 2]);
/// assert_eq!(split.unused, [3], "bert uses the task too");
/// # Ok::<(), cdmpp_data::DataError>(())
/// ```
pub fn split(keys: &[SampleKey<'_>], by: &SplitBy, validation: f64, seed: u64) -> Result<Split, DataError> {
    check(keys, by, validation)?;
    let all: Vec<usize> = (0..keys.len()).collect();
    let mut unused = Vec::new();
    let (rest, test) = match by {
        SplitBy::NoTest => (all, Vec::new()),
        SplitBy::Records(fraction) => draw_units(keys, all, Unit::Program, *fraction, seed, "test"),
        SplitBy::Tasks(fraction) => draw_units(keys, all, Unit::Task, *fraction, seed, "test"),
        SplitBy::Networks(_) | SplitBy::Hardware(_) | SplitBy::NetworksAndHardware { .. } => {
            let (networks, hardware) = by.held_out();
            let runs_held_out = |key: &SampleKey<'_>| networks.iter().any(|name| key.networks.contains_key(name));
            let tasks: BTreeSet<&str> = keys.iter().filter(|key| runs_held_out(key)).map(|key| key.task).collect();
            let (test, mut rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|&index| {
                let key = &keys[index];
                runs_held_out(key) || hardware.iter().any(|name| name == key.hardware)
            });
            (unused, rest) = rest.into_iter().partition(|&index| tasks.contains(keys[index].task));
            (rest, test)
        }
    };
    if test.is_empty() && *by != SplitBy::NoTest {
        return Err(DataError::EmptySet { set: "test", why: "there is only one unit to draw from" });
    }
    let validation_unit = validation_unit(keys, &rest, by, validation);
    let (train, validation_set) = draw_units(keys, rest, validation_unit, validation, seed, "validation");
    if train.is_empty() {
        return Err(DataError::EmptySet { set: "training", why: "the test set and what goes with it take everything" });
    }
    if validation > 0.0 && validation_set.is_empty() {
        return Err(DataError::EmptySet { set: "validation", why: "only one unit is left to draw from" });
    }
    Ok(Split { train, validation: validation_set, test, unused, validation_unit })
}

/// Checks the fractions and names.
fn check(keys: &[SampleKey<'_>], by: &SplitBy, validation: f64) -> Result<(), DataError> {
    if !(0.0..1.0).contains(&validation) {
        let rule = "must be at least 0 and below 1";
        return Err(DataError::Config { field: "validation", rule, value: validation });
    }
    if keys.is_empty() {
        return Err(DataError::EmptySet { set: "training", why: "there are no samples" });
    }
    if let SplitBy::Records(fraction) | SplitBy::Tasks(fraction) = by
        && !(*fraction > 0.0 && *fraction < 1.0)
    {
        let rule = "must be above 0 and below 1";
        return Err(DataError::Config { field: "test", rule, value: *fraction });
    }
    let (networks, hardware) = by.held_out();
    if networks.is_empty()
        && hardware.is_empty()
        && !matches!(by, SplitBy::NoTest | SplitBy::Records(_) | SplitBy::Tasks(_))
    {
        return Err(DataError::EmptySet { set: "test", why: "no network and no hardware is held out" });
    }
    let known_networks: BTreeSet<&str> = keys.iter().flat_map(|key| key.networks.keys().map(String::as_str)).collect();
    let known_hardware: BTreeSet<&str> = keys.iter().map(|key| key.hardware).collect();
    for (kind, names, known) in [("network", networks, known_networks), ("hardware", hardware, known_hardware)] {
        if let Some(name) = names.iter().find(|name| !known.contains(name.as_str())) {
            return Err(DataError::unknown(kind, name, known));
        }
    }
    Ok(())
}

fn validation_unit(keys: &[SampleKey<'_>], rest: &[usize], by: &SplitBy, validation: f64) -> Unit {
    match by {
        SplitBy::Records(_) => Unit::Program,
        SplitBy::NoTest | SplitBy::Hardware(_) => {
            let n_tasks = rest.iter().map(|&index| keys[index].task).collect::<BTreeSet<_>>().len();
            if (n_tasks as f64) * validation < 1.0 { Unit::Program } else { Unit::Task }
        }
        SplitBy::Tasks(_) | SplitBy::Networks(_) | SplitBy::NetworksAndHardware { .. } => Unit::Task,
    }
}

/// Draws about a fraction of the units among `indices`: those not drawn, and those drawn.
fn draw_units(
    keys: &[SampleKey<'_>],
    indices: Vec<usize>,
    unit: Unit,
    fraction: f64,
    seed: u64,
    purpose: &str,
) -> (Vec<usize>, Vec<usize>) {
    if fraction <= 0.0 {
        return (indices, Vec::new());
    }
    let draw_of = |index: &usize| {
        let key = &keys[*index];
        let unit = match unit {
            Unit::Program => Fingerprint::of_parts(&[key.task.as_bytes(), &key.program.to_bytes()]),
            Unit::Task => Fingerprint::of_parts(&[key.task.as_bytes()]),
        };
        (Draw::new(seed, purpose, unit), unit)
    };
    let draws: Vec<_> = indices.iter().map(draw_of).collect();
    let mut units = draws.clone();
    units.sort_unstable();
    units.dedup();
    let n_below = units.partition_point(|(draw, _)| draw.is_below(fraction));
    let n_drawn = n_below.clamp(usize::from(units.len() > 1), units.len().saturating_sub(1));
    let first_left = units.get(n_drawn);
    let (mut left, mut drawn) = (Vec::new(), Vec::new());
    for (index, draw) in indices.into_iter().zip(&draws) {
        if first_left.is_none_or(|first_left| draw < first_left) { drawn.push(index) } else { left.push(index) }
    }
    (left, drawn)
}
