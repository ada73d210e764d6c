//! The canonical form.

mod allocation;
mod compaction;
mod kernel;
mod writer;

use crate::same::same_lists;
use crate::simplify::{Simplifier, has_load};
use crate::{BufferId, Effect, Expr, ExprId, ExprList, LoopKind, Node, NodeId, Program, ThreadAxis, VarId};
use kernel::Kernel;
use writer::Writer;

/// The largest value of a let, in nodes, that is written out where the variable was.
const MAX_INLINED: u64 = 64;

/// How often a program is rewritten at most: once, and twice where the indices of shrunk buffers change.
const MAX_ROUNDS: usize = 3;

impl Program {
    /// The same program in canonical form, so that programs written in different ways encode alike.
    ///
    /// The form is the one in which TVM's feature extractor sees a lowered program; a program that TVM simplified is
    /// in it already, but for the names of its thread loops. The canonical form of a canonical program is itself.
    ///
    /// 1. A serial loop of one iteration from 0 without hints is dropped. Every other loop of one iteration stays (how
    ///    it runs is a decision of the schedule), but its variable becomes the loop's first value.
    /// 2. A loop without iterations or with an empty body is dropped. A loop keeps its first value: `for i in 2..10` and
    ///    `for i in 0..8` with `i + 2` for `i` differ, as they do for TVM.
    /// 3. A let of a pure value of at most 64 nodes is written out where its variable was.
    /// 4. Integer expressions (`int32`, `int64`) become sums of products `x % a // b * c` in falling order of `c`; what is
    ///    subtracted stands at the end, behind the literal. Like terms are joined, and quotients and remainders of sums
    ///    are parted or dropped as far as the ranges of the variables allow. Minima and maxima are decided by ranges.
    /// 5. Literals are folded, and `x + 0`, `x · 1`, `x · 0`, `x - x` replaced, for floats too: as in TVM, a NaN or an
    ///    infinity may get lost there.
    /// 6. Comparisons, and with them conditions, choices and conditional statements, are decided by ranges and by the
    ///    conditions around. `>` is turned into `<`, a negated comparison into its opposite, and literals are moved to
    ///    one side. A store of an element to itself is dropped.
    /// 7. A GPU kernel has one loop for each thread axis, around everything else in it: a loop over an axis that has one
    ///    already becomes that loop. The first keeps its hints, those of the others stay where they are, on a loop of one
    ///    iteration. Kernels whose loops over one axis differ are left alone.
    /// 8. A buffer is allocated in the innermost loop around all its uses (in global memory, not inside a kernel's
    ///    loops), and is as large as the box of elements that one run of the loops around the allocation touches. A
    ///    buffer that is not used loses its allocation, one that is used through a pointer (`buffer_data("name")`) keeps its
    ///    shape. A value that only a previous iteration wrote is no longer there:
    ///    such a program has no meaning for TVM.
    ///
    /// Should an expression become too large or too deep for a [verified](Self::verify) program on the way, or invalid
    /// (a division by a variable that turns out to be 0), the result is the program itself. In particular a sum with
    /// more than [`MAX_DEPTH`](crate::MAX_DEPTH) different terms stays as it is.
    ///
    /// # Complexity
    /// O(statements + expressions) where these are simple, and a small multiple of it elsewhere: the work is bounded by
    /// a constant number of new expressions for each of the program's.
    ///
    /// # Examples
    /// ```
    /// use cdmpp_ir::{Buffer, DataType, LoopKind, Node, Program};
    ///
    /// let padded = Program::build("copy", |body| {
    ///     let x = body.param(Buffer::new("x", DataType::F32, [64]));
    ///     let y = body.param(Buffer::new("y", DataType::F32, [64]));
    ///     body.for_extent("unit", 1, LoopKind::Serial, |body, unit| {
    ///         body.for_extent("i", 64, LoopKind::Serial, |body, i| {
    ///             let index = body.add(i, unit);
    ///             let xi = body.load(x, &[index]);
    ///             body.store(y, &[i], xi);
    ///         });
    ///     });
    /// })?;
    /// let canonical = padded.canonical();
    /// assert_eq!(canonical.nodes().filter(|node| matches!(canonical[*node], Node::Loop { .. })).count(), 1);
    /// # Ok::<(), cdmpp_ir::VerifyError>(())
    /// ```
    #[must_use]
    pub fn canonical(&self) -> Self {
        rewrite(self, MAX_ROUNDS).unwrap_or_else(|| self.clone())
    }

