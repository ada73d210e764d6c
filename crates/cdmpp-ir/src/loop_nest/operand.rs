//! The buffers that a store touches.

use crate::{BufferId, Expr, ExprId, ExprList, Program};

/// A buffer with the indices of its first access.
pub(super) struct Operand<'a> {
    pub(super) buffer: BufferId,
    pub(super) indices: &'a [ExprId],
}

/// The target, then the loaded buffers in order of appearance.
pub(super) fn operands(program: &Program, target: (BufferId, ExprList), value: ExprId) -> Vec<Operand<'_>> {
    let mut found = vec![Operand { buffer: target.0, indices: program.list(target.1) }];
    collect(program, value, &mut found);
    found
}

fn collect<'a>(program: &'a Program, expr: ExprId, found: &mut Vec<Operand<'a>>) {
    if let Expr::Load { buffer, indices } = program[expr] {
        if found.iter().all(|operand| operand.buffer != buffer) {
            found.push(Operand { buffer, indices: program.list(indices) });
        }
    }
    program.for_each_operand(expr, |operand| collect(program, operand, found));
}
