//! Arithmetic as TVM's operators do it: operands are brought to one type, and literals are folded.

use cdmpp_ir::{BinaryOp, Body, DataType, Expr, ExprId};

use crate::error::{Fault, Read};
use ruff_text_size::Ranged;

/// An operation of two scalars, with promotion and folding.
///
/// # References
/// `BinaryOpMatchTypes` in TVM's `src/tirx/op/op.cc`, `TryConstFold` in `src/arith/const_fold.h`.
pub(crate) fn binary(body: &mut Body<'_>, at: &impl Ranged, op: BinaryOp, lhs: ExprId, rhs: ExprId) -> Read<ExprId> {
    let (lhs, rhs) = match_operands(body, at, op, lhs, rhs)?;
    match fold(body, op, lhs, rhs) {
        Folded::No => Ok(body.binary(op, lhs, rhs)),
        Folded::To(value) => Ok(value),
        Folded::DivisionByZero => Err(Fault::expected(at, "a divisor other than 0", "0")),
    }
}

/// The same without folding: comparisons and logic are written as they stand, as TVM's parser does.
pub(crate) fn plain_binary(
    body: &mut Body<'_>,
    at: &impl Ranged,
    op: BinaryOp,
    lhs: ExprId,
    rhs: ExprId,
) -> Read<ExprId> {
    let (lhs, rhs) = match_operands(body, at, op, lhs, rhs)?;
    Ok(body.binary(op, lhs, rhs))
}

/// Casts two scalars to the type of both.
pub(crate) fn match_types(body: &mut Body<'_>, at: &impl Ranged, lhs: ExprId, rhs: ExprId) -> Read<(ExprId, ExprId)> {
    let (left, right) = (body.dtype(lhs), body.dtype(rhs));
    if left == right {
        return Ok((lhs, rhs));
    }
    let dtype = promote(left, right).ok_or_else(|| Fault::expected(at, "a number", "a pointer"))?;
    Ok((cast(body, dtype, lhs), cast(body, dtype, rhs)))
}

/// A conversion; literals change their type instead.
pub(crate) fn cast(body: &mut Body<'_>, dtype: DataType, value: ExprId) -> ExprId {
    if body.dtype(value) == dtype {
        return value;
    }
    match *body.expr(value) {
        Expr::Int { value, .. } => literal_of_int(body, dtype, value),
        // `as` saturates where C++ leaves the result open.
        Expr::Float { value, .. } if dtype.is_float() => body.float(value, dtype),
        Expr::Float { value, .. } if dtype.is_int() => body.int(value as i64, dtype),
        Expr::Float { value, .. } if dtype == DataType::Bool => body.bool(value != 0.0),
        _ => body.cast(dtype, value),
    }
}

/// A literal of a type with an integer's value.
pub(crate) fn literal_of_int(body: &mut Body<'_>, dtype: DataType, value: i64) -> ExprId {
    match dtype {
        DataType::Bool => body.bool(value != 0),
        _ if dtype.is_float() => body.float(value as f64, dtype),
        DataType::Handle => {
            let value = body.int(value, DataType::I64);
            body.cast(dtype, value)
        }
        _ => body.int(value, dtype),
    }
}

fn match_operands(
    body: &mut Body<'_>,
    at: &impl Ranged,
    op: BinaryOp,
    lhs: ExprId,
    rhs: ExprId,
) -> Read<(ExprId, ExprId)> {
    let is_bool = |body: &Body<'_>, id| body.dtype(id) == DataType::Bool;
    if op.is_logical() {
        return if is_bool(body, lhs) && is_bool(body, rhs) {
            Ok((lhs, rhs))
        } else {
            Err(Fault::expected(at, "truth values on both sides", "a number"))
        };
    }
    let (mut lhs, mut rhs) = match_types(body, at, lhs, rhs)?;
    if body.dtype(lhs) == DataType::Handle {
        return Err(Fault::expected(at, "a number", "a pointer"));
    }
    if is_bool(body, lhs) && !op.is_comparison() {
        // TVM computes with truth values as with numbers.
        (lhs, rhs) = (cast(body, DataType::I32, lhs), cast(body, DataType::I32, rhs));
    }
    Ok((lhs, rhs))
}

