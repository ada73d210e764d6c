//! The program under construction.

use std::sync::Arc;

use crate::{
    Annotation, Expr, ExprId, ExprList, LoopKind, MAX_DEPTH, MAX_EXPR_NODES, Node, NodeId, Program, Var, VarId,
};

/// Appends statements and copies expressions to a new program.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) program: Program,
    /// The expressions of lists under way.
    operands: Vec<ExprId>,
    n_expr_nodes: u64,
    deepest: usize,
}

impl Writer {
    /// Starts a program with the declarations of another one.
    pub(super) fn new(source: &Program) -> Self {
        let mut program = Program::without_statements(source);
        program.nodes.reserve(source.n_nodes());
        program.ends.reserve(source.n_nodes());
        Self { program, operands: Vec::new(), n_expr_nodes: 0, deepest: 0 }
    }

    /// Whether the expressions keep to the limits of a verified program.
    pub(super) fn is_within_limits(&self) -> bool {
        self.deepest < MAX_DEPTH && self.n_expr_nodes <= MAX_EXPR_NODES
    }

    /// Appends a statement with a body. Does [`close`](Self::close) with what it returns.
    pub(super) fn open(&mut self, node: Node) -> NodeId {
        self.program.nodes.push(node);
        self.program.ends.push(0);
        NodeId::new(self.program.nodes.len() - 1)
    }

    /// Ends the body of a statement; takes the statement back if the body is empty and `keep_empty` is not set.
    pub(super) fn close(&mut self, node: NodeId, keep_empty: bool) {
        if self.program.nodes.len() == node.index() + 1 && !keep_empty {
            self.program.nodes.pop();
            self.program.ends.pop();
        } else {
            self.program.ends[node.index()] = self.program.nodes.len() as u32;
        }
    }

    /// Appends a loop of one iteration that only carries hints, over a variable that is free or over a new one.
    pub(super) fn hint(&mut self, var: VarId, is_free: bool, annotations: Vec<Annotation>) -> NodeId {
        let dtype = self.program[var].dtype;
        let var = if is_free { var } else { self.variable_like(var) };
        let [min, extent] = [0, 1].map(|value| self.program.push_expr(Expr::Int { value, dtype }, dtype));
        self.open(Node::Loop { var, min, extent, kind: LoopKind::Serial, annotations })
    }

    fn variable_like(&mut self, var: VarId) -> VarId {
        let Var { name, dtype } = self.program[var].clone();
        let taken = |name: &str| {
            let vars = self.program.vars.iter().map(|var| &var.name);
            vars.chain(self.program.buffers.iter().map(|buffer| &buffer.name)).any(|other| other == name)
        };
        let mut candidates = (1_u32..).map(|suffix| format!("{name}_{suffix}"));
        let name = candidates.find(|name| !taken(name)).unwrap_or(name);
        Arc::make_mut(&mut self.program.vars).push(Var { name, dtype });
        VarId::new(self.program.vars.len() - 1)
    }

    /// Takes the hints off a loop.
    pub(super) fn drop_hints(&mut self, node: NodeId) {
        if let Node::Loop { annotations, .. } = &mut self.program.nodes[node.index()] {
            annotations.clear();
        }
    }

    /// Appends a statement without a body.
    pub(super) fn leaf(&mut self, node: Node) {
        let node = self.open(node);
        self.close(node, true);
    }

    /// Copies an expression of another program.
    pub(super) fn copy(&mut self, from: &Program, expr: ExprId) -> ExprId {
        self.copy_at(from, expr, 1)
    }

    /// Makes a list of expressions.
    pub(super) fn list(&mut self, exprs: impl Iterator<Item = ExprId>) -> ExprList {
        let start = self.program.lists.len() as u32;
        self.program.lists.extend(exprs);
        ExprList { start, len: self.program.lists.len() as u32 - start }
    }

    fn copy_at(&mut self, from: &Program, expr: ExprId, depth: usize) -> ExprId {
        self.n_expr_nodes += 1;
        self.deepest = self.deepest.max(depth);
        let depth = depth + 1;
        let copied = match from[expr] {
            Expr::Int { .. } | Expr::Float { .. } | Expr::Str(_) | Expr::Var(_) => from[expr],
            Expr::Binary { op, lhs, rhs } => {
                Expr::Binary { op, lhs: self.copy_at(from, lhs, depth), rhs: self.copy_at(from, rhs, depth) }
            }
            Expr::Not(value) => Expr::Not(self.copy_at(from, value, depth)),
            Expr::Cast { dtype, value } => Expr::Cast { dtype, value: self.copy_at(from, value, depth) },
            Expr::Select { condition, then, otherwise } => Expr::Select {
                condition: self.copy_at(from, condition, depth),
                then: self.copy_at(from, then, depth),
                otherwise: self.copy_at(from, otherwise, depth),
            },
            Expr::IfThenElse { condition, then, otherwise } => Expr::IfThenElse {
                condition: self.copy_at(from, condition, depth),
                then: self.copy_at(from, then, depth),
                otherwise: self.copy_at(from, otherwise, depth),
            },
            Expr::Call { callee, dtype, effect, args } => {
                Expr::Call { callee, dtype, effect, args: self.copy_list(from, args, depth) }
            }
            Expr::Load { buffer, indices } => Expr::Load { buffer, indices: self.copy_list(from, indices, depth) },
        };
        self.program.push_expr(copied, from.dtype(expr))
    }

    fn copy_list(&mut self, from: &Program, list: ExprList, depth: usize) -> ExprList {
        let start = self.operands.len();
        for &operand in from.list(list) {
            let operand = self.copy_at(from, operand, depth);
            self.operands.push(operand);
        }
        let list = ExprList { start: self.program.lists.len() as u32, len: list.len };
        self.program.lists.extend(self.operands.drain(start..));
        list
    }
}
