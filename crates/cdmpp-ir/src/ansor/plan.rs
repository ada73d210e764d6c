//! The operations and accesses of every store, which the features are computed from.

use super::access::{Access, AccessKind, Accesses, Index, LoopSet};
use super::operations::Operations;
use crate::{BufferId, Expr, ExprId, ExprList, Node, Program};

/// The operations and accesses of all stores, in order.
#[derive(Debug, Default)]
pub(super) struct Plan {
    stores: Vec<Store>,
    accesses: Vec<Access>,
    indices: Vec<Index>,
}

/// A store: the ends of its parts of the plan's lists, which start where those of the store before end.
#[derive(Debug)]
struct Store {
    operations: Operations,
    accesses_end: usize,
    indices_end: usize,
}

impl Plan {
    pub(super) fn new(program: &Program) -> Self {
        let mut search = Search {
            program,
            positions: vec![None; program.n_vars()],
            slots: vec![None; program.n_buffers()],
            found: Vec::new(),
            plan: Self::default(),
            first: 0,
        };
        let mut ends: Vec<usize> = Vec::new();
        for node in program.nodes() {
            while ends.last().is_some_and(|end| *end <= node.index()) {
                ends.pop();
            }
            match program[node] {
                Node::Loop { var, .. } => {
                    search.positions[var.index()] = Some(ends.len() as u16);
                    ends.push(program.end(node));
                }
                Node::Store { buffer, indices, value } => search.store((buffer, indices), value),
                Node::If { .. } | Node::Let { .. } | Node::Allocate { .. } | Node::Evaluate { .. } => {}
            }
        }
        search.plan
    }

    /// The operations and accesses of a store.
    pub(super) fn store(&self, number: usize) -> (&Operations, Accesses<'_>) {
        let before = number.checked_sub(1).map(|before| &self.stores[before]);
        let (first_access, first_index) = before.map_or((0, 0), |store| (store.accesses_end, store.indices_end));
        let store = &self.stores[number];
        let all = &self.accesses[first_access..store.accesses_end];
        (&store.operations, Accesses { all, indices: &self.indices[first_index..store.indices_end] })
    }
}

/// The walk over the stores.
struct Search<'a> {
    program: &'a Program,
    /// For every variable, the position of its loop in the nest.
    positions: Vec<Option<u16>>,
    /// For every buffer of the program, its place among the accesses of the store.
    slots: Vec<Option<usize>>,
    /// The indices of the store with the places of their accesses.
    found: Vec<(usize, Index)>,
    plan: Plan,
    /// The first access of the store.
    first: usize,
}

impl Search<'_> {
    /// Collects the buffers of a store: its target first.
    ///
    /// A target that the value also loads counts as read and written, and the loads add no pattern.
    fn store(&mut self, target: (BufferId, ExprList), value: ExprId) {
        self.first = self.plan.accesses.len();
        self.found.clear();
        self.pattern(target.0, target.1, AccessKind::Write);
        self.loads(value);
        self.found.sort_by_key(|(access, _)| *access);
        let mut at = 0;
        for (number, access) in self.plan.accesses[self.first..].iter_mut().enumerate() {
            self.slots[access.buffer.index()] = None;
            access.start = at;
            while let Some((_, index)) = self.found.get(at).filter(|(owner, _)| *owner == number) {
                access.loops.extend(index.loops);
                at += 1;
            }
            access.end = at;
        }
        self.plan.indices.extend(self.found.iter().map(|(_, index)| *index));
        self.plan.stores.push(Store {
            operations: Operations::new(self.program, value),
            accesses_end: self.plan.accesses.len(),
            indices_end: self.plan.indices.len(),
        });
    }

    fn loads(&mut self, expr: ExprId) {
        self.program.for_each_operand(expr, |operand| self.loads(operand));
        if let Expr::Load { buffer, indices } = self.program[expr] {
            self.pattern(buffer, indices, AccessKind::Read);
        }
    }

    fn pattern(&mut self, buffer: BufferId, indices: ExprList, kind: AccessKind) {
        let accesses = &mut self.plan.accesses;
        let access = match self.slots[buffer.index()] {
            Some(access) if accesses[self.first + access].kind != AccessKind::Read => {
                accesses[self.first + access].kind = AccessKind::ReadWrite;
                return;
            }
            Some(access) => access,
            None => {
                let element_bytes = self.program[buffer].dtype.bytes() as i64;
                accesses.push(Access { buffer, kind, element_bytes, start: 0, end: 0, loops: LoopSet::default() });
                let access = accesses.len() - 1 - self.first;
                self.slots[buffer.index()] = Some(access);
                access
            }
        };
        // A scalar may be written with one index, which is 0.
        let n_dims = self.program[buffer].shape.len();
        for &expr in &self.program.list(indices)[..n_dims.min(indices.len())] {
            let mut loops = LoopSet::default();
            self.variables(expr, &mut loops);
            self.found.push((access, Index { expr, loops }));
        }
    }

    /// Adds the loops whose variables an expression has.
    fn variables(&self, expr: ExprId, loops: &mut LoopSet) {
        match self.program[expr] {
            Expr::Var(var) => {
                if let Some(position) = self.positions[var.index()] {
                    loops.insert(usize::from(position));
                }
            }
            _ => self.program.for_each_operand(expr, |operand| self.variables(operand, loops)),
        }
    }
}
