//! A quick look that most expressions pass: they are simple already.

use super::Simplifier;
use crate::interval::{POS_INF, gcd};
use crate::same::same;
use crate::{BinaryOp, DataType, Expr, ExprId, Program, VarId};

/// The most terms of a sum that is looked at.
const MAX_TERMS: usize = 8;

/// Whether simplification would leave an expression of the source as it is. A `false` may be wrong, a `true` not.
///
/// `choice` is the condition of the choice around, if there is one.
pub(super) fn is_quiet(simplifier: &Simplifier<'_>, expr: ExprId, choice: Option<ExprId>) -> bool {
    let program = simplifier.source;
    let quiet = |expr| is_quiet(simplifier, expr, choice);
    match program[expr] {
        Expr::Int { .. } | Expr::Float { .. } | Expr::Str(_) => true,
        Expr::Var(var) => is_free(simplifier, var),
        Expr::Load { indices, .. } => program.list(indices).iter().all(|&index| quiet(index)),
        Expr::Call { callee, args, .. } => {
            !super::fold::is_folded_call(&program[callee]) && program.list(args).iter().all(|&arg| quiet(arg))
        }
        Expr::Cast { dtype, value } => {
            program.dtype(value) != dtype && !is_index(dtype) && !is_literal(program, value) && quiet(value)
        }
        Expr::Binary { .. } if is_index(program.dtype(expr)) => Sum::read(simplifier, expr, choice).is_some(),
        Expr::Binary { op, lhs, rhs } if program.dtype(expr).is_float() => {
            !may_fold(program, op, lhs, rhs) && quiet(lhs) && quiet(rhs)
        }
        Expr::IfThenElse { condition, then, otherwise } if choice.is_none() && !simplifier.has_conditions() => {
            let quiet = |expr| is_quiet(simplifier, expr, Some(condition));
            is_open_condition(simplifier, condition) && quiet(then) && quiet(otherwise)
        }
        _ => false,
    }
}

/// Whether an operation on floats may be replaced by a literal or an operand.
fn may_fold(program: &Program, op: BinaryOp, lhs: ExprId, rhs: ExprId) -> bool {
    let is_sum = |expr: ExprId| matches!(program[expr], Expr::Binary { op: BinaryOp::Add, .. });
    let has_neutral = match (&program[lhs], &program[rhs]) {
        (Expr::Float { .. }, Expr::Float { .. }) => true,
        (Expr::Float { value, .. }, _) | (_, Expr::Float { value, .. }) => {
            !matches!(op, BinaryOp::Max | BinaryOp::Min) && (*value == 0.0 || *value == 1.0)
        }
        _ => false,
    };
    has_neutral || op == BinaryOp::Sub && (is_sum(lhs) || is_sum(rhs) || same(program, lhs, rhs))
}

/// Whether a condition is a conjunction of `c <= x` and `x < c` for sums `x` that their ranges do not decide.
fn is_open_condition(simplifier: &Simplifier<'_>, condition: ExprId) -> bool {
    let program = simplifier.source;
    let Expr::Binary { op, lhs, rhs } = program[condition] else { return false };
    let (value, literal) = match op {
        BinaryOp::And => {
            return !matches!(program[rhs], Expr::Binary { op: BinaryOp::And, .. })
                && is_open_condition(simplifier, lhs)
                && is_open_condition(simplifier, rhs);
        }
        BinaryOp::Le => (rhs, program.as_int(lhs)),
        BinaryOp::Lt => (lhs, program.as_int(rhs)),
        _ => return false,
    };
    let (Some(literal), true) = (literal, is_index(program.dtype(value))) else { return false };
    let Some(sum) = Sum::read(simplifier, value, None) else { return false };
    // A factor of a lone term goes to the other side; one of all terms tells what the sum cannot be, and one of a part of
    // the terms may divide `<`.
    let is_plain = sum.base == 0 && sum.has_term_without_factor() && !sum.is_quotient();
    let divides = op == BinaryOp::Lt && gcd(sum.common_factor(), literal) > 1;
    if !is_plain || divides {
        return false;
    }
    let range = simplifier.facts.interval(program, value);
    range.min < literal && literal <= range.max && !(op == BinaryOp::Le && literal == range.max)
}