    /// The program with every select that loads nothing replaced by 1, as TVM sees it when it extracts features, or
    /// `None` if there is no such select. The statements of a canonical program stay what they are.
    pub(crate) fn with_selects_as_one(&self) -> Option<Self> {
        let mut exprs = (0..self.n_exprs()).map(ExprId::new);
        exprs
            .any(|expr| matches!(self[expr], Expr::Select { .. }) && !has_load(self, expr))
            .then(|| Canonicalizer::new(self, true).run())
            .flatten()
    }
}

/// Rewrites a program, and again if buffers were shrunk so that indices changed; `None` if it has to stay as it is.
fn rewrite(program: &Program, n_rounds: usize) -> Option<Program> {
    let once = || Canonicalizer::new(program, false).run();
    let mut rewritten = once()?;
    debug_assert_eq!(rewritten.verify(), Ok(()), "rewriting keeps the rules of programs");
    if n_rounds > 1 && compaction::shrink(&mut rewritten) {
        // The indices are out of order until the next round; should that give up, the buffers keep their sizes.
        return rewrite(&rewritten, n_rounds - 1).or_else(once);
    }
    debug_assert_eq!(rewritten.verify(), Ok(()), "shrinking keeps the rules of programs");
    Some(rewritten)
}

/// Rewrites a program statement by statement.
struct Canonicalizer<'a> {
    source: &'a Program,
    simplifier: Simplifier<'a>,
    writer: Writer,
    /// The GPU kernel that is being walked.
    kernel: Option<Kernel>,
    /// Whether a thread loop was found that opens no kernel; then those below it are left as they are.
    in_odd_kernel: bool,
    /// The buffers with an allocation, in order.
    allocated: Vec<BufferId>,
    /// The indices of the store under way.
    operands: Vec<ExprId>,
    /// Whether every statement has to stay.
    keeps_statements: bool,
}

impl<'a> Canonicalizer<'a> {
    fn new(source: &'a Program, selects_are_one: bool) -> Self {
        Self {
            source,
            simplifier: Simplifier::new(source, selects_are_one),
            writer: Writer::new(source),
            kernel: None,
            in_odd_kernel: false,
            allocated: Vec::new(),
            operands: Vec::new(),
            keeps_statements: selects_are_one,
        }
    }

    /// Rewrites the whole program, and places its allocations; `None` if it has to stay as it is.
    fn run(mut self) -> Option<Program> {
        self.body(0, self.source.n_nodes());
        if self.simplifier.has_given_up() || !self.writer.is_within_limits() {
            return None;
        }
        allocation::place(&mut self.writer.program, &self.allocated);
        Some(self.writer.program)
    }

    /// Rewrites the statements that stand side by side between two indices.
    fn body(&mut self, start: usize, end: usize) {
        let mut next = start;
        while next < end && !self.simplifier.has_given_up() {
            let node = NodeId::new(next);
            self.statement(node);
            next = self.source.end(node);
        }
    }

