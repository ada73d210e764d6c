//! A quick look that most expressions pass: they are simple already.

use super::Simplifier;
use crate::{BinaryOp, DataType, Expr, ExprId, Program};

/// Whether simplification would leave an expression of the source as it is. A `false` may be wrong, a `true` not.
pub(super) fn is_quiet(program: &Program, simplifier: &Simplifier<'_>, expr: ExprId, in_choice: bool) -> bool {
    let quiet = |expr| is_quiet(program, simplifier, expr, in_choice);
    match program[expr] {
        Expr::Int { .. } | Expr::Float { .. } | Expr::Str(_) => true,
        Expr::Var(var) => simplifier.values[var.index()].is_none(),
        Expr::Load { indices, .. } => program.list(indices).iter().all(|&index| quiet(index)),
        Expr::Call { ref callee, args, .. } => {
            !super::fold::is_folded_call(callee) && program.list(args).iter().all(|&arg| quiet(arg))
        }
        Expr::Cast { dtype, value } => {
            program.dtype(value) != dtype && !is_index(dtype) && !is_literal(program, value) && quiet(value)
        }
        Expr::Binary { .. } if is_index(program.dtype(expr)) => is_sum(program, simplifier, expr),
        Expr::Binary { op, lhs, rhs } if program.dtype(expr).is_float() && op != BinaryOp::Sub => {
            let may_fold = !matches!(op, BinaryOp::Max | BinaryOp::Min);
            !(is_literal(program, lhs) || may_fold && is_literal(program, rhs)) && quiet(lhs) && quiet(rhs)
        }
        Expr::IfThenElse { condition, then, otherwise } if !in_choice && !simplifier.has_conditions() => {
            let quiet = |expr| is_quiet(program, simplifier, expr, true);
            is_open_condition(program, simplifier, condition) && quiet(then) && quiet(otherwise)
        }
        _ => false,
    }
}

/// Whether a condition is a conjunction of `c <= x` and `x < c` that the range of `x`, a sum without factors, does not
/// decide.
fn is_open_condition(program: &Program, simplifier: &Simplifier<'_>, condition: ExprId) -> bool {
    let Expr::Binary { op, lhs, rhs } = program[condition] else { return false };
    let (value, literal) = match op {
        BinaryOp::And => {
            return !matches!(program[rhs], Expr::Binary { op: BinaryOp::And, .. })
                && is_open_condition(program, simplifier, lhs)
                && is_open_condition(program, simplifier, rhs);
        }
        BinaryOp::Le => (rhs, program.as_int(lhs)),
        BinaryOp::Lt => (lhs, program.as_int(rhs)),
        _ => return false,
    };
    let (Some(literal), false) = (literal, program.as_int(value).is_some()) else { return false };
    if !is_index(program.dtype(value)) || !is_plain_sum(program, simplifier, value) {
        return false;
    }
    let range = simplifier.facts.interval(program, value);
    range.min < literal && literal <= range.max && !(op == BinaryOp::Le && literal == range.max)
}

/// Whether an expression is a variable or a sum of different ones.
fn is_plain_sum(program: &Program, simplifier: &Simplifier<'_>, expr: ExprId) -> bool {
    let is_free = |expr: ExprId| match program[expr] {
        Expr::Var(var) => simplifier.values[var.index()].is_none(),
        _ => false,
    };
    match program[expr] {
        Expr::Binary { op: BinaryOp::Add, lhs, rhs } => is_free(lhs) && is_free(rhs) && program[lhs] != program[rhs],
        _ => is_free(expr),
    }
}

/// Whether a type is one that indices have.
pub(super) fn is_index(dtype: DataType) -> bool {
    matches!(dtype, DataType::I32 | DataType::I64)
}

fn is_literal(program: &Program, expr: ExprId) -> bool {
    matches!(program[expr], Expr::Int { .. } | Expr::Float { .. })
}

/// Whether an expression is `v₁·c₁ + v₂·c₂ + … + c` with different variables, falling coefficients above 0 and a
/// literal other than 0 at the end, or without it.
fn is_sum(program: &Program, simplifier: &Simplifier<'_>, expr: ExprId) -> bool {
    let mut rest = expr;
    if let Expr::Binary { op: BinaryOp::Add | BinaryOp::Sub, lhs, rhs } = program[expr]
        && let Expr::Int { value, .. } = program[rhs]
    {
        if value <= 0 {
            return false;
        }
        rest = lhs;
    }
    let mut vars = [None; 8];
    let mut smallest = 1;
    for slot in 0..vars.len() {
        let (term, next) = match program[rest] {
            Expr::Binary { op: BinaryOp::Add, lhs, rhs } => (rhs, Some(lhs)),
            _ => (rest, None),
        };
        let (var, scale) = match program[term] {
            Expr::Var(var) => (var, 1),
            Expr::Binary { op: BinaryOp::Mul, lhs, rhs } => match (&program[lhs], &program[rhs]) {
                (Expr::Var(var), Expr::Int { value, .. }) if *value > 1 => (*var, *value),
                _ => return false,
            },
            _ => return false,
        };
        if scale < smallest || simplifier.values[var.index()].is_some() || vars.contains(&Some(var)) {
            return false;
        }
        (vars[slot], smallest) = (Some(var), scale);
        match next {
            Some(next) => rest = next,
            None => return true,
        }
    }
    false
}
