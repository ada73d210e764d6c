//! The programs of record files, however many there are.

use std::io::Write;
use std::num::NonZero;
use std::path::Path;

use anyhow::{Context, Result, bail};
use cdmpp::data::{Record, RecordReader, encode_records};
use cdmpp::hardware::HardwareSpec;
use cdmpp::ir::Featurizer;
use cdmpp::model::{ModelError, Predictor, Query};
use serde::Serialize;

use crate::chunk::read_chunk;

/// Records that are in memory at a time.
const CHUNK: usize = 1024;

/// One answer.
#[derive(Serialize)]
struct Prediction<'a> {
    file: &'a str,
    line: u64,
    task: &'a str,
    schedule: i64,
    program: &'a str,
    hardware: &'a str,
    seconds: f64,
}

/// Whether a file is one of records, by its name.
pub(super) fn has_records(path: &Path) -> bool {
    let name = path.to_string_lossy();
    name.ends_with(".jsonl") || name.ends_with(".jsonl.zst")
}

/// Predicts the records of a file, some at a time, in their order.
pub(super) fn predict(
    path: &Path,
    (model, featurizer): (&Predictor, &dyn Featurizer),
    specs: &[&HardwareSpec],
    as_json: bool,
    out: &mut impl Write,
) -> Result<()> {
    let n_threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let mut reader = RecordReader::open(path)?;
    loop {
        let (chunk, failure) = read_chunk(&mut reader, CHUNK);
        failure?;
        if chunk.is_empty() {
            return Ok(());
        }
        let asts = encode_records(&chunk, featurizer, n_threads)?;
        let queries: Vec<Query<'_>> =
            asts.iter().flat_map(|ast| specs.iter().map(move |hardware| Query { ast, hardware })).collect();
        let latencies = match model.predict(&queries) {
            Ok(latencies) => latencies,
            Err(ModelError::Input { index, problem, .. }) => bail!("{}: {problem}", chunk[index / specs.len()].1),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        for ((record, at), latencies) in chunk.iter().zip(latencies.chunks(specs.len())) {
            for (spec, predicted) in specs.iter().zip(latencies) {
                let (hardware, seconds) = (spec.name(), predicted.latency.as_secs_f64());
                if as_json {
                    let Record { task, name: program, schedule, .. } = record;
                    let (file, line, schedule) = (&*at.file, at.line, *schedule);
                    let prediction = Prediction { file, line, task, schedule, program, hardware, seconds };
                    serde_json::to_writer(&mut *out, &prediction)?;
                    writeln!(out)?;
                } else {
                    writeln!(out, "{at}\t{hardware}\t{seconds}")?;
                }
            }
        }
    }
}
