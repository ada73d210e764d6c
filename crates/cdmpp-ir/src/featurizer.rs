//! What a leaf's feature vector is.

use std::any::Any;
use std::cell::OnceCell;

use crate::{Node, NodeId, Program};

/// Turns a leaf (a store statement in its loop nest) into a vector of numbers.
///
/// Implement it to try another feature set: everything downstream takes the [schema](Self::schema) and
/// [width](Self::dim) from here.
///
/// # Examples
/// A featurizer with two columns, the depth and the logarithm of the number of iterations:
/// ```
/// use cdmpp_ir::{Featurizer, LeafContext, Node};
///
/// struct Iterations;
///
/// impl Featurizer for Iterations {
///     fn schema(&self) -> &str {
///         "example/iterations/1"
///     }
///     fn dim(&self) -> usize {
///         2
///     }
///     fn write(&self, leaf: &LeafContext<'_>, out: &mut [f32]) {
///         let extents = leaf.loops().iter().filter_map(|&node| match leaf.program()[node] {
///             Node::Loop { extent, .. } => leaf.program().as_int(extent),
///             _ => None,
///         });
///         out[0] = leaf.depth() as f32;
///         out[1] = extents.map(|extent| (extent as f32).log2()).sum();
///     }
/// }
/// ```
pub trait Featurizer {
    /// Names the meaning of the columns, with a version: a model trained on one schema refuses every other.
    fn schema(&self) -> &str;

    /// The number of columns; the same for every leaf.
    fn dim(&self) -> usize;

    /// Writes the vector of a leaf into `out`, which has [`dim`](Self::dim) zeros. It must depend on the program and
    /// the leaf alone.
    fn write(&self, leaf: &LeafContext<'_>, out: &mut [f32]);
}

/// The leaves of a program with what encloses each of them; computed once a program.
#[derive(Debug)]
pub(crate) struct Leaves<'a> {
    program: &'a Program,
    leaves: Vec<Leaf>,
    /// The enclosing loops of all leaves, one leaf after the other.
    loops: Vec<NodeId>,
    shared: Shared,
    kept: &'a Kept,
}

/// What the featurizer keeps for all programs of one structure.
#[derive(Debug, Default)]
pub(crate) struct Kept(OnceCell<Box<dyn Any + Send>>);

/// What featurizers computed for the whole program: a list with one value a type.
#[derive(Debug, Default)]
struct Shared(OnceCell<Box<(Box<dyn Any>, Shared)>>);

impl Shared {
    fn get_or_make<T: Any>(&self, make: impl FnOnce() -> T) -> &T {
        if let Some(value) = self.find() {
            return value;
        }
        // Made before the end of the list is looked for: `make` may itself share something.
        let made: Box<dyn Any> = Box::new(make());
        let mut last = &self.0;
        while let Some(link) = last.get() {
            last = &link.1.0;
        }
        let link = last.get_or_init(|| Box::new((made, Self::default())));
        link.0.downcast_ref().expect("the list ended here, so this link holds what was just made")
    }

    fn find<T: Any>(&self) -> Option<&T> {
        let link = self.0.get()?;
        link.0.downcast_ref().or_else(|| link.1.find())
    }
}

/// One store with its place in the tree.
#[derive(Clone, Debug)]
struct Leaf {
    node: NodeId,
    position: u32,
    depth: u32,
    loops: std::ops::Range<usize>,
}

impl<'a> Leaves<'a> {
    pub(crate) fn new(program: &'a Program, kept: &'a Kept) -> Self {
        let mut found = Self { program, leaves: Vec::new(), loops: Vec::new(), shared: Shared::default(), kept };
        let mut open: Vec<NodeId> = Vec::new();
        let mut rank = 0_u32;
        for node in program.nodes() {
            while open.last().is_some_and(|&outer| program.end(outer) <= node.index()) {
                open.pop();
            }
            match program[node] {
                Node::Loop { .. } => {
                    rank += 1;
                    open.push(node);
                }
                Node::Store { .. } => {
                    rank += 1;
                    let start = found.loops.len();
                    found.loops.extend_from_slice(&open);
                    found.leaves.push(Leaf {
                        node,
                        position: rank,
                        depth: open.len() as u32 + 1,
                        loops: start..found.loops.len(),
                    });
                }
                Node::If { .. } | Node::Let { .. } | Node::Allocate { .. } | Node::Evaluate { .. } => {}
            }
        }
        found
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = LeafContext<'_>> {
        (0..self.leaves.len()).map(|index| LeafContext { leaves: self, index })
    }
}

/// A leaf in its loop nest: what a [`Featurizer`] looks at.
#[derive(Clone, Copy, Debug)]
pub struct LeafContext<'a> {
    leaves: &'a Leaves<'a>,
    index: usize,
}

impl<'a> LeafContext<'a> {
    /// The program in canonical form.
    #[must_use]
    pub fn program(&self) -> &'a Program {
        self.leaves.program
    }

    /// The number of leaves before this one.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The store statement.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.leaf().node
    }

    /// The enclosing loops, outermost first.
    #[must_use]
    pub fn loops(&self) -> &'a [NodeId] {
        &self.leaves.loops[self.leaf().loops.clone()]
    }

    /// The pre-order rank; the root has rank 0.
    #[must_use]
    pub fn position(&self) -> u32 {
        self.leaf().position
    }

    /// The number of nodes above; the root has depth 0.
    #[must_use]
    pub fn depth(&self) -> u32 {
        self.leaf().depth
    }

    /// What `make` computes for the whole program, computed at the first leaf that asks and shared by all of them.
    ///
    /// There is one value a type: use a type of your own. A featurizer whose columns need to know the other leaves
    /// computes them here.
    pub fn shared<T: Any>(&self, make: impl FnOnce(&Program) -> T) -> &'a T {
        self.leaves.shared.get_or_make(|| make(self.leaves.program))
    }

    /// What `make` computes from the structure of the program alone: neither literals, nor lengths of loops, nor shapes
    /// of buffers may change it. `None` if another featurizer keeps something.
    pub(crate) fn kept<T: Any + Send>(&self, make: impl FnOnce(&Program) -> T) -> Option<&'a T> {
        self.leaves.kept.0.get_or_init(|| Box::new(make(self.leaves.program))).downcast_ref()
    }

    fn leaf(&self) -> &'a Leaf {
        &self.leaves.leaves[self.index]
    }
}
