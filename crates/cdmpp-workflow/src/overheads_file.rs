//! Files with the overheads of hardware.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use crate::error::{At, Result, WorkflowError};
use cdmpp_replay::{OverheadFit, Overheads};
use serde::{Deserialize, Serialize};

use crate::near::check_names;

const FORMAT: &str = "cdmpp-overheads/1";

#[derive(Serialize)]
struct Written<'a> {
    format: &'static str,
    hardware: &'a BTreeMap<String, OverheadFit>,
}

/// What a replay needs of the file; the rest is for people.
#[derive(Deserialize)]
struct Read {
    format: String,
    hardware: BTreeMap<String, ReadOverheads>,
}

#[derive(Deserialize)]
struct ReadOverheads {
    overheads: Overheads,
}

/// Writes what was fitted, by hardware.
///
/// # Errors
/// Those of `out`.
pub fn write_overheads(fits: &BTreeMap<String, OverheadFit>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Written { format: FORMAT, hardware: fits })?;
    out.write_all(b"\n")
}

/// Reads the overheads of one hardware.
///
/// # Errors
/// If the file cannot be read, is none of overheads, or lacks the hardware.
pub fn read_overheads(path: &Path, hardware: &str) -> Result<Overheads> {
    let place = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|source| WorkflowError::Read { what: format!("the overheads {place}"), source })?;
    let Read { format, hardware: mut fits } = serde_json::from_str(&text)
        .map_err(|source| WorkflowError::Json { what: "file of overheads", source })
        .at(|| &*place)?;
    if format != FORMAT {
        return Err(WorkflowError::OverheadsFormat { place, format, expected: FORMAT });
    }
    let known: BTreeSet<&str> = fits.keys().map(String::as_str).collect();
    check_names("hardware", [hardware], &known, &place)?;
    let overheads = fits.remove(hardware).map(|fit| fit.overheads).unwrap_or_default();
    overheads.check().at(|| place)?;
    Ok(overheads)
}
