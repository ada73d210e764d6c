//! The walk over a program that computes the vectors of all its leaves.
//!
//! A leaf depends on the stores before it: what they touched under a common loop counts for its reuse. So the vectors
//! are computed together.

use super::access::{Access, Accesses};
use super::columns::{ALLOCATION, BUFFER, BUFFERS, DIM, GPU, INTENSITY, KINDS, N_BUFFER_COLUMNS, N_BUFFERS, NEST};
use super::intensity::curve;
use super::nest::Nest;
use super::operations::Operations;
use super::stride::stride;
use super::touched::Touched;
use crate::interval::{Facts, Interval, Residue};
use crate::{Buffer, BufferId, Expr, ExprList, LoopKind, Node, Program};

/// The bytes of a cache line.
const CACHE_LINE: i64 = 64;

/// The vectors of all leaves, in order.
#[derive(Debug)]
pub(super) struct Rows(Vec<f32>);

impl Rows {
    /// Computes the vectors of a program in canonical form.
    pub(super) fn new(program: &Program) -> Self {
        let without_selects = program.with_selects_as_one();
        let program = without_selects.as_ref().unwrap_or(program);
        let mut walk = Walk::new(program);
        let mut rows = Vec::new();
        for node in program.nodes() {
            walk.nest.close(node.index());
            match program[node] {
                Node::Loop { var, .. } => {
                    walk.positions[var.index()] = Some(walk.nest.loops.len() as u16);
                    walk.nest.open(program, &program[node], program.end(node));
                }
                Node::Let { var, value } => {
                    walk.facts.intervals[var.index()] = Interval::of_type(program.dtype(value));
                    walk.facts.residues[var.index()] = Residue::ANY;
                }
                Node::Allocate { buffer } => {
                    walk.allocated[buffer.index()] = Some(walk.nest.product());
                }
                Node::Store { buffer, indices, value } => {
                    let start = rows.len();
                    rows.resize(start + DIM, 0.0);
                    walk.store((buffer, indices), value, &mut rows[start..]);
                }
                Node::If { .. } | Node::Evaluate { .. } => {}
            }
        }
        Self(rows)
    }

    /// The vector of a leaf.
    pub(super) fn row(&self, leaf: usize) -> &[f32] {
        &self.0[leaf * DIM..][..DIM]
    }
}

/// The state of the walk.
struct Walk<'a> {
    program: &'a Program,
    is_gpu: bool,
    nest: Nest,
    facts: Facts,
    /// For every variable, the position of its loop in the nest.
    positions: Vec<Option<u16>>,
    /// For every buffer, the iterations of the loops around its allocation; 1 for a parameter.
    allocated: Vec<Option<i64>>,
    touched: Touched,
    accesses: Accesses,
    /// The numbers of the accesses of the current store.
    usages: Vec<Usage>,
    levels: Vec<(f64, f64)>,
}

/// The numbers of one buffer of a store.
#[derive(Clone, Copy, Debug)]
struct Usage {
    access: usize,
    bytes: f64,
    unique_bytes: f64,
    lines: f64,
    unique_lines: f64,
    stride: f64,
    reuse: Reuse,
}

/// How a buffer is used again.
#[derive(Clone, Copy, Debug, Default)]
struct Reuse {
    kind: ReuseKind,
    /// The distance in iterations and in bytes.
    iterations: f64,
    bytes: f64,
    count: i64,
}

/// The order is that of the columns.
#[derive(Clone, Copy, Debug, Default)]
enum ReuseKind {
    LoopMultipleRead,
    SerialMultipleReadWrite,
    #[default]
    None,
}

impl<'a> Walk<'a> {
    fn new(program: &'a Program) -> Self {
        let is_bound = |node| matches!(program[node], Node::Loop { kind: LoopKind::ThreadBinding(_), .. });
        let mut allocated = vec![None; program.n_buffers()];
        program.params().iter().for_each(|param| allocated[param.index()] = Some(1));
        Self {
            program,
            is_gpu: program.nodes().any(is_bound),
            nest: Nest::default(),
            facts: Facts::new(program),
            positions: vec![None; program.n_vars()],
            allocated,
            touched: Touched::default(),
            accesses: Accesses::default(),
            usages: Vec::new(),
            levels: Vec::new(),
        }
    }

