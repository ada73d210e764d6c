//! Predicts how long a tensor program takes on a CPU or GPU, and learns to from measurements.
//!
//! A [program](ir::Program), built in Rust or read from TVMScript, becomes a [Compact AST](ir::CompactAst): one vector
//! of features a store statement, with its place in the tree. A [predictor](model::Predictor), a small transformer with
//! a branch for the [hardware](hardware::HardwareSpec), maps it to a latency. This crate has no code of its own: it
//! gathers the others under one name.
//!
//! | module | what it is for | the main types |
//! |---|---|---|
//! | [`ir`] | programs and what a predictor sees of them | [`Program`](ir::Program), [`CompactAst`](ir::CompactAst), [`Featurizer`](ir::Featurizer) |
//! | [`tvm`] | reading TVMScript | [`parse_tvmscript`](tvm::parse_tvmscript) |
//! | [`onnx`] | reading ONNX models: operators and their programs | [`Model`](onnx::Model), [`Operator`](onnx::Operator) |
//! | [`hardware`] | what is known of a CPU or GPU | [`HardwareTable`](hardware::HardwareTable) |
//! | [`data`] | measured programs: reading, cleaning, splitting | [`Dataset`](data::Dataset), [`split`](data::split()) |
//! | [`model`] | training and prediction | [`Predictor`](model::Predictor), [`train::fit`](model::train::fit), [`Metrics`](model::Metrics) |
//! | [`replay`] | from the latencies of programs to the time of a network | [`TaskGraph`](replay::TaskGraph), [`replay`](replay::replay()), [`OperatorGraph`](replay::OperatorGraph) |
//! | [`adapt`] | how far apart two sets of embeddings are | [`cmd`](adapt::cmd), [`mmd`](adapt::mmd()), [`coral`](adapt::coral()) |
//! | [`sample`] | which tasks to measure on new hardware | [`select_tasks`](sample::select_tasks), [`Budget`](sample::Budget) |
//! | [`calibrate`] | intervals around predicted latencies that hold as often as they say | [`Calibration`](calibrate::Calibration), [`Forecast`](calibrate::Forecast) |
//! | [`mod@file`] | files that are written whole, outputs that overwrite no input | [`NewFile`](file::NewFile), [`check_places`](file::check_places) |
//! | [`workflow`] | whole workflows, from files to reports | [`train`](workflow::train()), [`evaluate`](workflow::evaluate()), [`adapt`](workflow::adapt()) |
//!
//! The command `cdmpp`, in the crate `cdmpp-cli`, does the same from a shell.
//!
//! # Examples
//! The whole path: programs, their features, a model that learns them, and the answer for a program that was not measured.
//! ```
//! use std::ops::ControlFlow;
//! use std::time::Duration;
//!
//! use cdmpp::hardware::HardwareTable;
//! use cdmpp::ir::{AnsorFeaturizer, CompactAst, Program};
//! use cdmpp::model::train::{TrainConfig, fit};
//! use cdmpp::model::{Predictor, PredictorConfig, Query, Sample};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Programs that scale n numbers; `cdmpp::tvm` reads them from TVMScript.
//! let scale = |n: usize| -> Result<CompactAst, Box<dyn std::error::Error>> {
//!     let text = format!("program scale(x: float32[{n}]) {{ for i in 0..{n} parallel {{ x[i] = x[i] * 2.0 }} }}");
//!     let program: Program = text.parse()?;
//!     Ok(CompactAst::encode(&program, &AnsorFeaturizer))
//! };
//! let table = HardwareTable::from_json(
//!     r#"[{"name": "small", "compute_units": 4, "clock_mhz": 1000}, {"name": "big", "compute_units": 64, "clock_mhz": 1500}]"#,
//! )?;
//! let (small, big) = (table.get("small")?, table.get("big")?);
//!
//! // Measurements; `cdmpp::data` reads them from record files.
//! let programs = [1_000, 10_000, 100_000].map(scale).into_iter().collect::<Result<Vec<_>, _>>()?;
//! let mut samples = Vec::new();
//! for (ast, micros) in programs.iter().zip([2, 20, 200]) {
//!     samples.push(Sample { query: Query { ast, hardware: small }, latency: Duration::from_micros(8 * micros) });
//!     samples.push(Sample { query: Query { ast, hardware: big }, latency: Duration::from_micros(micros) });
//! }
//!
//! let mut model = Predictor::new(&PredictorConfig::default(), &AnsorFeaturizer, &table.performance_columns(), 0)?;
//! let config = TrainConfig { epochs: 2, ..TrainConfig::default() };
//! fit(&mut model, &samples, &[], &config, &mut |_| ControlFlow::Continue(()))?;
//!
//! let new = scale(50_000)?;
//! let answers = model.predict(&[Query { ast: &new, hardware: small }, Query { ast: &new, hardware: big }])?;
//! assert!(answers.iter().all(|answer| !answer.latency.is_zero()));
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! - `adapt` (default): [`adapt`].
//! - `calibrate` (default): [`calibrate`].
//! - `candle` (default): with `model`, encoders of your own; with `adapt`, the same discrepancies on candle tensors. Brings
//!   candle.
//! - `data` (default): [`data`], and with it `tvm`.
//! - `model` (default): [`model`].
//! - `onnx` (default): [`onnx`].
//! - `replay` (default): [`replay`].
//! - `sample` (default): [`sample`]; brings linfa.
//! - `tvm` (default): [`tvm`]; brings a Python parser.
//! - `workflow` (default): [`workflow`], and with it all that it joins.
//! - `serde`: `Serialize` and `Deserialize` for programs and Compact ASTs.
//!
//! With none of them, [`ir`], [`hardware`] and [`mod@file`] are left, which build in seconds.
//!
//! # References
//!
//! Hu et al., *CDMPP: A Device-Model Agnostic Framework for Latency Prediction of Tensor Programs*, EuroSys 2024.

#![cfg_attr(all(doctest, feature = "data", feature = "model"), doc = include_str!("../README.md"))]

#[cfg(feature = "adapt")]
pub use cdmpp_adapt as adapt;
#[cfg(feature = "calibrate")]
pub use cdmpp_calibrate as calibrate;
#[cfg(feature = "data")]
pub use cdmpp_data as data;
pub use cdmpp_file as file;
pub use cdmpp_hardware as hardware;
pub use cdmpp_ir as ir;
#[cfg(feature = "model")]
pub use cdmpp_model as model;
#[cfg(feature = "onnx")]
pub use cdmpp_onnx as onnx;
#[cfg(feature = "replay")]
pub use cdmpp_replay as replay;
#[cfg(feature = "sample")]
pub use cdmpp_sample as sample;
#[cfg(feature = "tvm")]
pub use cdmpp_tvm as tvm;
#[cfg(feature = "workflow")]
pub use cdmpp_workflow as workflow;
