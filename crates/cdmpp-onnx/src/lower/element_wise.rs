//! Operators that compute each element of the result by itself.

use cdmpp_ir::{BinaryOp, Body, BufferId, ExprId};

use super::formula::{binary, unary, with};
use super::nest::{aligned, convert, data_type, input, load, output, over, result, store, tensor, wide};
use crate::{Attribute, Operator, Problem};

/// Operators of one argument; `Clip` has bounds beside it.
#[rustfmt::skip]
const UNARY: &[&str] = &[
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Bernoulli", "BitwiseNot", "Cast", "CastLike", "Ceil",
    "Celu", "Clip", "Cos", "Cosh", "Elu", "Erf", "Exp", "FastGelu", "Floor", "Gelu", "HardSigmoid", "HardSwish", "IsInf",
    "IsNaN", "LeakyRelu", "Log", "Mish", "Neg", "Not", "QuickGelu", "Reciprocal", "Relu", "Round", "ScaledTanh", "Selu",
    "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh",
    "ThresholdedRelu", "BiasGelu",
];
/// Operators of two or more arguments.
#[rustfmt::skip]
const BINARY: &[&str] = &[
    "Add", "Sub", "Mul", "Div", "Pow", "Mod", "Min", "Max", "Sum", "Mean", "PRelu", "BitShift", "BitwiseAnd",
    "BitwiseOr", "BitwiseXor", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor",
];

pub(super) fn is_known(op_type: &str) -> bool {
    UNARY.contains(&op_type)
        || BINARY.contains(&op_type)
        || matches!(op_type, "Where" | "QuantizeLinear" | "DequantizeLinear" | "DynamicQuantizeLinear")
}

pub(super) fn element_wise(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let mut inputs = Vec::with_capacity(op.inputs.len());
    for place in 0..op.inputs.len() {
        inputs.push(input(body, op, place)?);
    }
    let y = output(body, op)?;
    // Logic and comparisons are done on the type itself; numbers in one that is wide enough.
    let dtype = data_type(tensor(op, 0)?)?;
    let keeps = op.outputs.iter().any(|output| output.element_type == crate::ElementType::Bool)
        || matches!(op.op_type.as_str(), "Where" | "Cast" | "CastLike" | "Min" | "Max");
    let dtype = if keeps { dtype } else { wide(dtype) };
    let shape = &result(op)?.shape;
    for tensor in &op.inputs {
        if tensor.shape.len() > shape.len() {
            return Err(Problem::Mismatch(tensor.shape.clone(), shape.clone()));
        }
    }
    let mut failed = false;
    over(body, shape, &mut |body, at| match value(op, body, &inputs, at, dtype) {
        Some(value) => store(body, y, at, value),
        None => failed = true,
    });
    if failed { Err(Problem::MissingInput(op.inputs.len())) } else { Ok(()) }
}

/// The value of an element, `None` if an argument is missing.
fn value(
    op: &Operator,
    body: &mut Body<'_>,
    inputs: &[BufferId],
    at: &[ExprId],
    dtype: cdmpp_ir::DataType,
) -> Option<ExprId> {
    let argument = |body: &mut Body<'_>, place: usize, dtype| {
        let (buffer, tensor) = (inputs.get(place)?, op.inputs.get(place)?);
        let at = aligned(body, at, &tensor.shape);
        Some(load(body, *buffer, &at, dtype))
    };
    let name = op.op_type.as_str();
    if name == "Where" {
        let condition = argument(body, 0, cdmpp_ir::DataType::Bool)?;
        let dtype = op.inputs.get(1)?.element_type.data_type()?;
        let (then, otherwise) = (argument(body, 1, dtype)?, argument(body, 2, dtype)?);
        return Some(body.select(condition, then, otherwise));
    }
    let float = cdmpp_ir::DataType::F32;
    match name {
        "QuantizeLinear" | "DynamicQuantizeLinear" => {
            let x = argument(body, 0, float)?;
            let scaled = match argument(body, 1, float) {
                Some(scale) => body.binary(BinaryOp::Div, x, scale),
                None => with(body, BinaryOp::Mul, x, 1.0),
            };
            let rounded = super::formula::math(body, "nearbyint", scaled);
            let shifted = match argument(body, 2, float) {
                Some(zero) => body.add(rounded, zero),
                None => rounded,
            };
            let low = with(body, BinaryOp::Max, shifted, -128.0);
            return Some(with(body, BinaryOp::Min, low, 255.0));
        }
        "DequantizeLinear" => {
            let (x, scale) = (argument(body, 0, float)?, argument(body, 1, float)?);
            let x = match argument(body, 2, float) {
                Some(zero) => body.sub(x, zero),
                None => x,
            };
            return Some(body.mul(x, scale));
        }
        _ => {}
    }
    let x = argument(body, 0, dtype)?;
    if name == "Clip" && op.inputs.len() > 1 {
        let low = argument(body, 1, dtype)?;
        let x = body.binary(BinaryOp::Max, x, low);
        return match argument(body, 2, dtype) {
            Some(high) => Some(body.binary(BinaryOp::Min, x, high)),
            None => Some(x),
        };
    }
    // A square is a product.
    let is_square = op
        .inputs
        .get(1)
        .is_some_and(|exponent| matches!(exponent.value, Some(Attribute::Float(2.0) | Attribute::Int(2))));
    if name == "Pow" && is_square {
        return Some(body.mul(x, x));
    }
    if UNARY.contains(&name) {
        let x = match (name, argument(body, 1, dtype)) {
            ("BiasGelu" | "FastGelu", Some(bias)) => body.add(x, bias),
            _ => x,
        };
        if op.outputs.first()?.element_type == crate::ElementType::Bool && name == "Not" {
            let x = convert(body, x, cdmpp_ir::DataType::Bool);
            return unary(body, name, op, x);
        }
        return unary(body, name, op, x);
    }
    let mut value = x;
    for place in 1..inputs.len() {
        let other = argument(body, place, dtype)?;
        value = binary(body, name, op, value, other)?;
    }
    Some(if name == "Mean" { with(body, BinaryOp::Div, value, inputs.len() as f64) } else { value })
}
