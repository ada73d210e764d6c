//! What cleaning dropped, and why.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Location;

/// How many examples of each flaw the report keeps.
const N_EXAMPLES: usize = 3;

/// Why a measurement is unfit to learn from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "flaw")]
#[non_exhaustive]
pub enum Flaw {
    /// There is no repeat.
    NoRepeats,
    /// A repeat is NaN or infinite, or was `null`.
    NotFinite {
        /// The repeat.
        value: f64,
    },
    /// A repeat is zero or negative.
    NotPositive {
        /// The repeat.
        value: f64,
    },
    /// The median is shorter than the configured limit, or longer than a [`Duration`](std::time::Duration) holds.
    OutOfRange {
        /// The median of the repeats, in seconds.
        median: f64,
    },
    /// The repeats differ too much.
    Noisy {
        /// Their coefficient of variation.
        spread: f64,
    },
    /// The same task, program and hardware was measured before.
    Repeated,
}

impl Flaw {
    /// Whether a measurement with this flaw cannot be a label at all.
    #[must_use]
    pub fn is_bad_label(self) -> bool {
        matches!(self, Self::NoRepeats | Self::NotFinite { .. } | Self::NotPositive { .. })
    }

    /// The reason in two words, under which the report counts it.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoRepeats => "no repeats",
            Self::NotFinite { .. } => "not finite",
            Self::NotPositive { .. } => "not positive",
            Self::OutOfRange { .. } => "out of range",
            Self::Noisy { .. } => "noisy",
            Self::Repeated => "measured before",
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRepeats => f.write_str("no value"),
            Self::NotFinite { value } => write!(f, "a value that is not finite ({value})"),
            Self::NotPositive { value } => write!(f, "a value that is not positive ({value})"),
            Self::OutOfRange { median } => write!(f, "a median out of range ({median:e} s)"),
            Self::Noisy { spread } => write!(f, "a spread of {spread:.2}"),
            Self::Repeated => f.write_str("a program that was measured before"),
        }
    }
}

/// What [`Cleaner`](crate::Cleaner) saw, kept and dropped. Prints as a few lines for people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CleanReport {
    /// Records seen.
    pub n_records: usize,
    /// Measurements seen: one a record and hardware.
    pub n_measurements: usize,
    /// Measurements kept.
    pub n_kept: usize,
    /// What was dropped, by [reason](Flaw::reason); only reasons that occurred.
    pub dropped: BTreeMap<String, Dropped>,
}

/// The measurements that were dropped for one reason.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Dropped {
    /// How many they are.
    pub n: usize,
    /// The first of them.
    pub examples: Vec<Example>,
}

/// One dropped measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Example {
    /// The record's line.
    pub at: Location,
    /// Its task.
    pub task: String,
    /// The hardware.
    pub hardware: String,
    /// What is wrong.
    #[serde(flatten)]
    pub flaw: Flaw,
}

impl CleanReport {
    /// How many measurements were dropped.
    #[must_use]
    pub fn n_dropped(&self) -> usize {
        self.dropped.values().map(|dropped| dropped.n).sum()
    }

    pub(crate) fn add(&mut self, flaw: Flaw, at: &Location, task: &str, hardware: &str) {
        let dropped = self.dropped.entry(flaw.reason().to_owned()).or_default();
        dropped.n += 1;
        if dropped.examples.len() < N_EXAMPLES {
            let (at, task, hardware) = (at.clone(), task.to_owned(), hardware.to_owned());
            dropped.examples.push(Example { at, task, hardware, flaw });
        }
    }
}

impl fmt::Display for CleanReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { n_records, n_measurements, n_kept, dropped } = self;
        write!(f, "{n_records} records, {n_measurements} measurements: {n_kept} kept, {} dropped", self.n_dropped())?;
        for (reason, Dropped { n, examples }) in dropped {
            write!(f, "\n  {reason}: {n}")?;
            for Example { at, task, hardware, flaw } in examples {
                write!(f, "\n    {at}: {flaw}, task `{task}` on `{hardware}`")?;
            }
        }
        Ok(())
    }
}
