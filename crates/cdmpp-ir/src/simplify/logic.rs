//! Comparisons and truth values.

use super::Simplifier;
use super::quiet::is_index;
use super::sum::{Form, Sum};
use crate::interval::{Interval, NEG_INF, POS_INF, floor_div, gcd};
use crate::same::same;
use crate::{BinaryOp, DataType, Expr, ExprId};

impl Simplifier<'_> {
    fn truth(&mut self, value: bool) -> ExprId {
        self.literal(i64::from(value), DataType::Bool)
    }

    pub(super) fn relation(&mut self, op: BinaryOp, lhs: ExprId, rhs: ExprId) -> ExprId {
        self.push(Expr::Binary { op, lhs, rhs }, DataType::Bool)
    }

    /// A comparison of simple operands: decided, if their ranges decide it, or with its literal on one side.
    pub(super) fn compare(&mut self, expr: ExprId, op: BinaryOp, lhs: ExprId, rhs: ExprId) -> ExprId {
        if let Some(decided) = self.compare_literals(op, lhs, rhs) {
            return self.truth(decided);
        }
        match op {
            BinaryOp::Gt => {
                let turned = self.relation(BinaryOp::Lt, rhs, lhs);
                return self.compare(turned, BinaryOp::Lt, rhs, lhs);
            }
            BinaryOp::Ge => {
                let turned = self.relation(BinaryOp::Le, rhs, lhs);
                return self.compare(turned, BinaryOp::Le, rhs, lhs);
            }
            _ => {}
        }
        if let Some(decided) = self.is_known(expr) {
            return self.truth(decided);
        }
        if !is_index(self.work.dtype(lhs)) {
            return expr;
        }
        match op {
            BinaryOp::Lt => self.less(expr, lhs, rhs, true),
            BinaryOp::Le => {
                let turned = self.relation(BinaryOp::Lt, rhs, lhs);
                // TVM divides by a common factor only where the source says `<` or `>`.
                let less = self.less(turned, rhs, lhs, false);
                let found = if less == turned { expr } else { self.negate(less) };
                self.less_or_equal(found)
            }
            BinaryOp::Eq => self.equal(expr, lhs, rhs),
            _ => {
                let opposite = self.relation(BinaryOp::Eq, lhs, rhs);
                let equal = self.equal(opposite, lhs, rhs);
                if equal == opposite { expr } else { self.negate(equal) }
            }
        }
    }

    fn compare_literals(&self, op: BinaryOp, lhs: ExprId, rhs: ExprId) -> Option<bool> {
        let order = match (&self.work[lhs], &self.work[rhs]) {
            (Expr::Int { value: a, .. }, Expr::Int { value: b, .. }) => a.cmp(b),
            (Expr::Float { value: a, .. }, Expr::Float { value: b, .. }) => a.partial_cmp(b)?,
            _ => return None,
        };
        Some(match op {
            BinaryOp::Lt => order.is_lt(),
            BinaryOp::Le => order.is_le(),
            BinaryOp::Gt => order.is_gt(),
            BinaryOp::Ge => order.is_ge(),
            BinaryOp::Eq => order.is_eq(),
            _ => order.is_ne(),
        })
    }

    /// The sum `lhs - rhs`, the range of its value, and whether it may be 0.
    fn difference(&mut self, lhs: ExprId, rhs: ExprId) -> (Sum, Interval, bool) {
        let (a, b) = (self.form_of(lhs), self.form_of(rhs));
        let sum = self.add(a, b, -1);
        let written = self.write(Form::Sum(sum));
        let residue = self.facts.residue(&self.work, written);
        (sum, self.interval(written), residue.base == 0)
    }

    /// `a <= b` is `a == b` if `a` is never less.
    fn less_or_equal(&mut self, expr: ExprId) -> ExprId {
        let Expr::Binary { op: BinaryOp::Le, lhs, rhs } = self.work[expr] else { return expr };
        let (_, range, may_be_equal) = self.difference(lhs, rhs);
        match may_be_equal {
            true if range.min == 0 => {
                let equal = self.relation(BinaryOp::Eq, lhs, rhs);
                self.equal(equal, lhs, rhs)
            }
            false if range.max > 0 => self.relation(BinaryOp::Lt, lhs, rhs),
            _ => expr,
        }
    }

    /// `min(x, y) < z` is `x < z or y < z`, and so on.
    fn less_than_extreme(&mut self, lhs: ExprId, rhs: ExprId) -> Option<ExprId> {
        let extreme = |expr: ExprId| match self.work[expr] {
            Expr::Binary { op: op @ (BinaryOp::Min | BinaryOp::Max), lhs, rhs } => Some((op, lhs, rhs)),
            _ => None,
        };
        let (op, pairs) = match (extreme(lhs), extreme(rhs)) {
            (Some((op, x, y)), _) => {
                (if op == BinaryOp::Min { BinaryOp::Or } else { BinaryOp::And }, [(x, rhs), (y, rhs)])
            }
            (None, Some((op, x, y))) => {
                (if op == BinaryOp::Min { BinaryOp::And } else { BinaryOp::Or }, [(lhs, x), (lhs, y)])
            }
            _ => return None,
        };
        let [a, b] = pairs.map(|(a, b)| {
            let less = self.relation(BinaryOp::Lt, a, b);
            self.fold(less)
        });
        let both = self.relation(op, a, b);
        Some(self.fold(both))
    }

    fn less(&mut self, expr: ExprId, lhs: ExprId, rhs: ExprId, divides: bool) -> ExprId {
        let (sum, range, _) = self.difference(lhs, rhs);
        if range.max < 0 {
            return self.truth(true);
        }
        if range.min >= 0 {
            return self.truth(false);
        }
        if divides && let Some(found) = self.reduced(sum) {
            return found;
        }
        if let Some(found) = self.less_than_extreme(lhs, rhs) {
            return found;
        }
        self.with_literal_aside(expr, BinaryOp::Lt, lhs, rhs, sum)
    }

    fn equal(&mut self, expr: ExprId, lhs: ExprId, rhs: ExprId) -> ExprId {
        let (sum, range, may_be_equal) = self.difference(lhs, rhs);
        if range == Interval::new(0, 0) {
            return self.truth(true);
        }
        if range.min > 0 || range.max < 0 || !may_be_equal {
            return self.truth(false);
        }
        self.with_literal_aside(expr, BinaryOp::Eq, lhs, rhs, sum)
    }

    /// `sum < 0` divided by a common factor of its coefficients, if a rest below the factor is all that is lost.
    fn reduced(&mut self, sum: Sum) -> Option<ExprId> {
        let dtype = self.dtype_of(Form::Sum(sum));
        let scales = self.splits[sum.start..sum.end].iter().map(|split| split.scale.wrapping_abs());
        let scales: (i64, bool) =
            scales.filter(|scale| *scale > 1).fold((sum.base, false), |(all, _), scale| (gcd(all, scale), true));
        let (factor, true) = scales else { return None };
        if factor <= 1 {
            return None;
        }
        let (divisible, rest) = self.part(sum, factor);
        let written = self.write(Form::Sum(rest));
        let range = self.interval(written);
        let mut reduced = Form::Sum(self.divided(divisible, factor));
        if range.min < 0 || range.max >= factor {
            let split = self.splits.get(rest.start).copied().filter(|_| rest.end == rest.start + 1)?;
            let lower = factor.checked_mul(split.lower)?;
            if split.scale != 1 || split.upper == POS_INF || split.upper % lower != 0 {
                return None;
            }
            let quotient = self.with_literal(BinaryOp::FloorDiv, split.index, lower, dtype);
            let remainder = self.with_literal(BinaryOp::FloorMod, quotient, split.upper / lower, dtype);
            let remainder = self.form_of(remainder);
            reduced = Form::Sum(self.add(reduced, remainder, 1));
        }
        let (lhs, rhs) = (self.write(reduced), self.literal(0, dtype));
        let less = self.relation(BinaryOp::Lt, lhs, rhs);
        Some(self.fold(less))
    }

    /// Moves the literals of both sides to one of them.
    fn with_literal_aside(&mut self, expr: ExprId, op: BinaryOp, lhs: ExprId, rhs: ExprId, sum: Sum) -> ExprId {
        let dtype = self.work.dtype(lhs);
        let terms = Sum { base: 0, ..sum };
        let all_negative = self.splits[sum.start..sum.end].iter().all(|split| split.scale < 0);
        let negated = if all_negative { self.negative(terms) } else { terms };
        let value = self.write(Form::Sum(negated));
        let literal = match (self.work.as_int(lhs), self.work.as_int(rhs)) {
            (None, None) => return expr,
            _ if all_negative => sum.base,
            (None, Some(_)) => sum.base.wrapping_neg(),
            // `c < x - y`: the sum is `y - x + c`.
            (Some(_), _) => {
                let turned = self.negative(terms);
                let value = self.write(Form::Sum(turned));
                return self.placed(op, value, sum.base, true, dtype);
            }
        };
        self.placed(op, value, literal, all_negative, dtype)
    }

    fn negative(&mut self, sum: Sum) -> Sum {
        let start = self.splits.len();
        for at in sum.start..sum.end {
            let split = self.splits[at];
            self.splits.push(super::Split { scale: split.scale.wrapping_neg(), ..split });
        }
        Sum { start, end: self.splits.len(), base: sum.base.wrapping_neg(), ..sum }
    }

    /// `value op literal`, or `literal op value`; a product or quotient gives its factor to the literal.
    fn placed(&mut self, op: BinaryOp, value: ExprId, literal: i64, literal_first: bool, dtype: DataType) -> ExprId {
        let (mut value, mut literal) = (value, literal);
        let literal_first = literal_first && op == BinaryOp::Lt;
        while op == BinaryOp::Lt
            && let Expr::Binary { op: inner, lhs, rhs } = self.work[value]
            && let Some(factor) = self.work.as_int(rhs).filter(|factor| *factor > 0)
        {
            literal = match inner {
                BinaryOp::Mul if literal_first => floor_div(literal, factor),
                BinaryOp::Mul => floor_div(literal.saturating_sub(1), factor) + 1,
                BinaryOp::FloorDiv if literal_first => {
                    literal.saturating_add(1).saturating_mul(factor).saturating_sub(1)
                }
                BinaryOp::FloorDiv => literal.saturating_mul(factor),
                _ => break,
            };
            value = lhs;
        }
        let literal = self.literal(literal, dtype);
        let relation =
            if literal_first { self.relation(op, literal, value) } else { self.relation(op, value, literal) };
        self.is_known(relation).map_or(relation, |decided| self.truth(decided))
    }

    /// A conjunction or disjunction of simple operands.
    pub(super) fn logic(&mut self, expr: ExprId, op: BinaryOp, lhs: ExprId, rhs: ExprId) -> ExprId {
        let neutral = i64::from(op == BinaryOp::And);
        for (this, other) in [(lhs, rhs), (rhs, lhs)] {
            if let Some(value) = self.work.as_int(this) {
                return if value == neutral { other } else { this };
            }
        }
        if let Some(decided) = self.is_known(expr) {
            return self.truth(decided);
        }
        match self.work[rhs] {
            Expr::Binary { op: inner, lhs: middle, rhs: last } if inner == op => {
                let first = self.relation(op, lhs, middle);
                let first = self.logic(first, op, lhs, middle);
                self.relation(op, first, last)
            }
            _ => expr,
        }
    }

    /// The negation of a simple truth value, which `expr` is.
    pub(super) fn negated(&mut self, expr: ExprId, value: ExprId) -> ExprId {
        let decided = self.is_known(expr);
        let negated = self.negate(value);
        match (decided, &self.work[negated]) {
            (Some(decided), _) => self.truth(decided),
            (None, Expr::Not(_)) => expr,
            _ => negated,
        }
    }

    /// The opposite of a truth value.
    pub(crate) fn negate(&mut self, value: ExprId) -> ExprId {
        match self.work[value] {
            Expr::Int { value, .. } => self.truth(value == 0),
            Expr::Not(inner) => inner,
            Expr::Binary { op, lhs, rhs } => match op {
                BinaryOp::Lt => self.relation(BinaryOp::Le, rhs, lhs),
                BinaryOp::Le => self.relation(BinaryOp::Lt, rhs, lhs),
                BinaryOp::Gt => self.relation(BinaryOp::Le, lhs, rhs),
                BinaryOp::Ge => self.relation(BinaryOp::Lt, lhs, rhs),
                BinaryOp::Eq => self.relation(BinaryOp::Ne, lhs, rhs),
                BinaryOp::Ne => self.relation(BinaryOp::Eq, lhs, rhs),
                BinaryOp::And | BinaryOp::Or => {
                    let (a, b) = (self.negate(lhs), self.negate(rhs));
                    self.relation(if op == BinaryOp::And { BinaryOp::Or } else { BinaryOp::And }, a, b)
                }
                _ => self.push(Expr::Not(value), DataType::Bool),
            },
            _ => self.push(Expr::Not(value), DataType::Bool),
        }
    }

    /// Whether a condition around says that a truth value holds, or that it does not.
    pub(super) fn is_known(&self, value: ExprId) -> Option<bool> {
        let holds = |known: &ExprId| same(&self.work, *known, value);
        let opposite = |known: &ExprId| match (&self.work[*known], &self.work[value]) {
            (Expr::Not(inner), _) => same(&self.work, *inner, value),
            (_, Expr::Not(inner)) => same(&self.work, *known, *inner),
            (Expr::Binary { op: BinaryOp::Lt, lhs, rhs }, Expr::Binary { op: BinaryOp::Le, lhs: l, rhs: r })
            | (Expr::Binary { op: BinaryOp::Le, lhs, rhs }, Expr::Binary { op: BinaryOp::Lt, lhs: l, rhs: r }) => {
                same(&self.work, *lhs, *r) && same(&self.work, *rhs, *l)
            }
            (Expr::Binary { op: BinaryOp::Eq, lhs, rhs }, Expr::Binary { op: BinaryOp::Ne, lhs: l, rhs: r })
            | (Expr::Binary { op: BinaryOp::Ne, lhs, rhs }, Expr::Binary { op: BinaryOp::Eq, lhs: l, rhs: r }) => {
                same(&self.work, *lhs, *l) && same(&self.work, *rhs, *r)
            }
            _ => false,
        };
        if self.known.iter().any(holds) {
            return Some(true);
        }
        self.known.iter().any(opposite).then_some(false)
    }

    /// Notes a condition, and what it says about the range of an expression.
    pub(super) fn note(&mut self, condition: ExprId) {
        // A load may give another value the next time.
        if super::has_load(&self.work, condition) {
            return;
        }
        if let Expr::Binary { op: BinaryOp::And, lhs, rhs } = self.work[condition] {
            self.note(lhs);
            self.note(rhs);
            return;
        }
        self.known.push(condition);
        let Expr::Binary { op, lhs, rhs } = self.work[condition] else { return };
        let (value, bound) = match (op, self.work.as_int(lhs), self.work.as_int(rhs)) {
            (BinaryOp::Lt, None, Some(c)) => (lhs, Interval::new(NEG_INF, c.saturating_sub(1))),
            (BinaryOp::Le, None, Some(c)) => (lhs, Interval::new(NEG_INF, c)),
            (BinaryOp::Lt, Some(c), None) => (rhs, Interval::new(c.saturating_add(1), POS_INF)),
            (BinaryOp::Le, Some(c), None) => (rhs, Interval::new(c, POS_INF)),
            (BinaryOp::Eq, None, Some(c)) => (lhs, Interval::new(c, c)),
            (BinaryOp::Eq, Some(c), None) => (rhs, Interval::new(c, c)),
            _ => return,
        };
        if is_index(self.work.dtype(value)) {
            self.facts.narrowed.push((value, bound));
        }
    }
}
