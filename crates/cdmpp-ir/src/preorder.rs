//! The walk over all statements with their depths.

use crate::{NodeId, Program};

impl Program {
    /// Walks over all statements in pre-order, each with the number of statements around it.
    ///
    /// # Examples
    /// ```
    /// let program: cdmpp_ir::Program = "program f(A: float32[8]) {
    ///   for i in 0..8 { A[i] = 0.0 }
    ///   A[0] = 1.0
    /// }".parse()?;
    /// let depths: Vec<usize> = program.preorder().map(|(_, depth)| depth).collect();
    /// assert_eq!(depths, [0, 1, 0]);
    /// # Ok::<(), cdmpp_ir::TextError>(())
    /// ```
    #[must_use]
    pub fn preorder(&self) -> Preorder<'_> {
        Preorder { program: self, next: 0, ends: Vec::new() }
    }
}

/// Iterates over all statements with their depths; made by [`Program::preorder`].
#[derive(Clone, Debug)]
pub struct Preorder<'a> {
    program: &'a Program,
    next: usize,
    /// The ends of the statements around the next one, outermost first.
    ends: Vec<usize>,
}

impl Iterator for Preorder<'_> {
    type Item = (NodeId, usize);

    fn next(&mut self) -> Option<(NodeId, usize)> {
        if self.next >= self.program.n_nodes() {
            return None;
        }
        let node = NodeId::new(self.next);
        while self.ends.last().is_some_and(|&end| end <= self.next) {
            self.ends.pop();
        }
        let depth = self.ends.len();
        self.ends.push(self.program.end(node));
        self.next += 1;
        Some((node, depth))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.program.n_nodes() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Preorder<'_> {}
impl std::iter::FusedIterator for Preorder<'_> {}
