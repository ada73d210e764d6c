//! The program: arenas of buffers, variables, expressions and statements.

use std::ops::Index;
use std::sync::Arc;

use crate::{Buffer, BufferId, DataType, Expr, ExprId, ExprList, Node, NodeId, StrId, VarId};

/// A scalar variable: a loop's or a let's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Var {
    /// The name, unique among the variables and buffers of a program.
    pub name: String,
    /// Its type.
    pub dtype: DataType,
}

/// A lowered loop nest.
///
/// Statements lie in one arena in pre-order, so the body of a loop is the range of ids from the one after the loop to
/// its [end](Self::end). Expressions lie in another, operands before their users. Both orders come from the
/// [builder](Self::build), which cannot write them otherwise; what it cannot rule out, [`verify`](Self::verify) does.
/// Every `Program` that this crate hands out is verified.
///
/// Two programs are equal if they have the same name, parameters, statements and expressions, wherever the arenas hold
/// them.
#[derive(Clone, Debug)]
pub struct Program {
    // What a program and its canonical form have in common, they share.
    pub(crate) name: Arc<str>,
    pub(crate) params: Arc<Vec<BufferId>>,
    pub(crate) buffers: Arc<Vec<Buffer>>,
    pub(crate) vars: Arc<Vec<Var>>,
    pub(crate) strings: Arc<Vec<Box<str>>>,
    pub(crate) exprs: Vec<Expr>,
    /// The type of every expression, beside `exprs`.
    pub(crate) types: Vec<DataType>,
    pub(crate) lists: Vec<ExprId>,
    pub(crate) nodes: Vec<Node>,
    /// For every statement, the id after its last descendant, beside `nodes`.
    pub(crate) ends: Vec<u32>,
}

impl Program {
    /// The name of the function.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The buffers that the caller passes, in order.
    #[must_use]
    pub fn params(&self) -> &[BufferId] {
        &self.params
    }

    /// The number of statements.
    #[must_use]
    pub fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The number of buffers: parameters and allocations.
    #[must_use]
    pub fn n_buffers(&self) -> usize {
        self.buffers.len()
    }

    /// The number of variables.
    #[must_use]
    pub fn n_vars(&self) -> usize {
        self.vars.len()
    }

    /// The number of expressions.
    #[must_use]
    pub fn n_exprs(&self) -> usize {
        self.exprs.len()
    }

    /// The ids of all buffers.
    pub fn buffers(&self) -> impl ExactSizeIterator<Item = BufferId> + use<> {
        (0..self.buffers.len()).map(BufferId::new)
    }

    /// The ids of all statements, in pre-order.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = NodeId> + DoubleEndedIterator + use<> {
        (0..self.nodes.len()).map(NodeId::new)
    }

    /// The type of an expression.
    #[must_use]
    pub fn dtype(&self, expr: ExprId) -> DataType {
        self.types[expr.index()]
    }

    /// The expressions of a list.
    #[must_use]
    pub fn list(&self, list: ExprList) -> &[ExprId] {
        &self.lists[list.start as usize..][..list.len()]
    }

    /// The index after the last descendant of a statement: its descendants are `node.index() + 1 .. end(node)`.
    #[must_use]
    pub fn end(&self, node: NodeId) -> usize {
        self.ends[node.index()] as usize
    }

    /// The outermost statements, in order.
    #[must_use]
    pub fn roots(&self) -> Children<'_> {
        Children { program: self, next: 0, end: self.nodes.len() }
    }

    /// The statements directly below one, in order. Below an [`Node::If`] these are the statements of both cases.
    #[must_use]
    pub fn children(&self, node: NodeId) -> Children<'_> {
        Children { program: self, next: node.index() + 1, end: self.end(node) }
    }

    /// The value of an integer literal, or `None` for any other expression.
    #[must_use]
    pub fn as_int(&self, expr: ExprId) -> Option<i64> {
        match self[expr] {
            Expr::Int { value, .. } => Some(value),
            _ => None,
        }
    }
}

impl Program {
    /// A program with the declarations of another one and without statements: an arena for its expressions.
    pub(crate) fn without_statements(source: &Self) -> Self {
        Self {
            name: Arc::clone(&source.name),
            params: Arc::clone(&source.params),
            buffers: Arc::clone(&source.buffers),
            vars: Arc::clone(&source.vars),
            strings: Arc::clone(&source.strings),
            exprs: Vec::with_capacity(source.exprs.len()),
            types: Vec::with_capacity(source.exprs.len()),
            lists: Vec::with_capacity(source.lists.len()),
            nodes: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Adds an expression to the arena.
    pub(crate) fn push_expr(&mut self, expr: Expr, dtype: DataType) -> ExprId {
        let id = ExprId::new(self.exprs.len());
        self.exprs.push(expr);
        self.types.push(dtype);
        id
    }

    /// Calls `visit` with each direct operand of an expression, in order; the indices of a load are operands.
    pub fn for_each_operand(&self, expr: ExprId, mut visit: impl FnMut(ExprId)) {
        match self[expr] {
            Expr::Int { .. } | Expr::Float { .. } | Expr::Str(_) | Expr::Var(_) => {}
            Expr::Binary { lhs, rhs, .. } => {
                visit(lhs);
                visit(rhs);
            }
            Expr::Not(value) | Expr::Cast { value, .. } => visit(value),
            Expr::Select { condition, then, otherwise } | Expr::IfThenElse { condition, then, otherwise } => {
                visit(condition);
                visit(then);
                visit(otherwise);
            }
            Expr::Call { args, .. } => self.list(args).iter().copied().for_each(visit),
            Expr::Load { indices, .. } => self.list(indices).iter().copied().for_each(visit),
        }
    }
}

/// Iterates over statements that stand side by side; made by [`Program::children`] and [`Program::roots`].
#[derive(Clone, Debug)]
pub struct Children<'a> {
    program: &'a Program,
    next: usize,
    end: usize,
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        (self.next < self.end).then(|| {
            let node = NodeId::new(self.next);
            self.next = self.program.end(node);
            node
        })
    }
}

impl Index<NodeId> for Program {
    type Output = Node;

    fn index(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }
}

impl Index<ExprId> for Program {
    type Output = Expr;

    fn index(&self, id: ExprId) -> &Expr {
        &self.exprs[id.index()]
    }
}

impl Index<BufferId> for Program {
    type Output = Buffer;

    fn index(&self, id: BufferId) -> &Buffer {
        &self.buffers[id.index()]
    }
}

impl Index<StrId> for Program {
    type Output = str;

    fn index(&self, id: StrId) -> &str {
        &self.strings[id.index()]
    }
}

impl Index<VarId> for Program {
    type Output = Var;

    fn index(&self, id: VarId) -> &Var {
        &self.vars[id.index()]
    }
}
