//! From an operator to the plain loop nest that a compiler starts from.

mod attention;
mod conv;
mod conv_blocked;
mod element_wise;
mod formula;
mod gather;
mod movement;
mod nest;
mod norm;
mod pool;
mod product;
mod recurrent;
mod reduction;
mod resize;
mod window;

use cdmpp_ir::{Body, Program, VerifyError};

use crate::{Operator, Problem};

/// What an operator is once it is written out.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Lowered {
    /// A loop nest.
    Program(Program),
    /// Nothing is computed and nothing moved: the result is the input under another shape, or is empty.
    View,
}

/// An operator that cannot be written out.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LowerError {
    /// There is no loop nest for operators of this type here.
    #[error("operator {op_type} is not supported")]
    NotSupported {
        /// The operator type, after its domain and a dot if it has another than ONNX.
        op_type: String,
    },
    /// The operator lacks something, or its shapes do not fit together; whoever made it is at fault.
    #[error("operator {op_type}: {problem}")]
    Operator {
        /// The operator type, after its domain and a dot if it has another than ONNX.
        op_type: String,
        /// What is wrong with it.
        problem: Problem,
    },
    /// The loop nest breaks a rule of programs, as one of 2⁶³ elements does.
    #[error("operator {op_type} gives no valid loop nest")]
    Program {
        /// The operator type, after its domain and a dot if it has another than ONNX.
        op_type: String,
        /// The broken rule.
        source: VerifyError,
    },
}

/// Operators whose result is their first input under another shape or name, and what is told before the run.
const VIEWS: [&str; 11] = [
    "Reshape",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "Identity",
    "Dropout",
    "Shape",
    "Size",
    "Constant",
    "Optional",
    "OptionalGetElement",
];

