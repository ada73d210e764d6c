//! Shrinks a buffer to the box of elements that the program touches.

use std::sync::Arc;

use crate::interval::{Facts, Interval, NEG_INF, POS_INF};
use crate::same::same;
use crate::{BinaryOp, BufferId, Expr, ExprId, ExprList, LoopKind, Node, Program, Scope, ThreadAxis, VarId};

/// Shrinks the allocated buffers of a program to the box that is touched in one run of the loops around the
/// allocation. Returns whether indices were changed, which then are not simple any more.
///
/// A box may start at an expression of the variables around the allocation. For shared memory the threads of a block
/// count as loops inside the allocation, for global memory the blocks too.
pub(super) fn shrink(program: &mut Program) -> bool {
    let has_allocation = program.nodes.iter().any(|node| matches!(node, Node::Allocate { .. }));
    if !has_allocation {
        return false;
    }
    let mut search = Search::new(program);
    search.run();
    let boxes = search.boxes;
    let mut offsets: Vec<Option<Vec<Offset>>> = vec![None; program.n_buffers()];
    for (index, dims) in boxes.into_iter().enumerate() {
        let Some(dims) = dims else { continue };
        let shape = &program.buffers[index].shape;
        let (lengths, moved): (Vec<i64>, Vec<Offset>) =
            shape.iter().zip(dims).map(|(extent, dim)| dim.placed(*extent)).unzip();
        if lengths != *shape {
            let buffer = &mut Arc::make_mut(&mut program.buffers)[index];
            (buffer.shape, buffer.strides) = (lengths, None);
        }
        if moved.iter().any(|offset| offset.literal != 0 || !offset.terms.is_empty()) {
            offsets[index] = Some(moved);
        }
    }
    shift(program, &offsets)
}

/// What is subtracted from the indices of a dimension.
#[derive(Clone, Debug, Default)]
struct Offset {
    literal: i64,
    terms: Vec<Term>,
}

/// A term of a sum, added or subtracted.
#[derive(Clone, Copy, Debug)]
struct Term {
    expr: ExprId,
    is_added: bool,
}

/// Subtracts the offsets from all indices of their buffers.
fn shift(program: &mut Program, offsets: &[Option<Vec<Offset>>]) -> bool {
    if offsets.iter().all(Option::is_none) {
        return false;
    }
    let mut accesses: Vec<(BufferId, ExprList)> = Vec::new();
    accesses.extend(program.exprs.iter().filter_map(|expr| match expr {
        Expr::Load { buffer, indices } => Some((*buffer, *indices)),
        _ => None,
    }));
    accesses.extend(program.nodes.iter().filter_map(|node| match node {
        Node::Store { buffer, indices, .. } => Some((*buffer, *indices)),
        _ => None,
    }));
    for (buffer, indices) in accesses {
        let Some(offsets) = &offsets[buffer.index()] else { continue };
        for (at, offset) in offsets.iter().enumerate() {
            let place = indices.start as usize + at;
            let mut index = program.lists[place];
            let dtype = program.dtype(index);
            for term in &offset.terms {
                let op = if term.is_added { BinaryOp::Sub } else { BinaryOp::Add };
                index = program.push_expr(Expr::Binary { op, lhs: index, rhs: term.expr }, dtype);
            }
            if offset.literal != 0 {
                let rhs = program.push_expr(Expr::Int { value: offset.literal, dtype }, dtype);
                index = program.push_expr(Expr::Binary { op: BinaryOp::Sub, lhs: index, rhs }, dtype);
            }
            program.lists[place] = index;
        }
    }
    true
}

/// What is touched along one dimension.
#[derive(Clone, Debug)]
enum Span {
    /// The terms of variables around the allocation, and the range of the rest.
    Box(Vec<Term>, Interval),
    /// Accesses that have no common box.
    Whole,
}

impl Span {
    /// The length and the first element.
    fn placed(self, extent: i64) -> (i64, Offset) {
        match self {
            Self::Box(terms, range) if range.min != NEG_INF && range.max != POS_INF => {
                let length = range.max.saturating_sub(range.min).saturating_add(1);
                let literal = if terms.is_empty() { range.min.max(0) } else { range.min };
                if length < 1 || length >= extent && !terms.is_empty() {
                    return (extent, Offset::default());
                }
                (length.min(extent), Offset { literal, terms })
            }
            _ => (extent, Offset::default()),
        }
    }
}

/// A body that is being walked.
struct OpenBody {
    end: usize,
    /// The condition that holds in it, or does not, from an index on.
    condition: Option<(ExprId, usize)>,
    n_narrowed: usize,
}

