//! Measured tensor programs: reading, writing, cleaning, and splitting them for training and test.
//!
//! A record file has one [`Record`] a line, as JSON, plain or compressed with zstd. [`RecordReader`] and
//! [`RecordWriter`] stream them, [`Cleaner`] takes out what is unfit to learn from and reports it, and [`split()`]
//! divides the measurements into training, validation and test sets: by program, by task, by network or by hardware.
//! [`Dataset`] does the reading, cleaning and encoding of whole files and keeps features and labels only;
//! [`Dataset::samples`] joins its measurements with a table of hardware.
//!
//! The published evaluations of learned cost models often share tasks between training and test, or choose the model
//! on the test set. Here neither can happen: see the table at [`split()`].
//!
//! # Examples
//! ```
//! use cdmpp_data::{RecordReader, SampleKey, SplitBy, split};
//!
//! let file = r#"{"task": "add", "name": "add", "networks": {"a": 1}, "schedule": 0, "program": "1", "latency_s": {"t4": [2e-6]}}
//! {"task": "add", "name": "add", "networks": {"a": 1}, "schedule": 1, "program": "2", "latency_s": {"t4": [3e-6]}}
//! {"task": "mul", "name": "mul", "networks": {"b": 1}, "schedule": 0, "program": "3", "latency_s": {"t4": [4e-6]}}
//! "#;
//! let records = RecordReader::from_reader("example", file.as_bytes())?.collect::<Result<Vec<_>, _>>()?;
//! let mut keys = Vec::new();
//! for record in &records {
//!     for hardware in record.latency_s.keys() {
//!         let (task, program) = (record.task.as_str(), record.fingerprint());
//!         keys.push(SampleKey { task, program, hardware, networks: &record.networks });
//!     }
//! }
//! let split = split(&keys, &SplitBy::Tasks(0.5), 0.0, 1)?;
//! assert_eq!(split.train.len() + split.test.len(), 3);
//! # Ok::<(), cdmpp_data::DataError>(())
//! ```

// The README's example runs with the tests.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

mod ast_store;
mod clean;
mod dataset;
mod encode;
mod error;
mod fingerprint;
mod join;
mod json_lines;
mod non_finite;
mod program_text;
mod raw_json;
mod reader;
mod record;
mod repeats;
mod report;
mod split;
mod split_counts;
mod warning;
mod writer;

pub use ast_store::Spill;
pub use cdmpp_hardware::{HardwareError, HardwareSpec, HardwareTable};
pub use clean::{CleanConfig, Cleaner, OnBadLabel};
pub use dataset::{DataFile, Dataset, EncodedProgram, LoadConfig, LoadProgress, Measurement};
pub use encode::encode_records;
pub use error::{DataError, FileKind, LineProblem, Location};
pub use fingerprint::Fingerprint;
pub use join::Joined;
pub use json_lines::JsonLines;
pub use program_text::{ProgramError, parse_program, parse_programs};
pub use raw_json::RawJson;
pub use reader::RecordReader;
pub use record::Record;
pub use report::{CleanReport, Dropped, Example, Flaw};
pub use split::{SampleKey, Split, SplitBy, Unit, split};
pub use split_counts::{SetCounts, SplitCounts};
pub use warning::DataWarning;
pub use writer::RecordWriter;
