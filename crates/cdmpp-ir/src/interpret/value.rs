//! Scalars and their arithmetic, each in its type.

use crate::{BinaryOp, DataType};

/// A scalar. The type is known from the expression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    /// An integer or a truth value (0 or 1), within its type.
    Int(i128),
    /// A number that its type has.
    Float(f64),
    /// Something that depends on data which is not there.
    Unknown,
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Int(i128::from(truth))
    }
}

impl Value {
    pub(crate) fn as_truth(self) -> Option<bool> {
        match self {
            Self::Int(value) => Some(value != 0),
            Self::Float(value) => Some(value != 0.0),
            Self::Unknown => None,
        }
    }

    /// The value as an index; one that 64 bits do not hold is outside every buffer.
    pub(crate) fn as_index(self) -> i64 {
        match self {
            Self::Int(value) => i64::try_from(value).unwrap_or(i64::MAX),
            _ => -1,
        }
    }
}

/// The bits of an integer type, and whether it is signed.
fn width(dtype: DataType) -> (u32, bool) {
    let is_signed = matches!(dtype, DataType::I8 | DataType::I16 | DataType::I32 | DataType::I64);
    (dtype.bytes() as u32 * 8, is_signed)
}

/// An integer kept to the bits of its type.
pub(super) fn wrapped(value: i128, dtype: DataType) -> i128 {
    if dtype == DataType::Bool {
        return i128::from(value != 0);
    }
    let (bits, is_signed) = width(dtype);
    let range = 1_i128 << bits;
    let value = value.rem_euclid(range);
    if is_signed && value >= range / 2 { value - range } else { value }
}

/// An element of a buffer as it is kept: the bits of its type as a signed number.
pub(super) fn kept(value: i64, dtype: DataType) -> i64 {
    wrapped(i128::from(value), dtype) as i64
}

/// The integer that a kept element stands for.
pub(super) fn read(value: i64, dtype: DataType) -> i128 {
    if dtype == DataType::U64 { i128::from(value as u64) } else { i128::from(value) }
}

/// A number rounded to a floating-point type, ties to even.
pub(super) fn rounded(value: f64, dtype: DataType) -> f64 {
    // The digits behind the first, the least exponent of a normal number, and the largest number.
    let (digits, least, largest) = match dtype {
        DataType::F64 => return value,
        DataType::F32 => return f64::from(value as f32),
        DataType::F16 => (10, -14, 65504.0),
        DataType::BF16 => (7, -126, f64::from(f32::from_bits(0x7f7f_0000))),
        DataType::F8E4M3 => (3, -6, 448.0),
        _ => (2, -14, 57344.0),
    };
    if value == 0.0 || !value.is_finite() {
        // This type has no infinity.
        return if dtype == DataType::F8E4M3 && value.is_infinite() { f64::NAN } else { value };
    }
    let exponent = ((value.to_bits() >> 52 & 0x7ff) as i32 - 1023).max(least);
    let step = 2_f64.powi(exponent - digits);
    let rounded = (value / step).round_ties_even() * step;
    match rounded.abs() > largest {
        true if dtype == DataType::F8E4M3 => f64::NAN,
        true => f64::INFINITY.copysign(value),
        false => rounded,
    }
}

/// A conversion.
pub(crate) fn convert(value: Value, from: DataType, to: DataType) -> Value {
    match value {
        Value::Unknown => Value::Unknown,
        Value::Int(value) if to.is_float() => Value::Float(rounded_int(value, to)),
        Value::Int(value) => Value::Int(wrapped(value, to)),
        Value::Float(value) if to.is_float() => Value::Float(if from == to { value } else { rounded(value, to) }),
        Value::Float(value) if to == DataType::Bool => Value::from(value != 0.0),
        Value::Float(value) => {
            let (bits, is_signed) = width(to);
            let (least, most) = if is_signed {
                (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1)
            } else {
                (0, (1_i128 << bits) - 1)
            };
            Value::Int((value as i128).clamp(least, most))
        }
    }
}

/// An integer as a floating-point number, rounded once.
fn rounded_int(value: i128, dtype: DataType) -> f64 {
    if dtype == DataType::F32 { f64::from(value as f32) } else { rounded(value as f64, dtype) }
}

/// An operation on two operands of one type; `None` if it divides an integer by 0.
pub(crate) fn binary(op: BinaryOp, a: Value, b: Value, dtype: DataType) -> Option<Value> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => int(op, a, b, dtype),
        (Value::Float(a), Value::Float(b)) => Some(float(op, a, b, dtype)),
        _ => Some(Value::Unknown),
    }
}

fn int(op: BinaryOp, a: i128, b: i128, dtype: DataType) -> Option<Value> {
    if op.divides() && b == 0 {
        return None;
    }
    let remainder = || a % b;
    let differs = || remainder() != 0 && (remainder() < 0) != (b < 0);
    let value = match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        // Factors have at most 64 bits, and only the lowest 64 of the product count.
        BinaryOp::Mul => a.wrapping_mul(b),
        BinaryOp::Div => a / b,
        BinaryOp::Mod => remainder(),
        BinaryOp::FloorDiv => a / b - i128::from(differs()),
        BinaryOp::FloorMod => remainder() + if differs() { b } else { 0 },
        BinaryOp::Min => a.min(b),
        BinaryOp::Max => a.max(b),
        BinaryOp::Eq => return Some(Value::from(a == b)),
        BinaryOp::Ne => return Some(Value::from(a != b)),
        BinaryOp::Lt => return Some(Value::from(a < b)),
        BinaryOp::Le => return Some(Value::from(a <= b)),
        BinaryOp::Gt => return Some(Value::from(a > b)),
        BinaryOp::Ge => return Some(Value::from(a >= b)),
        BinaryOp::And => a & b,
        BinaryOp::Or => a | b,
    };
    Some(Value::Int(wrapped(value, dtype)))
}

fn float(op: BinaryOp, a: f64, b: f64, dtype: DataType) -> Value {
    let value = match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        BinaryOp::Mod => a % b,
        BinaryOp::FloorDiv => (a / b).floor(),
        BinaryOp::FloorMod => a - rounded((rounded(a / b, dtype)).floor() * b, dtype),
        // The choice of C: a comparison with a NaN does not hold.
        BinaryOp::Min => {
            if a < b {
                a
            } else {
                b
            }
        }
        BinaryOp::Max => {
            if a > b {
                a
            } else {
                b
            }
        }
        BinaryOp::Eq => return Value::from(a == b),
        BinaryOp::Ne => return Value::from(a != b),
        BinaryOp::Lt => return Value::from(a < b),
        BinaryOp::Le => return Value::from(a <= b),
        BinaryOp::Gt => return Value::from(a > b),
        BinaryOp::Ge => return Value::from(a >= b),
        BinaryOp::And | BinaryOp::Or => return Value::Unknown,
    };
    Value::Float(rounded(value, dtype))
}