/// Whether a type is one that indices have.
pub(super) fn is_index(dtype: DataType) -> bool {
    matches!(dtype, DataType::I32 | DataType::I64)
}

fn is_literal(program: &Program, expr: ExprId) -> bool {
    matches!(program[expr], Expr::Int { .. } | Expr::Float { .. })
}

/// Whether nothing stands for a variable.
fn is_free(simplifier: &Simplifier<'_>, var: VarId) -> bool {
    simplifier.values[var.index()].is_none()
}

/// `t₁·c₁ + t₂·c₂ + … + c` as simplification writes it: factors above 0 that do not rise, and a literal other than 0 at
/// the end, or none. A term is a free variable `v`, or digits of one or of a plain sum: `v // l`, `v % u` or `v % u // l`.
#[derive(Debug)]
struct Sum {
    /// From the right.
    terms: [Option<Term>; MAX_TERMS],
    base: i64,
}

/// A term of a sum: `var % upper // lower * scale`.
#[derive(Clone, Copy, Debug)]
struct Term {
    /// `None` for a plain sum.
    var: Option<VarId>,
    lower: i64,
    upper: i64,
    scale: i64,
}

impl Sum {
    fn read(simplifier: &Simplifier<'_>, expr: ExprId, choice: Option<ExprId>) -> Option<Self> {
        let program = simplifier.source;
        let (mut rest, mut base) = (expr, 0);
        if let Expr::Binary { op: op @ (BinaryOp::Add | BinaryOp::Sub), lhs, rhs } = program[expr]
            && let Expr::Int { value, .. } = program[rhs]
        {
            if value <= 0 {
                return None;
            }
            (rest, base) = (lhs, if op == BinaryOp::Add { value } else { -value });
        }
        let mut sum = Self { terms: [None; MAX_TERMS], base };
        for at in 0..MAX_TERMS {
            let (term, next) = match program[rest] {
                Expr::Binary { op: BinaryOp::Add, lhs, rhs } => (rhs, Some(lhs)),
                _ => (rest, None),
            };
            let term = Term::read(simplifier, term, choice)?;
            if at > 0 && !sum.is_in_order(at, term) {
                return None;
            }
            sum.terms[at] = Some(term);
            match next {
                Some(next) => rest = next,
                None => return Some(sum),
            }
        }
        None
    }

    /// Whether simplification would leave a term to the left of the first `n` from the right.
    fn is_in_order(&self, n: usize, term: Term) -> bool {
        let falls = self.terms[n - 1].is_some_and(|right| {
            term.scale > right.scale || term.scale == right.scale && !term.is_part() && !right.is_part()
        });
        falls && self.terms().all(|other| other.var != term.var || term.is_apart(other) || other.is_apart(term))
    }

    fn terms(&self) -> impl Iterator<Item = Term> {
        self.terms.iter().copied().flatten()
    }

    fn has_term_without_factor(&self) -> bool {
        self.terms().any(|term| term.scale == 1)
    }

    /// The greatest common divisor of the factors other than 1, or 1 if there are none.
    fn common_factor(&self) -> i64 {
        self.terms().map(|term| term.scale).filter(|scale| *scale > 1).reduce(gcd).unwrap_or(1)
    }

