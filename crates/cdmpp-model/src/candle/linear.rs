//! Fully connected layers.

use candle_core::{Result, Tensor};
use candle_nn::{Init, VarBuilder};

use super::operations::{add_bias, add_bias_relu};

/// `xs · weightᵀ + bias`, as candle's own but with a bias gradient that costs no more than it must.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// Weights are uniform with a variance of 1 / `n_in`, biases 0.
    pub(crate) fn new(n_in: usize, n_out: usize, vars: &VarBuilder<'_>) -> Result<Self> {
        let bound = (3.0 / n_in as f64).sqrt();
        let weight = vars.get_with_hints((n_out, n_in), "weight", Init::Uniform { lo: -bound, up: bound })?;
        let bias = vars.get_with_hints(n_out, "bias", Init::Const(0.0))?;
        Ok(Self { weight, bias })
    }

    /// # Shapes
    /// `xs` `(.., n_in)`; the result is `(.., n_out)`.
    pub(crate) fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        self.rows(xs, add_bias)
    }

    /// The same followed by a rectifier.
    pub(crate) fn forward_relu(&self, xs: &Tensor) -> Result<Tensor> {
        self.rows(xs, add_bias_relu)
    }

    /// Flattens to rank 2, for which a matrix product is one call.
    fn rows(&self, xs: &Tensor, finish: impl Fn(&Tensor, &Tensor) -> Result<Tensor>) -> Result<Tensor> {
        let mut shape = xs.dims().to_vec();
        let n_in = shape.pop().unwrap_or(1);
        shape.push(self.weight.dim(0)?);
        let product = xs.reshape(((), n_in))?.matmul(&self.weight.t()?)?;
        finish(&product, &self.bias)?.reshape(shape)
    }
}

/// Fully connected layers with rectifiers between them, and after the last one only if asked for.
#[derive(Clone, Debug)]
pub(crate) struct Mlp {
    layers: Vec<Linear>,
}

impl Mlp {
    /// Layers of the given widths: `widths[0]` in, `widths[last]` out.
    pub(crate) fn new(widths: &[usize], vars: &VarBuilder<'_>) -> Result<Self> {
        let pairs = widths.windows(2).enumerate();
        let layers = pairs.map(|(i, pair)| Linear::new(pair[0], pair[1], &vars.pp(i.to_string())));
        Ok(Self { layers: layers.collect::<Result<_>>()? })
    }

    /// # Shapes
    /// `xs` `(.., widths[0])`; the result is `(.., widths[last])`.
    pub(crate) fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        self.last(&self.inner(xs)?)
    }

    /// All layers but the last.
    pub(crate) fn inner(&self, xs: &Tensor) -> Result<Tensor> {
        let inner = &self.layers[..self.layers.len().saturating_sub(1)];
        inner.iter().try_fold(xs.clone(), |xs, layer| layer.forward_relu(&xs))
    }

    /// The last layer, of what [`inner`](Self::inner) gave.
    pub(crate) fn last(&self, hidden: &Tensor) -> Result<Tensor> {
        self.layers.last().ok_or_else(|| candle_core::Error::msg("no layers"))?.forward(hidden)
    }
}
