//! The files that commands write for people and scripts.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use crate::new_file::NewFile;

/// Writes a report as JSON.
pub(crate) fn write_report(report: &impl Serialize, path: &Path) -> Result<()> {
    let mut file = NewFile::create(path)?;
    serde_json::to_writer_pretty(&mut file, report)?;
    file.write_all(b"\n")?;
    file.finish()
}

/// Writes JSON lines.
pub(crate) fn write_lines(lines: &[impl Serialize], path: &Path) -> Result<()> {
    let mut file = NewFile::create(path)?;
    for line in lines {
        serde_json::to_writer(&mut file, line)?;
        file.write_all(b"\n")?;
    }
    file.finish()
}

/// Tells people how it goes.
pub(crate) fn say(message: std::fmt::Arguments<'_>) {
    // Nobody listens: no reason to stop.
    let _ = writeln!(std::io::stderr(), "{message}");
}
