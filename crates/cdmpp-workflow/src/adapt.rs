//! Adapts a model to new hardware or new networks.
//!
//! The records hold what the model was trained on, and programs of the target. Of the target's measurements only those
//! that the request allows are used; all others test the result, and have no influence on it. With a discrepancy, the
//! programs of the target take part without their latencies.
//!
//! # Examples
//! `model` is a trained model and `data` a request of the measured programs of a file.
//! ```
//! # use std::ops::ControlFlow;
//! # use cdmpp_hardware::HardwareTable;
//! # use cdmpp_workflow::{DataRequest, TrainRequest, train};
//! # let mut records = String::new();
//! # for n in 1..=20 {
//! #     let program = format!("program scale(x: float32[{n}]) {{ for i in 0..{n} {{ x[i] = x[i] * 2.0 }} }}");
//! #     records += &format!(
//! #         "{{\"task\": \"scale{n}\", \"name\": \"scale\", \"networks\": {{}}, \"schedule\": 0, \"program\": \"{program}\", \"latency_s\": {{\"cpu\": [{n}e-6], \"new\": [{n}e-7]}}}}\n"
//! #     );
//! # }
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("records.jsonl");
//! # std::fs::write(&file, records)?;
//! # let hardware = HardwareTable::from_json(r#"[{"name": "cpu", "compute_units": 4}, {"name": "new", "compute_units": 40}]"#)?;
//! # let data = DataRequest::new([&file], hardware.clone());
//! # let mut small = TrainRequest::new(data.clone());
//! # small.settings.training.epochs = 1;
//! # small.settings.model.transformer.d_model = 8;
//! # let mut model = train(&small, &mut |_| ControlFlow::Continue(()))?.model;
//! use cdmpp_workflow::{AdaptRequest, AdaptTarget, adapt};
//!
//! let mut request = AdaptRequest::new(data, AdaptTarget::Hardware("new".to_owned()));
//! request.budget = Some(4);
//! # request.settings.adaptation.tuning.epochs = 1;
//! # request.settings.adaptation.tuning.steps_per_epoch = 1;
//! let adapted = adapt(&mut model, &request, &mut |_| ControlFlow::Continue(()))?;
//! assert_eq!(adapted.report.measured.n_tasks, 4);
//! assert_eq!(adapted.predictions.len(), 16);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod baselines;
mod data;
mod discrepancy;
mod domains;
mod target;

use std::time::Instant;

use cdmpp_data::CleanReport;
use cdmpp_ir::BuiltIn;
use cdmpp_model::train::{AlignedLayer, Labelled, StopReason, Tuned, adapt as align, fine_tune};
use cdmpp_model::{Predictor, Query};
use serde::{Deserialize, Serialize};

pub use self::baselines::{Baseline, Baselines};
use self::data::Data;
pub use self::discrepancy::DiscrepancyName;
use self::domains::Domains;
pub use self::target::AdaptTarget;
use crate::choice::{ChoiceMethod, ChoiceRequest, ChoiceUnit};
use crate::error::{Result, WorkflowError};
use crate::measured::DataRequest;
use crate::predicted_measurement::PredictedMeasurement;
use crate::program_list::{Entry, ProgramList};
use crate::progress::{OnProgress, Progress};
use crate::scores::{Counts, Scores, Versions};
use crate::settings::AdaptSettings;

/// What to adapt a model to, and by what.
#[derive(Clone, Debug)]
pub struct AdaptRequest {
    /// The measurements of source and target.
    pub data: DataRequest,
    /// What is new.
    pub target: AdaptTarget,
    /// What may be used of the target's measurements.
    pub measured: Option<ProgramList>,
    /// Choose so many tasks or programs that may be used, must-haves included. Without effect beside
    /// [`measured`](Self::measured).
    pub budget: Option<usize>,
    /// How to choose them, and what is held out together.
    pub choice: ChoiceRequest,
    /// What draws source and target together, if anything.
    pub discrepancy: Option<DiscrepancyName>,
    /// The settings, with the seed of everything random.
    pub settings: AdaptSettings,
}

