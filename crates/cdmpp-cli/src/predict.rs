//! `cdmpp predict`: how long programs take.

mod records;

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use cdmpp::hardware::{HardwareSpec, HardwareTable};
use cdmpp::ir::CompactAst;
use cdmpp::model::{ModelError, Predictor, Query};
use serde::Serialize;

use crate::{featurizer, program_file};

/// Predicts how long programs take on hardware
///
/// One program on one hardware prints the number alone, in seconds; several print lines of file, hardware and seconds,
/// separated by tabs. In a file with several functions, each is predicted, as `file:function`. Of record files (by their
/// names: .jsonl, .jsonl.zst), every record is, as `file:line`; they may have any number of records, and their
/// measurements are not looked at.
#[derive(Debug, clap::Args)]
pub(crate) struct PredictArgs {
    /// A checkpoint of `cdmpp train`
    model: PathBuf,
    /// The hardware table (JSON)
    #[arg(long, value_name = "FILE")]
    hardware: PathBuf,
    /// The hardware, by its name in the table; it need not be one that the model was trained on
    #[arg(long, value_name = "NAME", value_delimiter = ',', required = true)]
    on: Vec<String>,
    /// Files with TVMScript or cdmpp's text form, or record files; `-` is standard input
    #[arg(required = true, value_name = "PROGRAM")]
    programs: Vec<PathBuf>,
    /// Print JSON lines
    #[arg(long)]
    json: bool,
}

/// One answer.
#[derive(Serialize)]
struct Prediction<'a> {
    file: &'a str,
    program: &'a str,
    hardware: &'a str,
    seconds: f64,
}

pub(crate) fn run(args: &PredictArgs) -> Result<()> {
    let model = Predictor::load(&args.model)?;
    let featurizer =
        featurizer::of_schema(model.schema()).with_context(|| args.model.display().to_string())?.featurizer;
    let table = HardwareTable::load(&args.hardware)?;
    let specs: Vec<&HardwareSpec> = args
        .on
        .iter()
        .map(|name| table.get(name).with_context(|| args.hardware.display().to_string()))
        .collect::<Result<_>>()?;

    let mut out = BufWriter::new(std::io::stdout().lock());
    for path in &args.programs {
        if records::has_records(path) {
            records::predict(path, (&model, featurizer), &specs, args.json, &mut out)?;
            continue;
        }
        let programs = program_file::read(path)?;
        let file = program_file::name(path);
        for program in &programs {
            let ast = CompactAst::encode(program, featurizer);
            let queries: Vec<Query<'_>> = specs.iter().map(|hardware| Query { ast: &ast, hardware }).collect();
            let latencies = match model.predict(&queries) {
                Ok(latencies) => latencies,
                // The index of the query says less than the name of the program.
                Err(ModelError::Input { problem, .. }) => bail!("{file}: {}: {problem}", program.name()),
                Err(error) => return Err(error).with_context(|| format!("{file}: {}", program.name())),
            };
            for (spec, predicted) in specs.iter().zip(latencies) {
                let (hardware, seconds) = (spec.name(), predicted.latency.as_secs_f64());
                if args.json {
                    let prediction = Prediction { file: &file, program: program.name(), hardware, seconds };
                    writeln!(out, "{}", serde_json::to_string(&prediction)?)?;
                } else if args.programs.len() * programs.len() * specs.len() == 1 {
                    writeln!(out, "{seconds}")?;
                } else if programs.len() == 1 {
                    writeln!(out, "{file}\t{hardware}\t{seconds}")?;
                } else {
                    writeln!(out, "{file}:{}\t{hardware}\t{seconds}", program.name())?;
                }
            }
        }
    }
    out.flush()?;
    Ok(())
}
