//! Integer expressions as sums of scaled quotients and remainders.

use super::quiet::is_index;
use super::split::Split;
use super::{MAX_NEW, Simplifier};
use crate::interval::{floor_div, floor_mod};
use crate::same::same;
use crate::{BinaryOp, DataType, Expr, ExprId, MAX_DEPTH};

/// The most terms of a sum. A sum is written as a chain, so one with more terms would be too deep for a program.
pub(super) const MAX_TERMS: usize = MAX_DEPTH;

/// Terms from `start` to the end of the pool or to the next sum, and a literal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sum {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) base: i64,
    pub(super) dtype: DataType,
}

/// An expression under way.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Expr(ExprId),
    Split(Split, DataType),
    Sum(Sum),
}

impl Simplifier<'_> {
    /// The expression with its integer parts as sums, written out.
    pub(super) fn normal(&mut self, expr: ExprId) -> ExprId {
        let form = self.form_of(expr);
        self.write(form)
    }

    pub(super) fn form_of(&mut self, expr: ExprId) -> Form {
        let dtype = self.work.dtype(expr);
        if self.splits.len() > MAX_NEW {
            self.give_up();
        }
        if self.has_given_up {
            return Form::Expr(expr);
        }
        match self.work[expr] {
            Expr::Binary { op, lhs, rhs } if is_index(dtype) && !matches!(op, BinaryOp::Min | BinaryOp::Max) => {
                let (a, b) = (self.form_of(lhs), self.form_of(rhs));
                if let Some(folded) = self.fold_forms(op, a, b, dtype) {
                    return folded;
                }
                match op {
                    BinaryOp::Add => Form::Sum(self.add(a, b, 1)),
                    BinaryOp::Sub => Form::Sum(self.add(a, b, -1)),
                    BinaryOp::Mul => self.product(a, b, dtype),
                    _ => self.divide(op, a, b, dtype),
                }
            }
            Expr::Cast { dtype, value } if is_index(dtype) => self.cast(dtype, value),
            _ => {
                let mapped = self.map_operands(expr, Self::normal);
                let folded = self.fold(mapped);
                // What is left of a choice, say, may be a sum.
                if folded == mapped || !is_index(dtype) { Form::Expr(folded) } else { self.form_of(folded) }
            }
        }
    }

    /// A conversion to an index type; one that widens goes to the terms of a sum.
    fn cast(&mut self, dtype: DataType, value: ExprId) -> Form {
        let form = self.form_of(value);
        let widens = dtype.bytes() >= self.work.dtype(value).bytes() && is_index(self.work.dtype(value));
        match form {
            Form::Sum(sum) if widens => {
                let start = self.splits.len();
                for at in sum.start..sum.end {
                    let split = self.splits[at];
                    let index = self.converted(dtype, split.index);
                    self.splits.push(Split { index, ..split });
                }
                Form::Sum(Sum { start, end: self.splits.len(), base: sum.base, dtype })
            }
            Form::Split(split, _) if widens => {
                let index = self.converted(dtype, split.index);
                Form::Split(Split { index, ..split }, dtype)
            }
            _ => {
                let value = self.write(form);
                Form::Expr(self.converted(dtype, value))
            }
        }
    }

    fn converted(&mut self, dtype: DataType, value: ExprId) -> ExprId {
        let cast = if self.work.dtype(value) == dtype { value } else { self.push(Expr::Cast { dtype, value }, dtype) };
        self.fold(cast)
    }

    pub(super) fn dtype_of(&self, form: Form) -> DataType {
        match form {
            Form::Expr(expr) => self.work.dtype(expr),
            Form::Split(_, dtype) | Form::Sum(Sum { dtype, .. }) => dtype,
        }
    }

    /// A form as the expression it stands for.
    pub(super) fn write(&mut self, form: Form) -> ExprId {
        match form {
            Form::Expr(expr) => expr,
            Form::Split(split, dtype) => self.write_split(split, 1, dtype),
            Form::Sum(sum) => self.write_sum(sum),
        }
    }

    pub(super) fn with_literal(&mut self, op: BinaryOp, lhs: ExprId, value: i64, dtype: DataType) -> ExprId {
        let rhs = self.literal(value, dtype);
        let expr = self.push(Expr::Binary { op, lhs, rhs }, dtype);
        self.fold(expr)
    }

    /// Writes positive terms in falling order, the literal, then what is subtracted.
    fn write_sum(&mut self, sum: Sum) -> ExprId {
        let Sum { base, dtype, .. } = sum;
        let start = self.splits.len();
        self.splits.extend_from_within(sum.start..sum.end);
        self.merge_terms(start);
        self.splits[start..].sort_by(|a, b| {
            let key = |split: &Split| (split.scale, split.lower, split.upper, split.floor);
            key(b).cmp(&key(a))
        });
        let mut written = None;
        for at in start..self.splits.len() {
            let split = self.splits[at];
            if split.scale > 0 {
                let term = self.write_split(split, 1, dtype);
                written = Some(self.join(BinaryOp::Add, written, term, dtype));
            }
        }
        if base > 0 || base == i64::MIN {
            let base = self.literal(base, dtype);
            written = Some(self.join(BinaryOp::Add, written, base, dtype));
        }
        for at in start..self.splits.len() {
            let split = self.splits[at];
            if split.scale < 0 {
                let term = self.write_split(split, -1, dtype);
                written = Some(self.join(BinaryOp::Sub, written, term, dtype));
            }
        }
        if base < 0 && base != i64::MIN {
            let base = match written {
                None => self.literal(base, dtype),
                Some(_) => self.literal(-base, dtype),
            };
            written = Some(match written {
                None => base,
                some => self.join(BinaryOp::Sub, some, base, dtype),
            });
        }
        self.splits.truncate(start);
        written.unwrap_or_else(|| self.literal(0, dtype))
    }

    fn join(&mut self, op: BinaryOp, lhs: Option<ExprId>, rhs: ExprId, dtype: DataType) -> ExprId {
        match lhs {
            None if op == BinaryOp::Add => rhs,
            None => {
                let zero = self.literal(0, dtype);
                self.push(Expr::Binary { op, lhs: zero, rhs }, dtype)
            }
            Some(lhs) => self.push(Expr::Binary { op, lhs, rhs }, dtype),
        }
    }

    /// Merges neighbouring terms of one index: equal ones, and `x / s * s + x % s` into `x`.
    fn merge_terms(&mut self, start: usize) {
        for i in start..self.splits.len() {
            for j in i + 1..self.splits.len() {
                let (a, b) = (self.splits[i], self.splits[j]);
                if a.scale == 0 || !same(&self.work, a.index, b.index) || a.upper < b.lower {
                    break;
                }
                if a.upper == b.upper && a.lower == b.lower && a.rounds_as(b.floor) {
                    self.splits[j].scale = b.scale.wrapping_add(a.scale);
                    self.splits[i].scale = 0;
                } else if a.lower == b.upper
                    && b.scale != 0
                    && a.scale.wrapping_rem(b.scale) == 0
                    && a.lower == a.scale.wrapping_div(b.scale).wrapping_mul(b.lower)
                    && a.rounds_as(b.floor)
                {
                    self.splits[j].upper = a.upper;
                    self.splits[i].scale = 0;
                    break;
                }
            }
        }
    }

    /// A form as a sum at the end of the pool, where it may grow.
    fn growing_sum(&mut self, form: Form) -> Sum {
        let start = self.splits.len();
        let dtype = self.dtype_of(form);
        let base = match form {
            Form::Sum(sum) => {
                self.splits.extend_from_within(sum.start..sum.end);
                sum.base
            }
            Form::Split(split, _) => {
                self.splits.push(split);
                0
            }
            Form::Expr(expr) => match self.work[expr] {
                Expr::Int { value, .. } => value,
                _ => {
                    self.splits.push(Split::new(expr));
                    0
                }
            },
        };
        Sum { start, end: self.splits.len(), base, dtype }
    }

    /// `a + factor · b`
    pub(super) fn add(&mut self, a: Form, b: Form, factor: i64) -> Sum {
        let mut sum = self.growing_sum(a);
        match b {
            Form::Sum(other) => {
                for at in other.start..other.end {
                    self.add_split(&sum, self.splits[at], factor);
                }
                sum.base = sum.base.wrapping_add(other.base.wrapping_mul(factor));
            }
            Form::Split(split, _) => self.add_split(&sum, split, factor),
            Form::Expr(expr) => match self.work[expr] {
                Expr::Int { value, .. } => sum.base = sum.base.wrapping_add(value.wrapping_mul(factor)),
                _ => self.add_split(&sum, Split::new(expr), factor),
            },
        }
        sum.end = self.splits.len();
        if sum.end - sum.start > MAX_TERMS {
            self.give_up();
        }
        sum
    }

    /// Adds a term to the sum at the end of the pool: beside terms of its index, in falling order of the divisor.
    fn add_split(&mut self, sum: &Sum, mut split: Split, factor: i64) {
        if split.scale == 0 {
            return;
        }
        split.scale = split.scale.wrapping_mul(factor);
        let all = sum.start..self.splits.len();
        let first = all.clone().find(|&at| same(&self.work, self.splits[at].index, split.index));
        for at in first.unwrap_or(all.end)..all.end {
            let other = self.splits[at];
            if other.lower < split.lower || !same(&self.work, other.index, split.index) {
                self.splits.insert(at, split);
                return;
            }
            if other.lower == split.lower && other.upper == split.upper && split.rounds_as(other.floor) {
                self.splits[at].scale = other.scale.wrapping_add(split.scale);
                return;
            }
        }
        self.splits.push(split);
    }

    fn product(&mut self, a: Form, b: Form, dtype: DataType) -> Form {
        let (a, b) = if self.literal_of(a).is_some() { (b, a) } else { (a, b) };
        let Some(factor) = self.literal_of(b) else {
            let (lhs, rhs) = (self.write(a), self.write(b));
            return self.product_of_factors(lhs, rhs, dtype);
        };
        match a {
            Form::Sum(sum) => {
                let mut sum = self.growing_sum(Form::Sum(sum));
                self.splits[sum.start..].iter_mut().for_each(|split| split.scale = split.scale.wrapping_mul(factor));
                sum.base = sum.base.wrapping_mul(factor);
                Form::Sum(sum)
            }
            _ => {
                let split = self.split_of(a);
                Form::Split(Split { scale: split.scale.wrapping_mul(factor), ..split }, dtype)
            }
        }
    }

    /// The product of two expressions that are not literals: factors in order, then their literals as one.
    fn product_of_factors(&mut self, lhs: ExprId, rhs: ExprId, dtype: DataType) -> Form {
        let start = self.operands.len();
        let mut literal = self.collect_factors(lhs);
        literal = literal.wrapping_mul(self.collect_factors(rhs));
        let mut written = None;
        for at in start..self.operands.len() {
            let rhs = self.operands[at];
            written = Some(match written {
                None => rhs,
                Some(lhs) => self.push(Expr::Binary { op: BinaryOp::Mul, lhs, rhs }, dtype),
            });
        }
        self.operands.truncate(start);
        match written {
            None => Form::Expr(self.literal(literal, dtype)),
            Some(written) if literal == 1 => Form::Expr(written),
            Some(written) => Form::Split(Split { scale: literal, ..Split::new(written) }, dtype),
        }
    }

    fn collect_factors(&mut self, expr: ExprId) -> i64 {
        match self.work[expr] {
            Expr::Binary { op: BinaryOp::Mul, lhs, rhs } => {
                let literal = self.collect_factors(lhs);
                literal.wrapping_mul(self.collect_factors(rhs))
            }
            Expr::Int { value, .. } => value,
            _ => {
                self.operands.push(expr);
                1
            }
        }
    }

    pub(super) fn literal_of(&self, form: Form) -> Option<i64> {
        match form {
            Form::Expr(expr) => self.work.as_int(expr),
            _ => None,
        }
    }

    /// Parts a sum into what a divisor divides and the rest.
    pub(super) fn part(&mut self, sum: Sum, divisor: i64) -> (Sum, Sum) {
        let start = self.splits.len();
        for at in sum.start..sum.end {
            if self.splits[at].scale % divisor == 0 {
                self.splits.push(self.splits[at]);
            }
        }
        let middle = self.splits.len();
        for at in sum.start..sum.end {
            if self.splits[at].scale % divisor != 0 {
                self.splits.push(self.splits[at]);
            }
        }
        let (inside, outside) = if sum.base % divisor == 0 { (sum.base, 0) } else { (0, sum.base) };
        let divisible = Sum { start, end: middle, base: inside, ..sum };
        (divisible, Sum { start: middle, end: self.splits.len(), base: outside, ..sum })
    }

    /// Divides a sum by a divisor of all its terms.
    pub(super) fn divided(&mut self, sum: Sum, divisor: i64) -> Sum {
        self.splits[sum.start..sum.end].iter_mut().for_each(|split| split.scale /= divisor);
        Sum { base: sum.base / divisor, ..sum }
    }

    /// A remainder or quotient of literals.
    pub(super) fn divide_literals(op: BinaryOp, a: i64, b: i64) -> i64 {
        match op {
            BinaryOp::FloorDiv => floor_div(a, b),
            BinaryOp::FloorMod => floor_mod(a, b),
            BinaryOp::Div => a.wrapping_div(b),
            _ => a.wrapping_rem(b),
        }
    }
}
