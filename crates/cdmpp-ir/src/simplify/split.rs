//! A scaled part of the digits of an index: one term of a sum.

use super::Simplifier;
use super::sum::Form;
use crate::interval::POS_INF;
use crate::{BinaryOp, DataType, ExprId};

/// `index % upper / lower * scale`; `upper` is infinite or a multiple of `lower`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Split {
    pub(super) index: ExprId,
    pub(super) lower: i64,
    pub(super) upper: i64,
    pub(super) scale: i64,
    /// Whether quotient and remainder are rounded down; otherwise towards 0.
    pub(super) floor: bool,
}

impl Split {
    /// The term `index`.
    pub(super) fn new(index: ExprId) -> Self {
        Self { index, lower: 1, upper: POS_INF, scale: 1, floor: false }
    }

    /// Whether the term may be read as rounding down (or towards 0): one without a division may.
    pub(super) fn rounds_as(self, floor: bool) -> bool {
        self.floor == floor || self.lower == 1 && self.upper == POS_INF
    }
}

impl Simplifier<'_> {
    /// A form as one term; a sum is written out, unless it has only one term.
    pub(super) fn split_of(&mut self, form: Form) -> Split {
        match form {
            Form::Split(split, _) => split,
            Form::Sum(sum) if sum.base == 0 && sum.end == sum.start + 1 => self.splits[sum.start],
            _ => Split::new(self.write(form)),
        }
    }

    /// A term, times a factor, as an expression.
    pub(super) fn write_split(&mut self, split: Split, factor: i64, dtype: DataType) -> ExprId {
        let (modulo, quotient) =
            if split.floor { (BinaryOp::FloorMod, BinaryOp::FloorDiv) } else { (BinaryOp::Mod, BinaryOp::Div) };
        if split.scale == 0 {
            return self.literal(0, dtype);
        }
        let mut expr = split.index;
        if split.upper != POS_INF {
            expr = self.with_literal(modulo, expr, split.upper, dtype);
        }
        if split.lower != 1 {
            expr = self.with_literal(quotient, expr, split.lower, dtype);
        }
        match split.scale.wrapping_mul(factor) {
            1 => expr,
            scale => self.with_literal(BinaryOp::Mul, expr, scale, dtype),
        }
    }

    fn rounded(&mut self, split: Split, floor: bool, dtype: DataType) -> Split {
        if split.rounds_as(floor) {
            return Split { floor, ..split };
        }
        let index = self.write_split(split, 1, dtype);
        Split { floor, ..Split::new(index) }
    }

    /// `split / divisor`
    pub(super) fn split_quotient(&mut self, split: Split, divisor: i64, floor: bool, dtype: DataType) -> Split {
        let split = self.rounded(split, floor, dtype);
        if split.scale % divisor == 0 {
            return Split { scale: split.scale / divisor, ..split };
        }
        if split.scale != 0 && divisor % split.scale == 0 && split.scale > 0 {
            let divisor = divisor / split.scale;
            if let Some(lower) = split.lower.checked_mul(divisor) {
                if split.upper == POS_INF || split.upper % lower == 0 {
                    return Split { scale: 1, lower, ..split };
                }
                if split.upper <= lower {
                    return Split::new(self.literal(0, dtype));
                }
                let op = if floor { BinaryOp::FloorMod } else { BinaryOp::Mod };
                let index = self.with_literal(op, split.index, split.upper, dtype);
                return Split { index, upper: POS_INF, scale: 1, lower, floor };
            }
        }
        let index = self.write_split(split, 1, dtype);
        Split { lower: divisor, floor, ..Split::new(index) }
    }

    /// `split % divisor`
    pub(super) fn split_remainder(&mut self, split: Split, divisor: i64, floor: bool, dtype: DataType) -> Split {
        let split = self.rounded(split, floor, dtype);
        if split.scale % divisor == 0 {
            return Split { scale: 0, ..split };
        }
        if split.scale > 0
            && divisor % split.scale == 0
            && let Some(upper) = split.lower.checked_mul(divisor / split.scale)
        {
            if split.upper == POS_INF {
                return Split { upper, ..split };
            }
            if split.upper % upper == 0 {
                if upper >= split.upper {
                    return Split { upper, ..split };
                }
                let op = if floor { BinaryOp::FloorMod } else { BinaryOp::Mod };
                let inner = self.with_literal(op, split.index, upper, dtype);
                let form = self.form_of(inner);
                let updated = self.split_of(form);
                let found = match split.lower {
                    1 => updated,
                    lower => self.split_quotient(updated, lower, floor, dtype),
                };
                return Split { scale: found.scale.wrapping_mul(split.scale), ..found };
            }
            if upper % split.upper == 0 {
                return split;
            }
        }
        let index = self.write_split(split, 1, dtype);
        Split { upper: divisor, floor, ..Split::new(index) }
    }
}
