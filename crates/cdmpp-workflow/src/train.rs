//! Trains a model on measured programs, and tests it.
//!
//! The test set is never trained on; the report is about it. The model is that of the epoch with the lowest validation
//! loss. With a file for the model, the best one so far is there while training goes on, and the state of training
//! beside it (`MODEL.state`), from which the same request with [`resume`](TrainRequest::resume) goes on with the same
//! result as if it had never stopped.
//!
//! # Examples
//! ```
//! use std::ops::ControlFlow;
//!
//! use cdmpp_data::SplitBy;
//! use cdmpp_hardware::HardwareTable;
//! use cdmpp_workflow::{DataRequest, Progress, TrainRequest, train};
//!
//! let mut records = String::new();
//! for n in 1..=20 {
//!     let program = format!("program scale(x: float32[{n}]) {{ for i in 0..{n} {{ x[i] = x[i] * 2.0 }} }}");
//!     records += &format!(
//!         "{{\"task\": \"scale{n}\", \"name\": \"scale\", \"networks\": {{}}, \"schedule\": 0, \"program\": \"{program}\", \"latency_s\": {{\"cpu\": [{n}e-6]}}}}\n"
//!     );
//! }
//! let folder = tempfile::tempdir()?;
//! let file = folder.path().join("records.jsonl");
//! std::fs::write(&file, records)?;
//! let hardware = HardwareTable::from_json(r#"[{"name": "cpu", "compute_units": 4}]"#)?;
//!
//! let mut request = TrainRequest::new(DataRequest::new([&file], hardware));
//! request.split = SplitBy::Tasks(0.2);
//! request.settings.training.epochs = 3;
//! request.settings.model.transformer.d_model = 8;
//! let trained = train(&request, &mut |progress| {
//!     if let Progress::Epoch(epoch) = progress {
//!         assert!(epoch.train_loss.is_finite());
//!     }
//!     ControlFlow::Continue(())
//! })?;
//! let report = trained.report.expect("it was not stopped");
//! assert_eq!(report.history.len(), 3);
//! assert!(report.scores.overall.is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod keeper;
mod partition;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cdmpp_data::{CleanReport, SplitBy};
use cdmpp_ir::BuiltIn;
use cdmpp_model::train::{Outcome, TrainState, fit, resume};
use cdmpp_model::{Metrics, Predictor};
use serde::{Deserialize, Serialize};

use self::keeper::Keeper;
pub use self::keeper::{EpochSummary, Stop};
use self::partition::Partition;
pub use self::partition::SplitSummary;
use crate::error::{At, Result, WorkflowError};
use crate::measured::{DataRequest, Measured};
use crate::predicted_measurement::PredictedMeasurement;
use crate::progress::{OnProgress, Progress};
use crate::scores::{Counts, Scores, Versions};
use crate::settings::TrainSettings;

/// What to train, on what.
#[derive(Clone, Debug)]
pub struct TrainRequest {
    /// The measurements.
    pub data: DataRequest,
    /// What the test set is made of.
    pub split: SplitBy,
    /// About this fraction of the rest is for validation.
    pub validation: f64,
    /// The settings, with the seed of everything random.
    pub settings: TrainSettings,
    /// The name of the features, as [`BuiltIn::named`] knows it.
    pub features: String,
    /// Training stops before the epoch that would end later than this.
    pub time_limit: Option<Duration>,
    /// Where the checkpoint goes, if it is to be kept.
    pub out: Option<PathBuf>,
    /// Go on from the state beside [`out`](Self::out), with the same data and settings.
    pub resume: bool,
}

impl TrainRequest {
    /// Training by the default settings on all of the data, a tenth of it for validation.
    #[must_use]
    pub fn new(data: DataRequest) -> Self {
        Self {
            data,
            split: SplitBy::NoTest,
            validation: 0.1,
            settings: TrainSettings::default(),
            features: BuiltIn::all()[0].name().to_owned(),
            time_limit: None,
            out: None,
            resume: false,
        }
    }
}

/// A trained model, and how good it is.
#[derive(Debug)]
#[non_exhaustive]
pub struct TrainOutcome {
    /// The model of the best epoch.
    pub model: Predictor,
    /// Why training stopped early, if it did.
    pub stop: Option<Stop>,
    /// How training ended.
    pub outcome: Outcome,
    /// The test of the model; `None` if the callback stopped the training.
    pub report: Option<TrainReport>,
    /// Every prediction of the test set beside its measurement; empty without a report.
    pub predictions: Vec<PredictedMeasurement>,
}

/// The report of a training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TrainReport {
    /// The version of this form.
    pub version: u32,
    /// Of the test set.
    #[serde(flatten)]
    pub scores: Scores,
    /// Of the validation set.
    pub validation: Option<Metrics>,
    /// The sets.
    pub split: SplitSummary,
    /// The seed of everything random.
    pub seed: u64,
    /// How training ended.
    pub training: TrainingSummary,
    /// The epochs since training began or was resumed.
    pub history: Vec<EpochSummary>,
    /// How much data there was.
    pub counts: Counts,
    /// What was dropped of it.
    pub cleaning: CleanReport,
    /// How long it took.
    pub seconds: TrainSeconds,
    /// What made the report.
    pub versions: Versions,
    /// The settings.
    pub config: TrainSettings,
}

