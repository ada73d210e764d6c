//! Predicts how long a tensor program takes on a piece of hardware, and learns to.
//!
//! A [`Predictor`] embeds the leaves of a [`CompactAst`](cdmpp_ir::CompactAst) with an [`Encoder`], joins the embedding
//! with that of a [`HardwareSpec`](cdmpp_hardware::HardwareSpec), and maps both to a latency.

mod adamw;
mod batch;
mod checkpoint;
mod config;
mod encoder;
mod error;
mod hardware_input;
mod kernel;
mod label;
mod linear;
mod loss;
mod metrics;
mod network;
mod positional;
mod predictor;
mod query;
mod scaling;
pub mod train;
mod transformer;
mod variables;

pub use adamw::OptimizerConfig;
pub use batch::Batch;
pub use candle_core;
pub use candle_nn;
pub use config::{NormPlacement, PredictorConfig, TransformerConfig};
pub use encoder::Encoder;
pub use error::ModelError;
pub use label::{LabelKind, LabelTransform};
pub use loss::LossConfig;
pub use metrics::{Metrics, Scored};
pub use positional::positional_encoding;
pub use predictor::Predictor;
pub use query::{Query, Sample};
pub use transformer::TransformerEncoder;
pub use variables::Variables;
