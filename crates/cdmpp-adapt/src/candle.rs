//! The discrepancies as functions of two [tensors](candle_core::Tensor), (n, d) and (m, d), to a scalar.
//!
//! They compute what the functions on slices compute, by candle's operations: in the precision and on the device of the
//! tensors, with gradients to both by [`backward`](candle_core::Tensor::backward). They are for networks that are candle's
//! anyway, such as an encoder of one's own. A discrepancy with its settings is a closure:
//! `|source, target| cmd(source, target, 5)`. The errors are candle's, which is re-exported.
//!
//! An infinite or undefined value in a set makes the result undefined (`NaN`), never a number.
//!
//! # Examples
//! ```
//! use cdmpp_adapt::candle::candle_core::{Device, Tensor, Var};
//! use cdmpp_adapt::candle::cmd;
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
//! # Ok::<(), cdmpp_adapt::candle::candle_core::Error>(())
//! ```

mod cmd;
mod coral;
mod mmd;
mod pair;

pub use candle_core;
pub use cmd::{cmd, cmd_within};
pub use coral::coral;
pub use mmd::{median_bandwidths, mmd};
