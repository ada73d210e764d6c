//! Features that follow a store through its loop nest, loop by loop.

mod affine;
mod columns;
mod operand;

use affine::Affine;
use columns::{ACCESS_COLUMNS, LEVEL_COLUMNS, N_LEVELS, N_OPERANDS};
use operand::operands;

use crate::{Annotation, AnnotationValue, AnsorFeaturizer, Expr, ExprId, Featurizer, LeafContext};
use crate::{LoopKind, Node, Program, Scope, VarId};

/// Ansor's columns and, beside them, the loop nest from the inside out.
///
/// Ansor sums a nest up: how many loops of a kind there are, which bytes they move in all. Whether a compiler can turn
/// the innermost loops into vector instructions that keep their result in registers is read off the nest itself: which
/// loop is the innermost, over which operands it walks with which stride, what fits a cache at each level. A model that
/// has few programs to learn from has to be told.
///
/// | columns | what |
/// |---|---|
/// | 0–163 | those of [`AnsorFeaturizer`] |
/// | `L0.*` … `L7.*` | 24 columns of each of the eight innermost loops, `L0` the innermost |
/// | the rest | of the statement as a whole, see [`names`](Self::names) |
///
/// A loop's columns are its length, the product of its length and those of the loops inside it (both as log₂), 0/1 flags
/// of its kind and of whether it reduces (its variable is not in the target's indices), and four columns of each of four
/// operands: the target, then the loaded buffers in order of appearance. They say whether the loop leaves the operand in
/// place, walks over it by one element, the step as log₂(1 + elements), and the bytes touched in one run of the loop as
/// log₂(1 + bytes).
///
/// Indices are taken as sums of variables times factors; of a quotient or a remainder the factor is an estimate.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoopNestFeaturizer;

impl LoopNestFeaturizer {
    /// The names of the columns, in order.
    #[must_use]
    pub fn names() -> &'static [String] {
        &columns::NAMES
    }
}

/// A loop around the store.
pub(crate) struct Level {
    pub(crate) var: VarId,
    pub(crate) n: f64,
    pub(crate) kind: LoopKind,
}

impl Featurizer for LoopNestFeaturizer {
    fn schema(&self) -> &str {
        "ansor+nest/1"
    }

    fn dim(&self) -> usize {
        columns::NAMES.len()
    }

    fn write(&self, leaf: &LeafContext<'_>, out: &mut [f32]) {
        let (ansor, own) = out.split_at_mut(AnsorFeaturizer.dim());
        AnsorFeaturizer.write(leaf, ansor);
        let program = leaf.program();
        let Node::Store { buffer, indices, value } = program[leaf.node()] else { return };
        let mut unroll = 0_i64;
        let levels: Vec<Level> = leaf
            .loops()
            .iter()
            .rev()
            .filter_map(|&node| match &program[node] {
                Node::Loop { var, extent, kind, annotations, .. } => {
                    if let Some(step) = annotations.iter().find_map(unroll_step).filter(|_| unroll == 0) {
                        unroll = step;
                    }
                    Some(Level { var: *var, n: program.as_int(*extent).unwrap_or(1) as f64, kind: *kind })
                }
                _ => None,
            })
            .collect();
        let operands = operands(program, (buffer, indices), value);
        let affine: Vec<Vec<Affine>> = operands
            .iter()
            .map(|operand| operand.indices.iter().map(|index| Affine::new(program, *index, &levels)).collect())
            .collect();
        let (nest, rest) = own.split_at_mut(N_LEVELS * LEVEL_COLUMNS);
        let mut product = 1.0;
        for (number, (level, out)) in levels.iter().zip(nest.chunks_mut(LEVEL_COLUMNS)).enumerate() {
            product *= level.n;
            out[0] = log(level.n);
            out[1] = log(product);
            match level.kind {
                LoopKind::Vectorized => out[2] = 1.0,
                LoopKind::Unrolled => out[3] = 1.0,
                LoopKind::Parallel => out[4] = 1.0,
                LoopKind::ThreadBinding(_) => out[5] = 1.0,
                LoopKind::Serial => out[6] = 1.0,
            }
            for (slot, (operand, affine)) in operands.iter().zip(&affine).take(N_OPERANDS).enumerate() {
                let buffer = &program[operand.buffer];
                let (mut row, mut step, mut elements) = (1.0, 0.0, 1.0);
                for (index, extent) in affine.iter().zip(&buffer.shape).rev() {
                    step += index.factors[number] * row;
                    let span = (0..=number).map(|inner| index.factors[inner].abs() * (levels[inner].n - 1.0));
                    elements *= (1.0 + span.sum::<f64>()).min((*extent as f64).max(1.0));
                    row *= *extent as f64;
                }
                if slot == 0 {
                    out[7] = f32::from(u8::from(step == 0.0));
                }
                let out = &mut out[8 + slot * ACCESS_COLUMNS..];
                out[0] = f32::from(u8::from(step == 0.0));
                out[1] = f32::from(u8::from(step.abs() == 1.0));
                out[2] = log(step.abs());
                out[3] = log(elements * buffer.dtype.bytes() as f64);
            }
        }
        let mut seen = Seen::default();
        seen.visit(program, value);
        let numbers = [seen.loads, seen.choices, operands.len() as f64, f64::from(u8::from(seen.target(buffer)))];
        let auto = (unroll as f64).max(0.0);
        rest[..4].copy_from_slice(&numbers.map(|number| number as f32));
        rest[4] = log(auto);
        rest[5] = levels.len() as f32;
        for (slot, operand) in operands.iter().take(N_OPERANDS).enumerate() {
            rest[6 + slot] = f32::from(u8::from(program[operand.buffer].scope == Scope::Global));
            rest[10 + slot] = f32::from(u8::from(program.params().contains(&operand.buffer)));
        }
    }
}

/// What a stored value consists of.
#[derive(Default)]
struct Seen {
    loads: f64,
    choices: f64,
    buffers: Vec<crate::BufferId>,
}

impl Seen {
    fn visit(&mut self, program: &Program, expr: ExprId) {
        match program[expr] {
            Expr::Load { buffer, .. } => {
                self.loads += 1.0;
                self.buffers.push(buffer);
            }
            Expr::Select { .. } | Expr::IfThenElse { .. } => self.choices += 1.0,
            _ => {}
        }
        program.for_each_operand(expr, |operand| self.visit(program, operand));
    }

    fn target(&self, buffer: crate::BufferId) -> bool {
        self.buffers.contains(&buffer)
    }
}

fn unroll_step(annotation: &Annotation) -> Option<i64> {
    match annotation.value {
        AnnotationValue::Int(step) if annotation.key == "pragma_auto_unroll_max_step" => Some(step),
        _ => None,
    }
}

fn log(x: f64) -> f32 {
    (x + 1.0).log2() as f32
}
