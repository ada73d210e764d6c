//! The formulas of element-wise operators.

use cdmpp_ir::{BinaryOp, Body, DataType, Effect, ExprId};

use super::nest::number;
use crate::Operator;

/// A call of a mathematical function.
pub(super) fn math(body: &mut Body<'_>, name: &str, x: ExprId) -> ExprId {
    let dtype = body.dtype(x);
    body.call(name, dtype, Effect::Pure, &[x])
}

/// `x op number`.
pub(super) fn with(body: &mut Body<'_>, op: BinaryOp, x: ExprId, value: f64) -> ExprId {
    let dtype = body.dtype(x);
    let value = number(body, value, dtype);
    body.binary(op, x, value)
}

/// `number op x`.
fn from(body: &mut Body<'_>, value: f64, op: BinaryOp, x: ExprId) -> ExprId {
    let dtype = body.dtype(x);
    let value = number(body, value, dtype);
    body.binary(op, value, x)
}

/// `1 / (1 + exp(-x))`
pub(super) fn sigmoid(body: &mut Body<'_>, x: ExprId) -> ExprId {
    let negative = from(body, 0.0, BinaryOp::Sub, x);
    let exp = math(body, "exp", negative);
    let sum = with(body, BinaryOp::Add, exp, 1.0);
    from(body, 1.0, BinaryOp::Div, sum)
}

/// `log(1 + exp(x))`
fn softplus(body: &mut Body<'_>, x: ExprId) -> ExprId {
    let exp = math(body, "exp", x);
    let sum = with(body, BinaryOp::Add, exp, 1.0);
    math(body, "log", sum)
}

/// `max(0, min(1, alpha x + beta))`
fn hard_sigmoid(body: &mut Body<'_>, x: ExprId, alpha: f64, beta: f64) -> ExprId {
    let scaled = with(body, BinaryOp::Mul, x, alpha);
    let shifted = with(body, BinaryOp::Add, scaled, beta);
    let capped = with(body, BinaryOp::Min, shifted, 1.0);
    with(body, BinaryOp::Max, capped, 0.0)
}

/// `x` where it is positive, another value elsewhere.
fn positive_or(body: &mut Body<'_>, x: ExprId, other: ExprId) -> ExprId {
    let positive = with(body, BinaryOp::Gt, x, 0.0);
    body.select(positive, x, other)
}

/// `0.5 x (1 + f(x))` with the error function, or the hyperbolic tangent of a polynomial.
fn gelu(body: &mut Body<'_>, x: ExprId, by_tanh: bool) -> ExprId {
    let inner = if by_tanh {
        let square = body.mul(x, x);
        let cubic = with(body, BinaryOp::Mul, square, 0.044_715);
        let one = with(body, BinaryOp::Add, cubic, 1.0);
        let scaled = with(body, BinaryOp::Mul, x, 0.797_884_6);
        let argument = body.mul(scaled, one);
        math(body, "tanh", argument)
    } else {
        let scaled = with(body, BinaryOp::Mul, x, std::f64::consts::FRAC_1_SQRT_2);
        math(body, "erf", scaled)
    };
    let one = with(body, BinaryOp::Add, inner, 1.0);
    let half = with(body, BinaryOp::Mul, x, 0.5);
    body.mul(half, one)
}

/// `alpha (exp(x) - 1)` below zero, `x` above.
fn elu(body: &mut Body<'_>, x: ExprId, alpha: f64) -> ExprId {
    let exp = math(body, "exp", x);
    let less = with(body, BinaryOp::Sub, exp, 1.0);
    let scaled = with(body, BinaryOp::Mul, less, alpha);
    positive_or(body, x, scaled)
}