    fn statement(&mut self, node: NodeId) {
        let source = self.source;
        match source[node] {
            Node::Loop { kind: LoopKind::ThreadBinding(axis), .. } if !self.in_odd_kernel => {
                self.thread_loop(node, axis);
            }
            Node::Loop { .. } => self.for_loop(node),
            Node::If { condition, otherwise } => self.conditional(node, condition, otherwise),
            Node::Store { buffer, indices, value } => self.store(buffer, indices, value),
            Node::Let { var, value } => self.binding(var, value),
            Node::Allocate { buffer } if self.keeps_statements => self.writer.leaf(Node::Allocate { buffer }),
            Node::Allocate { buffer } => self.allocated.push(buffer),
            Node::Evaluate { value } => {
                let value = self.simplified(value);
                if !matches!(self.writer.program[value], Expr::Int { .. } | Expr::Float { .. }) {
                    self.writer.leaf(Node::Evaluate { value });
                }
            }
        }
    }

    /// The first thread loop of a kernel opens the loops of all its axes; the others are those loops already.
    fn thread_loop(&mut self, node: NodeId, axis: ThreadAxis) {
        let body = (node.index() + 1, self.source.end(node));
        if let Some(kernel) = &self.kernel {
            let Node::Loop { var, ref annotations, .. } = self.source[node] else { return };
            let Some(first) = kernel.axis(axis) else { return };
            let (first, dtype) = (first.var, self.source[first.var].dtype);
            if var != first {
                let standing_in = self.simplifier.values[first.index()];
                let value = standing_in.unwrap_or_else(|| self.simplifier.push(Expr::Var(first), dtype));
                self.simplifier.values[var.index()] = Some(value);
            }
            if annotations.is_empty() {
                return self.body(body.0, body.1);
            }
            let opened = self.writer.hint(var, var != first, annotations.clone());
            self.body(body.0, body.1);
            return self.writer.close(opened, self.keeps_statements);
        }
        let Some(kernel) = Kernel::new(self.source, &mut self.simplifier, node) else {
            self.in_odd_kernel = true;
            self.for_loop(node);
            self.in_odd_kernel = false;
            return;
        };
        let mut opened = Vec::with_capacity(kernel.axes.len());
        for axis in &kernel.axes {
            let header = self.open_loop(axis.node, axis.var, axis.min, axis.extent);
            // The hints of the loops within stay where they were.
            if axis.node != node {
                self.writer.drop_hints(header);
            }
            opened.push(header);
        }
        self.kernel = Some(kernel);
        self.body(body.0, body.1);
        self.kernel = None;
        for opened in opened.into_iter().rev() {
            self.writer.close(opened, self.keeps_statements);
        }
    }

    fn for_loop(&mut self, node: NodeId) {
        let Node::Loop { var, min, extent, kind, ref annotations } = self.source[node] else { return };
        let body = (node.index() + 1, self.source.end(node));
        let (min, extent) = (self.simplifier.simplify(min), self.simplifier.simplify(extent));
        let literals = (self.simplifier.work.as_int(min), self.simplifier.work.as_int(extent));
        match literals {
            (_, Some(..=0)) => return,
            (Some(0), Some(1)) if kind == LoopKind::Serial && annotations.is_empty() => {
                self.simplifier.values[var.index()] = Some(min);
                return self.body(body.0, body.1);
            }
            _ => {}
        }
        let opened = self.open_loop(node, var, min, extent);
        self.body(body.0, body.1);
        self.writer.close(opened, self.keeps_statements);
    }

    /// Opens a loop with bounds of the simplifier's arena.
    fn open_loop(&mut self, node: NodeId, var: VarId, min: ExprId, extent: ExprId) -> NodeId {
        if self.simplifier.work.as_int(extent) == Some(1) {
            self.simplifier.values[var.index()] = Some(min);
        } else {
            let range = self.simplifier.interval(min).run(self.simplifier.interval(extent));
            self.simplifier.facts.intervals[var.index()] = range;
        }
        let literals = self.simplifier.work.as_int(min).zip(self.simplifier.work.as_int(extent));
        if literals.is_some_and(|(min, extent)| min.checked_add(extent).is_none()) {
            self.simplifier.give_up();
        }
        let mut header = self.source[node].clone();
        if let Node::Loop { min: first, extent: n, .. } = &mut header {
            (*first, *n) = (self.emit(min), self.emit(extent));
        }
        self.writer.open(header)
    }

