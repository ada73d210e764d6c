//! Chooses the tasks or programs to measure on new hardware.
//!
//! # Examples
//! `model` is a trained model and `file` has records of the candidates.
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
//! use cdmpp_workflow::{SelectRequest, select};
//!
//! let chosen = select(Some(&model), &SelectRequest::new([&file], 3), &mut |_| ControlFlow::Continue(()))?;
//! assert_eq!(chosen.len(), 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::num::NonZero;
use std::path::PathBuf;

use cdmpp_data::{Record, RecordReader, encode_records};
use cdmpp_ir::{BuiltIn, CompactAst, Featurizer};
use cdmpp_model::Predictor;

use crate::choice::{Candidate, ChoiceRequest, choose};
use crate::chunk::read_chunk;
use crate::error::{Result, WorkflowError};
use crate::program_list::Entry;
use crate::progress::{OnProgress, ReadBytes};

/// What to choose from, and how.
#[derive(Clone, Debug)]
pub struct SelectRequest {
    /// Record files, whose programs are all candidates, measured or not.
    pub files: Vec<PathBuf>,
    /// How many to choose, must-haves included.
    pub budget: usize,
    /// How to choose.
    pub choice: ChoiceRequest,
    /// The seed of everything random.
    pub seed: u64,
}

impl SelectRequest {
    /// A choice of tasks by k-means.
    pub fn new(files: impl IntoIterator<Item = impl Into<PathBuf>>, budget: usize) -> Self {
        let files = files.into_iter().map(Into::into).collect();
        Self { files, budget, choice: ChoiceRequest::default(), seed: 0 }
    }
}

/// How many records are in memory as text at a time.
const CHUNK: usize = 256;

/// A record's program.
struct Program {
    task: String,
    schedule: i64,
    ast: CompactAst,
}

/// Chooses by the embeddings of a model, or by features without one. What is chosen first comes first.
///
/// # Errors
/// If files cannot be read, or there is no program; [`WorkflowError::Stopped`] if the callback stops it.
pub fn select(
    model: Option<&Predictor>,
    request: &SelectRequest,
    on_progress: &mut OnProgress<'_>,
) -> Result<Vec<Entry>> {
    let built_in = match model {
        Some(model) => BuiltIn::of_schema(model.schema())?,
        None => BuiltIn::all()[0],
    };
    let programs = read(&request.files, built_in.featurizer(), on_progress)?;
    if programs.is_empty() {
        return Err(WorkflowError::NoCandidates);
    }
    let candidates: Vec<Candidate<'_>> =
        programs.iter().map(|Program { task, schedule, ast }| Candidate { task, schedule: *schedule, ast }).collect();
    choose(&candidates, model, (request.budget, &request.choice), request.seed)
}

/// Reads and encodes all programs.
fn read(files: &[PathBuf], featurizer: &dyn Featurizer, on_progress: &mut OnProgress<'_>) -> Result<Vec<Program>> {
    let mut read_bytes = ReadBytes::of_files(files);
    let n_threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let mut programs = Vec::new();
    for path in files {
        let mut reader = RecordReader::open(path)?;
        let mut read_before = 0;
        loop {
            let (chunk, failure) = read_chunk(&mut reader, CHUNK);
            failure?;
            if chunk.is_empty() {
                break;
            }
            let asts = encode_records(&chunk, featurizer, n_threads)?;
            for ((Record { task, schedule, .. }, at), ast) in chunk.into_iter().zip(asts) {
                if ast.n_leaves() == 0 {
                    return Err(WorkflowError::EmptyProgram { at: Some(at), task, schedule });
                }
                programs.push(Program { task, schedule, ast });
            }
            read_bytes.add(reader.bytes_read() - read_before, on_progress)?;
            read_before = reader.bytes_read();
        }
    }
    Ok(programs)
}
