//! Structural equality of expressions.

use crate::{Expr, ExprId, ExprList, Program};

/// Whether two expressions of a program are the same tree.
pub(crate) fn same(program: &Program, a: ExprId, b: ExprId) -> bool {
    if a == b {
        return true;
    }
    match (&program[a], &program[b]) {
        (Expr::Binary { op, lhs, rhs }, Expr::Binary { op: other, lhs: l, rhs: r }) => {
            op == other && same(program, *lhs, *l) && same(program, *rhs, *r)
        }
        (Expr::Not(value), Expr::Not(other)) => same(program, *value, *other),
        (Expr::Cast { dtype, value }, Expr::Cast { dtype: t, value: other }) => {
            dtype == t && same(program, *value, *other)
        }
        (
            Expr::Select { condition, then, otherwise } | Expr::IfThenElse { condition, then, otherwise },
            Expr::Select { condition: c, then: t, otherwise: o }
            | Expr::IfThenElse { condition: c, then: t, otherwise: o },
        ) => {
            std::mem::discriminant(&program[a]) == std::mem::discriminant(&program[b])
                && same(program, *condition, *c)
                && same(program, *then, *t)
                && same(program, *otherwise, *o)
        }
        (
            Expr::Call { callee, dtype, effect, args },
            Expr::Call { callee: other, dtype: t, effect: e, args: others },
        ) => callee == other && dtype == t && effect == e && same_lists(program, *args, *others),
        (Expr::Load { buffer, indices }, Expr::Load { buffer: other, indices: others }) => {
            buffer == other && same_lists(program, *indices, *others)
        }
        (Expr::Int { .. } | Expr::Float { .. } | Expr::Str(_) | Expr::Var(_), other) => program[a] == *other,
        _ => false,
    }
}

/// Whether two lists hold the same trees.
pub(crate) fn same_lists(program: &Program, a: ExprList, b: ExprList) -> bool {
    let (a, b) = (program.list(a), program.list(b));
    a.len() == b.len() && a.iter().zip(b).all(|(&x, &y)| same(program, x, y))
}
