//! The part of its buffers that the loops around a store touch.

use super::access::{Access, Accesses};
use super::nest::Nest;
use crate::Program;
use crate::interval::{Facts, Interval, NEG_INF, POS_INF};

/// The touched regions of one store. The vectors are kept from store to store.
#[derive(Clone, Debug, Default)]
pub(super) struct Regions {
    /// For every index, its range in one run of the loop that was looked at last.
    ranges: Vec<Interval>,
    n_accesses: usize,
    /// For every loop, outermost first, and every access, the elements touched.
    n_elements: Vec<i64>,
}

impl Regions {
    /// Computes what each loop touches: with its variable and those inside over their range, and those outside at
    /// their first value, the box around all patterns.
    pub(super) fn compute(&mut self, program: &Program, accesses: Accesses<'_>, nest: &Nest, facts: &mut Facts) {
        for open in &nest.loops {
            facts.residues[open.var.index()] = facts.residue(program, open.min);
            facts.intervals[open.var.index()] = facts.interval(program, open.min);
        }
        self.ranges.clear();
        let innermost = nest.loops.len().checked_sub(1);
        self.ranges.extend(accesses.indices.iter().map(|index| match innermost {
            // The innermost loop gives it another range at once.
            Some(innermost) if index.loops.contains(innermost) => Interval::new(0, 0),
            _ => facts.interval(program, index.expr),
        }));
        self.n_accesses = accesses.all.len();
        self.n_elements.clear();
        self.n_elements.resize(nest.loops.len() * self.n_accesses, 0);
        for (position, open) in nest.loops.iter().enumerate().rev() {
            if program.as_int(open.extent) != Some(1) {
                let extent = facts.interval(program, open.extent);
                facts.intervals[open.var.index()] = facts.interval(program, open.min).run(extent);
            }
            for (number, access) in accesses.all.iter().enumerate() {
                let at = position * self.n_accesses + number;
                if access.loops.contains(position) {
                    for index in access.start..access.end {
                        if accesses.indices[index].loops.contains(position) {
                            self.ranges[index] = facts.interval(program, accesses.indices[index].expr);
                        }
                    }
                } else if Some(position) != innermost {
                    self.n_elements[at] = self.n_elements[at + self.n_accesses];
                    continue;
                }
                let n_dims = program[access.buffer].shape.len();
                let elements = (0..n_dims).fold(1_i64, |n, dim| n.wrapping_mul(self.extent(access, n_dims, dim)));
                self.n_elements[at] = elements.max(0);
            }
        }
    }

    /// The elements that an access touches in one run of the loop at a position.
    pub(super) fn n_elements(&self, position: usize, access: usize) -> i64 {
        self.n_elements[position * self.n_accesses + access]
    }

    /// The length of the touched box along a dimension, after [`compute`](Self::compute): for the outermost loop.
    pub(super) fn extent(&self, access: &Access, n_dims: usize, dim: usize) -> i64 {
        let ranges = &self.ranges[access.start..access.end];
        let (mut min, mut max, mut at) = (POS_INF, NEG_INF, dim);
        while let Some(range) = ranges.get(at) {
            (min, max, at) = (min.min(range.min), max.max(range.max), at + n_dims);
        }
        max.wrapping_sub(min).wrapping_add(1)
    }
}