    /// Computes the vector of a store, and records what it touches.
    fn store(&mut self, target: (BufferId, ExprList), value: crate::ExprId, out: &mut [f32]) {
        let operations = Operations::new(self.program, value);
        self.accesses.collect(self.program, target, value, &self.positions);
        self.accesses.touch(self.program, &self.nest, &mut self.facts);
        let product = self.nest.product();
        self.write_operations(&operations, product, out);
        self.write_buffers(product, out);
        self.write_intensity(&operations, out);
        self.write_allocation(target.0, product, out);
        let nest = [product, self.nest.loops.len() as i64, self.nest.auto_unroll()];
        write(&mut out[NEST..], &nest.map(|value| value as f64));
        // TVM passes over the store of a literal: it leaves no trace for later stores.
        if !matches!(self.program[value], Expr::Int { .. } | Expr::Float { .. }) {
            for (position, open) in self.nest.loops.iter_mut().enumerate() {
                for (number, access) in self.accesses.all.iter().enumerate() {
                    let n_elements = self.accesses.n_elements(position, number);
                    self.touched.add(open, access.buffer, n_elements);
                    open.bytes += n_elements as f64 * access.element_bytes as f64;
                }
            }
        }
    }

    fn write_operations(&self, operations: &Operations, product: i64, out: &mut [f32]) {
        write(out, &operations.times(product));
        for (kind, at) in [LoopKind::Vectorized, LoopKind::Unrolled, LoopKind::Parallel].into_iter().zip(KINDS) {
            let found = self.nest.kind(kind);
            write(&mut out[at..], &[f64::from(found.n), found.product as f64, found.innermost as f64]);
            // The place among spatial and reduction loops: none, or mixed.
            out[at + if found.n == 0 { 3 } else { 10 }] = 1.0;
        }
        out[GPU] = f32::from(u8::from(self.is_gpu));
        let lengths = if self.is_gpu { self.nest.thread_lengths() } else { [1; 7] };
        write(&mut out[GPU + 1..], &lengths.map(|length| length as f64));
    }

    fn write_buffers(&mut self, product: i64, out: &mut [f32]) {
        let mut usages = std::mem::take(&mut self.usages);
        usages.clear();
        usages.extend((0..self.accesses.all.len()).map(|access| self.usage(access, product)));
        let name = |usage: &Usage| &self.program[self.accesses.all[usage.access].buffer].name;
        usages.sort_by(|a, b| {
            b.lines.total_cmp(&a.lines).then(b.bytes.total_cmp(&a.bytes)).then_with(|| name(a).cmp(name(b)))
        });
        for (usage, out) in usages.iter().take(N_BUFFERS).zip(out[BUFFERS..].chunks_mut(N_BUFFER_COLUMNS)) {
            let count = if usage.reuse.count > 0 { usage.reuse.count as f64 } else { 0.5 };
            out[BUFFER.access + self.accesses.all[usage.access].kind as usize] = 1.0;
            out[BUFFER.reuse + usage.reuse.kind as usize] = 1.0;
            let sizes = [usage.bytes, usage.unique_bytes, usage.lines, usage.unique_lines];
            write(&mut out[BUFFER.sizes..], &sizes);
            let reuse = [usage.reuse.iterations, usage.reuse.bytes, usage.reuse.count as f64];
            write(&mut out[BUFFER.distances..], &reuse);
            write(&mut out[BUFFER.ratios..], &sizes.map(|size| size / count));
            write(&mut out[BUFFER.stride..], &[usage.stride]);
        }
        self.usages = usages;
    }

