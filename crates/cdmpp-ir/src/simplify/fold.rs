//! Operations on literals, and with neutral elements.

use super::Simplifier;
use super::quiet::is_index;
use super::sum::Form;
use crate::interval::floor_mod;
use crate::same::same;
use crate::{BinaryOp, DataType, Expr, ExprId};

/// Whether [`fold`](Simplifier::fold) knows a function.
pub(super) fn is_folded_call(callee: &str) -> bool {
    matches!(callee, "likely" | "shift_left" | "shift_right")
}

impl Simplifier<'_> {
    /// An integer operation of which the operands decide the result without a look at their terms.
    pub(super) fn fold_forms(&mut self, op: BinaryOp, a: Form, b: Form, dtype: DataType) -> Option<Form> {
        let literals = (self.literal_of(a), self.literal_of(b));
        if let (Some(a), Some(b)) = literals {
            return int_op(op, a, b).map(|value| Form::Expr(self.literal(value, dtype)));
        }
        match (op, literals) {
            (BinaryOp::Add | BinaryOp::Sub, (_, Some(0))) => Some(a),
            (BinaryOp::Add, (Some(0), _)) => Some(b),
            (BinaryOp::Mul | BinaryOp::Div | BinaryOp::FloorDiv, (_, Some(1))) => Some(a),
            (BinaryOp::Mul, (Some(1), _)) => Some(b),
            (BinaryOp::Mul, (_, Some(0)) | (Some(0), _)) | (BinaryOp::Mod | BinaryOp::FloorMod, (_, Some(1))) => {
                Some(Form::Expr(self.literal(0, dtype)))
            }
            (BinaryOp::Div | BinaryOp::FloorDiv | BinaryOp::Mod | BinaryOp::FloorMod, (Some(0), _)) => Some(a),
            _ => None,
        }
    }

    /// Folds the outermost operation of an expression whose operands are simple.
    pub(super) fn fold(&mut self, expr: ExprId) -> ExprId {
        let dtype = self.work.dtype(expr);
        match self.work[expr] {
            Expr::Binary { op, lhs, rhs } if op.is_comparison() => self.compare(expr, op, lhs, rhs),
            Expr::Binary { op, lhs, rhs } if op.is_logical() => self.logic(expr, op, lhs, rhs),
            Expr::Binary { op: op @ (BinaryOp::Min | BinaryOp::Max), lhs, rhs } => self.extreme(expr, op, lhs, rhs),
            Expr::Binary { op, lhs, rhs } if dtype.is_float() => self.float_op(expr, op, lhs, rhs),
            Expr::Binary { op, lhs, rhs } => match self.fold_forms(op, Form::Expr(lhs), Form::Expr(rhs), dtype) {
                Some(form) => self.write(form),
                None if op == BinaryOp::Sub && !is_index(dtype) => self.difference_of_equals(expr, lhs, rhs),
                None => expr,
            },
            Expr::Not(value) => self.negated(expr, value),
            Expr::Cast { value, .. } => self.convert(expr, dtype, value),
            Expr::Select { condition, then, otherwise } => match self.work.as_int(condition) {
                Some(0) => otherwise,
                Some(_) => then,
                None if same(&self.work, then, otherwise) => then,
                None => expr,
            },
            Expr::IfThenElse { condition, then, otherwise } => match self.work.as_int(condition) {
                Some(0) => otherwise,
                Some(_) => then,
                None => self.nested_choice(expr, condition, then, otherwise),
            },
            Expr::Call { callee, args, .. } => match (&self.work[callee], self.work.list(args)) {
                ("likely", &[value]) if self.is_literal(value) || self.is_known(value) == Some(true) => {
                    if self.is_literal(value) { value } else { self.literal(1, DataType::Bool) }
                }
                (shift @ ("shift_left" | "shift_right"), &[a, b]) => {
                    let left = shift == "shift_left";
                    match (self.work.as_int(a), self.work.as_int(b)) {
                        (Some(a), Some(b @ 0..64)) => self.literal(if left { a << b } else { a >> b }, dtype),
                        _ => expr,
                    }
                }
                _ => expr,
            },
            _ => expr,
        }
    }

    /// `c1 ? (c2 ? x : k) : k` is `c1 and c2 ? x : k` for a literal `k`.
    fn nested_choice(&mut self, expr: ExprId, condition: ExprId, then: ExprId, otherwise: ExprId) -> ExprId {
        match self.work[then] {
            Expr::IfThenElse { condition: inner, then: innermost, otherwise: other }
                if self.is_literal(otherwise) && same(&self.work, other, otherwise) =>
            {
                let both = self.push(Expr::Binary { op: BinaryOp::And, lhs: condition, rhs: inner }, DataType::Bool);
                let dtype = self.work.dtype(expr);
                self.push(Expr::IfThenElse { condition: both, then: innermost, otherwise }, dtype)
            }
            _ => expr,
        }
    }

    fn extreme(&mut self, expr: ExprId, op: BinaryOp, lhs: ExprId, rhs: ExprId) -> ExprId {
        let dtype = self.work.dtype(expr);
        if !is_index(dtype) {
            return match (self.work.as_int(lhs), self.work.as_int(rhs)) {
                (Some(a), Some(b)) => self.literal(if op == BinaryOp::Min { a.min(b) } else { a.max(b) }, dtype),
                _ => self.float_op(expr, op, lhs, rhs),
            };
        }
        let (a, b) = (self.interval(lhs), self.interval(rhs));
        let (left, right) = match op {
            BinaryOp::Min => (a.max <= b.min, b.max <= a.min),
            _ => (a.min >= b.max, b.min >= a.max),
        };
        match (left || same(&self.work, lhs, rhs), right) {
            (true, _) => lhs,
            (_, true) => rhs,
            _ => expr,
        }
    }

    fn float_op(&mut self, expr: ExprId, op: BinaryOp, lhs: ExprId, rhs: ExprId) -> ExprId {
        let (a, b) = (self.float_of(lhs), self.float_of(rhs));
        let dtype = self.work.dtype(expr);
        if let (Some(a), Some(b)) = (a, b) {
            let exact = match op {
                BinaryOp::Add => a + b,
                BinaryOp::Sub => a - b,
                BinaryOp::Mul => a * b,
                BinaryOp::Div if b != 0.0 => a / b,
                BinaryOp::Min => a.min(b),
                BinaryOp::Max => a.max(b),
                _ => return expr,
            };
            let value = match dtype {
                DataType::F64 => exact,
                // Rounding twice is rounding once here: the operands are f32, and f64 has more than twice its digits.
                DataType::F32 => f64::from(exact as f32),
                DataType::F16 if is_half(exact) => exact,
                _ => return expr,
            };
            return self.push(Expr::Float { value, dtype }, dtype);
        }
        let is = |value: Option<f64>, wanted: f64| value == Some(wanted);
        match op {
            BinaryOp::Add if is(a, 0.0) => rhs,
            BinaryOp::Add | BinaryOp::Sub if is(b, 0.0) => lhs,
            BinaryOp::Mul if is(a, 1.0) || is(b, 0.0) => rhs,
            BinaryOp::Mul | BinaryOp::Div if is(b, 1.0) => lhs,
            BinaryOp::Mul | BinaryOp::Div if is(a, 0.0) => lhs,
            BinaryOp::Sub => self.difference_of_equals(expr, lhs, rhs),
            _ => expr,
        }
    }

    /// `x - x`, `(x + y) - y`, `(x + y) - x`, `x - (y + x)` and `x - (x + y)` of a type that indices do not have.
    ///
    /// TVM takes these for exact with floats too, which they are not for infinities.
    fn difference_of_equals(&mut self, expr: ExprId, lhs: ExprId, rhs: ExprId) -> ExprId {
        let dtype = self.work.dtype(expr);
        if same(&self.work, lhs, rhs) {
            return self.literal(0, dtype);
        }
        if let Expr::Binary { op: BinaryOp::Add, lhs: a, rhs: b } = self.work[lhs] {
            if same(&self.work, b, rhs) {
                return a;
            }
            if same(&self.work, a, rhs) {
                return b;
            }
        }
        if let Expr::Binary { op: BinaryOp::Add, lhs: a, rhs: b } = self.work[rhs] {
            let rest = if same(&self.work, b, lhs) {
                a
            } else if same(&self.work, a, lhs) {
                b
            } else {
                return expr;
            };
            let zero = self.literal(0, dtype);
            return self.push(Expr::Binary { op: BinaryOp::Sub, lhs: zero, rhs: rest }, dtype);
        }
        expr
    }

    fn float_of(&self, expr: ExprId) -> Option<f64> {
        match self.work[expr] {
            Expr::Float { value, .. } => Some(value),
            _ => None,
        }
    }

    pub(super) fn is_literal(&self, expr: ExprId) -> bool {
        matches!(self.work[expr], Expr::Int { .. } | Expr::Float { .. })
    }

    fn convert(&mut self, expr: ExprId, dtype: DataType, value: ExprId) -> ExprId {
        if self.work.dtype(value) == dtype {
            return value;
        }
        match self.work[value] {
            Expr::Int { value, .. } if dtype.is_int() => self.literal(wrapped(value, dtype), dtype),
            Expr::Int { value, .. } if dtype.is_float() => self.literal(value, dtype),
            Expr::Float { value, .. } if dtype == DataType::F64 => self.push(Expr::Float { value, dtype }, dtype),
            Expr::Float { value, .. } if dtype == DataType::F32 => {
                self.push(Expr::Float { value: f64::from(value as f32), dtype }, dtype)
            }
            _ => expr,
        }
    }
}