/// The walk that collects the boxes.
struct Search<'a> {
    program: &'a Program,
    /// For every expression, whether a load or a pointer is in it.
    accesses: Vec<bool>,
    facts: Facts,
    open: Vec<OpenBody>,
    /// For every variable of a loop, how many loops are around it, and the axis of a thread loop.
    depths: Vec<Option<(usize, Option<ThreadAxis>)>>,
    n_loops: usize,
    /// For every buffer allocated so far, the number of loops around the allocation.
    allocated: Vec<Option<usize>>,
    boxes: Vec<Option<Vec<Span>>>,
}

impl<'a> Search<'a> {
    fn new(program: &'a Program) -> Self {
        let mut accesses = Vec::with_capacity(program.n_exprs());
        for (index, expr) in program.exprs.iter().enumerate() {
            let mut found = matches!(expr, Expr::Load { .. } | Expr::Call { .. });
            // Operands lie before their users.
            program.for_each_operand(ExprId::new(index), |operand| found = found || accesses[operand.index()]);
            accesses.push(found);
        }
        Self {
            program,
            accesses,
            facts: Facts::new(program),
            open: Vec::new(),
            depths: vec![None; program.n_vars()],
            n_loops: 0,
            allocated: vec![None; program.n_buffers()],
            boxes: vec![None; program.n_buffers()],
        }
    }

    fn run(&mut self) {
        let program = self.program;
        for node in program.nodes() {
            self.close(node.index());
            let end = program.end(node);
            let n_narrowed = self.facts.narrowed.len();
            match program[node] {
                Node::Loop { var, min, extent, kind, .. } => {
                    self.expr(min);
                    self.expr(extent);
                    let (min, extent) = (self.facts.interval(program, min), self.facts.interval(program, extent));
                    self.facts.intervals[var.index()] = min.run(extent);
                    let axis = match kind {
                        LoopKind::ThreadBinding(axis) => Some(axis),
                        _ => None,
                    };
                    self.depths[var.index()] = Some((self.n_loops, axis));
                    self.n_loops += 1;
                    self.open.push(OpenBody { end, condition: None, n_narrowed });
                }
                Node::If { condition, otherwise } => {
                    self.expr(condition);
                    self.note(condition, true);
                    let condition = Some((condition, otherwise.map_or(end, crate::NodeId::index)));
                    self.open.push(OpenBody { end, condition, n_narrowed });
                }
                Node::Store { buffer, indices, value } => {
                    self.list(indices);
                    self.expr(value);
                    self.access(buffer, indices);
                }
                Node::Let { value, .. } | Node::Evaluate { value } => self.expr(value),
                Node::Allocate { buffer } => self.allocated[buffer.index()] = Some(self.n_loops),
            }
        }
    }

    fn close(&mut self, index: usize) {
        while let Some(body) = self.open.last_mut() {
            if body.end <= index {
                self.n_loops -= usize::from(body.condition.is_none());
                self.facts.narrowed.truncate(body.n_narrowed);
                self.open.pop();
            } else if let Some((condition, otherwise)) = body.condition
                && otherwise == index
            {
                self.facts.narrowed.truncate(body.n_narrowed);
                self.note(condition, false);
                return;
            } else {
                return;
            }
        }
    }

    /// Notes what a condition that holds, or does not, says about ranges.
    fn note(&mut self, condition: ExprId, holds: bool) {
        let Expr::Binary { op, lhs, rhs } = self.program[condition] else { return };
        let (op, lhs, rhs) = match (op, holds) {
            (BinaryOp::And, true) | (BinaryOp::Or, false) => {
                self.note(lhs, holds);
                return self.note(rhs, holds);
            }
            (BinaryOp::Lt | BinaryOp::Le | BinaryOp::Eq, true) => (op, lhs, rhs),
            (BinaryOp::Lt, false) => (BinaryOp::Le, rhs, lhs),
            (BinaryOp::Le, false) => (BinaryOp::Lt, rhs, lhs),
            _ => return,
        };
        let strict = i64::from(op == BinaryOp::Lt);
        let (value, bound) = match (op, self.program.as_int(lhs), self.program.as_int(rhs)) {
            (BinaryOp::Eq, _, Some(c)) => (lhs, Interval::new(c, c)),
            (_, None, Some(c)) => (lhs, Interval::new(NEG_INF, c.saturating_sub(strict))),
            (_, Some(c), None) => (rhs, Interval::new(c.saturating_add(strict), POS_INF)),
            _ => return,
        };
        self.facts.narrowed.push((value, bound));
    }

    fn list(&mut self, list: ExprList) {
        self.program.list(list).iter().for_each(|&expr| self.expr(expr));
    }