    fn usage(&self, access: usize, product: i64) -> Usage {
        let Access { buffer, element_bytes, .. } = self.accesses.all[access];
        let bytes = element_bytes.wrapping_mul(product) as f64;
        let reuse = self.reuse(access);
        let loops = &self.nest.loops;
        if loops.is_empty() {
            return Usage { access, bytes, unique_bytes: 1.0, lines: 1.0, unique_lines: 1.0, stride: 0.0, reuse };
        }
        let found = loops.iter().enumerate().rev().find_map(|(position, open)| {
            let stride = stride(self.program, &self.accesses, &self.accesses.all[access], position, open.var);
            (stride != 0).then_some((position, stride))
        });
        let (inside, stride) = found.map_or((0, 0), |(position, stride)| (position + 1, stride));
        let skipped = loops[inside..].iter().fold(1_i64, |n, open| n.wrapping_mul(open.n_iterations));
        let per_line = (stride as f64 * element_bytes as f64 / CACHE_LINE as f64).min(1.0);
        let unique_bytes = self.accesses.n_elements(0, access) as f64 * element_bytes as f64;
        let continuous = self.continuous_bytes(&self.program[buffer], access).min(CACHE_LINE);
        Usage {
            access,
            bytes,
            unique_bytes,
            lines: (product as f64 / skipped as f64 * per_line).max(1.0),
            unique_lines: (unique_bytes / continuous as f64).max(1.0),
            stride: if inside == loops.len() { stride as f64 } else { 0.0 },
            reuse,
        }
    }

    /// The bytes along the rightmost dimension that is touched in full, or 1.
    fn continuous_bytes(&self, buffer: &Buffer, access: usize) -> i64 {
        let access = &self.accesses.all[access];
        let full = buffer
            .shape
            .iter()
            .enumerate()
            .rev()
            .find(|(dim, extent)| self.accesses.extent(access, buffer.shape.len(), *dim) == **extent);
        full.map_or(1, |(_, extent)| extent.wrapping_mul(access.element_bytes).max(1))
    }

    fn reuse(&self, access: usize) -> Reuse {
        let Access { buffer, loops: used, .. } = self.accesses.all[access];
        let loops = &self.nest.loops;
        let mut iterations = 1.0;
        for (position, open) in loops.iter().enumerate().rev() {
            if !used.contains(position) {
                let bytes = match loops.get(position + 1) {
                    Some(_) => self.bytes_under(position + 1),
                    None => self.accesses.all.iter().map(|access| access.element_bytes as f64).sum(),
                };
                return Reuse { kind: ReuseKind::LoopMultipleRead, iterations, bytes, count: open.n_iterations };
            }
            if let Some(before) = self.touched.of(open, buffer) {
                let extent = open.n_iterations as f64;
                return Reuse {
                    kind: ReuseKind::SerialMultipleReadWrite,
                    iterations: before.fewest.min(self.accesses.n_elements(position, access)) as f64 / extent,
                    bytes: self.bytes_under(position) / extent,
                    count: before.n_stores,
                };
            }
            iterations *= open.n_iterations as f64;
        }
        Reuse::default()
    }

    /// The bytes that all stores so far touched under a loop, this one included.
    fn bytes_under(&self, position: usize) -> f64 {
        self.nest.loops[position].bytes + self.own_bytes(position)
    }

    fn own_bytes(&self, position: usize) -> f64 {
        let all = self.accesses.all.iter().enumerate();
        all.map(|(number, access)| {
            (self.accesses.n_elements(position, number)).wrapping_mul(access.element_bytes) as f64
        })
        .sum()
    }

    fn write_intensity(&mut self, operations: &Operations, out: &mut [f32]) {
        self.levels.clear();
        let mut total = operations.n_float();
        for (position, open) in self.nest.loops.iter().enumerate().rev() {
            total *= open.n_iterations as f64;
            self.levels.push((total, self.own_bytes(position)));
        }
        write(&mut out[INTENSITY..], &curve(&self.levels));
    }

    fn write_allocation(&self, target: BufferId, product: i64, out: &mut [f32]) {
        let buffer = &self.program[target];
        let numbers = match self.allocated[target.index()] {
            Some(outer) => {
                let (outer, n_elements) = (outer as f64, buffer.n_elements() as f64);
                [n_elements * buffer.dtype.bytes() as f64, n_elements * outer, outer, product as f64 / outer]
            }
            None => [0.0, 0.0, 1.0, product as f64],
        };
        write(&mut out[ALLOCATION..], &numbers);
    }
}

/// Writes numbers as log₂(|x| + 1). A number that is not finite, which only an index without bounds gives, is 0.
fn write(out: &mut [f32], numbers: &[f64]) {
    for (out, number) in out.iter_mut().zip(numbers) {
        let scaled = if *number == 0.0 { 0.0 } else { (number.abs() + 1.0).log2() };
        *out = if scaled.is_finite() { scaled as f32 } else { 0.0 };
    }
}
