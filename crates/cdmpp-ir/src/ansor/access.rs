//! Which buffers a store accesses, by which indices, and how much of them its loops touch.

use super::nest::Nest;
use crate::interval::{Facts, Interval, NEG_INF, POS_INF};
use crate::{BufferId, Expr, ExprId, ExprList, Program};

/// A set of loops, by their position in the nest; programs nest less than 256 deep.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LoopSet([u64; 4]);

impl LoopSet {
    pub(super) fn contains(self, position: usize) -> bool {
        self.0[position >> 6 & 3] >> (position & 63) & 1 == 1
    }

    fn insert(&mut self, position: usize) {
        self.0[position >> 6 & 3] |= 1 << (position & 63);
    }

    fn extend(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(word, more)| *word |= more);
    }
}

/// How a store uses a buffer; the order is that of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccessKind {
    Read,
    Write,
    ReadWrite,
}

/// A buffer that a store uses.
#[derive(Clone, Debug)]
pub(super) struct Access {
    pub(super) buffer: BufferId,
    pub(super) kind: AccessKind,
    pub(super) element_bytes: i64,
    /// Its part of [`Accesses::indices`]: the dimensions of the first pattern, then those of the next, …
    start: usize,
    end: usize,
    /// The loops whose variable is in an index.
    pub(super) loops: LoopSet,
}

/// One index of one pattern.
#[derive(Clone, Debug)]
struct Index {
    access: usize,
    expr: ExprId,
    loops: LoopSet,
    interval: Interval,
}

/// The buffers of one store. The vectors are kept from store to store.
#[derive(Clone, Debug, Default)]
pub(super) struct Accesses {
    pub(super) all: Vec<Access>,
    indices: Vec<Index>,
    /// For every buffer of the program, its place in `all`.
    slots: Vec<Option<usize>>,
    /// For every loop, outermost first, and every access, the elements touched.
    n_elements: Vec<i64>,
}

impl Accesses {
    /// Collects the buffers of a store: its target first.
    ///
    /// A target that the value also loads counts as read and written, and the loads add no pattern.
    pub(super) fn collect(
        &mut self,
        program: &Program,
        target: (BufferId, ExprList),
        value: ExprId,
        positions: &[Option<u16>],
    ) {
        for access in self.all.drain(..) {
            self.slots[access.buffer.index()] = None;
        }
        self.slots.resize(program.n_buffers(), None);
        self.indices.clear();
        self.pattern(program, target.0, target.1, AccessKind::Write, positions);
        self.loads(program, value, positions);
        self.indices.sort_by_key(|index| index.access);
        let mut at = 0;
        for (number, access) in self.all.iter_mut().enumerate() {
            access.start = at;
            while self.indices.get(at).is_some_and(|index| index.access == number) {
                access.loops.extend(self.indices[at].loops);
                at += 1;
            }
            access.end = at;
        }
    }

    fn loads(&mut self, program: &Program, expr: ExprId, positions: &[Option<u16>]) {
        program.for_each_operand(expr, |operand| self.loads(program, operand, positions));
        if let Expr::Load { buffer, indices } = program[expr] {
            self.pattern(program, buffer, indices, AccessKind::Read, positions);
        }
    }

    fn pattern(
        &mut self,
        program: &Program,
        buffer: BufferId,
        indices: ExprList,
        kind: AccessKind,
        positions: &[Option<u16>],
    ) {
        let access = match self.slots[buffer.index()] {
            Some(access) if self.all[access].kind != AccessKind::Read => {
                self.all[access].kind = AccessKind::ReadWrite;
                return;
            }
            Some(access) => access,
            None => {
                let element_bytes = program[buffer].dtype.bytes() as i64;
                self.slots[buffer.index()] = Some(self.all.len());
                self.all.push(Access { buffer, kind, element_bytes, start: 0, end: 0, loops: LoopSet::default() });
                self.all.len() - 1
            }
        };
        // A scalar may be written with one index, which is 0.
        let n_dims = program[buffer].shape.len();
        for &expr in &program.list(indices)[..n_dims.min(indices.len())] {
            let mut loops = LoopSet::default();
            variables(program, expr, positions, &mut loops);
            self.indices.push(Index { access, expr, loops, interval: Interval::new(0, 0) });
        }
    }

    /// Computes what each loop touches: with its variable and those inside over their range, and those outside at
    /// their first value, the box around all patterns.
    pub(super) fn touch(&mut self, program: &Program, nest: &Nest, facts: &mut Facts) {
        for open in &nest.loops {
            facts.residues[open.var.index()] = facts.residue(program, open.min);
            facts.intervals[open.var.index()] = facts.interval(program, open.min);
        }
        for index in &mut self.indices {
            index.interval = facts.interval(program, index.expr);
        }
        self.n_elements.clear();
        self.n_elements.resize(nest.loops.len() * self.all.len(), 0);
        for (position, open) in nest.loops.iter().enumerate().rev() {
            if program.as_int(open.extent) != Some(1) {
                let extent = facts.interval(program, open.extent);
                facts.intervals[open.var.index()] = facts.interval(program, open.min).run(extent);
            }
            let innermost = position + 1 == nest.loops.len();
            for (number, access) in self.all.iter().enumerate() {
                let at = position * self.all.len() + number;
                if access.loops.contains(position) {
                    for index in &mut self.indices[access.start..access.end] {
                        if index.loops.contains(position) {
                            index.interval = facts.interval(program, index.expr);
                        }
                    }
                } else if !innermost {
                    self.n_elements[at] = self.n_elements[at + self.all.len()];
                    continue;
                }
                let n_dims = program[access.buffer].shape.len();
                let elements = (0..n_dims).fold(1_i64, |n, dim| n.wrapping_mul(self.extent(access, n_dims, dim)));
                self.n_elements[at] = elements.max(0);
            }
        }
    }

    /// The elements that an access touches in one run of the loop at a position.
    pub(super) fn n_elements(&self, position: usize, access: usize) -> i64 {
        self.n_elements[position * self.all.len() + access]
    }

    /// The length of the touched box along a dimension, after [`touch`](Self::touch): for the outermost loop.
    pub(super) fn extent(&self, access: &Access, n_dims: usize, dim: usize) -> i64 {
        let patterns = self.indices[access.start..access.end].iter().skip(dim).step_by(n_dims.max(1));
        let (min, max) = patterns
            .fold((POS_INF, NEG_INF), |(min, max), index| (min.min(index.interval.min), max.max(index.interval.max)));
        max.wrapping_sub(min).wrapping_add(1)
    }

    /// The patterns of an access: the indices of all dimensions with the loops in them.
    pub(super) fn patterns(
        &self,
        access: &Access,
        n_dims: usize,
    ) -> impl Iterator<Item = impl DoubleEndedIterator<Item = (ExprId, LoopSet)> + ExactSizeIterator + '_> + '_ {
        let indices = &self.indices[access.start..access.end];
        indices.chunks(n_dims.max(1)).map(|dims| dims.iter().map(|index| (index.expr, index.loops)))
    }
}

/// Adds the loops whose variables an expression has; `positions` has the position of every variable's loop.
fn variables(program: &Program, expr: ExprId, positions: &[Option<u16>], loops: &mut LoopSet) {
    match program[expr] {
        Expr::Var(var) => {
            if let Some(position) = positions[var.index()] {
                loops.insert(usize::from(position));
            }
        }
        _ => program.for_each_operand(expr, |operand| variables(program, operand, positions, loops)),
    }
}