    fn conditional(&mut self, node: NodeId, condition: ExprId, otherwise: Option<NodeId>) {
        let end = self.source.end(node);
        let middle = otherwise.map_or(end, NodeId::index);
        let condition = self.simplifier.simplify(condition);
        match self.simplifier.work.as_int(condition) {
            Some(0) if !self.keeps_statements => return self.body(middle, end),
            Some(_) if !self.keeps_statements => return self.body(node.index() + 1, middle),
            _ => {}
        }
        let emitted = self.emit(condition);
        let opened = self.writer.open(Node::If { condition: emitted, otherwise: None });
        let entered = self.simplifier.enter(condition);
        self.body(node.index() + 1, middle);
        self.simplifier.leave(entered);
        let opposite = self.simplifier.negate(condition);
        let entered = self.simplifier.enter(opposite);
        let start = NodeId::new(self.writer.program.nodes.len());
        self.body(middle, end);
        self.simplifier.leave(entered);
        if self.writer.program.nodes.len() > start.index() {
            self.writer.program.nodes[opened.index()] = Node::If { condition: emitted, otherwise: Some(start) };
        }
        self.writer.close(opened, self.keeps_statements);
    }

    fn store(&mut self, buffer: BufferId, indices: ExprList, value: ExprId) {
        let start = self.operands.len();
        for at in 0..indices.len() {
            let index = self.source.list(indices)[at];
            let index = self.simplified(index);
            self.operands.push(index);
        }
        let indices = self.writer.list(self.operands.drain(start..));
        let value = self.simplified(value);
        if self.keeps_statements || !is_unchanged_store(&self.writer.program, buffer, indices, value) {
            self.writer.leaf(Node::Store { buffer, indices, value });
        }
    }

    fn binding(&mut self, var: VarId, value: ExprId) {
        let value = self.simplifier.simplify(value);
        let work = &self.simplifier.work;
        if is_pure(work, value) {
            if size(work, value, MAX_INLINED) <= MAX_INLINED {
                self.simplifier.values[var.index()] = Some(value);
                return;
            }
            self.simplifier.facts.intervals[var.index()] = self.simplifier.interval(value);
        }
        let value = self.emit(value);
        self.writer.leaf(Node::Let { var, value });
    }

    /// An expression of the source, simplified, in the new program.
    fn simplified(&mut self, expr: ExprId) -> ExprId {
        if self.simplifier.is_quiet(expr) {
            return self.writer.copy(self.source, expr);
        }
        let expr = self.simplifier.simplify(expr);
        self.emit(expr)
    }

    /// An expression of the simplifier in the new program.
    fn emit(&mut self, expr: ExprId) -> ExprId {
        self.writer.copy(&self.simplifier.work, expr)
    }
}

/// Whether a store writes what the element has already.
fn is_unchanged_store(program: &Program, buffer: BufferId, indices: ExprList, value: ExprId) -> bool {
    matches!(program[value], Expr::Load { buffer: from, indices: at }
        if from == buffer && same_lists(program, at, indices))
}

/// Whether a value is the same at every evaluation.
fn is_pure(program: &Program, expr: ExprId) -> bool {
    let mut pure = !matches!(program[expr], Expr::Load { .. } | Expr::Call { effect: Effect::Opaque, .. });
    program.for_each_operand(expr, |operand| pure = pure && is_pure(program, operand));
    pure
}

/// The number of nodes of an expression, counted up to a limit.
fn size(program: &Program, expr: ExprId, limit: u64) -> u64 {
    let mut n = 1;
    program.for_each_operand(expr, |operand| {
        if n <= limit {
            n += size(program, operand, limit - n);
        }
    });
    n
}