    /// Whether simplification parts this sum neither from its quotient and remainder nor over them. `part` has the
    /// divisors; they do not decide it.
    fn keeps_digits(&self, simplifier: &Simplifier<'_>, part: Term) -> bool {
        let starts_at_0 = |term: Term| term.var.is_some_and(|var| simplifier.facts.intervals[var.index()].min == 0);
        let is_plain = self.terms().all(|term| !term.is_part() && starts_at_0(term));
        let divides = |factor: i64, other: i64| factor > 1 && other < POS_INF && other % factor == 0;
        let is_apart = |term: Term| {
            let Term { scale, .. } = term;
            let divisors = [part.upper, part.lower];
            !divisors.iter().any(|divisor| divides(*divisor, scale) || divides(scale, *divisor))
        };
        // A quotient is that of `x · (c % l) + y % l`, where that is not below `l`.
        let has_quotient = |term: Term| {
            let largest = term.var.map_or(0, |var| simplifier.facts.intervals[var.index()].max);
            largest.saturating_mul(term.scale % part.lower) >= part.lower
        };
        let is_kept = part.upper < POS_INF || self.terms().all(|term| term.scale == 1 || has_quotient(term));
        self.base == 0
            && self.terms[0].is_some_and(|last| last.scale == 1)
            && is_plain
            && is_kept
            && self.terms().all(is_apart)
    }

    /// Whether this is a quotient alone.
    fn is_quotient(&self) -> bool {
        self.terms[1].is_none() && self.terms().all(|term| term.lower > 1)
    }
}

impl Term {
    fn read(simplifier: &Simplifier<'_>, expr: ExprId, choice: Option<ExprId>) -> Option<Self> {
        let program = simplifier.source;
        let operation = |expr: ExprId, wanted: BinaryOp| match program[expr] {
            Expr::Binary { op, lhs, rhs } if op == wanted => {
                program.as_int(rhs).filter(|literal| *literal > 1).map(|literal| (lhs, literal))
            }
            _ => None,
        };
        let (expr, scale) = operation(expr, BinaryOp::Mul).unwrap_or((expr, 1));
        let (expr, lower) = operation(expr, BinaryOp::FloorDiv).unwrap_or((expr, 1));
        let (expr, upper) = operation(expr, BinaryOp::FloorMod).unwrap_or((expr, POS_INF));
        let is_kept;
        let mut term = Self { var: None, lower, upper, scale };
        if let Expr::Var(var) = program[expr] {
            term.var = Some(var);
            let is_narrowed = || choice.is_some_and(|condition| bounds_variable(program, condition, var));
            let largest = simplifier.facts.intervals[var.index()].max;
            is_kept = is_free(simplifier, var)
                && (!term.is_part() || !simplifier.has_conditions() && !is_narrowed() && term.is_needed(largest));
        } else {
            is_kept = term.is_part()
                && choice.is_none()
                && !simplifier.has_conditions()
                && term.is_needed(simplifier.facts.interval(program, expr).max)
                && Sum::read(simplifier, expr, None)?.keeps_digits(simplifier, term);
        }
        is_kept.then_some(term)
    }

    /// Whether lower digits of the same variable are not joined with this term: `x // s * s + x % s` is `x`.
    fn is_apart(self, lower: Self) -> bool {
        let joins = self.scale.wrapping_mul(lower.lower) == lower.scale.wrapping_mul(self.lower);
        self.lower > lower.upper || self.lower == lower.upper && !joins
    }

    /// Whether this is not all of the variable.
    fn is_part(self) -> bool {
        self.lower > 1 || self.upper < POS_INF
    }

    /// Whether the largest value of the variable decides neither the quotient nor the remainder.
    fn is_needed(self, largest: i64) -> bool {
        match self.upper {
            POS_INF => largest >= self.lower,
            upper => largest >= upper && upper > self.lower,
        }
    }
}

/// Whether a condition compares a variable alone, or digits of it.
fn bounds_variable(program: &Program, condition: ExprId, var: VarId) -> bool {
    match program[condition] {
        Expr::Binary { op: BinaryOp::Add, .. } => false,
        Expr::Var(found) => found == var,
        _ => {
            let mut found = false;
            program.for_each_operand(condition, |operand| found = found || bounds_variable(program, operand, var));
            found
        }
    }
}

#[cfg(test)]
mod tests;