/// The type that two operands of different types are brought to; `None` if there is none.
fn promote(lhs: DataType, rhs: DataType) -> Option<DataType> {
    use DataType::{BF16, Bool, F16, F32, F64, Handle};
    let is_ieee = |dtype| matches!(dtype, F16 | F32 | F64);
    let wider = |a: DataType, b: DataType| if a.bytes() < b.bytes() { b } else { a };
    match (lhs, rhs) {
        (Handle, _) | (_, Handle) => None,
        _ if is_ieee(lhs) && is_ieee(rhs) => Some(wider(lhs, rhs)),
        _ if is_ieee(rhs) => Some(rhs),
        _ if is_ieee(lhs) => Some(lhs),
        (_, BF16) | (BF16, _) => Some(BF16),
        _ if lhs.is_float() => Some(lhs),
        _ if rhs.is_float() => Some(rhs),
        (Bool, _) => Some(rhs),
        (_, Bool) => Some(lhs),
        _ if lhs.bytes() == rhs.bytes() => Some(if is_signed(lhs) { rhs } else { lhs }),
        _ => Some(wider(lhs, rhs)),
    }
}

fn is_signed(dtype: DataType) -> bool {
    matches!(dtype, DataType::I8 | DataType::I16 | DataType::I32 | DataType::I64)
}

enum Folded {
    No,
    To(ExprId),
    DivisionByZero,
}

fn fold(body: &mut Body<'_>, op: BinaryOp, lhs: ExprId, rhs: ExprId) -> Folded {
    let dtype = body.dtype(lhs);
    let int = |body: &Body<'_>, id| match *body.expr(id) {
        Expr::Int { value, .. } => Some(value),
        _ => None,
    };
    let float = |body: &Body<'_>, id| match *body.expr(id) {
        Expr::Float { value, .. } => Some(value),
        _ => None,
    };
    if op.is_logical() {
        return fold_logic(op, (lhs, int(body, lhs)), (rhs, int(body, rhs)));
    }
    match (int(body, lhs), int(body, rhs)) {
        (Some(a), Some(b)) => return fold_ints(body, op, dtype, a, b),
        (None, None) => {}
        (a, b) => return fold_unit(body, op, (lhs, a.map(|a| a as f64)), (rhs, b.map(|b| b as f64))),
    }
    match (float(body, lhs), float(body, rhs)) {
        (Some(a), Some(b)) => fold_floats(body, op, dtype, a, b),
        (None, None) if lhs == rhs && matches!(op, BinaryOp::Min | BinaryOp::Max) => Folded::To(lhs),
        (None, None) => Folded::No,
        (a, b) => fold_unit(body, op, (lhs, a), (rhs, b)),
    }
}

fn fold_logic(op: BinaryOp, (lhs, a): (ExprId, Option<i64>), (rhs, b): (ExprId, Option<i64>)) -> Folded {
    // What leaves the other operand as it is: true for `and`, false for `or`.
    let unit = op == BinaryOp::And;
    match (a.map(|a| a != 0), b.map(|b| b != 0)) {
        (Some(a), _) => Folded::To(if a == unit { rhs } else { lhs }),
        (_, Some(b)) => Folded::To(if b == unit { lhs } else { rhs }),
        _ => Folded::No,
    }
}

/// Folds an operation with one literal operand: `x + 0`, `x * 1`, `0 * x`, `x // 1`, `x % 1`, …
fn fold_unit(
    body: &mut Body<'_>,
    op: BinaryOp,
    (lhs, a): (ExprId, Option<f64>),
    (rhs, b): (ExprId, Option<f64>),
) -> Folded {
    use BinaryOp::{Add, Div, FloorDiv, FloorMod, Mod, Mul, Sub};
    let dtype = body.dtype(lhs);
    let is_index = matches!(dtype, DataType::I32 | DataType::I64);
    match op {
        Add | Mul if a == Some(if op == Add { 0.0 } else { 1.0 }) => Folded::To(rhs),
        Add | Sub if b == Some(0.0) => Folded::To(lhs),
        Mul if b == Some(1.0) => Folded::To(lhs),
        Mul | Div | FloorDiv if a == Some(0.0) => Folded::To(lhs),
        Mul if b == Some(0.0) => Folded::To(rhs),
        Mod | FloorMod if !is_index => Folded::No,
        Mod | FloorMod if a == Some(0.0) => Folded::To(lhs),
        Div | FloorDiv | Mod | FloorMod if b == Some(0.0) => Folded::DivisionByZero,
        Div | FloorDiv if b == Some(1.0) => Folded::To(lhs),
        Mod | FloorMod if b == Some(1.0) => Folded::To(body.int(0, dtype)),
        _ => Folded::No,
    }
}

