//! Compares a model's predictions with measurements.
//!
//! All measurements of the record files are predicted, whether the model was trained on them or not.
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
//! # let model = train(&small, &mut |_| ControlFlow::Continue(()))?.model;
//! use cdmpp_workflow::{EvaluateRequest, evaluate};
//!
//! let evaluated = evaluate(&model, &EvaluateRequest::new(data), &mut |_| ControlFlow::Continue(()))?;
//! println!("{:?}", evaluated.report.scores.by_hardware["cpu"]);
//! assert_eq!(evaluated.predictions.len(), 40);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::time::Instant;

use cdmpp_data::{CleanConfig, CleanReport};
use cdmpp_ir::BuiltIn;
use cdmpp_model::Predictor;
use serde::{Deserialize, Serialize};

use crate::error::{Result, WorkflowError};
use crate::measured::{DataRequest, Measured};
use crate::near::check_names;
use crate::predicted_measurement::PredictedMeasurement;
use crate::progress::OnProgress;
use crate::scores::{Counts, Scores, Versions};

/// On what to evaluate a model.
#[derive(Clone, Debug)]
pub struct EvaluateRequest {
    /// The measurements.
    pub data: DataRequest,
    /// How they are cleaned.
    pub cleaning: CleanConfig,
    /// Only the programs that these networks use; all if there is none.
    pub networks: Vec<String>,
    /// Only the measurements on these hardware; all if there is none.
    pub only_hardware: Vec<String>,
    /// A seed that the report repeats; nothing here is random.
    pub seed: Option<u64>,
}

impl EvaluateRequest {
    /// Evaluation on all of the data.
    #[must_use]
    pub fn new(data: DataRequest) -> Self {
        Self { data, cleaning: CleanConfig::default(), networks: Vec::new(), only_hardware: Vec::new(), seed: None }
    }
}

/// How good a model is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EvaluateOutcome {
    /// The metrics.
    pub report: EvaluateReport,
    /// Every prediction beside its measurement.
    pub predictions: Vec<PredictedMeasurement>,
}

/// The report of an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EvaluateReport {
    /// The version of this form.
    pub version: u32,
    /// The metrics.
    #[serde(flatten)]
    pub scores: Scores,
    /// The networks asked for.
    pub networks: Vec<String>,
    /// The hardware asked for.
    pub only_hardware: Vec<String>,
    /// The seed of the request.
    pub seed: Option<u64>,
    /// How much data there was.
    pub counts: Counts,
    /// What was dropped of it.
    pub cleaning: CleanReport,
    /// How long it took.
    pub seconds: EvaluateSeconds,
    /// What made the report.
    pub versions: Versions,
}

/// The wall time of the parts of an evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EvaluateSeconds {
    /// Reading, cleaning and encoding.
    pub load: f64,
    /// Prediction.
    pub evaluate: f64,
}

/// Evaluates a model.
///
/// # Errors
/// If files cannot be read, the data are unfit, a name is unknown, or no measurement is left;
/// [`WorkflowError::Stopped`] if the callback stops it.
pub fn evaluate(
    model: &Predictor,
    request: &EvaluateRequest,
    on_progress: &mut OnProgress<'_>,
) -> Result<EvaluateOutcome> {
    let started = Instant::now();
    let built_in = BuiltIn::of_schema(model.schema())?;
    let measured = request.data.load(built_in, &request.cleaning, on_progress)?;
    let indices = select(&measured, &request.networks, &request.only_hardware)?;
    let load = started.elapsed().as_secs_f64();

    let started = Instant::now();
    let scored = measured.score(model, &indices)?;
    let networks = (!request.networks.is_empty()).then_some(request.networks.as_slice());
    let scores = Scores::of(&measured, &indices, &scored, networks);
    let evaluate = started.elapsed().as_secs_f64();
    let report = EvaluateReport {
        version: 1,
        scores,
        networks: request.networks.clone(),
        only_hardware: request.only_hardware.clone(),
        seed: request.seed,
        counts: Counts::of(&measured, model),
        cleaning: measured.dataset.report().clone(),
        seconds: EvaluateSeconds { load, evaluate },
        versions: Versions::of(model),
    };
    Ok(EvaluateOutcome { report, predictions: PredictedMeasurement::of_all(&measured, &indices, &scored) })
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
        return Err(WorkflowError::NothingSelected { networks: networks.to_vec(), hardware: hardware.to_vec() });
    }
    Ok(indices)
}
