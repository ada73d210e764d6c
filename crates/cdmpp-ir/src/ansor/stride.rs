//! The distance in memory between the accesses of neighbouring iterations.

use super::access::{Access, Accesses};
use crate::{BinaryOp, Expr, ExprId, Program, VarId};

/// The stride of a buffer over a loop: the smallest over its patterns, in elements; 0 if no index has the variable.
///
/// Along a pattern it is that of the rightmost dimension whose index has the variable.
pub(super) fn stride(program: &Program, accesses: Accesses<'_>, access: &Access, position: usize, var: VarId) -> i64 {
    let shape = &program[access.buffer].shape;
    let mut smallest: Option<i64> = None;
    for pattern in accesses.patterns(access, shape.len()) {
        let mut row = 1_i64;
        for (index, extent) in pattern.iter().zip(shape).rev() {
            let coefficient = if index.loops.contains(position) { coefficient(program, index.expr, var) } else { 0 };
            if coefficient != 0 {
                let stride = coefficient.wrapping_abs().wrapping_mul(row);
                smallest = Some(smallest.map_or(stride, |smallest| smallest.min(stride)));
                break;
            }
            row = row.wrapping_mul(*extent);
        }
    }
    smallest.unwrap_or(0)
}

/// What the walk over an index has seen.
#[derive(Default)]
struct Seen {
    var: bool,
    product: bool,
    sum: bool,
    coefficient: i64,
}

/// The coefficient of a variable, as TVM reads it off the syntax: a product with a literal gives the literal, unless a
/// sum was met first; a sum gives 1. What stands to the left of the variable in a post-order walk does not count.
fn coefficient(program: &Program, index: ExprId, var: VarId) -> i64 {
    let mut seen = Seen::default();
    seen.visit(program, index, var);
    match seen {
        Seen { var: true, product: false, sum: false, .. } => 1,
        Seen { var: true, coefficient, .. } => coefficient,
        _ => 0,
    }
}

impl Seen {
    fn visit(&mut self, program: &Program, expr: ExprId, var: VarId) {
        match program[expr] {
            Expr::Var(found) if found == var => {
                self.var = true;
                self.coefficient = 2;
            }
            Expr::Var(_) => {}
            _ => program.for_each_operand(expr, |operand| self.visit(program, operand, var)),
        }
        match program[expr] {
            Expr::Binary { op: BinaryOp::Mul, lhs, rhs } if self.var && !self.sum => {
                if let Some(literal) = program.as_int(lhs).or_else(|| program.as_int(rhs)) {
                    self.product = true;
                    self.coefficient = literal;
                }
            }
            Expr::Binary { op: BinaryOp::Add, .. } if self.var && !self.product => {
                self.sum = true;
                self.coefficient = 1;
            }
            _ => {}
        }
    }
}
