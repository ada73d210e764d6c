//! What can be wrong with measured data.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Flaw;

/// A line of a record file; prints, and serializes, as `file:line`, or as `file` before the first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file, as it was named to the reader.
    pub file: Arc<str>,
    /// The line, from 1; 0 before the first.
    pub line: u64,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
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
    /// A file cannot be opened: it is missing, or not readable.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is of a kind that is not read.
    #[error("{file} {kind}")]
    Kind {
        /// The file, as it was named to the reader.
        file: Arc<str>,
        /// What it is.
        kind: FileKind,
    },
    /// A file has no records, and the caller needs some.
    #[error("{file} has no records")]
    NoRecords {
        /// The file, as it was named to the reader.
        file: Arc<str>,
    },
    /// Reading stopped half-way, or the compressed stream is cut off or damaged.
    #[error("{at}: cannot read the {what}s")]
    Read {
        /// What a line of the file should be: `record`.
        what: &'static str,
        /// Where reading stopped; line 0 if that was before the first line.
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
        problem: LineProblem,
    },
    /// A record was not measured, and the caller needs measurements.
    #[error("{at}: the record of task `{task}` has no `latency_s`: it was not measured")]
    Unmeasured {
        /// The record's line.
        at: Location,
        /// The record's task.
        task: String,
    },
    /// The table lacks a hardware that the records were measured on.
    #[error("a hardware of the records is not in the table")]
    Hardware(#[source] cdmpp_hardware::HardwareError),
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

/// What a file that is not read seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileKind {
    /// Compressed with gzip.
    #[error("is gzip; plain text and zstd are read: decompress it, as by `gunzip`")]
    Gzip,
    /// Text that starts with a byte-order mark.
    #[error("starts with a byte-order mark (BOM); save it as UTF-8 without one")]
    ByteOrderMark,
}

/// Why a line is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// It is not JSON, or not the JSON that is expected.
    #[error("{what}")]
    Json {
        /// What the JSON reader says.
        what: String,
    },
    /// It is longer than the caller allows.
    #[error("the line is longer than {max_bytes} bytes")]
    TooLong {
        /// The limit.
        max_bytes: u64,
    },
    /// More blank lines follow each other than a line may have bytes.
    #[error("there are more than {max_bytes} bytes of blank lines")]
    TooBlank {
        /// The limit.
        max_bytes: u64,
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
        let known: Vec<&str> = known.into_iter().collect();
        let n_known = known.len();
        let nearest = cdmpp_hardware::nearest(name, known).into_iter().map(str::to_owned).collect();
        Self::Unknown { kind, name: name.to_owned(), nearest, n_known }
    }

    pub(crate) fn malformed(what: &'static str, at: Location, error: &serde_json::Error) -> Self {
        let (line, column, mut text) = (error.line(), error.column(), error.to_string());
        // serde_json counts lines from the start of the record; the place in the file is told by `at`.
        if let Some(end) = text.rfind(&format!(" at line {line} column {column}")) {
            text.truncate(end);
        }
        Self::Malformed { what, at, column, problem: LineProblem::Json { what: text } }
    }
}

fn prefix(at: Option<&Location>) -> String {
    at.map_or_else(String::new, |at| format!("{at}: "))
}

fn suffix(column: usize) -> String {
    if column == 0 { String::new() } else { format!(":{column}") }
}
