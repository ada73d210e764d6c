//! `cdmpp eval`: how good a trained model is.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use cdmpp::data::{CleanConfig, CleanReport};
use cdmpp::model::Predictor;
use serde::Serialize;

use crate::measured::{DataArgs, Measured};
use crate::near::check_names;
use crate::report::{Counts, Scores, Versions};
use crate::table::Table;
use crate::{featurizer, new_file, predictions, report};

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

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    scores: &'a Scores,
    networks: &'a [String],
    only_hardware: &'a [String],
    seed: Option<u64>,
    counts: Counts,
    cleaning: &'a CleanReport,
    seconds: Seconds,
    versions: Versions,
}

#[derive(Serialize)]
struct Seconds {
    load: f64,
    evaluate: f64,
}

pub(crate) fn run(args: &EvalArgs, seed: Option<u64>) -> Result<()> {
    new_file::check_places(args.report.iter().chain(&args.predictions))?;
    let started = Instant::now();
    let model = Predictor::load(&args.model)?;
    let built_in = featurizer::of_schema(model.schema()).with_context(|| args.model.display().to_string())?;
    let mut cleaning = CleanConfig::default();
    args.data.change(&mut cleaning);
    let measured = args.data.load(built_in, &cleaning)?;
    let indices = select(&measured, &args.networks, &args.only_hardware)?;
    let load = started.elapsed().as_secs_f64();

    let started = Instant::now();
    let scored = measured.score(&model, &indices)?;
    let networks = (!args.networks.is_empty()).then_some(args.networks.as_slice());
    let scores = Scores::of(&measured, &indices, &scored, networks);
    let evaluate = started.elapsed().as_secs_f64();

    if let Some(path) = &args.predictions {
        predictions::write(&measured, &indices, &scored, path)?;
    }
    if let Some(path) = &args.report {
        let report = Report {
            scores: &scores,
            networks: &args.networks,
            only_hardware: &args.only_hardware,
            seed,
            counts: Counts::of(&measured, &model),
            cleaning: measured.dataset.report(),
            seconds: Seconds { load, evaluate },
            versions: Versions::of(&model),
        };
        report::write(&report, path)?;
    }
    write!(std::io::stdout(), "{}", Table { scores: &scores, first: None })?;
    Ok(())
}

/// The measurements of some networks on some hardware; no name means all.
fn select(measured: &Measured, networks: &[String], hardware: &[String]) -> Result<Vec<usize>> {
    let keys = measured.dataset.keys();
    let known_networks = keys.iter().flat_map(|key| key.networks.keys().map(String::as_str)).collect();
    let known_hardware = keys.iter().map(|key| key.hardware).collect();
    check_names("network", networks.iter().map(String::as_str), &known_networks, "the records")?;
    check_names("hardware", hardware.iter().map(String::as_str), &known_hardware, "the records")?;
    let is_wanted = |&index: &usize| {
        let key = &keys[index];
        (networks.is_empty() || networks.iter().any(|name| key.networks.contains_key(name)))
            && (hardware.is_empty() || hardware.iter().any(|name| name == key.hardware))
    };
    let indices: Vec<usize> = (0..keys.len()).filter(is_wanted).collect();
    if indices.is_empty() {
        bail!("no program of {} was measured on {}", networks.join(", "), hardware.join(", "));
    }
    Ok(indices)
}
