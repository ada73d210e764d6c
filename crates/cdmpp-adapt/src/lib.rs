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
//! They are plain functions of two sets of rows, each a slice of `f32` in row-major order, and of the width of a row. Each
//! answers a [`Discrepancy`]: the value, and its gradients to both sets. Sums are taken in double precision. A discrepancy
//! with its settings is a closure: `|source, target, width| cmd(source, target, width, 5)`. A question that has no answer,
//! such as an empty set or a value that is not finite, is an [`AdaptError`].
//!
//! # Examples
//! Moves a target to a source by gradient descent:
//! ```
//! use cdmpp_adapt::cmd;
//!
//! let source = [0.0, 1.0, 1.0, 0.0, 0.5, 0.5];
//! let mut target = [1.0, 2.0, 3.0, 1.5];
//! let before = cmd(&source, &target, 2, 3)?.value;
//! for _ in 0..50 {
//!     let gradient = cmd(&source, &target, 2, 3)?.target_gradient;
//!     for (x, slope) in target.iter_mut().zip(gradient) {
//!         *x -= 2.0 * slope;
//!     }
//! }
//! assert!(cmd(&source, &target, 2, 3)?.value < 0.5 * before);
//! # Ok::<(), cdmpp_adapt::AdaptError>(())
//! ```
//!
//! # Features
//!
//! - `candle` (off by default): the module `candle`, with the same functions on candle tensors.
//!
//! # References
//!
//! Hu et al., *CDMPP: A Device-Model Agnostic Framework for Latency Prediction of Tensor Programs*, EuroSys 2024, which
//! adapts with the central moment discrepancy. The functions name their own sources.

// The README's example runs with the tests.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

#[cfg(feature = "candle")]
pub mod candle;
mod cmd;
mod coral;
mod discrepancy;
mod error;
mod mmd;
mod rows;

pub use cmd::{cmd, cmd_within};
pub use coral::coral;
pub use discrepancy::Discrepancy;
pub use error::{AdaptError, Side};
pub use mmd::{median_bandwidths, mmd};
