//! Operators that compute each element of the result by itself, and those that keep the shape of their first input.

use super::{Answer, like_first, one, same};
use crate::call::{Call, broadcast};
use crate::{ElementType, Problem};

/// Operators whose result is like their first input.
#[rustfmt::skip]
const SAME: &[&str] = &[
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitwiseNot", "Ceil", "Celu", "Clip", "Cos", "Cosh",
    "CumSum", "Elu", "Erf", "Exp", "FastGelu", "Floor", "Gelu", "GroupNormalization", "HardSigmoid", "HardSwish",
    "Hardmax", "Identity", "InstanceNormalization", "LRN", "LeakyRelu", "Log", "LogSoftmax", "LpNormalization",
    "MeanVarianceNormalization", "Mish", "Neg", "Not", "PRelu", "QuickGelu", "RMSNormalization", "Reciprocal", "Relu",
    "ReverseSequence", "RotaryEmbedding", "Round", "ScaledTanh", "Scatter", "ScatterElements", "ScatterND", "Selu",
    "Shrink", "Sigmoid", "Sign", "SimplifiedLayerNormalization", "Sin", "Sinh", "Softmax", "Softplus", "Softsign",
    "Sqrt", "Swish", "Tan", "Tanh", "TensorScatter", "ThresholdedRelu", "Trilu", "BiasGelu", "BiasSplitGelu",
    "QLinearSigmoid", "QLinearLeakyRelu",
];
/// Operators on two or more tensors that are broadcast, with a result of their type.
const BROADCAST: &[&str] = &[
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Pow",
    "Mod",
    "Min",
    "Max",
    "Sum",
    "Mean",
    "BitShift",
    "BitwiseAnd",
    "BitwiseOr",
    "BitwiseXor",
];
/// Comparisons and logic on two tensors that are broadcast.
const TRUTH: &[&str] = &["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor"];

pub(super) fn output_shapes(call: &Call<'_>) -> Answer {
    let op_type = call.op_type;
    if SAME.contains(&op_type) {
        return same(call);
    }
    if BROADCAST.contains(&op_type) {
        return like_first(call, broadcast_all(call, 0..call.inputs.len())?);
    }
    if TRUTH.contains(&op_type) {
        return one((ElementType::Bool, broadcast_all(call, 0..2)?));
    }
    match op_type {
        "IsNaN" | "IsInf" => one((ElementType::Bool, call.shape(0)?.to_vec())),
        "Where" => one((call.input(1)?.element_type, broadcast_all(call, 0..3)?)),
        "Cast" => {
            let code = call.int("to", 0);
            one((ElementType::from_code(code).ok_or(Problem::ElementType(code))?, call.shape(0)?.to_vec()))
        }
        "CastLike" => one((call.input(1)?.element_type, call.shape(0)?.to_vec())),
        "Dropout" => {
            let input = call.input(0)?;
            let mask = (ElementType::Bool, input.shape.clone());
            Ok(Some(vec![(input.element_type, input.shape.clone()), mask]))
        }
        "QuantizeLinear" => {
            let by_attribute = ElementType::from_code(call.int("output_dtype", 0));
            let zero = call.optional(2).map(|zero| zero.element_type);
            one((zero.or(by_attribute).unwrap_or(ElementType::Uint8), call.shape(0)?.to_vec()))
        }
        "DequantizeLinear" => one((call.input(1)?.element_type, call.shape(0)?.to_vec())),
        "DynamicQuantizeLinear" => Ok(Some(vec![
            (ElementType::Uint8, call.shape(0)?.to_vec()),
            (ElementType::Float32, Vec::new()),
            (ElementType::Uint8, Vec::new()),
        ])),
        "QLinearAdd" | "QLinearMul" => like_first(call, broadcast(call.shape(0)?, call.shape(3)?)?),
        "Bernoulli" => same(call),
        _ => Ok(None),
    }
}

/// The shape of several inputs broadcast; all of them must be there.
fn broadcast_all(call: &Call<'_>, places: std::ops::Range<usize>) -> Result<Vec<i64>, Problem> {
    let mut shape = call.shape(places.start)?.to_vec();
    for place in places.skip(1) {
        shape = broadcast(&shape, call.shape(place)?)?;
    }
    Ok(shape)
}
