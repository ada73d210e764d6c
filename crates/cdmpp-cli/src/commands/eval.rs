//! `cdmpp eval`: how good a trained model is.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use cdmpp::workflow::{EvaluateRequest, evaluate};

use crate::data::{DataArgs, load_model};
use crate::new_file;
use crate::outputs::{write_lines, write_report};
use crate::progress::Bars;
use crate::table::Table;

/// Compares a model's predictions with measurements
///
/// All measurements of the record files are predicted, whether the model was trained on them or not. Prints a table;
/// `--report` has the same and more for scripts.
#[derive(Debug, clap::Args)]
pub(crate) struct EvalArgs {
    /// A checkpoint of `cdmpp train`
    model: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// Only the programs that these networks use
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    networks: Vec<String>,
    /// Only the measurements on these hardware
    #[arg(long, value_name = "X,Y", value_delimiter = ',')]
    only_hardware: Vec<String>,
    /// Write a JSON report
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write every prediction beside its measurement, as JSON lines
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,
}

pub(crate) fn run(args: &EvalArgs, seed: Option<u64>) -> Result<()> {
    new_file::check_places(args.report.iter().chain(&args.predictions))?;
    let model = load_model(&args.model)?;
    let mut request = EvaluateRequest::new(args.data.request()?);
    args.data.change(&mut request.cleaning);
    request.networks = args.networks.clone();
    request.only_hardware = args.only_hardware.clone();
    request.seed = seed;
    let mut bars = Bars::new();
    let evaluated =
        evaluate(&model, &request, &mut |progress| bars.show(progress)).map_err(|error| args.data.place(error))?;
    bars.finish();
    if let Some(path) = &args.predictions {
        write_lines(&evaluated.predictions, path)?;
    }
    if let Some(path) = &args.report {
        write_report(&evaluated.report, path)?;
    }
    write!(std::io::stdout(), "{}", Table { scores: &evaluated.report.scores, first: None })?;
    Ok(())
}
