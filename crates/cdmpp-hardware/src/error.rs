//! What can be wrong with a hardware table, or with a question to it.

use std::path::PathBuf;

/// A hardware table is refused, or does not hold what was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HardwareError {
    /// The file cannot be read: it is missing, not readable, or not UTF-8.
    #[error("cannot read the hardware table {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The table's author wrote something that is not a list of hardware.
    #[error("line {line}, column {column}: {what}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The column, from 1; the last byte that was read.
        column: usize,
        /// What is wrong there.
        what: String,
    },
    /// A file's content is refused.
    #[error("hardware table {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<HardwareError>,
    },
    /// A hardware has no name.
    #[error("hardware number {number} has an empty name")]
    EmptyName {
        /// Its place in the table, from 1.
        number: usize,
    },
    /// Two hardware have one name.
    #[error("the hardware `{name}` is in the table twice, as number {first} and number {second}")]
    Duplicate {
        /// The name.
        name: String,
        /// The first place, from 1.
        first: usize,
        /// The second place, from 1.
        second: usize,
    },
    /// The table has no hardware.
    #[error("the table has no hardware")]
    Empty,
    /// A number is negative, infinite or NaN.
    #[error("hardware `{hardware}`, column `{column}`: must be a finite number of at least 0, not {value}")]
    Value {
        /// The hardware.
        hardware: String,
        /// The column.
        column: String,
        /// The refused number.
        value: f64,
    },
    /// The caller asks for a hardware that the table lacks.
    #[error("unknown hardware `{name}`; nearest of {n_known}: {}", nearest.join(", "))]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names most like it, best first.
        nearest: Vec<String>,
        /// How many hardware the table has.
        n_known: usize,
    },
    /// The caller's name fits several hardware.
    #[error("`{name}` may be any of {}", candidates.join(", "))]
    Ambiguous {
        /// The name asked for.
        name: String,
        /// The hardware that it fits, in the order of the table.
        candidates: Vec<String>,
    },
}
