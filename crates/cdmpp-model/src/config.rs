//! The shape of a predictor.

use serde::{Deserialize, Serialize};

use crate::{LabelKind, ModelError, Rule};

/// Where a transformer block normalises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NormPlacement {
    /// Before attention and before the feed-forward layers; trains stably without a long warm-up.
    Pre,
    /// After adding their result, as published.
    Post,
}

/// What is known of a latency before anything is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Prior {
    /// Nothing: the network learns latencies.
    None,
    /// The roofline: the longer of operations over the peak rate and bytes over the bandwidth. The network learns the
    /// latency as a multiple of it, and sees it with what belongs to it: the waves of blocks over the compute units,
    /// the bytes beside the cache. It needs the [work](cdmpp_ir::CompactAst::work) of programs, and of the hardware
    /// `peak_fp32_gflops` or `memory_bandwidth_gbs`. If no training sample has all that, there is no prior; if only some
    /// have it, the first without it is an error.
    Roofline,
}

/// The shape of the [`TransformerEncoder`](crate::TransformerEncoder).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransformerConfig {
    /// The width of a leaf's embedding; a multiple of `n_heads`.
    pub d_model: usize,
    /// Attention heads a layer.
    pub n_heads: usize,
    /// Transformer blocks.
    pub n_layers: usize,
    /// The width of the feed-forward layer.
    pub d_ff: usize,
    /// The share of activations dropped in training, in `0 .. 1`.
    pub dropout: f64,
    /// Where a block normalises.
    pub norm: NormPlacement,
    /// Whether the pre-order rank of the leaves is added to their embedding.
    pub positional_encoding: bool,
    /// The widths of the layers between the pooled leaves and the embedding.
    pub pool_hidden: Vec<usize>,
    /// The width of the program's embedding.
    pub embed_dim: usize,
}

impl Default for TransformerConfig {
    fn default() -> Self {
        Self {
            d_model: 64,
            n_heads: 4,
            n_layers: 2,
            d_ff: 128,
            dropout: 0.1,
            norm: NormPlacement::Pre,
            positional_encoding: true,
            pool_hidden: Vec::new(),
            embed_dim: 64,
        }
    }
}

/// The shape of a [`Predictor`](crate::Predictor).
///
/// # Examples
/// ```
/// use cdmpp_model::PredictorConfig;
///
/// let mut config = PredictorConfig::default();
/// config.transformer.n_layers = 3;
/// config.check()?;
/// # Ok::<(), cdmpp_model::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PredictorConfig {
    /// The bins of every feature's piecewise-linear encoding; 0 feeds the scaled features alone.
    pub feature_bins: usize,
    /// The encoder of programs; ignored if another [`Encoder`](crate::Encoder) is plugged in.
    pub transformer: TransformerConfig,
    /// The widths of the hidden layers between the hardware's numbers and its embedding.
    pub hardware_hidden: Vec<usize>,
    /// The widths of the hidden layers between the joined embeddings and the latency.
    pub head_hidden: Vec<usize>,
    /// How latencies become the numbers that the network learns.
    pub label: LabelKind,
    /// What the network starts from.
    pub prior: Prior,
}

/// Small and fast: some 420,000 parameters with 164 features, most of them in the first layer.
impl Default for PredictorConfig {
    fn default() -> Self {
        Self {
            feature_bins: 8,
            transformer: TransformerConfig::default(),
            hardware_hidden: vec![64],
            head_hidden: vec![128, 128],
            label: LabelKind::Log,
            prior: Prior::Roofline,
        }
    }
}

impl PredictorConfig {
    /// The published shape: 11 post-norm layers of width 164, feed-forward 2,048, embedding 69, head 3 × 930, labels
    /// through Box-Cox; some 13.6 million parameters.
    ///
    /// The leaves are pooled by mean and log-sum-exp instead of one flattening layer per leaf count, and no layer is
    /// batch-normalised.
    ///
    /// # References
    /// The tuned configuration of the published code, `search_trial_20221119_1575.yaml`.
    #[must_use]
    pub fn paper() -> Self {
        Self {
            feature_bins: 0,
            transformer: TransformerConfig {
                d_model: 164,
                n_heads: 4,
                n_layers: 11,
                d_ff: 2048,
                dropout: 0.1,
                norm: NormPlacement::Post,
                positional_encoding: true,
                pool_hidden: vec![716, 985, 985, 985],
                embed_dim: 69,
            },
            hardware_hidden: vec![128, 128, 128],
            head_hidden: vec![930, 930, 930],
            label: LabelKind::BoxCox,
            prior: Prior::None,
        }
    }

    /// Checks that the shape can be built.
    ///
    /// # Errors
    /// [`ModelError::Config`] names the field and what it must be.
    pub fn check(&self) -> Result<(), ModelError> {
        let t = &self.transformer;
        let widths = [t.d_model, t.n_heads, t.d_ff, t.embed_dim];
        let hidden = t.pool_hidden.iter().chain(&self.hardware_hidden).chain(&self.head_hidden);
        // The upper bound keeps a mistyped (or damaged) number from asking for all memory.
        if widths.iter().chain(hidden).any(|width| !(1..=1 << 16).contains(width)) {
            return Err(ModelError::config("model", Rule::Widths(65_536)));
        }
        if !t.d_model.is_multiple_of(t.n_heads) {
            return Err(ModelError::config("model.transformer.d_model", Rule::MultipleOf("n_heads")));
        }
        if !(0.0..1.0).contains(&t.dropout) {
            return Err(ModelError::config("model.transformer.dropout", Rule::AtLeastAndBelow(0.0, 1.0)));
        }
        Ok(())
    }
}
