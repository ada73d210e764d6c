//! The loops over threads of one GPU kernel.

use crate::simplify::Simplifier;
use crate::{ExprId, LoopKind, Node, NodeId, Program, ThreadAxis, VarId};

/// The thread loops of a kernel: one for each axis, in the order in which the program names them first.
#[derive(Debug)]
pub(super) struct Kernel {
    pub(super) axes: Vec<Axis>,
}

/// A thread axis with its first loop.
#[derive(Debug)]
pub(super) struct Axis {
    axis: ThreadAxis,
    pub(super) node: NodeId,
    pub(super) var: VarId,
    /// Literals of the simplifier's arena.
    pub(super) min: ExprId,
    pub(super) extent: ExprId,
    range: (i64, i64),
}

impl Kernel {
    /// The kernel that a thread loop opens, or `None` if its thread loops cannot be launched together: two loops over
    /// one axis have other bounds, or bounds that are not literals.
    pub(super) fn new(program: &Program, simplifier: &mut Simplifier<'_>, outermost: NodeId) -> Option<Self> {
        let mut axes: Vec<Axis> = Vec::new();
        for index in outermost.index()..program.end(outermost) {
            let node = NodeId::new(index);
            let Node::Loop { var, min, extent, kind: LoopKind::ThreadBinding(axis), .. } = program[node] else {
                continue;
            };
            let (min, extent) = (simplifier.simplify(min), simplifier.simplify(extent));
            let range = (simplifier.work.as_int(min)?, simplifier.work.as_int(extent)?);
            if range.1 < 1 {
                return None;
            }
            match axes.iter().find(|known| known.axis == axis) {
                Some(known) if known.range != range => return None,
                Some(_) => {}
                None => axes.push(Axis { axis, node, var, min, extent, range }),
            }
        }
        Some(Self { axes })
    }

    /// The launching loop of an axis.
    pub(super) fn axis(&self, axis: ThreadAxis) -> Option<&Axis> {
        self.axes.iter().find(|known| known.axis == axis)
    }
}
