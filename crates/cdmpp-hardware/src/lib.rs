//! The hardware that a latency predictor knows: names, a few words, and data-sheet numbers by column.
//!
//! A [`HardwareTable`] is read from a JSON list with one object per hardware. Each is a [`HardwareSpec`]: a name,
//! labels such as `kind` and `vendor`, and numeric columns such as `clock_mhz`. A number that the data sheet does not
//! give is unknown (`None`), never zero and never guessed. Columns are found by name, so that a table may add its own.
//!
//! [`HardwareTable::bundled`] is a table of some eighty CPUs, GPUs and accelerators, [`HardwareTable::find`] finds `T4`
//! as well as `tesla-t4`, and a [`Warning`] tells what looks like a mistake in a table. [`HardwareSpec::roofline`] is the
//! shortest time that a data sheet allows.
//!
//! This crate is apart from `cdmpp-data` and `cdmpp-model` because both speak of hardware and neither needs the other.
//!
//! # Examples
//! ```
//! use cdmpp_hardware::{HardwareSpec, HardwareTable};
//!
//! let table = HardwareTable::from_json(
//!     r#"[{"name": "tesla-t4", "kind": "gpu", "clock_mhz": 1590, "simd_bits": null}]"#,
//! )?;
//! let t4 = table.get("tesla-t4")?;
//! assert_eq!(t4.label("kind"), Some("gpu"));
//! assert_eq!(t4.value("clock_mhz"), Some(1590.0));
//! assert_eq!(t4.value("simd_bits"), None);
//!
//! let mine = HardwareSpec::new("my-accelerator", [("clock_mhz", 900.0), ("lanes", 64.0)])?;
//! let table = HardwareTable::new([t4.clone(), mine])?;
//! assert_eq!(table.columns(), ["clock_mhz", "lanes"]);
//! # Ok::<(), cdmpp_hardware::HardwareError>(())
//! ```

// The README's example runs with the tests.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

mod error;
mod find;
mod nearest;
mod roofline;
mod spec;
mod table;
mod warning;

pub use error::HardwareError;
pub use nearest::nearest;
pub use roofline::Roofline;
pub use spec::HardwareSpec;
pub use table::HardwareTable;
pub use warning::Warning;
