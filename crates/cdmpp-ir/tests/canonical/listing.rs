//! Lists programs for people.

use std::fmt::Write;

use cdmpp_ir::{Expr, ExprId, ExprList, Node, Program};

/// One statement a line, operations in full brackets.
pub fn listing(program: &Program) -> String {
    let mut text = String::new();
    let mut open: Vec<usize> = Vec::new();
    for node in program.nodes() {
        while open.last().is_some_and(|end| *end <= node.index()) {
            open.pop();
        }
        let line = match &program[node] {
            Node::Loop { var, min, extent, kind, .. } => {
                format!("for {} in {}+{} {kind:?}", program[*var].name, expr(program, *min), expr(program, *extent))
            }
            Node::If { condition, otherwise } => {
                format!("if {} else {otherwise:?}", expr(program, *condition))
            }
            Node::Store { buffer, indices, value } => {
                format!("{}[{}] = {}", program[*buffer].name, list(program, *indices), expr(program, *value))
            }
            Node::Let { var, value } => format!("let {} = {}", program[*var].name, expr(program, *value)),
            Node::Allocate { buffer } => format!("allocate {} {:?}", program[*buffer].name, program[*buffer].shape),
            other => format!("{other:?}"),
        };
        writeln!(text, "{}{line}", "  ".repeat(open.len())).unwrap();
        open.push(program.end(node));
    }
    text
}

fn list(program: &Program, exprs: ExprList) -> String {
    program.list(exprs).iter().map(|&index| expr(program, index)).collect::<Vec<_>>().join(", ")
}

fn expr(program: &Program, id: ExprId) -> String {
    match &program[id] {
        Expr::Int { value, .. } => value.to_string(),
        Expr::Float { value, .. } => format!("{value:?}"),
        Expr::Var(var) => program[*var].name.clone(),
        Expr::Binary { op, lhs, rhs } => format!("({} {op} {})", expr(program, *lhs), expr(program, *rhs)),
        Expr::Not(value) => format!("not {}", expr(program, *value)),
        Expr::Cast { dtype, value } => format!("{dtype}({})", expr(program, *value)),
        Expr::Select { condition, then, otherwise } | Expr::IfThenElse { condition, then, otherwise } => {
            format!("({} ? {} : {})", expr(program, *condition), expr(program, *then), expr(program, *otherwise))
        }
        Expr::Load { buffer, indices } => format!("{}[{}]", program[*buffer].name, list(program, *indices)),
        other => format!("{other:?}"),
    }
}
