//! Writes files whole: a file takes its place when it is complete.
//!
//! A [`NewFile`] is written to a temporary file in the target's folder. [`NewFile::finish`] flushes it to the disk and
//! renames it; a file that is dropped before leaves no trace, and what stood at the path is untouched. [`Output`] is a
//! file or standard output, for outputs that are text. [`check_places`] is called before long work: it refuses outputs
//! that could not be written, two outputs at one place, and outputs that would overwrite an input.
//!
//! # Examples
//! ```
//! use std::io::Write;
//! use cdmpp_file::{NewFile, Place, check_places};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("report.json");
//! let places = [Place::text("--report", &path)];
//! check_places(&places, &[("the model", "model.safetensors".as_ref())])?;
//! let mut file = NewFile::create(&path)?;
//! file.write_all(b"{}\n")?;
//! file.finish()?;
//!
//! let error = check_places(&places, &[("the model", &path)]).unwrap_err();
//! assert!(error.to_string().ends_with("would overwrite an input (the model)"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// The README's example runs with the tests.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

mod error;
mod new_file;
mod output;
mod place;
mod target;

pub use error::{FileError, FileProblem};
pub use new_file::NewFile;
pub use output::{Output, OutputFile};
pub use place::{Place, check_places};