/// Whether a number is a normal one of half precision: 10 digits after the first, and an exponent from -14 to 15.
fn is_half(value: f64) -> bool {
    let size = value.abs();
    value == 0.0 || (2f64.powi(-14)..65536.0).contains(&size) && value.to_bits().trailing_zeros() >= 42
}

/// An operation on integers; `None` if it has no result.
fn int_op(op: BinaryOp, a: i64, b: i64) -> Option<i64> {
    match op {
        BinaryOp::Add => Some(a.wrapping_add(b)),
        BinaryOp::Sub => Some(a.wrapping_sub(b)),
        BinaryOp::Mul => Some(a.wrapping_mul(b)),
        BinaryOp::Div | BinaryOp::Mod | BinaryOp::FloorDiv | BinaryOp::FloorMod if b != 0 => {
            Some(Simplifier::divide_literals(op, a, b))
        }
        BinaryOp::Min => Some(a.min(b)),
        BinaryOp::Max => Some(a.max(b)),
        _ => None,
    }
}

/// A value kept to the bits of an integer type.
fn wrapped(value: i64, dtype: DataType) -> i64 {
    let bits = dtype.bytes() * 8;
    if bits >= 64 {
        return value;
    }
    let range = 1_i64 << bits;
    let unsigned = floor_mod(value, range);
    let is_signed = matches!(dtype, DataType::I8 | DataType::I16 | DataType::I32);
    if is_signed && unsigned >= range / 2 { unsigned - range } else { unsigned }
}
