//! `cdmpp features`: what a model sees of every record.

use std::io::{BufWriter, Write};
use std::num::NonZero;
use std::path::PathBuf;

use anyhow::{Context, Result};
use cdmpp::data::{Location, Record, RecordReader};
use cdmpp::ir::{BuiltIn, Featurizer, Program};
use cdmpp::workflow::{WorkflowError, encode_named, read_chunk};
use serde::Serialize;

use crate::new_file::NewFile;
use crate::progress;

/// Writes the features of every record, one JSON line each
///
/// A line has `record` (the index over all files), `schema`, and for every store statement of the program the name of
/// the stored buffer (`buffers`), its pre-order rank (`positions`), its depth (`depths`) and its row of `features`.
#[derive(Debug, clap::Args)]
pub(crate) struct FeaturesArgs {
    /// Record files (.jsonl, .jsonl.zst)
    #[arg(required = true, value_name = "DATA")]
    data: Vec<PathBuf>,
    /// Write here instead of standard output; the file appears when it is complete
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Stop after this many records
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Which features
    #[arg(long, value_name = "NAME", default_value = "ansor")]
    features: String,
}

/// How many records are in memory at a time.
const CHUNK: usize = 256;

#[derive(Serialize)]
struct Line<'a> {
    record: usize,
    schema: &'a str,
    buffers: &'a [String],
    positions: &'a [u32],
    depths: &'a [u32],
    features: Vec<&'a [f32]>,
}

pub(crate) fn run(args: &FeaturesArgs) -> Result<()> {
    let featurizer = BuiltIn::named(&args.features).map_err(WorkflowError::from)?.featurizer();
    match &args.out {
        Some(path) => {
            let mut file = NewFile::create(path)?;
            write_all(args, featurizer, &mut file)?;
            file.finish()
        }
        None => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            let written = write_all(args, featurizer, &mut out);
            // Also after an error: the lines before it are good.
            out.flush()?;
            written
        }
    }
}

fn write_all(args: &FeaturesArgs, featurizer: &dyn Featurizer, out: &mut dyn Write) -> Result<()> {
    let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let bar = progress::of_bytes(args.data.iter().map(size).sum(), "encoding");
    let n_threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let limit = args.limit.unwrap_or(usize::MAX);
    let mut next = 0;
    for path in &args.data {
        let mut reader = RecordReader::open(path)?;
        let mut read_before = 0;
        while next < limit {
            let (chunk, failure) = read_chunk(&mut reader, CHUNK.min(limit - next));
            for line in encode(&chunk, next, featurizer, n_threads) {
                out.write_all(&line?)?;
            }
            failure?;
            if chunk.is_empty() {
                break;
            }
            next += chunk.len();
            bar.inc(reader.bytes_read() - read_before);
            read_before = reader.bytes_read();
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// The lines of some records, in order; each thread takes one stretch of them.
fn encode(
    records: &[(Record, Location)],
    first: usize,
    featurizer: &dyn Featurizer,
    n_threads: usize,
) -> Vec<Result<Vec<u8>>> {
    let stretch = records.len().div_ceil(n_threads).max(1);
    let encode_one = |(index, (record, at)): (usize, &(Record, Location))| {
        let program = record.parse_program().with_context(|| at.to_string())?;
        line(&program, index, featurizer)
    };
    std::thread::scope(|scope| {
        let starts = (first..).step_by(stretch);
        let threads: Vec<_> = starts
            .zip(records.chunks(stretch))
            .map(|(start, records)| scope.spawn(move || (start..).zip(records).map(encode_one).collect::<Vec<_>>()))
            .collect();
        let lines = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        lines.collect()
    })
}

fn line(program: &Program, record: usize, featurizer: &dyn Featurizer) -> Result<Vec<u8>> {
    let (ast, buffers) = encode_named(program, featurizer);
    let line = Line {
        record,
        schema: ast.schema(),
        buffers: &buffers,
        positions: ast.positions(),
        depths: ast.depths(),
        features: ast.features().chunks_exact(ast.dim().max(1)).collect(),
    };
    let mut bytes = serde_json::to_vec(&line)?;
    bytes.push(b'\n');
    Ok(bytes)
}
