//! Builds a program with other loops around the same statements.

use std::sync::Arc;

use crate::{BinaryOp, DataType, Expr, ExprId, ExprList, Node, NodeId, Program, Var, VarId, VerifyError};

/// The new program while its expressions are made. Those of the old one come behind the new ones, which they use.
pub(super) struct Rebuild<'a> {
    old: &'a Program,
    new: Program,
    /// What stands for variables of the old program.
    values: Vec<Option<ExprId>>,
}

/// A new variable, as an expression too.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewVariable {
    pub(super) var: VarId,
    pub(super) expr: ExprId,
}

impl<'a> Rebuild<'a> {
    pub(super) fn new(old: &'a Program) -> Self {
        Self { old, new: Program::without_statements(old), values: vec![None; old.n_vars()] }
    }

    /// A variable of the type of another one, and with its name and a suffix.
    pub(super) fn variable(&mut self, like: VarId, suffix: &str) -> NewVariable {
        let Var { name, dtype } = self.old[like].clone();
        let taken = |name: &str| {
            let vars = self.new.vars.iter().map(|var| &var.name);
            vars.chain(self.new.buffers.iter().map(|buffer| &buffer.name)).any(|other| other == name)
        };
        let mut name = format!("{name}_{suffix}");
        while taken(&name) {
            name.push('_');
        }
        Arc::make_mut(&mut self.new.vars).push(Var { name, dtype });
        let var = VarId::new(self.new.vars.len() - 1);
        NewVariable { var, expr: self.new.push_expr(Expr::Var(var), dtype) }
    }

    pub(super) fn literal(&mut self, value: i64, dtype: DataType) -> ExprId {
        self.new.push_expr(Expr::Int { value, dtype }, dtype)
    }

    pub(super) fn binary(&mut self, op: BinaryOp, lhs: ExprId, rhs: ExprId, dtype: DataType) -> ExprId {
        self.new.push_expr(Expr::Binary { op, lhs, rhs }, dtype)
    }

    pub(super) fn with_literal(&mut self, op: BinaryOp, lhs: ExprId, value: i64, dtype: DataType) -> ExprId {
        let rhs = self.literal(value, dtype);
        self.binary(op, lhs, rhs, dtype)
    }

    /// Puts an expression of the new program wherever a variable of the old one is used.
    pub(super) fn replace(&mut self, var: VarId, value: ExprId) {
        self.values[var.index()] = Some(value);
    }

    /// The program in which a statement and those directly inside it, `n_old` in all, are `headers` one in the other.
    pub(super) fn with_headers(
        mut self,
        node: NodeId,
        n_old: usize,
        headers: Vec<Node>,
    ) -> Result<Program, VerifyError> {
        let exprs = self.copy_exprs();
        let list = |new: &mut Program, list: ExprList| {
            let start = new.lists.len() as u32;
            let copied = self.old.list(list).iter().map(|expr| exprs[expr.index()]);
            new.lists.extend(copied);
            ExprList { start, len: list.len }
        };
        let (at, n_new) = (node.index(), headers.len());
        let moved = |index: usize| if index <= at { index } else { index + n_new - n_old };
        let (old, new) = (self.old, &mut self.new);
        let mut headers = Some(headers);
        for (index, node) in old.nodes.iter().enumerate() {
            if (at..at + n_old).contains(&index) {
                if let Some(headers) = headers.take() {
                    new.ends.extend(headers.iter().map(|_| moved(old.end(NodeId::new(at))) as u32));
                    new.nodes.extend(headers);
                }
                continue;
            }
            let mut node = node.clone();
            match &mut node {
                Node::Loop { min, extent, .. } => {
                    (*min, *extent) = (exprs[min.index()], exprs[extent.index()]);
                }
                Node::Store { indices, value, .. } => {
                    (*indices, *value) = (list(new, *indices), exprs[value.index()]);
                }
                Node::If { condition, otherwise } => {
                    *condition = exprs[condition.index()];
                    *otherwise = otherwise.map(|first| NodeId::new(moved(first.index())));
                }
                Node::Let { value, .. } | Node::Evaluate { value } => *value = exprs[value.index()],
                Node::Allocate { .. } => {}
            }
            new.nodes.push(node);
            new.ends.push(moved(old.ends[index] as usize) as u32);
        }
        self.new.verify()?;
        Ok(self.new)
    }

    /// Copies the expressions of the old program; returns the new id of each.
    fn copy_exprs(&mut self) -> Vec<ExprId> {
        let mut ids: Vec<ExprId> = Vec::with_capacity(self.old.n_exprs());
        for index in 0..self.old.n_exprs() {
            let expr = ExprId::new(index);
            let new = |id: ExprId| ids[id.index()];
            let copied = match self.old[expr] {
                Expr::Var(var) => match self.values[var.index()] {
                    Some(value) => {
                        ids.push(value);
                        continue;
                    }
                    None => Expr::Var(var),
                },
                Expr::Binary { op, lhs, rhs } => Expr::Binary { op, lhs: new(lhs), rhs: new(rhs) },
                Expr::Not(value) => Expr::Not(new(value)),
                Expr::Select { condition, then, otherwise } => {
                    Expr::Select { condition: new(condition), then: new(then), otherwise: new(otherwise) }
                }
                Expr::IfThenElse { condition, then, otherwise } => {
                    Expr::IfThenElse { condition: new(condition), then: new(then), otherwise: new(otherwise) }
                }
                Expr::Cast { dtype, value } => Expr::Cast { dtype, value: new(value) },
                Expr::Call { callee, dtype, effect, args } => {
                    let args = self.copy_list(args, &ids);
                    Expr::Call { callee, dtype, effect, args }
                }
                Expr::Load { buffer, indices } => {
                    let indices = self.copy_list(indices, &ids);
                    Expr::Load { buffer, indices }
                }
                same @ (Expr::Int { .. } | Expr::Float { .. } | Expr::Str(_)) => same,
            };
            ids.push(self.new.push_expr(copied, self.old.dtype(expr)));
        }
        ids
    }

    fn copy_list(&mut self, list: ExprList, ids: &[ExprId]) -> ExprList {
        let start = self.new.lists.len() as u32;
        let copied = self.old.list(list).iter().map(|expr| ids[expr.index()]);
        self.new.lists.extend(copied);
        ExprList { start, len: list.len }
    }
}
