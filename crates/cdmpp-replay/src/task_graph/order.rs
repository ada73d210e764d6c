//! A topological order that follows its graph.

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Dfs, EdgeFiltered, EdgeRef as _, Reversed, Walker as _};

/// The place of every node in a topological order.
///
/// petgraph's `Acyclic` keeps such an order too, by the same algorithm, but walks the graph by recursion: a chain of a
/// hundred thousand tasks overflows the stack. Its depth-first search by iteration is used here.
#[derive(Clone, Debug, Default)]
pub(super) struct Positions(Vec<u32>);

impl Positions {
    pub(super) fn of(order: &[NodeIndex]) -> Self {
        let mut positions = vec![0; order.len()];
        for (position, node) in (0..).zip(order) {
            positions[node.index()] = position;
        }
        Self(positions)
    }

    /// Puts a new node at the end.
    pub(super) fn push(&mut self) {
        self.0.push(self.0.len() as u32);
    }

    /// Makes room for an edge: afterwards `from` stands before `to`. `false`, and no change, if there is a path from
    /// `to` to `from`.
    ///
    /// # References
    /// Pearce and Kelly, *A dynamic topological sort algorithm for directed acyclic graphs*, JEA 2004.
    pub(super) fn admit(&mut self, graph: &DiGraph<(), u64>, from: NodeIndex, to: NodeIndex) -> bool {
        let (low, high) = (self.at(to), self.at(from));
        if high < low {
            return true;
        }
        let between = |node: NodeIndex| (low..=high).contains(&self.at(node));
        // Only what stands between the two can be in the wrong place.
        let filtered = EdgeFiltered::from_fn(graph, |edge| between(edge.source()) && between(edge.target()));
        let after: Vec<NodeIndex> = Dfs::new(&filtered, to).iter(&filtered).collect();
        if after.contains(&from) {
            return false;
        }
        let before: Vec<NodeIndex> = Dfs::new(Reversed(&filtered), from).iter(Reversed(&filtered)).collect();
        let sorted = |mut nodes: Vec<NodeIndex>| {
            nodes.sort_unstable_by_key(|node| self.at(*node));
            nodes
        };
        let moved = [sorted(before), sorted(after)].concat();
        let mut places: Vec<u32> = moved.iter().map(|node| self.at(*node)).collect();
        places.sort_unstable();
        for (node, place) in moved.into_iter().zip(places) {
            self.0[node.index()] = place;
        }
        true
    }

    fn at(&self, node: NodeIndex) -> u32 {
        self.0[node.index()]
    }
}

#[cfg(test)]
mod tests {
    use petgraph::algo::toposort;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Edge by edge, the same are admitted as by sorting the whole graph anew, and the order fits the graph.
        #[test]
        fn only_cycles_are_refused(edges in prop::collection::vec((0_usize..12, 0_usize..12), 0..60)) {
            let mut graph = DiGraph::new();
            let mut positions = Positions::default();
            let nodes: Vec<NodeIndex> = (0..12).map(|_| { positions.push(); graph.add_node(()) }).collect();
            for (from, to) in edges {
                let (from, to) = (nodes[from], nodes[to]);
                let edge = graph.add_edge(from, to, 0);
                let expected = toposort(&graph, None).is_ok();
                graph.remove_edge(edge);
                prop_assert_eq!(positions.admit(&graph, from, to), expected);
                if expected {
                    graph.add_edge(from, to, 0);
                }
                prop_assert!(graph.edge_references().all(|edge| positions.at(edge.source()) < positions.at(edge.target())));
            }
        }
    }
}