/// Functions of one float that compilers call by name.
const CALLS: [(&str, &str); 19] = [
    ("Acos", "acos"),
    ("Acosh", "acosh"),
    ("Asin", "asin"),
    ("Asinh", "asinh"),
    ("Atan", "atan"),
    ("Atanh", "atanh"),
    ("Ceil", "ceil"),
    ("Cos", "cos"),
    ("Cosh", "cosh"),
    ("Erf", "erf"),
    ("Exp", "exp"),
    ("Floor", "floor"),
    ("Log", "log"),
    ("Round", "nearbyint"),
    ("Sin", "sin"),
    ("Sinh", "sinh"),
    ("Sqrt", "sqrt"),
    ("Tan", "tan"),
    ("Tanh", "tanh"),
];

/// The formula of an operator or activation of one argument, by name; `op` holds its attributes.
pub(super) fn unary(body: &mut Body<'_>, name: &str, op: &Operator, x: ExprId) -> Option<ExprId> {
    if let Some((_, callee)) = CALLS.iter().find(|(op_type, _)| *op_type == name) {
        return Some(math(body, callee, x));
    }
    // Attributes of an activation that was fused stand in a list.
    let params = match op.attributes.get("activation_params") {
        Some(crate::Attribute::Floats(params)) => params.as_slice(),
        _ => &[],
    };
    let attribute = |name: &str, place: usize, default: f64| {
        params.get(place).copied().or_else(|| op.float(name)).unwrap_or(default)
    };
    let is_float = body.dtype(x).is_float();
    Some(match name {
        "Identity" | "Cast" | "CastLike" | "Bernoulli" => x,
        "Abs" => {
            let negative = from(body, 0.0, BinaryOp::Sub, x);
            body.binary(BinaryOp::Max, x, negative)
        }
        "Neg" => from(body, 0.0, BinaryOp::Sub, x),
        "Reciprocal" => from(body, 1.0, BinaryOp::Div, x),
        "Sign" => {
            let dtype = body.dtype(x);
            let (positive, negative) = (with(body, BinaryOp::Gt, x, 0.0), with(body, BinaryOp::Lt, x, 0.0));
            let zero = number(body, 0.0, dtype);
            let (one, minus_one) = (number(body, 1.0, dtype), number(body, -1.0, dtype));
            let other = body.select(negative, minus_one, zero);
            body.select(positive, one, other)
        }
        "Not" => body.not(x),
        "BitwiseNot" => {
            let negative = from(body, 0.0, BinaryOp::Sub, x);
            with(body, BinaryOp::Sub, negative, 1.0)
        }
        "IsNaN" => body.binary(BinaryOp::Ne, x, x),
        "IsInf" => {
            let negative = from(body, 0.0, BinaryOp::Sub, x);
            let size = body.binary(BinaryOp::Max, x, negative);
            if is_float { with(body, BinaryOp::Eq, size, f64::INFINITY) } else { body.bool(false) }
        }
        "Relu" => with(body, BinaryOp::Max, x, 0.0),
        "LeakyRelu" => {
            let scaled = with(body, BinaryOp::Mul, x, attribute("alpha", 0, 0.01));
            positive_or(body, x, scaled)
        }
        "ThresholdedRelu" => {
            let above = with(body, BinaryOp::Gt, x, attribute("alpha", 0, 1.0));
            let dtype = body.dtype(x);
            let zero = number(body, 0.0, dtype);
            body.select(above, x, zero)
        }
        "Elu" | "Celu" => elu(body, x, attribute("alpha", 0, 1.0)),
        "Selu" => {
            let value = elu(body, x, attribute("alpha", 0, 1.673_263));
            with(body, BinaryOp::Mul, value, attribute("gamma", 1, 1.050_701))
        }
        "Sigmoid" => sigmoid(body, x),
        "HardSigmoid" => hard_sigmoid(body, x, attribute("alpha", 0, 0.2), attribute("beta", 1, 0.5)),
        "HardSwish" => {
            let gate = hard_sigmoid(body, x, 1.0 / 6.0, 0.5);
            body.mul(x, gate)
        }
        "Swish" | "QuickGelu" => {
            let scaled = with(body, BinaryOp::Mul, x, attribute("alpha", 0, 1.0));
            let gate = sigmoid(body, scaled);
            body.mul(x, gate)
        }
        "Gelu" | "BiasGelu" => gelu(body, x, op.text("approximate") == Some("tanh")),
        "FastGelu" => gelu(body, x, true),
        "Softplus" => softplus(body, x),
        "Softsign" => {
            let negative = from(body, 0.0, BinaryOp::Sub, x);
            let size = body.binary(BinaryOp::Max, x, negative);
            let sum = with(body, BinaryOp::Add, size, 1.0);
            body.binary(BinaryOp::Div, x, sum)
        }
        "Mish" => {
            let soft = softplus(body, x);
            let gate = math(body, "tanh", soft);
            body.mul(x, gate)
        }
        "ScaledTanh" => {
            let inner = with(body, BinaryOp::Mul, x, attribute("beta", 1, 1.0));
            let value = math(body, "tanh", inner);
            with(body, BinaryOp::Mul, value, attribute("alpha", 0, 1.0))
        }
        "Shrink" => {
            let below = with(body, BinaryOp::Lt, x, -attribute("lambd", 0, 0.5));
            let above = with(body, BinaryOp::Gt, x, attribute("lambd", 0, 0.5));
            let outside = body.binary(BinaryOp::Or, below, above);
            let dtype = body.dtype(x);
            let zero = number(body, 0.0, dtype);
            body.select(outside, x, zero)
        }
        "Clip" => {
            let low = with(body, BinaryOp::Max, x, attribute("min", 0, -3.4e38));
            with(body, BinaryOp::Min, low, attribute("max", 1, 3.4e38))
        }
        _ => return None,
    })
}

