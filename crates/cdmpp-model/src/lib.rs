//! Predicts how long a tensor program takes on a piece of hardware, and learns to from measurements.
//!
//! A [`Predictor`] embeds the leaves of a [`CompactAst`](cdmpp_ir::CompactAst) with an [`Encoder`], joins the embedding
//! with that of a [`HardwareSpec`](cdmpp_hardware::HardwareSpec), and maps both to a latency. One model serves programs
//! of any number of leaves, on any hardware whose numbers are known. [`train::fit`] fits everything to measured
//! [`Sample`]s; a checkpoint is one file. The same seeds, samples and machine give the same bits.
//!
//! # The main types
//!
//! | type | what it is |
//! |---|---|
//! | [`Predictor`] | the model: [`predict`](Predictor::predict), [`embed`](Predictor::embed), [`save`](Predictor::save), [`load`](Predictor::load) |
//! | [`Query`], [`Sample`] | a program on a hardware; the same with its measured latency |
//! | [`Samples`](train::Samples) | more samples than there is memory for programs |
//! | [`PredictorConfig`], [`TrainConfig`](train::TrainConfig) | the shape of the model; the settings of training |
//! | [`train::fit`], [`train::resume`] | training; going on from a saved [`TrainState`](train::TrainState) |
//! | [`train::fine_tune`], [`train::adapt`] | from a trained model to one for other hardware or networks, of which little is measured |
//! | [`Prediction`] | what the model answers |
//! | `Encoder`, `Batch` | how leaves become an embedding: implement it to try another network (feature `candle`) |
//! | [`LabelTransform`] | latencies as numbers that a network can learn |
//! | [`Metrics`], [`Scored`] | how good predictions are, in percent and as a ranking |
//!
//! # Examples
//! Trains on made-up programs of one and two leaves, and predicts one of them:
//! ```
//! use std::{ops::ControlFlow, time::Duration};
//!
//! use cdmpp_hardware::HardwareSpec;
//! use cdmpp_ir::{CompactAst, Featurizer, Leaves};
//! use cdmpp_model::train::{TrainConfig, fit};
//! use cdmpp_model::{Predictor, PredictorConfig, Query, Sample};
//!
//! /// Names the columns. Real programs are encoded with it: `CompactAst::encode(&program, &Work)`.
//! struct Work;
//!
//! impl Featurizer for Work {
//!     fn schema(&self) -> &str {
//!         "example/work/1"
//!     }
//!     fn dim(&self) -> usize {
//!         1
//!     }
//!     fn write(&self, leaves: &Leaves<'_>, out: &mut [f32]) {
//!         for (leaf, out) in leaves.iter().zip(out) {
//!             *out = leaf.loops().len() as f32;
//!         }
//!     }
//! }
//!
//! let t4 = HardwareSpec::new("tesla-t4", [("clock_mhz", 1590.0)])?;
//! let a100 = HardwareSpec::new("a100", [("clock_mhz", 1410.0)])?;
//! let leaves = |n: usize, x| CompactAst::from_parts("example/work/1", 1, vec![x; n], vec![1; n], vec![1; n]);
//! let programs = [leaves(1, 3.0)?, leaves(2, 4.0)?, leaves(2, 6.0)?];
//! let mut samples = Vec::new();
//! for ast in &programs {
//!     for (hardware, factor) in [(&t4, 2), (&a100, 1)] {
//!         let latency = Duration::from_micros(ast.features().iter().sum::<f32>() as u64 * factor);
//!         samples.push(Sample { query: Query { ast, hardware }, latency });
//!     }
//! }
//!
//! let mut model = Predictor::new(&PredictorConfig::default(), &Work, &["clock_mhz"], 1)?;
//! let (training, validation) = samples.split_at(4);
//! let config = TrainConfig { epochs: 2, ..TrainConfig::default() };
//! let outcome = fit(&mut model, training, validation, &config, &mut |epoch| {
//!     assert!(epoch.train_loss.is_finite());
//!     ControlFlow::Continue(())
//! })?;
//! assert_eq!(outcome.epochs, 2);
//!
//! let predicted = model.predict(&[Query { ast: &programs[2], hardware: &t4 }])?;
//! assert!(predicted[0].latency > Duration::ZERO);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//! - `candle` (off): encoders of your own, written with [candle](https://docs.rs/candle-core), on any of its devices:
//!   `Encoder`, `Batch`, `Predictor::with_encoder`. Everything else does without it.
//!
//! # References
//!
//! Hu et al., *CDMPP: A Device-Model Agnostic Framework for Latency Prediction of Tensor Programs*, EuroSys 2024.
//! [`PredictorConfig::paper`] has the published shape. What differs from the published code, and why:
//!
//! | published | here |
//! |---|---|
//! | one flattening layer for each number of leaves; others cannot be predicted | leaves are pooled, so that one model serves every number |
//! | leaves enter at the width of their features, which the heads must divide | a learned projection to `d_model` |
//! | a leaf's position is its index in the serialised tree, its frequencies have a doubled exponent | its pre-order rank, with the textbook's frequencies |
//! | batch normalisation outside the attention | none: a batch predicts as its members alone do |
//! | the hardware's embedding is added to the program's | both and their product go to the head |
//! | latencies are learned from nothing | as multiples of a [roofline](Prior::Roofline), unless it is turned off |
//! | unknown numbers of a hardware are −1, or not a number after scaling | unknown is an input of its own |
//! | a percentage error on standardised labels, which cross zero | on [latencies](LossConfig) |
//! | label transform and feature scaling fitted to all records, test included | to the training samples alone |
//! | a prediction that is not a number becomes a small latency | an [error](ModelError::Input) |

// The README's example runs with the tests.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

mod adamw;
mod backend;
mod blend;
#[cfg(feature = "candle")]
mod candle;
mod checkpoint;
mod config;
mod draws;
mod embeddings;
mod engine;
mod error;
mod examples;
mod fitted;
mod input;
mod label;
mod loss;
mod metrics;
mod objective;
mod parameters;
mod positional;
mod prediction;
mod predictor;
mod query;
mod samples;
mod survey;
pub mod train;

pub use adamw::OptimizerConfig;
#[cfg(feature = "candle")]
pub use candle::{Batch, Encoder, TransformerEncoder, positional_encoding};
#[cfg(feature = "candle")]
pub use candle_core;
#[cfg(feature = "candle")]
pub use candle_nn;
pub use config::{NormPlacement, PredictorConfig, Prior, TransformerConfig};
pub use embeddings::Embeddings;
pub use error::{CheckpointProblem, InputProblem, ModelError, Rule, StateDifference};
pub use label::{LabelKind, LabelTransform};
pub use loss::LossConfig;
pub use metrics::{Metrics, Scored};
pub use parameters::Parameters;
pub use prediction::Prediction;
pub use predictor::Predictor;
pub use query::{Query, Sample};
