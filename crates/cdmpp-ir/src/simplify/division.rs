//! Quotients and remainders: their normal form, and rules that look at ranges.

use super::Simplifier;
use super::quiet::is_index;
use super::sum::{Form, Sum};
use crate::interval::{POS_INF, floor_div, floor_mod};
use crate::{BinaryOp, DataType, Expr, ExprId};

impl Simplifier<'_> {
    /// `a / b` or `a % b`, rounded down or towards 0.
    pub(super) fn divide(&mut self, op: BinaryOp, a: Form, b: Form, dtype: DataType) -> Form {
        let floor = matches!(op, BinaryOp::FloorDiv | BinaryOp::FloorMod);
        let quotient = matches!(op, BinaryOp::FloorDiv | BinaryOp::Div);
        match self.literal_of(b) {
            Some(divisor) if divisor > 0 => match a {
                Form::Sum(sum) if quotient => self.sum_quotient(sum, divisor, floor),
                Form::Sum(sum) => self.sum_remainder(sum, divisor, floor),
                _ => {
                    let written = self.write(a);
                    let range = self.interval(written);
                    if range.min >= 0 && range.max < divisor {
                        return if quotient { Form::Expr(self.literal(0, dtype)) } else { a };
                    }
                    if let Some(form) = self.quotient_of_remainder(op, a, divisor) {
                        return form;
                    }
                    let split = self.split_of(a);
                    Form::Split(self.divide_split(split, divisor, quotient, floor, dtype), dtype)
                }
            },
            _ => {
                let (lhs, rhs) = (self.write(a), self.write(b));
                Form::Expr(self.push(Expr::Binary { op, lhs, rhs }, dtype))
            }
        }
    }

    fn divide_split(
        &mut self,
        split: super::Split,
        divisor: i64,
        quotient: bool,
        floor: bool,
        dtype: DataType,
    ) -> super::Split {
        if quotient {
            self.split_quotient(split, divisor, floor, dtype)
        } else {
            self.split_remainder(split, divisor, floor, dtype)
        }
    }

    /// `(x % (m · n)) // n` is `x // n % m` where `n` divides a part of the sum `x`.
    fn quotient_of_remainder(&mut self, op: BinaryOp, a: Form, divisor: i64) -> Option<Form> {
        let Form::Split(split, dtype) = a else { return None };
        let plain = split.floor && split.lower == 1 && split.scale == 1 && split.upper != POS_INF;
        if op != BinaryOp::FloorDiv || !plain || split.upper % divisor != 0 {
            return None;
        }
        let Form::Sum(sum) = self.form_of(split.index) else { return None };
        let (divisible, _) = self.part(sum, divisor);
        if divisible.base == 0 && divisible.start == divisible.end {
            return None;
        }
        let quotient = self.sum_quotient(sum, divisor, true);
        let quotient = self.write(quotient);
        let remainder = self.with_literal(BinaryOp::FloorMod, quotient, split.upper / divisor, dtype);
        Some(self.form_of(remainder))
    }

    fn sum_quotient(&mut self, sum: Sum, divisor: i64, floor: bool) -> Form {
        let dtype = self.dtype_of(Form::Sum(sum));
        let (divisible, rest) = self.part(sum, divisor);
        if rest.base == 0 && rest.start == rest.end {
            return Form::Sum(self.divided(divisible, divisor));
        }
        let written = self.write(Form::Sum(rest));
        if !floor {
            let whole = self.write(Form::Sum(divisible));
            if self.interval(whole).min < 0 || self.interval(written).min < 0 {
                let split = self.split_of(Form::Sum(sum));
                return Form::Split(self.split_quotient(split, divisor, false, dtype), dtype);
            }
        }
        let range = self.interval(written);
        let rest = match self.work.as_int(written) {
            Some(value) => Form::Expr(self.literal(floor_div(value, divisor), dtype)),
            None if range.min >= 0 && range.max < divisor => Form::Expr(self.literal(0, dtype)),
            None => {
                let split = self.split_of(Form::Expr(written));
                Form::Split(self.split_quotient(split, divisor, floor, dtype), dtype)
            }
        };
        let divided = self.divided(divisible, divisor);
        Form::Sum(self.add(Form::Sum(divided), rest, 1))
    }

    fn sum_remainder(&mut self, sum: Sum, divisor: i64, floor: bool) -> Form {
        let dtype = self.dtype_of(Form::Sum(sum));
        let (divisible, mut rest) = self.part(sum, divisor);
        let written = self.write(Form::Sum(rest));
        if !floor {
            let whole = self.write(Form::Sum(divisible));
            if self.interval(whole).min < 0 || self.interval(written).min < 0 {
                let split = self.split_of(Form::Sum(sum));
                return Form::Split(self.split_remainder(split, divisor, false, dtype), dtype);
            }
        }
        let range = self.interval(written);
        if let Some(value) = self.work.as_int(written) {
            return Form::Expr(self.literal(floor_mod(value, divisor), dtype));
        }
        if range.min >= 0 && range.max < divisor {
            return Form::Sum(rest);
        }
        let base = floor_mod(rest.base, divisor);
        if floor || range.min.saturating_sub(rest.base).saturating_add(base) >= 0 {
            rest.base = base;
        }
        let split = self.split_of(Form::Sum(rest));
        Form::Split(self.split_remainder(split, divisor, floor, dtype), dtype)
    }

    /// Applies the rules to every part of an expression, innermost first.
    pub(super) fn apply_rules(&mut self, expr: ExprId) -> ExprId {
        if self.has_given_up {
            return expr;
        }
        let mapped = self.map_operands(expr, Self::apply_rules);
        let mapped = if mapped == expr { expr } else { self.fold(mapped) };
        let dtype = self.work.dtype(mapped);
        let Expr::Binary { op, lhs, rhs } = self.work[mapped] else { return mapped };
        let Some(divisor) = self.work.as_int(rhs).filter(|divisor| *divisor > 0 && is_index(dtype)) else {
            return mapped;
        };
        match op {
            BinaryOp::FloorDiv => self.quotient_rules(mapped, lhs, divisor, dtype),
            BinaryOp::FloorMod => self.remainder_rules(mapped, lhs, divisor, dtype),
            _ => mapped,
        }
    }

    /// `x · c + y` as `(x, c, y)`.
    fn product_and_rest(&mut self, expr: ExprId) -> Option<(ExprId, i64, Option<ExprId>)> {
        if let Some((x, factor)) = self.factored(expr) {
            return Some((x, factor, None));
        }
        let dtype = self.work.dtype(expr);
        let (lhs, rhs) = match self.work[expr] {
            Expr::Binary { op: BinaryOp::Add, lhs, rhs } => (lhs, rhs),
            Expr::Binary { op: BinaryOp::Sub, lhs, rhs } => {
                let value = self.work.as_int(rhs)?;
                (lhs, self.literal(value.wrapping_neg(), dtype))
            }
            _ => return None,
        };
        if let Some((x, factor)) = self.factored(lhs) {
            return Some((x, factor, Some(rhs)));
        }
        self.factored(rhs).map(|(x, factor)| (x, factor, Some(lhs)))
    }

    /// A product with a literal, or a sum of products with one literal: `x · c + y · c` is `(x + y) · c`, and `x · c + c`
    /// is `(x + 1) · c`.
    fn factored(&mut self, expr: ExprId) -> Option<(ExprId, i64)> {
        let dtype = self.work.dtype(expr);
        let Expr::Binary { op, lhs, rhs } = self.work[expr] else { return None };
        match op {
            BinaryOp::Mul => Some((lhs, self.work.as_int(rhs)?)),
            BinaryOp::Add | BinaryOp::Sub => {
                let (x, factor) = self.factored(lhs)?;
                let other = match self.work[rhs] {
                    Expr::Int { value, .. } if value == factor => self.literal(1, dtype),
                    Expr::Binary { op: BinaryOp::Mul, lhs: y, rhs } if self.work.as_int(rhs) == Some(factor) => y,
                    _ => return None,
                };
                Some((self.push(Expr::Binary { op, lhs: x, rhs: other }, dtype), factor))
            }
            _ => None,
        }
    }

    fn quotient_rules(&mut self, expr: ExprId, value: ExprId, divisor: i64, dtype: DataType) -> ExprId {
        if let Some((x, factor, rest)) = self.product_and_rest(value) {
            let rest_quotient = rest.map(|rest| self.with_literal(BinaryOp::FloorDiv, rest, divisor, dtype));
            let rest_quotient = rest_quotient.map(|quotient| self.normal(quotient));
            // What is left of x · (c % d) + y % d, divided by d.
            let mut left = self.with_literal(BinaryOp::Mul, x, floor_mod(factor, divisor), dtype);
            if let Some(rest) = rest {
                let rhs = self.with_literal(BinaryOp::FloorMod, rest, divisor, dtype);
                left = self.push(Expr::Binary { op: BinaryOp::Add, lhs: left, rhs }, dtype);
                left = self.fold(left);
            }
            let left = self.with_literal(BinaryOp::FloorDiv, left, divisor, dtype);
            let range = self.interval(left);
            if range.min == range.max {
                let product = self.with_literal(BinaryOp::Mul, x, floor_div(factor, divisor), dtype);
                let sum = self.sum_of(product, rest_quotient, dtype);
                return self.with_literal(BinaryOp::Add, sum, range.min, dtype);
            }
            let modulo = rest.map(|rest| self.with_literal(BinaryOp::FloorMod, rest, divisor, dtype));
            let fits = modulo.is_none_or(|modulo| self.interval(modulo).max < factor);
            if factor > 0 && divisor % factor == 0 && fits {
                let quotient = self.with_literal(BinaryOp::FloorDiv, x, divisor / factor, dtype);
                return self.sum_of(quotient, rest_quotient, dtype);
            }
        }
        let Expr::Binary { op: BinaryOp::Add, lhs, rhs } = self.work[value] else { return expr };
        // x · c + y + z
        if let Expr::Binary { op: BinaryOp::Add, lhs: product, rhs: middle } = self.work[lhs]
            && let Some((x, factor)) = self.factored(product)
            && factor > 0
            && divisor % factor == 0
        {
            let rest = self.push(Expr::Binary { op: BinaryOp::Add, lhs: middle, rhs }, dtype);
            let range = self.interval(rest);
            if range.min >= 0 && range.max < factor {
                return self.with_literal(BinaryOp::FloorDiv, x, divisor / factor, dtype);
            }
        }
        // x + c within one multiple of the divisor
        if let Some(offset) = self.work.as_int(rhs).filter(|offset| *offset > 0) {
            let range = self.interval(lhs);
            if range.min >= -(offset % divisor) && range.max < divisor - offset % divisor {
                return self.literal(offset / divisor, dtype);
            }
        }
        expr
    }

    fn sum_of(&mut self, lhs: ExprId, rhs: Option<ExprId>, dtype: DataType) -> ExprId {
        let Some(rhs) = rhs else { return lhs };
        let sum = self.push(Expr::Binary { op: BinaryOp::Add, lhs, rhs }, dtype);
        self.fold(sum)
    }

    fn remainder_rules(&mut self, expr: ExprId, value: ExprId, divisor: i64, dtype: DataType) -> ExprId {
        let residue = self.facts.residue(&self.work, value);
        if residue.coeff % divisor == 0 {
            return self.literal(floor_mod(residue.base, divisor), dtype);
        }
        let range = self.interval(value);
        if range.min >= 0 && range.max < divisor {
            return value;
        }
        match self.product_and_rest(value) {
            Some((x, factor, None)) if factor < 0 || factor >= divisor => {
                let product = self.with_literal(BinaryOp::Mul, x, floor_mod(factor, divisor), dtype);
                self.with_literal(BinaryOp::FloorMod, product, divisor, dtype)
            }
            Some((x, factor, Some(rest))) if factor > 0 && divisor % factor == 0 => {
                let range = self.interval(rest);
                let leads = matches!(self.work[value], Expr::Binary { lhs, .. } if lhs != rest);
                if leads && range.min >= 0 && range.max < factor {
                    let inner = self.with_literal(BinaryOp::FloorMod, x, divisor / factor, dtype);
                    let product = self.with_literal(BinaryOp::Mul, inner, factor, dtype);
                    return self.sum_of(product, Some(rest), dtype);
                }
                expr
            }
            _ => expr,
        }
    }
}