/// The formula of an operator of two arguments of one type.
pub(super) fn binary(body: &mut Body<'_>, name: &str, op: &Operator, a: ExprId, b: ExprId) -> Option<ExprId> {
    let dtype = body.dtype(a);
    let operation = match name {
        "Add" | "Sum" | "Mean" => BinaryOp::Add,
        "Sub" => BinaryOp::Sub,
        "Mul" => BinaryOp::Mul,
        "Div" => BinaryOp::Div,
        "Mod" if op.int("fmod") == Some(1) => BinaryOp::Mod,
        "Mod" => BinaryOp::FloorMod,
        "Min" => BinaryOp::Min,
        "Max" => BinaryOp::Max,
        "Equal" => BinaryOp::Eq,
        "Greater" => BinaryOp::Gt,
        "GreaterOrEqual" => BinaryOp::Ge,
        "Less" => BinaryOp::Lt,
        "LessOrEqual" => BinaryOp::Le,
        "And" => BinaryOp::And,
        "Or" => BinaryOp::Or,
        "Xor" => BinaryOp::Ne,
        "PRelu" => {
            let scaled = body.mul(a, b);
            return Some(positive_or(body, a, scaled));
        }
        "Pow" => return Some(body.call("pow", dtype, Effect::Pure, &[a, b])),
        "BitwiseAnd" => return Some(bits(body, "bitwise_and", dtype, a, b)),
        "BitwiseOr" => return Some(bits(body, "bitwise_or", dtype, a, b)),
        "BitwiseXor" => return Some(bits(body, "bitwise_xor", dtype, a, b)),
        "BitShift" if op.text("direction") == Some("RIGHT") => return Some(bits(body, "shift_right", dtype, a, b)),
        "BitShift" => return Some(bits(body, "shift_left", dtype, a, b)),
        _ => return None,
    };
    Some(body.binary(operation, a, b))
}

fn bits(body: &mut Body<'_>, name: &str, dtype: DataType, a: ExprId, b: ExprId) -> ExprId {
    body.call(name, dtype, Effect::Pure, &[a, b])
}

/// The activation that a runtime fused into an operator, if there is one.
pub(super) fn activation(body: &mut Body<'_>, op: &Operator, x: ExprId) -> Option<ExprId> {
    let name = op.text("activation").filter(|name| !name.is_empty())?;
    unary(body, name, op, x)
}
