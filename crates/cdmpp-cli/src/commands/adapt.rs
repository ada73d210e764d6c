//! `cdmpp adapt`: from a model of known hardware or networks to one of new ones.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use cdmpp::workflow::{AdaptRequest, AdaptSettings, AdaptTarget, DiscrepancyName, ProgramList, WorkflowError, adapt};

use crate::commands::choice::{self, ChoiceArgs};
use crate::data::{DataArgs, load_model};
use crate::outputs::{say, write_lines, write_report};
use crate::progress::Bars;
use crate::table::Table;
use crate::{interrupt, new_file};

/// Adapts a model to new hardware or new networks
///
/// The records hold what the model was trained on, and programs measured on NAME. Of the latter only the measurements
/// that --measured or --budget allows are used; all others test the result, and have no influence on it. With a
/// discrepancy, the programs that were run on NAME take part without their latencies.
///
/// New networks are adapted to in the same way: with --on-networks the target is their programs, on whatever hardware.
///
/// Prints a table of the test set, before (zero-shot) and after.
#[derive(Debug, clap::Args)]
pub(crate) struct AdaptArgs {
    /// A checkpoint of `cdmpp train`
    model: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    target: TargetArgs,
    /// What may be used of the target's measurements, as JSON lines {"task": …} or {"task": …, "schedule": …}
    #[arg(long, value_name = "FILE", conflicts_with_all = ["budget", "must", "weights", "method"])]
    measured: Option<PathBuf>,
    /// Choose what may be used: this many tasks or programs, must-haves included
    #[arg(long, value_name = "K", value_parser = choice::budget)]
    budget: Option<usize>,
    #[command(flatten)]
    choice: ChoiceArgs,
    /// Draw source and target together by this discrepancy
    #[arg(long, value_name = "NAME", default_value = "none")]
    discrepancy: Discrepancy,
    /// Settings (TOML): the tables `adaptation` and `cleaning`
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the adapted checkpoint goes (one safetensors file)
    #[arg(long, value_name = "MODEL")]
    out: PathBuf,
    /// Write a JSON report
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write every prediction of the test set beside its measurement, as JSON lines
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,
}

/// What the model is to be made right on.
#[derive(Debug, clap::Args)]
#[group(required = true)]
struct TargetArgs {
    /// The new hardware, which MODEL was not trained on
    #[arg(long, value_name = "NAME")]
    on: Option<String>,
    /// New networks, instead of new hardware: all programs of theirs, on all hardware; other programs of their tasks are
    /// left out
    #[arg(long, value_name = "A,B", value_delimiter = ',', conflicts_with = "on")]
    on_networks: Vec<String>,
}

impl TargetArgs {
    fn target(&self) -> AdaptTarget {
        self.on.clone().map_or_else(|| AdaptTarget::Networks(self.on_networks.clone()), AdaptTarget::Hardware)
    }
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Discrepancy {
    /// Central moments
    Cmd,
    /// Kernel means
    Mmd,
    /// Covariances
    Coral,
    /// No discrepancy
    None,
}

impl Discrepancy {
    fn name(self) -> Option<DiscrepancyName> {
        match self {
            Self::Cmd => Some(DiscrepancyName::Cmd),
            Self::Mmd => Some(DiscrepancyName::Mmd),
            Self::Coral => Some(DiscrepancyName::Coral),
            Self::None => None,
        }
    }
}

pub(crate) fn run(args: &AdaptArgs, seed: Option<u64>) -> Result<ExitCode> {
    let settings = settings(args, seed)?;
    new_file::check_places([&args.out].into_iter().chain(&args.report).chain(&args.predictions))?;
    let discrepancy = args.discrepancy.name();
    if args.measured.is_none() && args.budget.is_none() && discrepancy.is_none() {
        bail!("there is nothing to adapt by: give --measured, --budget or --discrepancy");
    }
    let mut model = load_model(&args.model)?;
    let mut request = AdaptRequest::new(args.data.request()?, args.target.target());
    request.measured = args.measured.as_deref().map(ProgramList::read).transpose()?;
    request.budget = args.budget;
    request.choice = args.choice.request()?;
    request.discrepancy = discrepancy;
    request.settings = settings;
    let mut bars = Bars::new();
    let adapted = match adapt(&mut model, &request, &mut |progress| bars.show(progress)) {
        Err(WorkflowError::Stopped) => {
            bars.finish();
            say(format_args!("interrupted; {} is not written", args.out.display()));
            return Ok(ExitCode::from(interrupt::EXIT_CODE));
        }
        adapted => adapted.map_err(|error| args.data.place(error))?,
    };
    bars.finish();
    model.save(&args.out)?;
    if let Some(path) = &args.predictions {
        write_lines(&adapted.predictions, path)?;
    }
    if let Some(path) = &args.report {
        write_report(&adapted.report, path)?;
    }
    let first = adapted.report.zero_shot.overall.as_ref().map(|metrics| ("zero-shot", metrics));
    let mut out = std::io::stdout().lock();
    write!(out, "{}", Table { scores: &adapted.report.adapted, first })?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The settings file, changed by the command line.
fn settings(args: &AdaptArgs, seed: Option<u64>) -> Result<AdaptSettings> {
    let mut settings = args.config.as_deref().map_or(Ok(AdaptSettings::default()), AdaptSettings::load)?;
    args.data.change(&mut settings.cleaning);
    let tuning = &mut settings.adaptation.tuning;
    tuning.seed = seed.unwrap_or(tuning.seed);
    settings.check()?;
    Ok(settings)
}
