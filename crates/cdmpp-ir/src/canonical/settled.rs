//! Whether a program is in canonical form already.

use super::{allocation, compaction, is_unchanged_store};
use crate::interval::Interval;
use crate::same::same;
use crate::simplify::Simplifier;
use crate::{Expr, ExprId, LoopKind, Node, NodeId, Program};

impl Program {
    /// Whether the canonical form is the program itself but for the shapes of allocations, and stays so under other
    /// literals as long as [`with_shrunk_allocations`](Self::with_shrunk_allocations) says so. A `false` may be wrong.
    pub(crate) fn is_canonical_but_for_numbers(&self) -> bool {
        // A select without a load is replaced before features are computed.
        let has_select = self.exprs.iter().any(|expr| matches!(expr, Expr::Select { .. }));
        !has_select && allocation::is_placed(self) && self.with_shrunk_allocations().is_some()
    }

    /// The canonical form of a program whose allocations stand where they should, if its statements are canonical.
    pub(crate) fn with_shrunk_allocations(&self) -> Option<Self> {
        if !is_settled(self) {
            return None;
        }
        let mut shrunk = self.clone();
        (!compaction::shrink(&mut shrunk)).then_some(shrunk)
    }
}

/// Whether rewriting would leave every statement of a program as it is, but for where its allocations stand and how large
/// they are. A `false` may be wrong, a `true` not.
///
/// # Complexity
/// That of rewriting, less the copying.
fn is_settled(program: &Program) -> bool {
    let mut look = Look { program, simplifier: Simplifier::new(program, false), kernel: None };
    // Rewriting, which makes fewer expressions, ends far from the limit too.
    look.body(0, program.n_nodes()) && look.simplifier.is_half_empty()
}

/// The walk over the statements: what [`Canonicalizer`](super::Canonicalizer) does, without a new program.
struct Look<'a> {
    program: &'a Program,
    simplifier: Simplifier<'a>,
    /// The outermost and the innermost of the last loops over threads.
    kernel: Option<(NodeId, NodeId)>,
}

impl Look<'_> {
    /// Whether the statements between two indices stay.
    fn body(&mut self, start: usize, end: usize) -> bool {
        let mut next = start;
        while next < end {
            let node = NodeId::new(next);
            if !self.statement(node) {
                return false;
            }
            next = self.program.end(node);
        }
        true
    }

    fn statement(&mut self, node: NodeId) -> bool {
        let program = self.program;
        match program[node] {
            Node::Loop { .. } => self.for_loop(node),
            Node::If { condition, otherwise } => self.conditional(node, condition, otherwise),
            Node::Store { buffer, indices, value } => {
                let mut exprs = program.list(indices).iter().chain([&value]);
                exprs.all(|&expr| self.expr(expr)) && !is_unchanged_store(program, buffer, indices, value)
            }
            Node::Evaluate { value } => {
                !matches!(program[value], Expr::Int { .. } | Expr::Float { .. }) && self.expr(value)
            }
            Node::Allocate { .. } => true,
            // Nearly all of them are written out.
            Node::Let { .. } => false,
        }
    }

    fn for_loop(&mut self, node: NodeId) -> bool {
        let program = self.program;
        let Node::Loop { var, min, extent, kind, ref annotations } = program[node] else { return false };
        let (Some(first), Some(n)) = (program.as_int(min), program.as_int(extent)) else { return false };
        let body = (node.index() + 1, program.end(node));
        let is_dropped = n == 1 && first == 0 && kind == LoopKind::Serial && annotations.is_empty();
        let is_thread = matches!(kind, LoopKind::ThreadBinding(_));
        if body.0 == body.1 || is_dropped || is_thread && !self.thread_loop(node, annotations.is_empty()) {
            return false;
        }
        if n == 1 {
            self.simplifier.values[var.index()] = Some(min);
        } else {
            let range = Interval::new(first, first).run(Interval::new(n, n));
            self.simplifier.facts.intervals[var.index()] = range;
        }
        self.body(body.0, body.1)
    }

    /// The loops over threads of a kernel stand one directly in the other, each over an axis of its own.
    fn thread_loop(&mut self, node: NodeId, has_no_hints: bool) -> bool {
        let program = self.program;
        let Some((first, last)) = self.kernel.filter(|(first, _)| node.index() < program.end(*first)) else {
            self.kernel = Some((node, node));
            return true;
        };
        self.kernel = Some((first, node));
        let kind = |index: usize| match program.nodes[index] {
            Node::Loop { kind, .. } => Some(kind),
            _ => None,
        };
        let is_directly_inside = last.index() + 1 == node.index() && program.end(last) == program.end(node);
        let is_new = (first.index()..node.index()).all(|other| kind(other) != kind(node.index()));
        is_directly_inside && is_new && has_no_hints
    }

    fn conditional(&mut self, node: NodeId, condition: ExprId, otherwise: Option<NodeId>) -> bool {
        let end = self.program.end(node);
        let middle = otherwise.map_or(end, NodeId::index);
        let Some(condition) = self.simplified(condition) else { return false };
        if self.simplifier.work.as_int(condition).is_some() || node.index() + 1 == end {
            return false;
        }
        let entered = self.simplifier.enter(condition);
        let keeps = self.body(node.index() + 1, middle);
        self.simplifier.leave(entered);
        if !keeps || otherwise.is_none() {
            return keeps;
        }
        let opposite = self.simplifier.negate(condition);
        let entered = self.simplifier.enter(opposite);
        let keeps = self.body(middle, end);
        self.simplifier.leave(entered);
        keeps
    }

    /// Whether an expression stays.
    fn expr(&mut self, expr: ExprId) -> bool {
        self.simplifier.is_quiet(expr) || self.simplified(expr).is_some()
    }

    /// The expression in the simplifier's arena, if it stays.
    fn simplified(&mut self, expr: ExprId) -> Option<ExprId> {
        if self.has_value(expr) {
            return None;
        }
        let brought = self.simplifier.bring(expr);
        let simple = self.simplifier.simplify(expr);
        same(&self.simplifier.work, brought, simple).then_some(simple)
    }

    /// Whether something stands for a variable of an expression.
    fn has_value(&self, expr: ExprId) -> bool {
        if let Expr::Var(var) = self.program[expr] {
            return self.simplifier.values[var.index()].is_some();
        }
        let mut found = false;
        self.program.for_each_operand(expr, |operand| found = found || self.has_value(operand));
        found
    }
}
