//! The encoder of the paper: self-attention over leaves.

use candle_core::{D, Result, Tensor};
use candle_nn::{Init, VarBuilder};

use super::linear::{Linear, Mlp};
use super::operations::{attention, layer_norm};
use super::positional_encoding::positional_encoding;
use super::{Batch, Encoder};
use crate::{NormPlacement, TransformerConfig};

/// Self-attention over the leaves of a program, pooled to one vector.
///
/// Leaves are projected to `d_model`, their pre-order rank is added as sines and cosines, `n_layers` blocks of
/// attention and feed-forward layers follow. Pooling joins the mean of the leaves with their log-sum-exp: latencies of
/// statements add up while the network works on logarithms, and a log-sum-exp is a sum seen through a logarithm. Both
/// work for any number of leaves, so one model serves every program.
///
/// [`Predictor::new`](crate::Predictor::new) makes the same network without candle, which is faster on the CPU; this one
/// runs on other devices too, and the other is tested against it.
///
/// # References
/// Hu et al., *CDMPP*, EuroSys 2024, on the predictor's network; Vaswani et al., 2017.
#[derive(Clone, Debug)]
pub struct TransformerEncoder {
    config: TransformerConfig,
    input: Linear,
    blocks: Vec<Block>,
    norm: Option<Norm>,
    pool: Mlp,
    skip: Linear,
}

impl TransformerEncoder {
    /// An encoder of leaves with `dim` features.
    ///
    /// # Errors
    /// If a variable of that name has another shape, or is missing from a checkpoint.
    pub fn new(config: &TransformerConfig, dim: usize, vars: &VarBuilder<'_>) -> Result<Self> {
        let d = config.d_model;
        let blocks = (0..config.n_layers).map(|i| Block::new(config, &vars.pp(format!("block{i}"))));
        let widths: Vec<usize> =
            [2 * d].into_iter().chain(config.pool_hidden.iter().copied()).chain([config.embed_dim]).collect();
        Ok(Self {
            config: config.clone(),
            input: Linear::new(dim, d, &vars.pp("input"))?,
            blocks: blocks.collect::<Result<_>>()?,
            norm: match config.norm {
                NormPlacement::Pre => Some(Norm::new(d, &vars.pp("norm"))?),
                NormPlacement::Post => None,
            },
            pool: Mlp::new(&widths, &vars.pp("pool"))?,
            skip: Linear::new(2 * dim, config.embed_dim, &vars.pp("skip"))?,
        })
    }
}

impl Encoder for TransformerEncoder {
    fn embed_dim(&self) -> usize {
        self.config.embed_dim
    }

    fn forward_t(&self, batch: &Batch, _train: bool) -> Result<Tensor> {
        let mut xs = self.input.forward(batch.features())?;
        if self.config.positional_encoding {
            let device = batch.features().device();
            xs = (xs + positional_encoding(batch.positions(), batch.n_leaves(), self.config.d_model, device)?)?;
        }
        for block in &self.blocks {
            xs = block.forward(&xs, batch, &self.config)?;
        }
        if let Some(norm) = &self.norm {
            xs = norm.forward(&xs)?;
        }
        let pooled = Tensor::cat(&[xs.mean(1)?, xs.log_sum_exp(1)?], D::Minus1)?;
        let features = batch.features();
        let direct = Tensor::cat(&[features.mean(1)?, features.max(1)?], D::Minus1)?;
        self.pool.forward(&pooled)? + self.skip.forward(&direct)?
    }
}

/// Layer normalisation with its weight and bias.
#[derive(Clone, Debug)]
struct Norm {
    weight: Tensor,
    bias: Tensor,
}

impl Norm {
    fn new(d: usize, vars: &VarBuilder<'_>) -> Result<Self> {
        let weight = vars.get_with_hints(d, "weight", Init::Const(1.0))?;
        Ok(Self { weight, bias: vars.get_with_hints(d, "bias", Init::Const(0.0))? })
    }

    fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        layer_norm(xs, &self.weight, &self.bias)
    }
}

/// Attention and a feed-forward layer, each beside a short cut.
#[derive(Clone, Debug)]
struct Block {
    qkv: Linear,
    out: Linear,
    up: Linear,
    down: Linear,
    norm_attention: Norm,
    norm_feed: Norm,
}

impl Block {
    fn new(config: &TransformerConfig, vars: &VarBuilder<'_>) -> Result<Self> {
        let (d, d_ff) = (config.d_model, config.d_ff);
        Ok(Self {
            qkv: Linear::new(d, 3 * d, &vars.pp("qkv"))?,
            out: Linear::new(d, d, &vars.pp("out"))?,
            up: Linear::new(d, d_ff, &vars.pp("up"))?,
            down: Linear::new(d_ff, d, &vars.pp("down"))?,
            norm_attention: Norm::new(d, &vars.pp("norm_attention"))?,
            norm_feed: Norm::new(d, &vars.pp("norm_feed"))?,
        })
    }

    fn forward(&self, xs: &Tensor, batch: &Batch, config: &TransformerConfig) -> Result<Tensor> {
        let attend = |xs: &Tensor| self.out.forward(&attention(&self.qkv.forward(xs)?, config.n_heads)?);
        let feed = |xs: &Tensor| self.down.forward(&self.up.forward_relu(xs)?);
        match config.norm {
            NormPlacement::Pre => {
                let attended = attend(&self.norm_attention.forward(xs)?)?;
                let xs = (xs + batch.dropout(&attended, config.dropout)?)?;
                let fed = feed(&self.norm_feed.forward(&xs)?)?;
                xs + batch.dropout(&fed, config.dropout)?
            }
            NormPlacement::Post => {
                let attended = attend(xs)?;
                let xs = self.norm_attention.forward(&(xs + batch.dropout(&attended, config.dropout)?)?)?;
                let fed = feed(&xs)?;
                self.norm_feed.forward(&(&xs + batch.dropout(&fed, config.dropout)?)?)
            }
        }
    }
}
