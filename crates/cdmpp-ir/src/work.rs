//! Counts the operations and bytes of a program for an analytical model.

use crate::ansor::Operations;
use crate::{BufferId, Expr, ExprId, LoopKind, Node, Program, Scope, ThreadAxis};

/// What a program asks of the hardware, whatever that is: the numbers of an analytical model.
///
/// Loops whose length is not a literal count as one iteration, and what stands under a condition counts as if the
/// condition held.
///
/// # Examples
/// ```
/// use cdmpp_ir::{Program, Work};
///
/// let double: Program = "
///     program double(x: float32[1024], y: float32[1024]) {
///       for i in 0..1024 parallel {
///         y[i] = x[i] + x[i]
///       }
///     }"
/// .parse()?;
/// let work = Work::of(&double);
/// assert_eq!(work.operations, 2048.0); // an addition and a store each
/// assert_eq!((work.footprint_bytes, work.accessed_bytes), (8192.0, 12288.0));
/// assert_eq!((work.n_blocks, work.n_threads), (1024.0, 1.0));
/// # Ok::<(), cdmpp_ir::TextError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Work {
    /// Floating-point operations and stores; a store counts as one operation, so that a program which only moves data
    /// has some.
    pub operations: f64,
    /// The bytes of main memory that have to be moved at least once: of every parameter, its size or what is accessed
    /// of it, whichever is less.
    pub footprint_bytes: f64,
    /// The bytes of all loads and stores of main memory, caught by a cache or not.
    pub accessed_bytes: f64,
    /// The pieces that may run at the same time on different compute units: blocks of a GPU's grid, or iterations of the
    /// parallel loops of a CPU. The most of any store; 1 for a serial program.
    pub n_blocks: f64,
    /// The threads of a block. The most of any store; 1 on a CPU.
    pub n_threads: f64,
}

impl Work {
    /// Counts a program.
    ///
    /// # Complexity
    /// O(statements + expressions).
    #[must_use]
    pub fn of(program: &Program) -> Self {
        let mut work = Self { n_blocks: 1.0, n_threads: 1.0, ..Self::default() };
        let mut accessed = vec![0.0; program.n_buffers()];
        let mut open: Vec<Open> = Vec::new();
        for node in program.nodes() {
            while open.last().is_some_and(|outer| outer.end <= node.index()) {
                open.pop();
            }
            let around = open.last().copied().unwrap_or(Open { end: 0, product: 1.0, blocks: 1.0, threads: 1.0 });
            match program[node] {
                Node::Loop { extent, kind, .. } => {
                    let n = program.as_int(extent).map_or(1.0, |extent| extent.max(0) as f64);
                    let (blocks, threads) = match kind {
                        LoopKind::Parallel => (n, 1.0),
                        LoopKind::ThreadBinding(ThreadAxis::BlockX | ThreadAxis::BlockY | ThreadAxis::BlockZ) => {
                            (n, 1.0)
                        }
                        LoopKind::ThreadBinding(axis) if !axis.is_virtual() => (1.0, n),
                        _ => (1.0, 1.0),
                    };
                    open.push(Open {
                        end: program.end(node),
                        product: around.product * n,
                        blocks: around.blocks * blocks,
                        threads: around.threads * threads,
                    });
                }
                Node::Store { buffer, indices, value } => {
                    let n_float = Operations::new(program, value).n_float();
                    work.operations += around.product * (n_float + 1.0);
                    accessed[buffer.index()] += around.product;
                    loads(program, value, around.product, &mut accessed);
                    program
                        .list(indices)
                        .iter()
                        .for_each(|index| loads(program, *index, around.product, &mut accessed));
                    work.n_blocks = work.n_blocks.max(around.blocks);
                    work.n_threads = work.n_threads.max(around.threads);
                }
                Node::If { .. } | Node::Let { .. } | Node::Allocate { .. } | Node::Evaluate { .. } => {}
            }
        }
        let mut is_param = vec![false; program.n_buffers()];
        program.params().iter().for_each(|param| is_param[param.index()] = true);
        for (index, n_accesses) in accessed.into_iter().enumerate() {
            let id = BufferId::new(index);
            let buffer = &program[id];
            if buffer.scope == Scope::Global {
                let bytes = buffer.dtype.bytes() as f64;
                work.accessed_bytes += bytes * n_accesses;
                if is_param[index] {
                    work.footprint_bytes += bytes * n_accesses.min(buffer.n_elements() as f64);
                }
            }
        }
        work
    }
}

/// A loop around the current statement, with the products of the loops down to it.
#[derive(Clone, Copy, Debug)]
struct Open {
    end: usize,
    product: f64,
    blocks: f64,
    threads: f64,
}

/// Counts the loads of an expression for every buffer.
fn loads(program: &Program, expr: ExprId, times: f64, accessed: &mut [f64]) {
    if let Expr::Load { buffer, .. } = program[expr] {
        accessed[buffer.index()] += times;
    }
    program.for_each_operand(expr, |operand| loads(program, operand, times, accessed));
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let program: Program = text.parse().unwrap();
        let Work { operations, footprint_bytes, accessed_bytes, n_blocks, n_threads } = Work::of(&program);
        let found = format!(
            "{operations} operations, {footprint_bytes} bytes of {accessed_bytes}, {n_blocks} blocks of {n_threads}"
        );
        expected.assert_eq(&found);
    }

    #[test]
    fn a_store_of_a_literal_moves_data_and_computes_nothing() {
        check(
            "program f(a: float32[8]) { for i in 0..8 { a[i] = 0.0 } }",
            expect!["8 operations, 32 bytes of 32, 1 blocks of 1"],
        );
        check("program f(a: float32[8]) { }", expect!["0 operations, 0 bytes of 0, 1 blocks of 1"]);
    }

    #[test]
    fn a_reduction_reads_its_operands_again_and_again() {
        check(
            "program f(a: float32[4, 8], b: float32[8, 2], c: float32[4, 2]) {
               for i in 0..4 parallel { for j in 0..2 {
                 c[i, j] = 0.0
                 for k in 0..8 { c[i, j] = c[i, j] + a[i, k] * b[k, j] }
               } }
             }",
            expect!["200 operations, 224 bytes of 1056, 4 blocks of 1"],
        );
    }

    #[test]
    fn of_a_large_parameter_only_what_is_accessed_must_move() {
        check(
            "program f(table: float64[100000], index: int32[5], out: float64[5]) {
               for i in 0..5 { out[i] = table[index[i]] }
             }",
            expect!["5 operations, 100 bytes of 100, 1 blocks of 1"],
        );
    }

    #[test]
    fn a_grid_has_blocks_and_threads_and_its_own_memory_is_not_main_memory() {
        check(
            "program f(a: float32[96], b: float32[96]) {
               for y in 0..3 bind blockIdx.y { for x in 0..2 bind blockIdx.x { for v in 0..2 bind vthread {
                 for t in 0..8 bind threadIdx.x {
                   alloc s: float32[1] @local
                   s[0] = a[y * 32 + x * 16 + v * 8 + t]
                   b[y * 32 + x * 16 + v * 8 + t] = s[0] * 2.0
                 }
               } } }
             }",
            expect!["288 operations, 768 bytes of 768, 6 blocks of 8"],
        );
    }

    #[test]
    fn the_widest_of_several_nests_counts() {
        check(
            "program f(a: float32[64]) {
               for i in 0..4 parallel { a[i] = 1.0 }
               for i in 0..16 parallel { a[i] = 2.0 }
             }",
            expect!["20 operations, 80 bytes of 80, 16 blocks of 1"],
        );
    }
}