    /// Visits the loads of an expression.
    fn expr(&mut self, expr: ExprId) {
        if !self.accesses[expr.index()] {
            return;
        }
        match self.program[expr] {
            Expr::IfThenElse { condition, then, otherwise } => {
                self.expr(condition);
                let n_narrowed = self.facts.narrowed.len();
                for (value, holds) in [(then, true), (otherwise, false)] {
                    self.note(condition, holds);
                    self.expr(value);
                    self.facts.narrowed.truncate(n_narrowed);
                }
            }
            Expr::Load { buffer, indices } => {
                self.list(indices);
                self.access(buffer, indices);
            }
            _ => {
                // Through a pointer, any element may be touched.
                if let Expr::Call { callee, args, .. } = self.program[expr]
                    && let Some(buffer) = self.program.pointer_target(callee, args)
                {
                    self.boxes[buffer.index()] = Some(vec![Span::Whole; self.program[buffer].shape.len()]);
                }
                self.program.for_each_operand(expr, |operand| self.expr(operand));
            }
        }
    }

    fn access(&mut self, buffer: BufferId, indices: ExprList) {
        let Some(depth) = self.allocated[buffer.index()] else { return };
        let n_dims = self.program[buffer].shape.len();
        let indices = &self.program.list(indices)[..n_dims.min(indices.len())];
        let mut all = self.boxes[buffer.index()].take();
        match &mut all {
            None => all = Some(indices.iter().map(|&index| self.span(buffer, depth, index)).collect()),
            Some(all) => {
                for (all, &index) in all.iter_mut().zip(indices) {
                    join(self.program, all, self.span(buffer, depth, index));
                }
            }
        }
        self.boxes[buffer.index()] = all;
    }

    fn span(&self, buffer: BufferId, depth: usize, index: ExprId) -> Span {
        let is_outside = |var: VarId| self.is_outside(buffer, depth, var);
        if !self.program.any_var(index, &is_outside) {
            return Span::Box(Vec::new(), self.facts.interval(self.program, index));
        }
        let mut terms = Vec::new();
        let mut rest = Interval::new(0, 0);
        let mut next = Some(Term { expr: index, is_added: true });
        while let Some(Term { expr, is_added }) = next {
            let (term, left) = match self.program[expr] {
                Expr::Binary { op: op @ (BinaryOp::Add | BinaryOp::Sub), lhs, rhs } if is_added => {
                    (Term { expr: rhs, is_added: op == BinaryOp::Add }, Some(Term { expr: lhs, is_added: true }))
                }
                _ => (Term { expr, is_added }, None),
            };
            next = left;
            let inside = |var: VarId| !is_outside(var);
            if !self.program.any_var(term.expr, &is_outside) {
                let range = self.facts.interval(self.program, term.expr);
                let range = if term.is_added { range } else { Interval::new(-range.max, -range.min) };
                if rest.min.checked_add(range.min).is_none() || rest.max.checked_add(range.max).is_none() {
                    return Span::Whole;
                }
                rest = Interval::new(rest.min + range.min, rest.max + range.max);
            } else if self.program.any_var(term.expr, &inside) || super::has_load(self.program, term.expr) {
                return Span::Whole;
            } else {
                terms.push(term);
            }
        }
        Span::Box(terms, rest)
    }

    /// Whether a variable has one value while a buffer lives.
    fn is_outside(&self, buffer: BufferId, depth: usize, var: VarId) -> bool {
        // The value of a let is not looked into.
        let Some((around, axis)) = self.depths[var.index()] else { return false };
        let is_thread = axis.is_some_and(|axis| match (&self.program[buffer].scope, axis) {
            (Scope::Global, _) => true,
            (Scope::Shared, ThreadAxis::BlockX | ThreadAxis::BlockY | ThreadAxis::BlockZ) => false,
            (Scope::Shared, _) => true,
            (Scope::Other(name), ThreadAxis::ThreadX | ThreadAxis::ThreadY | ThreadAxis::ThreadZ) => {
                name.starts_with("shared")
            }
            _ => false,
        });
        around < depth && !is_thread
    }
}

fn join(program: &Program, all: &mut Span, new: Span) {
    *all = match (std::mem::replace(all, Span::Whole), new) {
        (Span::Box(terms, range), Span::Box(others, other)) => {
            let equal = terms.len() == others.len()
                && terms.iter().zip(&others).all(|(a, b)| a.is_added == b.is_added && same(program, a.expr, b.expr));
            if equal { Span::Box(terms, range.union(other)) } else { Span::Whole }
        }
        _ => Span::Whole,
    };
}

impl Program {
    /// Whether a variable of an expression has a property.
    fn any_var(&self, expr: ExprId, property: &dyn Fn(VarId) -> bool) -> bool {
        if let Expr::Var(var) = self[expr] {
            return property(var);
        }
        let mut found = false;
        self.for_each_operand(expr, |operand| found = found || self.any_var(operand, property));
        found
    }
}
