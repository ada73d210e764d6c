//! `cdmpp train`: from measured programs to a checkpoint.

mod keeper;
mod partition;

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use cdmpp::data::CleanReport;
use cdmpp::model::train::{Outcome, TrainState, fit, resume};
use cdmpp::model::{Metrics, Predictor};
use serde::Serialize;

use self::keeper::{Keeper, Stop};
use self::partition::{Partition, SplitArgs};
use crate::interrupt::{self, Interrupt};
use crate::measured::{DataArgs, Measured};
use crate::report::{Counts, Scores, Versions};
use crate::settings::Settings;
use crate::table::Table;
use crate::{featurizer, new_file, predictions, report};

/// Trains a model on measured programs, and tests it
///
/// The test set is what the `--test-…` flags say; it is never trained on, and the table and the report are about it.
/// Without one, all data is for training and validation. The model is that of the epoch with the lowest validation loss.
///
/// While training goes on, the best model so far is at MODEL and the state of training at MODEL.state, so that nothing
/// is lost when it stops: the same command with `--resume` goes on, with the same result as if it had never stopped.
/// Ctrl-C stops after the epoch, a second one at once. The state is removed when training is through.
#[derive(Debug, clap::Args)]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Where the checkpoint goes (one safetensors file)
    #[arg(long, value_name = "MODEL")]
    out: PathBuf,
    #[command(flatten)]
    split: SplitArgs,
    /// Settings (TOML): `preset` ("default" or "paper") and the tables `model`, `training` and `cleaning`
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Passes over the training set; the learning rate falls over all of them
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Stop before the epoch that would end after so many minutes of training
    #[arg(long, value_name = "M", value_parser = minutes)]
    minutes: Option<Duration>,
    /// Which features
    #[arg(long, value_name = "NAME", default_value = featurizer::DEFAULT)]
    features: String,
    /// Write a JSON report
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write every prediction of the test set beside its measurement, as JSON lines
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,
    /// Go on from MODEL.state, with the same data and settings
    #[arg(long)]
    resume: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    /// Of the test set.
    #[serde(flatten)]
    scores: &'a Scores,
    validation: Option<Metrics>,
    split: partition::Summary<'a>,
    seed: u64,
    training: Training,
    counts: Counts,
    cleaning: &'a CleanReport,
    seconds: Seconds,
    versions: Versions,
    config: &'a Settings,
}

#[derive(Serialize)]
struct Training {
    epochs: usize,
    best_epoch: usize,
    validation_loss: Option<f64>,
    stopped: String,
}

#[derive(Default, Serialize)]
struct Seconds {
    load: f64,
    train: f64,
    evaluate: f64,
}

pub(crate) fn run(args: &TrainArgs, seed: Option<u64>) -> Result<ExitCode> {
    let settings = settings(args, seed)?;
    let built_in = featurizer::named(&args.features)?;
    new_file::check_places([&args.out].into_iter().chain(&args.report).chain(&args.predictions))?;
    let state_path = state_path(&args.out);
    let state =
        args.resume.then(|| TrainState::load(&state_path).context("there is no training to resume")).transpose()?;

    let mut seconds = Seconds::default();
    let started = Instant::now();
    let measured = args.data.load(built_in, &settings.cleaning)?;
    let partition = Partition::new(&measured, &args.split, settings.training.seed)?;
    let columns = measured.hardware.performance_columns();
    let seed = settings.training.seed;
    let mut model = Predictor::new(&settings.model, built_in.featurizer, &columns, seed)?;
    seconds.load = started.elapsed().as_secs_f64();

    let started = Instant::now();
    let keeper = Keeper::new(&args.out, &state_path, settings.training.epochs, args.minutes, Interrupt::install()?);
    say(format_args!("{}\n{partition}", measured.dataset.report()));
    let n_parameters = model.parameters().n_parameters();
    say(format_args!("training: {n_parameters} parameters, {} epochs, seed {seed}", settings.training.epochs));
    let (outcome, stop) = learn(&mut model, &measured, &partition, &settings, state, keeper)?;
    seconds.train = started.elapsed().as_secs_f64();
    model.save(&args.out)?;
    let Outcome { epochs, best_epoch, .. } = outcome;
    match stop {
        Some(stop) => say(format_args!(
            "{stop} after epoch {epochs} of {}; {} has the best so far, epoch {best_epoch}; to go on, repeat the command with --resume",
            settings.training.epochs,
            args.out.display()
        )),
        None => remove(&state_path)?,
    }
    if stop == Some(Stop::Interrupted) {
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    }
    judge(args, &settings, &model, &measured, &partition, (outcome, stop), seconds)?;
    Ok(ExitCode::SUCCESS)
}

