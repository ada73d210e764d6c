//! `cdmpp adapt`: from a model of known hardware or networks to one of new ones.

mod baselines;
mod data;
mod discrepancy;
mod domains;
mod settings;
mod target;

use std::fmt;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use cdmpp::data::CleanReport;
use cdmpp::model::train::{AlignedLayer, Labelled, StopReason, Tuned, TuningEpoch, adapt, fine_tune};
use cdmpp::model::{Predictor, Query};
use serde::Serialize;

use self::baselines::Baselines;
use self::data::Data;
use self::discrepancy::Discrepancy;
use self::domains::Domains;
use self::settings::Settings;
use self::target::{Target, TargetArgs};
use crate::choice::{self, ChoiceArgs, Method, Unit};
use crate::interrupt::{self, Interrupt};
use crate::measured::DataArgs;
use crate::program_list::Entry;
use crate::report::{Counts, Scores, Versions};
use crate::table::Table;
use crate::{featurizer, new_file, predictions, progress, report};

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

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    target: &'a Target,
    /// Of the test set, after adaptation.
    #[serde(flatten)]
    adapted: &'a Scores,
    zero_shot: &'a Scores,
    baselines: &'a Baselines,
    measured: MeasuredPart<'a>,
    discrepancy: Option<Distance>,
    training: Training<'a>,
    seed: u64,
    counts: Counts,
    cleaning: &'a CleanReport,
    seconds: Seconds,
    versions: Versions,
    config: &'a Settings,
}

/// What was used of the target.
#[derive(Serialize)]
struct MeasuredPart<'a> {
    n_tasks: usize,
    n_programs: usize,
    n_measurements: usize,
    unit: Unit,
    budget: Option<usize>,
    method: Option<Method>,
    chosen: &'a [Entry],
}

/// How far apart source and target are.
#[derive(Clone, Copy, Serialize)]
struct Distance {
    name: Discrepancy,
    layer: AlignedLayer,
    before: f32,
    after: f32,
}

#[derive(Serialize)]
struct Training<'a> {
    epochs: usize,
    held_out_losses: &'a [f64],
    stopped: String,
}

#[derive(Default, Serialize)]
struct Seconds {
    load: f64,
    choose: f64,
    adapt: f64,
    evaluate: f64,
}

