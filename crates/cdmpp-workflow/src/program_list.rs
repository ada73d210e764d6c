//! Lists of tasks or programs, as JSON lines.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cdmpp_data::{JsonLines, Location};
use serde::{Deserialize, Serialize};

use crate::error::{At, Result, WorkflowError};

/// A task with all its programs, or one of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The task.
    pub task: String,
    /// The program of the task; all of them if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<i64>,
}

impl Entry {
    /// Whether a program is meant.
    #[must_use]
    pub fn has(&self, task: &str, schedule: i64) -> bool {
        self.task == task && self.schedule.is_none_or(|own| own == schedule)
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "task `{}`", self.task)?;
        self.schedule.map_or(Ok(()), |schedule| write!(f, ", schedule {schedule}"))
    }
}

/// Tasks or programs in their order, with the places of those that were read from a file.
#[derive(Clone, Debug, Default)]
pub struct ProgramList(Vec<(Entry, Location)>);

impl ProgramList {
    /// Reads JSON lines `{"task": …}` or `{"task": …, "schedule": …}`.
    ///
    /// # Errors
    /// If the file cannot be read, or a line is no entry.
    pub fn read(path: &Path) -> Result<Self> {
        let mut lines = JsonLines::<Entry>::open("task or program", path)?;
        let mut entries = Vec::new();
        while let Some(entry) = lines.next() {
            entries.push((entry?, lines.location().clone()));
        }
        Ok(Self(entries))
    }

    pub(crate) fn located(&self) -> &[(Entry, Location)] {
        &self.0
    }
}

/// The line of an entry is its place in the list, from 1.
impl FromIterator<Entry> for ProgramList {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        Self(
            entries.into_iter().zip(1..).map(|(entry, line)| (entry, Location { file: "list".into(), line })).collect(),
        )
    }
}

/// Writes JSON lines, as [`ProgramList::read`] reads them.
///
/// # Errors
/// Those of `out`.
pub fn write_entries(entries: &[Entry], out: &mut dyn Write) -> io::Result<()> {
    for entry in entries {
        serde_json::to_writer(&mut *out, entry)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// How much tasks or programs matter.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    weights: BTreeMap<Entry, f64>,
    file: Option<PathBuf>,
}

/// An entry with what it weighs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Weighted {
    task: String,
    #[serde(default)]
    schedule: Option<i64>,
    weight: f64,
}

impl Weights {
    /// Reads JSON lines `{"task": …, "weight": …}`, with `schedule` for programs.
    ///
    /// # Errors
    /// If the file cannot be read, a line is no weight, or a weight is negative or not finite.
    pub fn read(path: &Path) -> Result<Self> {
        let mut lines = JsonLines::<Weighted>::open("weight", path)?;
        let mut weights = BTreeMap::new();
        while let Some(line) = lines.next() {
            let Weighted { task, schedule, weight } = line?;
            let entry = Entry { task, schedule };
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(WorkflowError::BadWeight { at: lines.location().clone(), entry, weight });
            }
            weights.insert(entry, weight);
        }
        Ok(Self { weights, file: Some(path.to_owned()) })
    }

    /// The weight of an entry; that of a task is that of each of its programs, unless they have their own.
    pub(crate) fn of(&self, entry: &Entry) -> Result<f64> {
        let of_task = || self.weights.get(&Entry { task: entry.task.clone(), schedule: None });
        let weight = self.weights.get(entry).or_else(of_task).copied();
        let weight = weight.ok_or_else(|| WorkflowError::NoWeight { entry: entry.clone() });
        match &self.file {
            Some(file) => weight.at(|| file.display().to_string()),
            None => weight,
        }
    }
}

impl FromIterator<(Entry, f64)> for Weights {
    fn from_iter<I: IntoIterator<Item = (Entry, f64)>>(weights: I) -> Self {
        Self { weights: weights.into_iter().collect(), file: None }
    }
}
