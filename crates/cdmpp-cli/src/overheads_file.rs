//! Files with the overheads of hardware.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};
use cdmpp::replay::{OverheadFit, Overheads};
use serde::{Deserialize, Serialize};

use crate::near::check_names;
use crate::report;

const FORMAT: &str = "cdmpp-overheads/1";

#[derive(Serialize)]
struct Written<'a> {
    format: &'static str,
    hardware: &'a BTreeMap<&'a str, OverheadFit>,
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
pub(crate) fn write(fits: &BTreeMap<&str, OverheadFit>, path: &Path) -> Result<()> {
    report::write(&Written { format: FORMAT, hardware: fits }, path)
}

/// Reads the overheads of one hardware.
pub(crate) fn read(path: &Path, hardware: &str) -> Result<Overheads> {
    let place = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the overheads {place}"))?;
    let Read { format, hardware: mut fits } =
        serde_json::from_str(&text).with_context(|| format!("{place}: not a file of overheads"))?;
    if format != FORMAT {
        bail!("{place}: overheads of the format `{format}`; this version of cdmpp reads `{FORMAT}`");
    }
    let known: BTreeSet<&str> = fits.keys().map(String::as_str).collect();
    check_names("hardware", [hardware], &known, &place)?;
    let overheads = fits.remove(hardware).map(|fit| fit.overheads).unwrap_or_default();
    overheads.check().with_context(|| place)?;
    Ok(overheads)
}
