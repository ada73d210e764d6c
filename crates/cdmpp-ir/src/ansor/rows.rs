//! The walk over a program that computes the vectors of all its leaves.
//!
//! A leaf depends on the stores before it: what they touched under a common loop counts for its reuse. So the vectors
//! are computed together.

use super::access::{Access, Accesses};
use super::columns::{ALLOCATION, BUFFER, BUFFERS, DIM, GPU, INTENSITY, KINDS, N_BUFFER_COLUMNS, N_BUFFERS, NEST};
use super::intensity::curve;
use super::nest::Nest;
use super::operations::Operations;
use super::plan::Plan;
use super::region::Regions;
use super::stride::stride;
use super::touched::Touched;
use crate::interval::{Facts, Interval, Residue};
use crate::{Buffer, BufferId, Expr, ExprId, LoopKind, Node, Program};

/// The bytes of a cache line.
const CACHE_LINE: i64 = 64;

/// Writes the vectors of all leaves of a program in canonical form, in order.
pub(super) fn write(program: &Program, out: &mut [f32]) {
    let plan = Plan::new(program);
    let mut walk = Walk::new(program);
    let mut rows = (0..).zip(out.chunks_exact_mut(DIM));
    for node in program.nodes() {
        walk.nest.close(node.index());
        match program[node] {
            Node::Loop { .. } => walk.nest.open(program, &program[node], program.end(node)),
            Node::Let { var, value } => {
                walk.facts.intervals[var.index()] = Interval::of_type(program.dtype(value));
                walk.facts.residues[var.index()] = Residue::ANY;
            }
            Node::Allocate { buffer } => {
                walk.allocated[buffer.index()] = Some(walk.nest.product());
            }
            Node::Store { buffer, value, .. } => {
                if let Some((number, row)) = rows.next() {
                    walk.store(buffer, value, plan.store(number), row);
                }
            }
            Node::If { .. } | Node::Evaluate { .. } => {}
        }
    }
}