/// How training ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingSummary {
    /// Epochs done, those before a resumption included.
    pub epochs: usize,
    /// The epoch whose parameters the model has.
    pub best_epoch: usize,
    /// Its validation loss.
    pub validation_loss: Option<f64>,
    /// Why training ended.
    pub stopped: String,
}

/// The wall time of the parts of a training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainSeconds {
    /// Reading, cleaning and encoding.
    pub load: f64,
    /// Training.
    pub train: f64,
    /// Testing.
    pub evaluate: f64,
}

/// Trains a model, and tests it.
///
/// # Errors
/// If the settings are out of range, files cannot be read or written, the data are unfit, or training diverges;
/// [`WorkflowError::Stopped`] if the callback stops it before the first epoch.
pub fn train(request: &TrainRequest, on_progress: &mut OnProgress<'_>) -> Result<TrainOutcome> {
    let settings = &request.settings;
    settings.check()?;
    let built_in = BuiltIn::named(&request.features)?;
    let state_path = request.out.as_deref().map(state_path);
    let state = match &state_path {
        Some(path) if request.resume => Some(TrainState::load(path).at(|| "there is no training to resume")?),
        _ => None,
    };

    let mut seconds = TrainSeconds::default();
    let started = Instant::now();
    let measured = request.data.load(built_in, &settings.cleaning, on_progress)?;
    let seed = settings.training.seed;
    let partition = Partition::new(&measured, request.split.clone(), request.validation, seed)?;
    let columns = measured.hardware.performance_columns();
    let mut model = Predictor::new(&settings.model, built_in.featurizer(), &columns, seed)?;
    seconds.load = started.elapsed().as_secs_f64();

    let started = Instant::now();
    let n_parameters = model.parameters().n_parameters();
    let begin = Progress::Training { n_parameters, epochs: settings.training.epochs, seed };
    let divided = Progress::Divided { cleaning: measured.dataset.report(), counts: &partition.counts };
    if on_progress(divided).is_break() || on_progress(begin).is_break() {
        return Err(WorkflowError::Stopped);
    }
    let keeper = Keeper::new(request.out.as_deref().zip(state_path.clone()), request.time_limit, on_progress);
    let place = state_path.as_deref().map_or_else(|| "training".to_owned(), |path| path.display().to_string());
    let (outcome, stop, history) = learn(&mut model, &measured, &partition, settings, state, keeper, &place)?;
    seconds.train = started.elapsed().as_secs_f64();
    if let Some(path) = &request.out {
        model.save(path)?;
    }
    if let (Some(path), None) = (&state_path, stop) {
        remove(path)?;
    }
    if stop == Some(Stop::Interrupted) {
        return Ok(TrainOutcome { model, stop, outcome, report: None, predictions: Vec::new() });
    }

    let started = Instant::now();
    let test = &partition.split.test;
    let scored = measured.score(&model, test)?;
    let scores = Scores::of(&measured, test, &scored, partition.held_out_networks());
    let validated = measured.score(&model, &partition.split.validation)?;
    seconds.evaluate = started.elapsed().as_secs_f64();
    let Outcome { reason, epochs, best_epoch, validation_loss, .. } = outcome;
    let stopped = stop.map_or_else(|| format!("{reason:?}").to_lowercase(), |stop| stop.to_string());
    let report = TrainReport {
        version: 1,
        scores,
        validation: (!validated.is_empty()).then(|| Metrics::of(&validated)),
        split: partition.summary(),
        seed,
        training: TrainingSummary { epochs, best_epoch, validation_loss, stopped },
        history,
        counts: Counts::of(&measured, &model),
        cleaning: measured.dataset.report().clone(),
        seconds,
        versions: Versions::of(&model),
        config: settings.clone(),
    };
    let predictions = PredictedMeasurement::of_all(&measured, test, &scored);
    Ok(TrainOutcome { model, stop, outcome, report: Some(report), predictions })
}

/// Trains from the start or from a state.
fn learn(
    model: &mut Predictor,
    measured: &Measured,
    partition: &Partition,
    settings: &TrainSettings,
    state: Option<TrainState>,
    mut keeper: Keeper<'_, '_>,
    place: &str,
) -> Result<(Outcome, Option<Stop>, Vec<EpochSummary>)> {
    let training = measured.samples(&partition.split.train)?;
    let validation = measured.samples(&partition.split.validation)?;
    let config = &settings.training;
    let outcome = match state {
        Some(state) => resume(model, training, validation, config, state, &mut |epoch| keeper.keep(epoch)),
        None => fit(model, training, validation, config, &mut |epoch| keeper.keep(epoch)),
    };
    let outcome = outcome.at(|| place)?;
    let (stop, history) = keeper.finish()?;
    Ok((outcome, stop, history))
}

/// Where the state of training is kept: `MODEL.state`.
#[must_use]
pub fn state_path(model: &Path) -> PathBuf {
    let mut path = model.as_os_str().to_owned();
    path.push(".state");
    path.into()
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(WorkflowError::Remove { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
