//! Which buffers a store accesses, and by which indices.

use crate::{BufferId, ExprId};

/// A set of loops, by their position in the nest; programs nest less than 256 deep.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LoopSet([u64; 4]);

impl LoopSet {
    pub(super) fn contains(self, position: usize) -> bool {
        self.0[position >> 6 & 3] >> (position & 63) & 1 == 1
    }

    pub(super) fn insert(&mut self, position: usize) {
        self.0[position >> 6 & 3] |= 1 << (position & 63);
    }

    pub(super) fn extend(&mut self, other: Self) {
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
    /// Its part of the store's indices: the dimensions of the first pattern, then those of the next, …
    pub(super) start: usize,
    pub(super) end: usize,
    /// The loops whose variable is in an index.
    pub(super) loops: LoopSet,
}

/// One index of one pattern.
#[derive(Clone, Copy, Debug)]
pub(super) struct Index {
    pub(super) expr: ExprId,
    pub(super) loops: LoopSet,
}

/// The buffers of one store, its target first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accesses<'a> {
    pub(super) all: &'a [Access],
    pub(super) indices: &'a [Index],
}

impl<'a> Accesses<'a> {
    /// The patterns of an access: the indices of all dimensions.
    pub(super) fn patterns(self, access: &Access, n_dims: usize) -> impl Iterator<Item = &'a [Index]> {
        self.indices[access.start..access.end].chunks(n_dims.max(1))
    }
}
