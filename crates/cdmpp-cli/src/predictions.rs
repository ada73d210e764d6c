//! Predictions beside their measurements, as JSON lines.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::Result;
use cdmpp::model::Scored;
use serde::Serialize;

use crate::measured::Measured;
use crate::new_file::NewFile;

#[derive(Serialize)]
struct Line<'a> {
    task: &'a str,
    schedule: i64,
    hardware: &'a str,
    networks: &'a BTreeMap<String, u32>,
    measured_s: f64,
    predicted_s: f64,
}

/// Writes the predictions of the measurements `indices`.
pub(crate) fn write(measured: &Measured, indices: &[usize], scored: &[Scored<'_>], path: &Path) -> Result<()> {
    let mut file = NewFile::create(path)?;
    for (&index, &Scored { task, hardware, measured_s, predicted_s }) in indices.iter().zip(scored) {
        let program = measured.program(index);
        let (schedule, networks) = (program.schedule, &*program.networks);
        serde_json::to_writer(&mut file, &Line { task, schedule, hardware, networks, measured_s, predicted_s })?;
        file.write_all(b"\n")?;
    }
    file.finish()
}
