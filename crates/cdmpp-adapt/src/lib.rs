//! How far apart two sets of embeddings are, as a number with a gradient: what domain adaptation brings down.
//!
//! A model that was trained on some hardware, or some networks, embeds the programs of others elsewhere. Adding one of
//! these discrepancies to its loss, between a batch of the source and one of the target, draws the embeddings together;
//! of the target no labels are needed.
//!
//! | function | compares | between | scale of the embeddings |
//! |---|---|---|---|
//! | [`cmd`] | means, variances and higher central moments, column by column | 0 and a few | does not matter |
//! | [`cmd_within`] | the same, of activations in a known interval | 0 and a few | must fit the interval |
//! | [`mmd`] | all that Gaussian kernels see, columns together | 0 and 2 | measured by bandwidths |
//! | [`coral`] | covariances, but not means | 0 and anything | its fourth power |
//!
//! They are plain functions of two [tensors](candle_core::Tensor), (n, d) and (m, d), to a scalar, with gradients to
//! both. A discrepancy with its settings is a closure: `|source, target| cmd(source, target, 5)`. The errors are candle's,
//! which is re-exported.
//!
//! An infinite or undefined value in a set makes the result undefined (`NaN`), never a number.
//!
//! # Examples
//! Moves a target to a source by gradient descent:
//! ```
//! use cdmpp_adapt::candle_core::{Device, Tensor, Var};
//! use cdmpp_adapt::cmd;
//!
//! let source = Tensor::new(&[[0.0_f32, 1.0], [1.0, 0.0], [0.5, 0.5]], &Device::Cpu)?;
//! let target = Var::new(&[[1.0_f32, 2.0], [3.0, 1.5]], &Device::Cpu)?;
//! let before = cmd(&source, &target, 3)?.to_scalar::<f32>()?;
//! for _ in 0..50 {
//!     let gradients = cmd(&source, &target, 3)?.backward()?;
//!     let gradient = gradients.get(&target).expect("there is a gradient to both sets");
//!     target.set(&(target.as_tensor() - (gradient * 2.0)?)?)?;
//! }
//! assert!(cmd(&source, &target, 3)?.to_scalar::<f32>()? < 0.5 * before);
//! # Ok::<(), cdmpp_adapt::candle_core::Error>(())
//! ```
//!
//! # References
//!
//! Hu et al., *CDMPP: A Device-Model Agnostic Framework for Latency Prediction of Tensor Programs*, EuroSys 2024, which
//! adapts with the central moment discrepancy. The functions name their own sources.

// The README's example runs with the tests.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

mod cmd;
mod coral;
mod mmd;
mod pair;

pub use candle_core;
pub use cmd::{cmd, cmd_within};
pub use coral::coral;
pub use mmd::{median_bandwidths, mmd};