/// Writes an operator's loops.
type Family = fn(&Operator, &mut Body<'_>) -> Result<(), Problem>;

/// The family of an operator type.
#[rustfmt::skip]
fn family(domain: &str, op_type: &str) -> Option<Family> {
    Some(match (domain, op_type) {
        ("com.microsoft.nchwc", "Conv") => conv_blocked::conv,
        ("com.microsoft.nchwc", "MaxPool" | "AveragePool" | "GlobalAveragePool" | "GlobalMaxPool") => pool::blocked,
        ("com.microsoft.nchwc", "ReorderInput") => conv_blocked::reorder_input,
        ("com.microsoft.nchwc", "ReorderOutput") => conv_blocked::reorder_output,
        ("com.microsoft.nchwc", "Upsample") => resize::blocked,
        ("com.microsoft.nchwc", _) => return None,
        ("cdmpp", "ConvGradWeight") => conv::grad_weight,
        ("cdmpp", "ConvTransposeInteger") => conv::transpose,
        ("cdmpp", "LSTMSkipInput" | "GRUSkipInput" | "RNNSkipInput") => recurrent::skip_input,
        ("cdmpp", "LSTMGradInput" | "GRUGradInput" | "RNNGradInput") => recurrent::grad_input,
        ("cdmpp", "LSTMGradWeight" | "GRUGradWeight" | "RNNGradWeight") => recurrent::grad_weight,
        ("" | "com.microsoft", "Conv" | "FusedConv" | "ConvInteger" | "QLinearConv") => conv::conv,
        ("", "ConvTranspose") => conv::transpose,
        ("" | "com.microsoft", "MatMul" | "FusedMatMul" | "MatMulInteger" | "QLinearMatMul" | "Gemm" | "FusedGemm") => {
            product::product
        }
        ("", "Einsum") => product::einsum,
        ("", "MaxPool" | "AveragePool" | "LpPool" | "GlobalAveragePool" | "GlobalMaxPool" | "GlobalLpPool") => pool::plain,
        ("", "LSTM" | "GRU" | "RNN") => recurrent::layer,
        ("", "Attention") | ("com.microsoft", "MultiHeadAttention") => attention::attention,
        ("com.microsoft", "Attention") => attention::with_projection,
        ("" | "com.microsoft", "Softmax" | "LogSoftmax" | "Hardmax") => norm::softmax,
        ("" | "com.microsoft", "LayerNormalization" | "SimplifiedLayerNormalization" | "RMSNormalization"
            | "SkipLayerNormalization" | "SkipSimplifiedLayerNormalization") => norm::layer,
        ("", "InstanceNormalization" | "GroupNormalization" | "MeanVarianceNormalization" | "LpNormalization") => norm::group,
        ("", "BatchNormalization") => norm::batch,
        ("", "LRN") => norm::local_response,
        ("", "ArgMax" | "ArgMin") => reduction::arg,
        ("", "CumSum") => reduction::cumulated,
        ("", "TopK") => reduction::top,
        ("", "Transpose") => movement::transpose,
        ("", "Concat") => movement::concat,
        ("", "Split") => movement::split,
        ("", "Slice" | "Expand" | "Tile" | "CenterCropPad" | "ReverseSequence") => movement::copy,
        ("", "Pad") => movement::pad,
        ("", "DepthToSpace" | "SpaceToDepth") => movement::blocks,
        ("", "ConstantOfShape" | "Range" | "EyeLike" | "RandomNormal" | "RandomUniform" | "RandomNormalLike"
            | "RandomUniformLike") => movement::fill,
        ("", "Trilu") => movement::triangle,
        ("", "OneHot") => gather::one_hot,
        ("", "Gather") => gather::gather,
        ("", "GatherElements") => gather::elements,
        ("", "GatherND") => gather::coordinates,
        ("", "ScatterND" | "ScatterElements" | "Scatter" | "TensorScatter") => gather::scatter,
        ("", "Resize" | "Upsample") => resize::plain,
        ("", "GridSample") => resize::grid_sample,
        ("", name) if name.starts_with("Reduce") => reduction::reduce,
        ("" | "com.microsoft", name) if element_wise::is_known(name) => element_wise::element_wise,
        _ => return None,
    })
}

impl Operator {
    /// Writes the operator out as the plain loop nest that a compiler starts from: loops over the result, which may run
    /// in any order and are marked parallel, loops over what is summed inside them, no tiling and no order chosen for
    /// speed. Blocked layouts keep their blocks.
    ///
    /// # Errors
    /// [`LowerError::NotSupported`] if there is no loop nest for the type; the other errors if the operator is wrong.
    ///
    /// # Examples
    /// ```
    /// use cdmpp_ir::Work;
    /// use cdmpp_onnx::{Lowered, Operator};
    ///
    /// let matmul: Operator = serde_json::from_str(
    ///     r#"{"op_type": "MatMul", "domain": "", "attributes": {},
    ///         "inputs": [{"shape": [128, 64], "type": "float32"}, {"shape": [64, 32], "type": "float32"}],
    ///         "outputs": [{"shape": [128, 32], "type": "float32"}]}"#,
    /// )?;
    /// let Lowered::Program(program) = matmul.lower()? else { panic!("a product is no view") };
    /// // A multiplication, an addition and a store for each term, and a store to begin each sum.
    /// assert_eq!(Work::of(&program).operations, (128 * 32 * (64 * 3 + 1)) as f64);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lower(&self) -> Result<Lowered, LowerError> {
        let is_known_domain = matches!(self.domain.as_str(), "" | "com.microsoft" | "com.microsoft.nchwc" | "cdmpp");
        if self.domain.is_empty() && VIEWS.contains(&self.op_type.as_str()) {
            return Ok(Lowered::View);
        }
        let op_type = self.full_type();
        let Some(family) = family(&self.domain, &self.op_type).filter(|_| is_known_domain) else {
            return Err(LowerError::NotSupported { op_type });
        };
        let wrong = |problem| LowerError::Operator { op_type: op_type.clone(), problem };
        for tensor in self.inputs.iter().chain(&self.outputs) {
            if tensor.shape.iter().any(|extent| *extent < 0) || crate::numbers::n_elements(&tensor.shape).is_none() {
                return Err(wrong(Problem::Shape(tensor.shape.clone())));
            }
        }
        let Some(output) = self.outputs.first() else { return Err(wrong(Problem::MissingOutput(0))) };
        if output.n_elements() == 0 {
            return Ok(Lowered::View);
        }
        let built = Program::try_build(&self.op_type, |body| family(self, body).map_err(Failed::Problem));
        match built {
            Ok(program) => Ok(Lowered::Program(program)),
            Err(Failed::Problem(problem)) => Err(wrong(problem)),
            Err(Failed::Verify(source)) => Err(LowerError::Program { op_type, source }),
        }
    }
}

/// What building a program may fail of.
enum Failed {
    Problem(Problem),
    Verify(VerifyError),
}

impl From<VerifyError> for Failed {
    fn from(error: VerifyError) -> Self {
        Self::Verify(error)
    }
}
