//! The feature vectors of a program's stores: the trait, and what an implementation looks at.

use crate::{Node, NodeId, Program};

/// Turns every leaf of a program (a store statement in its loop nest) into a vector of numbers.
///
/// Implement it to try another feature set: everything downstream takes the [schema](Self::schema) and
/// [width](Self::dim) from here. [`BuiltIn`](crate::BuiltIn) lists the featurizers of this crate.
///
/// # Examples
/// A featurizer with two columns, the depth and the logarithm of the number of iterations:
/// ```
/// use cdmpp_ir::{Featurizer, Leaves, Node};
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
///     fn write(&self, leaves: &Leaves<'_>, out: &mut [f32]) {
///         let program = leaves.program();
///         for (leaf, row) in leaves.iter().zip(out.chunks_exact_mut(2)) {
///             let extents = leaf.loops().iter().filter_map(|&node| match program[node] {
///                 Node::Loop { extent, .. } => program.as_int(extent),
///                 _ => None,
///             });
///             row[0] = leaf.depth() as f32;
///             row[1] = extents.map(|extent| (extent as f32).log2()).sum();
///         }
///     }
/// }
/// ```
pub trait Featurizer: Send + Sync {
    /// Names the meaning of the columns, with a version: a model trained on one schema refuses every other.
    fn schema(&self) -> &str;

    /// The number of columns; the same for every leaf.
    fn dim(&self) -> usize;

    /// Writes the vectors of all leaves of a program. They must depend on the program alone.
    ///
    /// # Shapes
    /// `out` is row-major `(leaves.len(), dim)` and filled with zeros.
    fn write(&self, leaves: &Leaves<'_>, out: &mut [f32]);
}

/// The leaves of a program with what encloses each of them: what a [`Featurizer`] looks at.
#[derive(Debug)]
pub struct Leaves<'a> {
    program: &'a Program,
    places: Vec<Place>,
    /// The enclosing loops of all leaves, one leaf after the other.
    loops: Vec<NodeId>,
}

/// One store with its place in the tree.
#[derive(Clone, Debug)]
struct Place {
    node: NodeId,
    position: u32,
    loops: std::ops::Range<usize>,
}

impl<'a> Leaves<'a> {
    /// The leaves of a program in canonical form.
    pub(crate) fn new(program: &'a Program) -> Self {
        let mut found = Self { program, places: Vec::new(), loops: Vec::new() };
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
                    found.places.push(Place { node, position: rank, loops: start..found.loops.len() });
                }
                Node::If { .. } | Node::Let { .. } | Node::Allocate { .. } | Node::Evaluate { .. } => {}
            }
        }
        found
    }

    /// The program in canonical form.
    #[must_use]
    pub fn program(&self) -> &'a Program {
        self.program
    }

    /// The number of leaves.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether the program has no store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The leaves in the order of the program.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Leaf<'_>> {
        self.places.iter().map(|place| Leaf {
            node: place.node,
            position: place.position,
            loops: &self.loops[place.loops.clone()],
        })
    }
}

/// A store statement in its loop nest.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<'a> {
    node: NodeId,
    position: u32,
    loops: &'a [NodeId],
}

impl<'a> Leaf<'a> {
    /// The store statement.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The enclosing loops, outermost first.
    #[must_use]
    pub fn loops(&self) -> &'a [NodeId] {
        self.loops
    }

    /// The pre-order rank; the root has rank 0.
    #[must_use]
    pub fn position(&self) -> u32 {
        self.position
    }

    /// The number of nodes above; the root has depth 0.
    #[must_use]
    pub fn depth(&self) -> u32 {
        self.loops.len() as u32 + 1
    }
}