impl AdaptRequest {
    /// Adaptation by the default settings; what to use of the target is for the caller to fill in.
    #[must_use]
    pub fn new(data: DataRequest, target: AdaptTarget) -> Self {
        Self {
            data,
            target,
            measured: None,
            budget: None,
            choice: ChoiceRequest::default(),
            discrepancy: None,
            settings: AdaptSettings::default(),
        }
    }
}

/// How good an adapted model is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AdaptOutcome {
    /// The metrics.
    pub report: AdaptReport,
    /// Every prediction of the test set beside its measurement.
    pub predictions: Vec<PredictedMeasurement>,
}

/// The report of an adaptation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AdaptReport {
    /// The version of this form.
    pub version: u32,
    /// What is new.
    #[serde(flatten)]
    pub target: AdaptTarget,
    /// Of the test set, after adaptation.
    #[serde(flatten)]
    pub adapted: Scores,
    /// Of the test set, before adaptation.
    pub zero_shot: Scores,
    /// Of the test set, without a model.
    pub baselines: Baselines,
    /// What was used of the target.
    pub measured: MeasuredPart,
    /// How far apart source and target are, if they were drawn together.
    pub discrepancy: Option<Distance>,
    /// How tuning ended.
    pub training: TuningSummary,
    /// The seed of everything random.
    pub seed: u64,
    /// How much data there was.
    pub counts: Counts,
    /// What was dropped of it.
    pub cleaning: CleanReport,
    /// How long it took.
    pub seconds: AdaptSeconds,
    /// What made the report.
    pub versions: Versions,
    /// The settings.
    pub config: AdaptSettings,
}

/// What was used of the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasuredPart {
    /// Tasks.
    pub n_tasks: usize,
    /// Programs.
    pub n_programs: usize,
    /// Measurements.
    pub n_measurements: usize,
    /// What is held out together.
    pub unit: ChoiceUnit,
    /// How many were to be chosen, if any.
    pub budget: Option<usize>,
    /// How they were chosen.
    pub method: Option<ChoiceMethod>,
    /// What was listed or chosen, in that order.
    pub chosen: Vec<Entry>,
}

/// How far apart source and target are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distance {
    /// The discrepancy.
    pub name: DiscrepancyName,
    /// What it compares.
    pub layer: AlignedLayer,
    /// Its value before adaptation.
    pub before: f32,
    /// Its value after adaptation.
    pub after: f32,
}

/// How tuning ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TuningSummary {
    /// Epochs of the last run.
    pub epochs: usize,
    /// The mean loss of what was held out, by epoch.
    pub held_out_losses: Vec<f64>,
    /// Why it ended.
    pub stopped: String,
}

/// The wall time of the parts of an adaptation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AdaptSeconds {
    /// Reading, cleaning and encoding.
    pub load: f64,
    /// The choice of what to use.
    pub choose: f64,
    /// Tuning.
    pub adapt: f64,
    /// Testing.
    pub evaluate: f64,
}