/// The state of the walk.
struct Walk<'a> {
    program: &'a Program,
    is_gpu: bool,
    nest: Nest,
    facts: Facts,
    /// For every buffer, the iterations of the loops around its allocation; 1 for a parameter.
    allocated: Vec<Option<i64>>,
    touched: Touched,
    regions: Regions,
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
            allocated,
            touched: Touched::default(),
            regions: Regions::default(),
            usages: Vec::new(),
            levels: Vec::new(),
        }
    }

    /// Computes the vector of a store, and records what it touches.
    fn store(
        &mut self,
        target: BufferId,
        value: ExprId,
        (operations, accesses): (&Operations, Accesses<'_>),
        out: &mut [f32],
    ) {
        self.regions.compute(self.program, accesses, &self.nest, &mut self.facts);
        let product = self.nest.product();
        self.write_operations(operations, product, out);
        self.write_buffers(accesses, product, out);
        self.write_intensity(operations, accesses, out);
        self.write_allocation(target, product, out);
        let nest = [product, self.nest.loops.len() as i64, self.nest.auto_unroll()];
        write_scaled(&mut out[NEST..], &nest.map(|value| value as f64));
        // TVM passes over the store of a literal: it leaves no trace for later stores.
        if !matches!(self.program[value], Expr::Int { .. } | Expr::Float { .. }) {
            for (position, open) in self.nest.loops.iter_mut().enumerate() {
                for (number, access) in accesses.all.iter().enumerate() {
                    let n_elements = self.regions.n_elements(position, number);
                    self.touched.add(open, access.buffer, n_elements);
                    open.bytes += n_elements as f64 * access.element_bytes as f64;
                }
            }
        }
    }

    fn write_operations(&self, operations: &Operations, product: i64, out: &mut [f32]) {
        write_scaled(out, &operations.times(product));
        for (kind, at) in [LoopKind::Vectorized, LoopKind::Unrolled, LoopKind::Parallel].into_iter().zip(KINDS) {
            let found = self.nest.kind(kind);
            write_scaled(&mut out[at..], &[f64::from(found.n), found.product as f64, found.innermost as f64]);
            // The place among spatial and reduction loops: none, or mixed.
            out[at + if found.n == 0 { 3 } else { 10 }] = 1.0;
        }
        out[GPU] = f32::from(u8::from(self.is_gpu));
        let lengths = if self.is_gpu { self.nest.thread_lengths() } else { [1; 7] };
        write_scaled(&mut out[GPU + 1..], &lengths.map(|length| length as f64));
    }

    fn write_buffers(&mut self, accesses: Accesses<'_>, product: i64, out: &mut [f32]) {
        let mut usages = std::mem::take(&mut self.usages);
        usages.clear();
        usages.extend((0..accesses.all.len()).map(|access| self.usage(accesses, access, product)));
        let name = |usage: &Usage| &self.program[accesses.all[usage.access].buffer].name;
        usages.sort_by(|a, b| {
            b.lines.total_cmp(&a.lines).then(b.bytes.total_cmp(&a.bytes)).then_with(|| name(a).cmp(name(b)))
        });
        for (usage, out) in usages.iter().take(N_BUFFERS).zip(out[BUFFERS..].chunks_mut(N_BUFFER_COLUMNS)) {
            let count = if usage.reuse.count > 0 { usage.reuse.count as f64 } else { 0.5 };
            out[BUFFER.access + accesses.all[usage.access].kind as usize] = 1.0;
            out[BUFFER.reuse + usage.reuse.kind as usize] = 1.0;
            let sizes = [usage.bytes, usage.unique_bytes, usage.lines, usage.unique_lines];
            write_scaled(&mut out[BUFFER.sizes..], &sizes);
            let reuse = [usage.reuse.iterations, usage.reuse.bytes, usage.reuse.count as f64];
            write_scaled(&mut out[BUFFER.distances..], &reuse);
            write_scaled(&mut out[BUFFER.ratios..], &sizes.map(|size| size / count));
            write_scaled(&mut out[BUFFER.stride..], &[usage.stride]);
        }
        self.usages = usages;
    }

    fn usage(&self, accesses: Accesses<'_>, access: usize, product: i64) -> Usage {
        let Access { buffer, element_bytes, .. } = accesses.all[access];
        let bytes = element_bytes.wrapping_mul(product) as f64;
        let reuse = self.reuse(accesses, access);
        let loops = &self.nest.loops;
        if loops.is_empty() {
            return Usage { access, bytes, unique_bytes: 1.0, lines: 1.0, unique_lines: 1.0, stride: 0.0, reuse };
        }
        let found = loops.iter().enumerate().rev().find_map(|(position, open)| {
            let stride = stride(self.program, accesses, &accesses.all[access], position, open.var);
            (stride != 0).then_some((position, stride))
        });
        let (inside, stride) = found.map_or((0, 0), |(position, stride)| (position + 1, stride));
        let skipped = loops[inside..].iter().fold(1_i64, |n, open| n.wrapping_mul(open.n_iterations));
        let per_line = (stride as f64 * element_bytes as f64 / CACHE_LINE as f64).min(1.0);
        let unique_bytes = self.regions.n_elements(0, access) as f64 * element_bytes as f64;
        let continuous = self.continuous_bytes(&self.program[buffer], &accesses.all[access]).min(CACHE_LINE);
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
    fn continuous_bytes(&self, buffer: &Buffer, access: &Access) -> i64 {
        let full = buffer
            .shape
            .iter()
            .enumerate()
            .rev()
            .find(|(dim, extent)| self.regions.extent(access, buffer.shape.len(), *dim) == **extent);
        full.map_or(1, |(_, extent)| extent.wrapping_mul(access.element_bytes).max(1))
    }

    fn reuse(&self, accesses: Accesses<'_>, access: usize) -> Reuse {
        let Access { buffer, loops: used, .. } = accesses.all[access];
        let loops = &self.nest.loops;
        let mut iterations = 1.0;
        for (position, open) in loops.iter().enumerate().rev() {
            if !used.contains(position) {
                let bytes = match loops.get(position + 1) {
                    Some(_) => self.bytes_under(accesses, position + 1),
                    None => accesses.all.iter().map(|access| access.element_bytes as f64).sum(),
                };
                return Reuse { kind: ReuseKind::LoopMultipleRead, iterations, bytes, count: open.n_iterations };
            }
            if let Some(before) = self.touched.of(open, buffer) {
                let extent = open.n_iterations as f64;
                return Reuse {
                    kind: ReuseKind::SerialMultipleReadWrite,
                    iterations: before.fewest.min(self.regions.n_elements(position, access)) as f64 / extent,
                    bytes: self.bytes_under(accesses, position) / extent,
                    count: before.n_stores,
                };
            }
            iterations *= open.n_iterations as f64;
        }
        Reuse::default()
    }

    /// The bytes that all stores so far touched under a loop, this one included.
    fn bytes_under(&self, accesses: Accesses<'_>, position: usize) -> f64 {
        self.nest.loops[position].bytes + self.own_bytes(accesses, position)
    }

    fn own_bytes(&self, accesses: Accesses<'_>, position: usize) -> f64 {
        let all = accesses.all.iter().enumerate();
        all.map(|(number, access)| {
            (self.regions.n_elements(position, number)).wrapping_mul(access.element_bytes) as f64
        })
        .sum()
    }

    fn write_intensity(&mut self, operations: &Operations, accesses: Accesses<'_>, out: &mut [f32]) {
        self.levels.clear();
        let mut total = operations.n_float();
        for (position, open) in self.nest.loops.iter().enumerate().rev() {
            total *= open.n_iterations as f64;
            self.levels.push((total, self.own_bytes(accesses, position)));
        }
        write_scaled(&mut out[INTENSITY..], &curve(&self.levels));
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
        write_scaled(&mut out[ALLOCATION..], &numbers);
    }
}

/// Writes numbers as log₂(|x| + 1). A number that is not finite, which only an index without bounds gives, is 0.
fn write_scaled(out: &mut [f32], numbers: &[f64]) {
    for (out, number) in out.iter_mut().zip(numbers) {
        let scaled = if *number == 0.0 { 0.0 } else { (number.abs() + 1.0).log2() };
        *out = if scaled.is_finite() { scaled as f32 } else { 0.0 };
    }
}
