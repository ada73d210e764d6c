//! Lists of tasks or programs, as JSON lines.

use std::io::Write;
use std::path::Path;

use anyhow::{Result, bail};
use cdmpp::data::{JsonLines, Location};
use serde::{Deserialize, Serialize};

/// A task with all its programs, or one of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) task: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) schedule: Option<i64>,
}

impl Entry {
    /// Whether a program is meant.
    pub(crate) fn has(&self, task: &str, schedule: i64) -> bool {
        self.task == task && self.schedule.is_none_or(|own| own == schedule)
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "task `{}`", self.task)?;
        self.schedule.map_or(Ok(()), |schedule| write!(f, ", schedule {schedule}"))
    }
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

/// Reads a list.
pub(crate) fn read(path: &Path) -> Result<Vec<(Entry, Location)>> {
    let mut lines = JsonLines::<Entry>::open("task or program", path)?;
    let mut entries = Vec::new();
    while let Some(entry) = lines.next() {
        entries.push((entry?, lines.location().clone()));
    }
    Ok(entries)
}

/// Reads a list of weights, each finite and not negative.
pub(crate) fn read_weights(path: &Path) -> Result<Vec<(Entry, f64)>> {
    let mut lines = JsonLines::<Weighted>::open("weight", path)?;
    let mut weights = Vec::new();
    while let Some(line) = lines.next() {
        let Weighted { task, schedule, weight } = line?;
        let entry = Entry { task, schedule };
        if !(weight.is_finite() && weight >= 0.0) {
            bail!("{}: the weight of {entry} must be finite and not negative, and is {weight}", lines.location());
        }
        weights.push((entry, weight));
    }
    Ok(weights)
}

/// Writes a list.
pub(crate) fn write(entries: &[Entry], out: &mut dyn Write) -> Result<()> {
    for entry in entries {
        serde_json::to_writer(&mut *out, entry)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
