//! `cdmpp select`: what to measure on new hardware.

use std::io::{BufWriter, Write};
use std::num::NonZero;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use cdmpp::data::{Record, RecordReader, encode_records};
use cdmpp::ir::{CompactAst, Featurizer};
use cdmpp::model::Predictor;

use crate::choice::{self, Candidate, ChoiceArgs, choose};
use crate::chunk::read_chunk;
use crate::new_file::{self, NewFile};
use crate::{featurizer, program_list, progress};

/// Chooses the tasks or programs to measure on new hardware
///
/// All programs of the record files are candidates, measured or not: give what can be run on the new hardware. Writes
/// JSON lines {"task": …}, with "schedule" if programs are chosen, what was chosen first before what was chosen later;
/// `cdmpp adapt --measured` reads them.
#[derive(Debug, clap::Args)]
pub(crate) struct SelectArgs {
    /// Record files (.jsonl, .jsonl.zst)
    #[arg(required = true, value_name = "DATA")]
    data: Vec<PathBuf>,
    /// How many to choose, must-haves included
    #[arg(long, value_name = "K", value_parser = choice::budget)]
    budget: usize,
    /// Compare programs by the embeddings of this checkpoint instead of their features
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
    #[command(flatten)]
    choice: ChoiceArgs,
    /// Write here instead of standard output; the file appears when it is complete
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// How many records are in memory as text at a time.
const CHUNK: usize = 256;

/// A record's program.
struct Program {
    task: String,
    schedule: i64,
    ast: CompactAst,
}

pub(crate) fn run(args: &SelectArgs, seed: Option<u64>) -> Result<()> {
    new_file::check_places(&args.out)?;
    let model = args.model.as_ref().map(|path| Predictor::load(path)).transpose()?;
    let built_in = match (&model, &args.model) {
        (Some(model), Some(path)) => {
            featurizer::of_schema(model.schema()).with_context(|| path.display().to_string())?
        }
        _ => featurizer::named(featurizer::DEFAULT)?,
    };
    let programs = read(&args.data, built_in.featurizer)?;
    if programs.is_empty() {
        bail!("there is no program to choose from");
    }
    let candidates: Vec<Candidate<'_>> =
        programs.iter().map(|Program { task, schedule, ast }| Candidate { task, schedule: *schedule, ast }).collect();
    let chosen = choose(&candidates, model.as_ref(), (args.budget, &args.choice), seed.unwrap_or_default())?;
    match &args.out {
        Some(path) => {
            let mut file = NewFile::create(path)?;
            program_list::write(&chosen, &mut file)?;
            file.finish()
        }
        None => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            program_list::write(&chosen, &mut out)?;
            Ok(out.flush()?)
        }
    }
}

/// Reads and encodes all programs.
fn read(paths: &[PathBuf], featurizer: &dyn Featurizer) -> Result<Vec<Program>> {
    let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let bar = progress::of_bytes(paths.iter().map(size).sum(), "reading");
    let n_threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let mut programs = Vec::new();
    for path in paths {
        let mut reader = RecordReader::open(path)?;
        let mut read_before = 0;
        loop {
            let (chunk, failure) = read_chunk(&mut reader, CHUNK);
            failure?;
            if chunk.is_empty() {
                break;
            }
            let asts = encode_records(&chunk, featurizer, n_threads)?;
            for ((Record { task, schedule, .. }, at), ast) in chunk.into_iter().zip(asts) {
                if ast.n_leaves() == 0 {
                    bail!("{at}: task `{task}`, schedule {schedule}: the program has no store statement");
                }
                programs.push(Program { task, schedule, ast });
            }
            bar.inc(reader.bytes_read() - read_before);
            read_before = reader.bytes_read();
        }
    }
    bar.finish_and_clear();
    Ok(programs)
}
