//! `cdmpp predict`: how long programs take.

use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::{Context, Result};
use cdmpp::hardware::{HardwareSpec, HardwareTable};
use cdmpp::workflow::{PredictRequest, PredictedProgram, WorkflowError, predict};

use crate::data::load_model;

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

pub(crate) fn run(args: &PredictArgs) -> Result<()> {
    let model = load_model(&args.model)?;
    let table = HardwareTable::load(&args.hardware)?;
    let specs =
        args.on.iter().map(|name| table.get(name).cloned().with_context(|| args.hardware.display().to_string()));
    let hardware: Vec<HardwareSpec> = specs.collect::<Result<_>>()?;
    let is_single = args.programs.len() * hardware.len() == 1;
    let request = PredictRequest { files: args.programs.clone(), hardware };
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut failure = None;
    let predicted = predict(&model, &request, &mut |answers| match answers
        .iter()
        .try_for_each(|answer| write(&mut out, answer, args.json, is_single))
    {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failure = Some(error);
            ControlFlow::Break(())
        }
    });
    match (predicted, failure) {
        (Err(WorkflowError::Stopped), Some(error)) => return Err(error),
        (predicted, _) => predicted?,
    }
    out.flush()?;
    Ok(())
}

fn write(out: &mut impl Write, answer: &PredictedProgram, as_json: bool, is_single: bool) -> Result<()> {
    let PredictedProgram { file, record, program, hardware, seconds, is_alone, .. } = answer;
    if as_json {
        serde_json::to_writer(&mut *out, answer)?;
        writeln!(out)?;
    } else if let Some(record) = record {
        writeln!(out, "{file}:{}\t{hardware}\t{seconds}", record.line)?;
    } else if *is_alone && is_single {
        writeln!(out, "{seconds}")?;
    } else if *is_alone {
        writeln!(out, "{file}\t{hardware}\t{seconds}")?;
    } else {
        writeln!(out, "{file}:{program}\t{hardware}\t{seconds}")?;
    }
    Ok(())
}
