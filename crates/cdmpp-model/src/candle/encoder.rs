//! How leaves become one embedding.

use candle_core::{Result, Tensor};

use super::Batch;

/// Turns the leaves of programs into one vector a program.
///
/// Implement it to try another network: ask [`candle_nn::VarBuilder`] for the variables, write the forward pass in
/// candle's operations, and hand the constructor to [`Predictor::with_encoder`](crate::Predictor::with_encoder).
/// It then trains and predicts by candle's operations and autograd, which is slower than what the built-in
/// [`TransformerEncoder`](crate::TransformerEncoder) has on the CPU. Every variable must receive a gradient; beware of candle's operations that have none (`candle_nn::LayerNorm`,
/// `softmax_last_dim`, `rms_norm`, `sdpa`).
///
/// # Examples
/// The mean of the leaves through one layer:
/// ```
/// use candle_core::{Result, Tensor};
/// use candle_nn::{Linear, Module, VarBuilder};
/// use cdmpp_model::{Batch, Encoder};
///
/// struct MeanOfLeaves(Linear);
///
/// impl MeanOfLeaves {
///     fn new(dim: usize, vars: VarBuilder<'_>) -> Result<Self> {
///         Ok(Self(candle_nn::linear(dim, 32, vars.pp("leaf"))?))
///     }
/// }
///
/// impl Encoder for MeanOfLeaves {
///     fn embed_dim(&self) -> usize {
///         32
///     }
///     fn forward_t(&self, batch: &Batch, _train: bool) -> Result<Tensor> {
///         self.0.forward(&batch.features().mean(1)?)
///     }
/// }
/// ```
pub trait Encoder: Send + Sync {
    /// The width of an embedding.
    fn embed_dim(&self) -> usize;

    /// Embeds a batch of programs that have the same number of leaves.
    ///
    /// # Shapes
    /// [`Batch::features`] is `(b, l, dim)`; the result is `(b, embed_dim)`.
    ///
    /// # Errors
    /// Those of candle's operations.
    fn forward_t(&self, batch: &Batch, train: bool) -> Result<Tensor>;
}
