//! Rewriting a model as a runtime does before it runs it.

mod gemm;
mod layout;
mod pattern;
mod rewrite;
mod rules;

use crate::ShapedModel;

/// How a runtime rewrites models: which operators it joins, and in which layout it runs them.
///
/// # Examples
/// ```
/// use cdmpp_onnx::{Dims, Fusion, Model};
///
/// let model = Model::from_bytes(include_bytes!("../tests/models/cnn.onnx"))?;
/// let plain = model.shaped(&Dims::default().with("n", 1))?;
/// let fused = Fusion::OnnxRuntime { block: 8 }.apply(&plain);
/// assert_eq!((plain.len(), fused.len()), (11, 7));
/// let (_, first) = fused.operators().next().expect("there are operators");
/// assert_eq!((first.full_type().as_str(), first.text("activation")), ("com.microsoft.nchwc.Conv", Some("Relu")));
/// # Ok::<(), cdmpp_onnx::OnnxError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fusion {
    /// Operators run as the model has them, as in eager PyTorch.
    #[default]
    None,
    /// As ONNX Runtime on a CPU, all optimisations on.
    OnnxRuntime {
        /// The channels of a block in its own layout: 8 with vectors of 256 bits, 16 with 512.
        block: i64,
    },
}

impl Fusion {
    /// The profile of a name: `none` or `onnxruntime`; `simd_bits` is the width of the hardware's vectors.
    #[must_use]
    pub fn named(name: &str, simd_bits: u32) -> Option<Self> {
        match name {
            "none" => Some(Self::None),
            "onnxruntime" => Some(Self::OnnxRuntime { block: if simd_bits >= 512 { 16 } else { 8 } }),
            _ => None,
        }
    }

    /// Rewrites a model.
    ///
    /// # Complexity
    /// O(rules × nodes).
    #[must_use]
    pub fn apply(self, model: &ShapedModel) -> ShapedModel {
        let mut model = model.clone();
        if let Self::OnnxRuntime { block } = self {
            rewrite::drop_without_effect(&mut model);
            rewrite::share_equal(&mut model);
            pattern::apply_all(&mut model, rules::BASIC);
            rewrite::pads_into_windows(&mut model);
            gemm::matmul_with_bias(&mut model);
            pattern::apply_all(&mut model, rules::EXTENDED);
            gemm::scaled_products(&mut model);
            layout::blocked(&mut model, block.clamp(1, 1 << 10));
            pattern::apply_all(&mut model, rules::PLAIN_CONVOLUTIONS);
            gemm::packed(&mut model);
            model.tidy();
        }
        model
    }
}