/// Adapts a model in place, and tests it.
///
/// # Errors
/// If the settings are out of range, files cannot be read, the data are unfit or tuning diverges;
/// [`WorkflowError::Stopped`] if the callback stops it. The model is then as it was.
pub fn adapt(model: &mut Predictor, request: &AdaptRequest, on_progress: &mut OnProgress<'_>) -> Result<AdaptOutcome> {
    let mut settings = request.settings.clone();
    settings.check()?;
    if request.measured.is_none() && request.budget.is_none() && request.discrepancy.is_none() {
        return Err(WorkflowError::NothingToAdaptBy);
    }
    let mut seconds = AdaptSeconds::default();
    let started = Instant::now();
    let built_in = BuiltIn::of_schema(model.schema())?;
    let measured = request.data.load(built_in, &settings.cleaning, on_progress)?;
    let asts = measured.asts()?;
    let data = Data { measured: &measured, asts: &asts };
    seconds.load = started.elapsed().as_secs_f64();

    let started = Instant::now();
    let domains = Domains::new(&measured, &asts, model, request, settings.adaptation.tuning.seed)?;
    seconds.choose = started.elapsed().as_secs_f64();
    let divided = Progress::Domains {
        cleaning: measured.dataset.report(),
        n_source: domains.source.len(),
        n_measured: domains.measured.len(),
        n_groups: domains.n_groups(),
        n_test: domains.test.len(),
    };
    if on_progress(divided).is_break() {
        return Err(WorkflowError::Stopped);
    }
    let aligned = match (request.discrepancy, settings.adaptation.layer) {
        (None, _) => None,
        (Some(discrepancy), Some(layer)) => Some((discrepancy, layer)),
        (Some(discrepancy), None) => {
            let (source, target) = (data.samples(&domains.source)?, data.queries(&domains.target)?);
            let layer = AlignedLayer::between(&(&source).into(), &(&target).into());
            settings.adaptation.layer = Some(layer);
            Some((discrepancy, layer))
        }
    };
    let distance = |model: &Predictor| aligned.map(|by| data.distance(model, &domains, by)).transpose();
    let networks = request.target.networks();

    let started = Instant::now();
    let zero_shot = Scores::of(&measured, &domains.test, &measured.score(model, &domains.test)?, networks);
    let before = distance(model)?;
    seconds.evaluate = started.elapsed().as_secs_f64();

    let started = Instant::now();
    let tuned = tune(model, data, &domains, request.discrepancy, &settings, on_progress)?;
    seconds.adapt = started.elapsed().as_secs_f64();

    let started = Instant::now();
    let scored = measured.score(model, &domains.test)?;
    let adapted = Scores::of(&measured, &domains.test, &scored, networks);
    let after = distance(model)?;
    seconds.evaluate += started.elapsed().as_secs_f64();
    let discrepancy =
        aligned.zip(before.zip(after)).map(|((name, layer), (before, after))| Distance { name, layer, before, after });
    let report = AdaptReport {
        version: 1,
        target: request.target.clone(),
        adapted,
        zero_shot,
        baselines: Baselines::new(&measured, &asts, &domains, &scored),
        measured: MeasuredPart {
            n_tasks: domains.n_tasks(&measured),
            n_programs: domains.n_programs(&measured),
            n_measurements: domains.measured.len(),
            unit: request.choice.unit,
            budget: request.budget,
            method: request.budget.map(|_| request.choice.method),
            chosen: domains.chosen.clone(),
        },
        discrepancy,
        training: TuningSummary {
            epochs: tuned.epochs,
            stopped: format!("{:?}", tuned.reason).to_lowercase(),
            held_out_losses: tuned.held_out_losses,
        },
        seed: settings.adaptation.tuning.seed,
        counts: Counts::of(&measured, model),
        cleaning: measured.dataset.report().clone(),
        seconds,
        versions: Versions::of(model),
        config: settings,
    };
    Ok(AdaptOutcome { report, predictions: PredictedMeasurement::of_all(&measured, &domains.test, &scored) })
}

/// Tunes the model; it is as it was if the callback stops that.
fn tune(
    model: &mut Predictor,
    data: Data<'_>,
    domains: &Domains,
    discrepancy: Option<DiscrepancyName>,
    settings: &AdaptSettings,
    on_progress: &mut OnProgress<'_>,
) -> Result<Tuned> {
    let (source, samples) = (data.samples(&domains.source)?, data.samples(&domains.measured)?);
    let labelled = Labelled { source: &(&source).into(), measured: &(&samples).into(), groups: &domains.groups };
    let config = &settings.adaptation;
    let mut on_epoch = |epoch: &_| on_progress(Progress::TuningEpoch(epoch));
    let tuned = match discrepancy {
        None => fine_tune(model, &labelled, &config.tuning, &mut on_epoch)?,
        Some(discrepancy) => {
            let target: Vec<Query<'_>> = data.queries(&domains.target)?;
            let between =
                |source: &[f32], target: &[f32], width: usize| Ok(discrepancy.between(source, target, width)?);
            align(model, &labelled, &(&target).into(), &between, config, &mut on_epoch)?
        }
    };
    if tuned.reason == StopReason::Interrupted {
        return Err(WorkflowError::Stopped);
    }
    Ok(tuned)
}
