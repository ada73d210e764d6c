//! Predicts how long programs take on hardware.
//!
//! # Examples
//! `model` is a trained model and `hardware` a table.
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
//! use cdmpp_workflow::{PredictRequest, predict};
//!
//! let program = folder.path().join("program.txt");
//! std::fs::write(&program, "program add(x: float32[64]) { for i in 0..64 { x[i] = x[i] + 1.0 } }")?;
//! let request = PredictRequest { files: vec![program], hardware: vec![hardware.get("new")?.clone()] };
//! predict(&model, &request, &mut |answers| {
//!     for answer in answers {
//!         println!("{} takes {} s on {}", answer.program, answer.seconds, answer.hardware);
//!     }
//!     ControlFlow::Continue(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use cdmpp_data::{Record, RecordReader, encode_records};
use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::{BuiltIn, CompactAst, Featurizer};
use cdmpp_model::{ModelError, Prediction, Predictor, Query};
use serde::{Deserialize, Serialize};

use crate::chunk::read_chunk;
use crate::error::{At, Result, WorkflowError};
use crate::program_file::{program_file_name, read_programs};

/// What to predict.
#[derive(Clone, Debug)]
pub struct PredictRequest {
    /// Files with TVMScript or the text form, or record files (`.jsonl`, `.jsonl.zst`); `-` is standard input.
    pub files: Vec<PathBuf>,
    /// The hardware; it need not be one that the model was trained on.
    pub hardware: Vec<HardwareSpec>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictedProgram {
    /// The file.
    pub file: String,
    /// The record of a record file.
    #[serde(flatten)]
    pub record: Option<PredictedRecord>,
    /// The name of the program.
    pub program: String,
    /// The hardware.
    pub hardware: String,
    /// The latency, in seconds.
    pub seconds: f64,
    /// Whether the file has no other program.
    #[serde(skip)]
    pub is_alone: bool,
}

/// Where a record is, and what it is of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictedRecord {
    /// The line.
    pub line: u64,
    /// The task.
    pub task: String,
    /// The program of the task.
    pub schedule: i64,
}

/// Records that are in memory at a time.
const CHUNK: usize = 1024;

/// Predicts program after program, each on every hardware, and passes on the answers of each program or part of a record file.
///
/// # Errors
/// If a file cannot be read, or a program cannot be predicted; [`WorkflowError::Stopped`] if `on_answers` stops it.
pub fn predict(
    model: &Predictor,
    request: &PredictRequest,
    on_answers: &mut dyn FnMut(&[PredictedProgram]) -> ControlFlow<()>,
) -> Result<()> {
    let featurizer = BuiltIn::of_schema(model.schema())?.featurizer();
    let mut pass = |answers: Vec<PredictedProgram>| match on_answers(&answers) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(WorkflowError::Stopped),
    };
    for path in &request.files {
        if has_records(path) {
            predict_records(path, (model, featurizer), &request.hardware, &mut pass)?;
        } else {
            predict_file(path, (model, featurizer), &request.hardware, &mut pass)?;
        }
    }
    Ok(())
}

/// Whether a file is one of records, by its name.
fn has_records(path: &Path) -> bool {
    let name = path.to_string_lossy();
    name.ends_with(".jsonl") || name.ends_with(".jsonl.zst")
}

/// Predicts the programs of a file.
fn predict_file(
    path: &Path,
    (model, featurizer): (&Predictor, &dyn Featurizer),
    specs: &[HardwareSpec],
    pass: &mut dyn FnMut(Vec<PredictedProgram>) -> Result<()>,
) -> Result<()> {
    let programs = read_programs(path)?;
    let file = program_file_name(path);
    for program in &programs {
        let ast = CompactAst::encode(program, featurizer);
        let queries: Vec<Query<'_>> = specs.iter().map(|hardware| Query { ast: &ast, hardware }).collect();
        let place = || format!("{file}: {}", program.name());
        let latencies = model.predict(&queries).map_err(|error| match error {
            // The index of the query says less than the name of the program.
            ModelError::Input { problem, .. } => WorkflowError::Unpredictable { place: place(), problem },
            error => WorkflowError::At { place: place(), source: Box::new(error.into()) },
        })?;
        let answer = |(spec, predicted): (&HardwareSpec, Prediction)| PredictedProgram {
            file: file.clone(),
            record: None,
            program: program.name().to_owned(),
            hardware: spec.name().to_owned(),
            seconds: predicted.latency.as_secs_f64(),
            is_alone: programs.len() == 1,
        };
        pass(specs.iter().zip(latencies).map(answer).collect())?;
    }
    Ok(())
}

/// Predicts the records of a file, some at a time, in their order.
fn predict_records(
    path: &Path,
    (model, featurizer): (&Predictor, &dyn Featurizer),
    specs: &[HardwareSpec],
    pass: &mut dyn FnMut(Vec<PredictedProgram>) -> Result<()>,
) -> Result<()> {
    let n_threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let mut reader = RecordReader::open(path)?;
    loop {
        let (chunk, failure) = read_chunk(&mut reader, CHUNK);
        failure?;
        if chunk.is_empty() {
            return Ok(());
        }
        let asts = encode_records(&chunk, featurizer, n_threads)?;
        let queries: Vec<Query<'_>> =
            asts.iter().flat_map(|ast| specs.iter().map(move |hardware| Query { ast, hardware })).collect();
        let latencies = match model.predict(&queries) {
            Ok(latencies) => latencies,
            Err(ModelError::Input { index, problem, .. }) => {
                let place = chunk[index / specs.len()].1.to_string();
                return Err(WorkflowError::Unpredictable { place, problem });
            }
            Err(error) => return Err(error).at(|| path.display().to_string()),
        };
        let mut answers = Vec::with_capacity(latencies.len());
        for ((record, at), latencies) in chunk.iter().zip(latencies.chunks(specs.len())) {
            for (spec, predicted) in specs.iter().zip(latencies) {
                let Record { task, name, schedule, .. } = record;
                answers.push(PredictedProgram {
                    file: at.file.to_string(),
                    record: Some(PredictedRecord { line: at.line, task: task.clone(), schedule: *schedule }),
                    program: name.clone(),
                    hardware: spec.name().to_owned(),
                    seconds: predicted.latency.as_secs_f64(),
                    is_alone: false,
                });
            }
        }
        pass(answers)?;
    }
}