/// The settings file, changed by the command line.
fn settings(args: &TrainArgs, seed: Option<u64>) -> Result<Settings> {
    let mut settings = args.config.as_deref().map_or(Ok(Settings::default()), Settings::load)?;
    args.data.change(&mut settings.cleaning);
    let training = &mut settings.training;
    training.epochs = args.epochs.unwrap_or(training.epochs);
    training.seed = seed.unwrap_or(training.seed);
    settings.check()?;
    Ok(settings)
}

/// Trains from the start or from a state.
fn learn(
    model: &mut Predictor,
    measured: &Measured,
    partition: &Partition,
    settings: &Settings,
    state: Option<TrainState>,
    mut keeper: Keeper<'_>,
) -> Result<(Outcome, Option<Stop>)> {
    let training = measured.samples(&partition.split.train)?;
    let validation = measured.samples(&partition.split.validation)?;
    let config = &settings.training;
    let state_path = keeper.state_path().display().to_string();
    let outcome = match state {
        Some(state) => resume(model, training, validation, config, state, &mut |epoch| keeper.keep(epoch)),
        None => fit(model, training, validation, config, &mut |epoch| keeper.keep(epoch)),
    };
    Ok((outcome.context(state_path)?, keeper.finish()?))
}

/// Tests the model, writes the files that were asked for, prints the table.
fn judge(
    args: &TrainArgs,
    settings: &Settings,
    model: &Predictor,
    measured: &Measured,
    partition: &Partition,
    (outcome, stop): (Outcome, Option<Stop>),
    mut seconds: Seconds,
) -> Result<()> {
    let started = Instant::now();
    let test = &partition.split.test;
    let scored = measured.score(model, test)?;
    let scores = Scores::of(measured, test, &scored, partition.held_out_networks());
    let validated = measured.score(model, &partition.split.validation)?;
    let validation = (!validated.is_empty()).then(|| Metrics::of(&validated));
    seconds.evaluate = started.elapsed().as_secs_f64();

    if let Some(path) = &args.predictions {
        predictions::write(measured, test, &scored, path)?;
    }
    if let Some(path) = &args.report {
        let Outcome { reason, epochs, best_epoch, validation_loss, .. } = outcome;
        let stopped = stop.map_or_else(|| format!("{reason:?}").to_lowercase(), |stop| stop.to_string());
        let report = Report {
            scores: &scores,
            validation,
            split: partition.summary(),
            seed: settings.training.seed,
            training: Training { epochs, best_epoch, validation_loss, stopped },
            counts: Counts::of(measured, model),
            cleaning: measured.dataset.report(),
            seconds,
            versions: Versions::of(model),
            config: settings,
        };
        report::write(&report, path)?;
    }
    let mut out = std::io::stdout().lock();
    write!(out, "{}", Table { scores: &scores, first: validation.as_ref().map(|metrics| ("validation", metrics)) })?;
    out.flush()?;
    Ok(())
}

/// Where the state of training is kept.
fn state_path(model: &Path) -> PathBuf {
    let mut path = model.as_os_str().to_owned();
    path.push(".state");
    path.into()
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn minutes(text: &str) -> Result<Duration> {
    let minutes: f64 = text.parse()?;
    match Duration::try_from_secs_f64(60.0 * minutes) {
        Ok(duration) => Ok(duration),
        Err(_) => bail!("must be a number of at least 0"),
    }
}

/// Tells people how it goes.
fn say(message: fmt::Arguments<'_>) {
    // Nobody listens: no reason to stop.
    let _ = writeln!(std::io::stderr(), "{message}");
}
