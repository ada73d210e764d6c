//! The loops around a store.

use crate::{Annotation, AnnotationValue, ExprId, LoopKind, Node, Program, ThreadAxis, VarId};

/// The key of the annotation that asks for unrolling up to a number of steps.
const AUTO_UNROLL: &str = "pragma_auto_unroll_max_step";

/// A loop around a store, with what stores in its body touched so far.
#[derive(Clone, Debug)]
pub(super) struct OpenLoop {
    /// The index after the last statement of its body.
    pub(super) end: usize,
    pub(super) var: VarId,
    pub(super) min: ExprId,
    pub(super) extent: ExprId,
    /// The number of iterations, 1 if it is not a literal.
    pub(super) n_iterations: i64,
    kind: LoopKind,
    /// The iterations of this loop and those around it.
    product: i64,
    auto_unroll: i64,
    /// The bytes that stores in the body touched.
    pub(super) bytes: f64,
    /// The first of its entries in [`Touched`](super::touched::Touched).
    pub(super) first_touched: u32,
}

/// The loops around the statement that is being visited, outermost first.
#[derive(Clone, Debug, Default)]
pub(super) struct Nest {
    pub(super) loops: Vec<OpenLoop>,
}

/// The loops of one kind: their number, the product of their lengths, and the innermost length.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KindSummary {
    pub(super) n: u32,
    pub(super) product: i64,
    pub(super) innermost: i64,
}

impl Nest {
    /// Enters a loop; does nothing for other statements.
    pub(super) fn open(&mut self, program: &Program, node: &Node, end: usize) {
        if let Node::Loop { var, min, extent, kind, annotations } = node {
            let n_iterations = program.as_int(*extent).unwrap_or(1);
            let (product, around) = (self.product().wrapping_mul(n_iterations), self.auto_unroll());
            let own = annotations.iter().find_map(auto_unroll_step).filter(|step| *step > 0);
            self.loops.push(OpenLoop {
                end,
                var: *var,
                min: *min,
                extent: *extent,
                n_iterations,
                kind: *kind,
                product,
                auto_unroll: own.unwrap_or(around),
                bytes: 0.0,
                first_touched: u32::MAX,
            });
        }
    }

    /// Leaves the loops that end before a statement.
    pub(super) fn close(&mut self, index: usize) {
        while self.loops.last().is_some_and(|open| open.end <= index) {
            self.loops.pop();
        }
    }

    /// The number of iterations of all loops together.
    pub(super) fn product(&self) -> i64 {
        self.loops.last().map_or(1, |open| open.product)
    }

    /// The value of the innermost positive `pragma_auto_unroll_max_step`, or 0.
    pub(super) fn auto_unroll(&self) -> i64 {
        self.loops.last().map_or(0, |open| open.auto_unroll)
    }

    /// The loops of one kind.
    pub(super) fn kind(&self, kind: LoopKind) -> KindSummary {
        let mut found = KindSummary::default();
        for open in self.loops.iter().filter(|open| open.kind == kind) {
            let product = if found.n == 0 { 1 } else { found.product };
            found = KindSummary {
                n: found.n + 1,
                product: product.wrapping_mul(open.n_iterations),
                innermost: open.n_iterations,
            };
        }
        found
    }

    /// The lengths of `blockIdx.x, y, z`, `threadIdx.x, y, z` and the virtual threads: of the outermost loop of each,
    /// or 1.
    pub(super) fn thread_lengths(&self) -> [i64; 7] {
        let mut lengths = [None; 7];
        for open in &self.loops {
            if let LoopKind::ThreadBinding(axis) = open.kind {
                let column = match axis {
                    ThreadAxis::BlockX => 0,
                    ThreadAxis::BlockY => 1,
                    ThreadAxis::BlockZ => 2,
                    ThreadAxis::ThreadX => 3,
                    ThreadAxis::ThreadY => 4,
                    ThreadAxis::ThreadZ => 5,
                    ThreadAxis::Virtual | ThreadAxis::VirtualX | ThreadAxis::VirtualY | ThreadAxis::VirtualZ => 6,
                };
                lengths[column].get_or_insert(open.n_iterations);
            }
        }
        lengths.map(|length| length.unwrap_or(1))
    }
}

fn auto_unroll_step(annotation: &Annotation) -> Option<i64> {
    match annotation.value {
        AnnotationValue::Int(step) if annotation.key == AUTO_UNROLL => Some(step),
        _ => None,
    }
}