fn fold_ints(body: &mut Body<'_>, op: BinaryOp, dtype: DataType, a: i64, b: i64) -> Folded {
    use BinaryOp::{Add, Div, Eq, FloorDiv, FloorMod, Ge, Gt, Le, Lt, Max, Min, Mod, Mul, Ne, Sub};
    if b == 0 && matches!(op, Div | Mod | FloorDiv | FloorMod) {
        return Folded::DivisionByZero;
    }
    if matches!(op, Mod | FloorMod) && !matches!(dtype, DataType::I32 | DataType::I64) {
        return Folded::No;
    }
    let remainder = a.checked_rem(b).unwrap_or(0);
    let differs = remainder != 0 && (remainder < 0) != (b < 0);
    let value = match op {
        Add => a.wrapping_add(b),
        Sub => a.wrapping_sub(b),
        Mul => a.wrapping_mul(b),
        Div => a.wrapping_div(b),
        Mod => remainder,
        FloorDiv => a.wrapping_div(b).wrapping_sub(i64::from(differs)),
        FloorMod => remainder.wrapping_add(if differs { b } else { 0 }),
        Min => a.min(b),
        Max => a.max(b),
        Eq => return Folded::To(body.bool(a == b)),
        Ne => return Folded::To(body.bool(a != b)),
        Lt => return Folded::To(body.bool(a < b)),
        Le => return Folded::To(body.bool(a <= b)),
        Gt => return Folded::To(body.bool(a > b)),
        Ge => return Folded::To(body.bool(a >= b)),
        _ => return Folded::No,
    };
    Folded::To(body.int(wrap(value, dtype), dtype))
}

/// The value in the range of the type, as arithmetic of its width gives it.
fn wrap(value: i64, dtype: DataType) -> i64 {
    match dtype {
        DataType::I8 => i64::from(value as i8),
        DataType::I16 => i64::from(value as i16),
        DataType::I32 => i64::from(value as i32),
        DataType::U8 => i64::from(value as u8),
        DataType::U16 => i64::from(value as u16),
        DataType::U32 => i64::from(value as u32),
        _ => value,
    }
}

fn fold_floats(body: &mut Body<'_>, op: BinaryOp, dtype: DataType, a: f64, b: f64) -> Folded {
    use BinaryOp::{Add, Div, Eq, Ge, Gt, Le, Lt, Max, Min, Mul, Ne, Sub};
    match op {
        Eq => return Folded::To(body.bool(a == b)),
        Ne => return Folded::To(body.bool(a != b)),
        Lt => return Folded::To(body.bool(a < b)),
        Le => return Folded::To(body.bool(a <= b)),
        Gt => return Folded::To(body.bool(a > b)),
        Ge => return Folded::To(body.bool(a >= b)),
        Min => return Folded::To(body.float(a.min(b), dtype)),
        Max => return Folded::To(body.float(a.max(b), dtype)),
        Div if b == 0.0 => return Folded::DivisionByZero,
        _ => {}
    }
    // Other widths are not computed here, nor by TVM.
    let in_type = |x: f64| if dtype == DataType::F32 { f64::from(x as f32) } else { x };
    let (a, b) = (in_type(a), in_type(b));
    let value = match op {
        Add => a + b,
        Sub => a - b,
        Mul => a * b,
        Div => a / b,
        _ => return Folded::No,
    };
    if matches!(dtype, DataType::F32 | DataType::F64) {
        Folded::To(body.float(in_type(value), dtype))
    } else {
        Folded::No
    }
}
