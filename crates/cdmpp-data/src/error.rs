//! What can be wrong with measured data.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Flaw;

/// How many near names the error for an unknown name lists.
const N_NEAREST: usize = 3;

/// A line of a record file; prints, and serializes, as `file:line`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file, as it was named to the reader.
    pub file: Arc<str>,
    /// The line, from 1; 0 before the first.
    pub line: u64,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl Serialize for Location {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Location {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parsed = text.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?)));
        let (file, line) = parsed.ok_or_else(|| D::Error::custom("a place is written as `file:line`"))?;
        Ok(Self { file: file.into(), line })
    }
}

/// Measured data is refused, or cannot be read, written or split.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file is missing or not readable, or its compressed stream is cut off or damaged.
    #[error("{at}: cannot read the {what}s")]
    Read {
        /// What a line of the file should be: `record`.
        what: &'static str,
        /// Where reading stopped; line 0 if the file could not be opened.
        at: Location,
        /// What the system or the decompressor says.
        source: std::io::Error,
    },
    /// A file cannot be written. What stood at its path is untouched.
    #[error("cannot write the records to {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file's author wrote a line that is not what it should be.
    #[error("{at}{}: not a {what}: {problem}", suffix(*column))]
    Malformed {
        /// What it should be: `record`.
        what: &'static str,
        /// The line.
        at: Location,
        /// The column in bytes, from 1; the last that was read. 0 if the line is well formed, but says what cannot be.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A measurement cannot be a label, and the caller asked to refuse such data rather than to drop it.
    #[error("{at}: {flaw} in the repeats of task `{task}` on `{hardware}`")]
    Label {
        /// The record's line.
        at: Location,
        /// The record's task.
        task: String,
        /// The hardware of the measurement.
        hardware: String,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// A record's program cannot be parsed.
    #[error("{}record `{record}` (task `{task}`, schedule {schedule}): its program cannot be read", prefix(at.as_ref()))]
    Program {
        /// The record's line, where it is known.
        at: Option<Location>,
        /// The record's name.
        record: String,
        /// Its task.
        task: String,
        /// Its schedule.
        schedule: i64,
        /// What the parser of the program's language says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The caller names a network or a hardware that no record has.
    #[error("unknown {kind} `{name}`; nearest of {n_known} in the records: {}", nearest.join(", "))]
    Unknown {
        /// `network` or `hardware`.
        kind: &'static str,
        /// The name.
        name: String,
        /// The names most like it, best first.
        nearest: Vec<String>,
        /// How many the records have.
        n_known: usize,
    },
    /// A split would leave one of its sets empty.
    #[error("the {set} set of the split would be empty: {why}")]
    EmptySet {
        /// `training`, `validation` or `test`.
        set: &'static str,
        /// How that comes.
        why: &'static str,
    },
    /// The caller's configuration breaks a rule.
    #[error("`{field}` {rule}, not {value}")]
    Config {
        /// The field.
        field: &'static str,
        /// The rule.
        rule: &'static str,
        /// The refused value.
        value: f64,
    },
}

impl DataError {
    /// The same error of a program, with its record's line.
    pub(crate) fn located(mut self, location: &Location) -> Self {
        if let Self::Program { at, .. } = &mut self {
            *at = Some(location.clone());
        }
        self
    }

    pub(crate) fn unknown<'a>(kind: &'static str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let mut known: Vec<&str> = known.into_iter().collect();
        let n_known = known.len();
        let likeness = |other: &str| strsim::jaro_winkler(other, name);
        known.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)).then(a.cmp(b)));
        let nearest = known.into_iter().take(N_NEAREST).map(str::to_owned).collect();
        Self::Unknown { kind, name: name.to_owned(), nearest, n_known }
    }

    pub(crate) fn malformed(what: &'static str, at: Location, error: &serde_json::Error) -> Self {
        let (line, column, mut problem) = (error.line(), error.column(), error.to_string());
        // serde_json counts lines from the start of the record; the place in the file is told by `at`.
        if let Some(end) = problem.rfind(&format!(" at line {line} column {column}")) {
            problem.truncate(end);
        }
        Self::Malformed { what, at, column, problem }
    }
}

fn prefix(at: Option<&Location>) -> String {
    at.map_or_else(String::new, |at| format!("{at}: "))
}

fn suffix(column: usize) -> String {
    if column == 0 { String::new() } else { format!(":{column}") }
}
