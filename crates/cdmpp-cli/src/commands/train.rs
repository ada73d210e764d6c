//! `cdmpp train`: from measured programs to a checkpoint.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use cdmpp::data::SplitBy;
use cdmpp::ir::BuiltIn;
use cdmpp::model::train::Outcome;
use cdmpp::workflow::{TrainRequest, TrainSettings, WorkflowError, train};

use crate::data::DataArgs;
use crate::outputs::{say, write_lines, write_report};
use crate::progress::Bars;
use crate::table::Table;
use crate::{interrupt, new_file};

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
    #[arg(long, value_name = "NAME", default_value = "ansor")]
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

/// What the test and validation sets are made of.
#[derive(Debug, clap::Args)]
struct SplitArgs {
    /// Test on the programs of these networks, whose tasks are then in no other set
    ///
    /// May be given together with --test-hardware: the test set is then what is held out for either.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    test_networks: Vec<String>,
    /// Test on the measurements on these hardware
    #[arg(long, value_name = "X,Y", value_delimiter = ',')]
    test_hardware: Vec<String>,
    /// Test on about this fraction of the tasks, with all their programs
    #[arg(long, value_name = "FRACTION", conflicts_with_all = ["test_networks", "test_hardware"])]
    test_tasks: Option<f64>,
    /// Test on about this fraction of the programs
    #[arg(long, value_name = "FRACTION", conflicts_with_all = ["test_networks", "test_hardware", "test_tasks"])]
    test_records: Option<f64>,
    /// Validate on about this fraction of the rest
    #[arg(long, value_name = "FRACTION", default_value_t = 0.1)]
    validation: f64,
}

impl SplitArgs {
    fn by(&self) -> SplitBy {
        let (networks, hardware) = (self.test_networks.clone(), self.test_hardware.clone());
        match (self.test_tasks, self.test_records) {
            (Some(fraction), _) => SplitBy::Tasks(fraction),
            (_, Some(fraction)) => SplitBy::Records(fraction),
            _ => match (networks.is_empty(), hardware.is_empty()) {
                (true, true) => SplitBy::NoTest,
                (false, true) => SplitBy::Networks(networks),
                (true, false) => SplitBy::Hardware(hardware),
                (false, false) => SplitBy::NetworksAndHardware { networks, hardware },
            },
        }
    }
}

pub(crate) fn run(args: &TrainArgs, seed: Option<u64>) -> Result<ExitCode> {
    let settings = settings(args, seed)?;
    BuiltIn::named(&args.features).map_err(WorkflowError::from)?;
    new_file::check_places([&args.out].into_iter().chain(&args.report).chain(&args.predictions))?;
    let epochs = settings.training.epochs;
    let mut request = TrainRequest::new(args.data.request()?);
    request.split = args.split.by();
    request.validation = args.split.validation;
    request.settings = settings;
    request.features = args.features.clone();
    request.time_limit = args.minutes;
    request.out = Some(args.out.clone());
    request.resume = args.resume;

    let mut bars = Bars::new();
    let trained = train(&request, &mut |progress| bars.show(progress)).map_err(|error| args.data.place(error))?;
    bars.finish();
    if let Some(stop) = trained.stop {
        let Outcome { epochs: done, best_epoch, .. } = trained.outcome;
        say(format_args!(
            "{stop} after epoch {done} of {epochs}; {} has the best so far, epoch {best_epoch}; to go on, repeat the command with --resume",
            args.out.display()
        ));
    }
    let Some(report) = trained.report else { return Ok(ExitCode::from(interrupt::EXIT_CODE)) };
    if let Some(path) = &args.predictions {
        write_lines(&trained.predictions, path)?;
    }
    if let Some(path) = &args.report {
        write_report(&report, path)?;
    }
    let first = report.validation.as_ref().map(|metrics| ("validation", metrics));
    let mut out = std::io::stdout().lock();
    write!(out, "{}", Table { scores: &report.scores, first })?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The settings file, changed by the command line.
fn settings(args: &TrainArgs, seed: Option<u64>) -> Result<TrainSettings> {
    let mut settings = args.config.as_deref().map_or(Ok(TrainSettings::default()), TrainSettings::load)?;
    args.data.change(&mut settings.cleaning);
    let training = &mut settings.training;
    training.epochs = args.epochs.unwrap_or(training.epochs);
    training.seed = seed.unwrap_or(training.seed);
    settings.check()?;
    Ok(settings)
}

fn minutes(text: &str) -> Result<Duration> {
    let minutes: f64 = text.parse()?;
    match Duration::try_from_secs_f64(60.0 * minutes) {
        Ok(duration) => Ok(duration),
        Err(_) => bail!("must be a number of at least 0"),
    }
}