pub(crate) fn run(args: &AdaptArgs, seed: Option<u64>) -> Result<ExitCode> {
    let mut settings = settings(args, seed)?;
    new_file::check_places([&args.out].into_iter().chain(&args.report).chain(&args.predictions))?;
    if args.measured.is_none() && args.budget.is_none() && args.discrepancy == Discrepancy::None {
        bail!("there is nothing to adapt by: give --measured, --budget or --discrepancy");
    }
    let mut seconds = Seconds::default();
    let started = Instant::now();
    let mut model = Predictor::load(&args.model)?;
    let built_in = featurizer::of_schema(model.schema()).with_context(|| args.model.display().to_string())?;
    let measured = args.data.load(built_in, &settings.cleaning)?;
    let asts = measured.asts()?;
    let data = Data { measured: &measured, asts: &asts };
    seconds.load = started.elapsed().as_secs_f64();

    let started = Instant::now();
    let target = args.target.target();
    let domains = Domains::new(&measured, &asts, &model, (&target, args), settings.adaptation.tuning.seed)?;
    seconds.choose = started.elapsed().as_secs_f64();
    say(format_args!("{}\n{domains}", measured.dataset.report()));
    let aligned = match (args.discrepancy, settings.adaptation.layer) {
        (Discrepancy::None, _) => None,
        (discrepancy, Some(layer)) => Some((discrepancy, layer)),
        (discrepancy, None) => {
            let (source, target) = (data.samples(&domains.source)?, data.queries(&domains.target)?);
            let layer = AlignedLayer::between(&(&source).into(), &(&target).into());
            settings.adaptation.layer = Some(layer);
            Some((discrepancy, layer))
        }
    };
    let distance = |model: &Predictor| aligned.map(|by| data.distance(model, &domains, by)).transpose();

    let started = Instant::now();
    let zero_shot = Scores::of(&measured, &domains.test, &measured.score(&model, &domains.test)?, target.networks());
    let before = distance(&model)?;
    seconds.evaluate = started.elapsed().as_secs_f64();

    let started = Instant::now();
    let tuned = tune(&mut model, data, &domains, args.discrepancy, &settings)?;
    seconds.adapt = started.elapsed().as_secs_f64();
    if tuned.reason == StopReason::Interrupted {
        say(format_args!("interrupted; {} is not written", args.out.display()));
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    }
    model.save(&args.out)?;

    let started = Instant::now();
    let scored = measured.score(&model, &domains.test)?;
    let adapted = Scores::of(&measured, &domains.test, &scored, target.networks());
    let after = distance(&model)?;
    seconds.evaluate += started.elapsed().as_secs_f64();
    if let Some(path) = &args.predictions {
        predictions::write(&measured, &domains.test, &scored, path)?;
    }
    if let Some(path) = &args.report {
        let report = Report {
            target: &target,
            adapted: &adapted,
            zero_shot: &zero_shot,
            baselines: &Baselines::new(&measured, &asts, &domains, &scored),
            measured: MeasuredPart {
                n_tasks: domains.n_tasks(&measured),
                n_programs: domains.n_programs(&measured),
                n_measurements: domains.measured.len(),
                unit: args.choice.unit,
                budget: args.budget,
                method: args.budget.map(|_| args.choice.method),
                chosen: &domains.chosen,
            },
            discrepancy: aligned.zip(before.zip(after)).map(|((name, layer), (before, after))| Distance {
                name,
                layer,
                before,
                after,
            }),
            training: Training {
                epochs: tuned.epochs,
                held_out_losses: &tuned.held_out_losses,
                stopped: format!("{:?}", tuned.reason).to_lowercase(),
            },
            seed: settings.adaptation.tuning.seed,
            counts: Counts::of(&measured, &model),
            cleaning: measured.dataset.report(),
            seconds,
            versions: Versions::of(&model),
            config: &settings,
        };
        report::write(&report, path)?;
    }
    let first = zero_shot.overall.as_ref().map(|metrics| ("zero-shot", metrics));
    let mut out = std::io::stdout().lock();
    write!(out, "{}", Table { scores: &adapted, first })?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The settings file, changed by the command line.
fn settings(args: &AdaptArgs, seed: Option<u64>) -> Result<Settings> {
    let mut settings = args.config.as_deref().map_or(Ok(Settings::default()), Settings::load)?;
    args.data.change(&mut settings.cleaning);
    let tuning = &mut settings.adaptation.tuning;
    tuning.seed = seed.unwrap_or(tuning.seed);
    settings.check()?;
    Ok(settings)
}

/// Adapts the model.
fn tune(
    model: &mut Predictor,
    data: Data<'_>,
    domains: &Domains,
    discrepancy: Discrepancy,
    settings: &Settings,
) -> Result<Tuned> {
    let (source, samples) = (data.samples(&domains.source)?, data.samples(&domains.measured)?);
    let labelled = Labelled { source: &(&source).into(), measured: &(&samples).into(), groups: &domains.groups };
    let config = &settings.adaptation;
    let interrupt = Interrupt::install()?;
    let bar = progress::of_epochs(0);
    let mut on_epoch = |epoch: &TuningEpoch| {
        bar.set_length((epoch.n_runs * config.tuning.epochs) as u64);
        bar.set_position(((epoch.run - 1) * config.tuning.epochs + epoch.number) as u64);
        let held_out = epoch.held_out_loss.map_or(String::new(), |loss| format!(", held out {loss:.3}"));
        bar.set_message(format!("loss {:.3}{held_out}", epoch.train_loss));
        if interrupt.is_wished() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let tuned = if discrepancy == Discrepancy::None {
        fine_tune(model, &labelled, &config.tuning, &mut on_epoch)?
    } else {
        let target: Vec<Query<'_>> = data.queries(&domains.target)?;
        let between = |source: &[f32], target: &[f32], width: usize| {
            Ok(discrepancy.between(source, target, width)?.unwrap_or_default())
        };
        adapt(model, &labelled, &(&target).into(), &between, config, &mut on_epoch)?
    };
    bar.finish_and_clear();
    Ok(tuned)
}

/// Tells people how it goes.
fn say(message: fmt::Arguments<'_>) {
    // Nobody listens: no reason to stop.
    let _ = writeln!(std::io::stderr(), "{message}");
}
