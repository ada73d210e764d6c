//! The rows that a discrepancy compares, and its slopes.

use std::collections::HashMap;

use super::group::Group;
use super::layout::Layout;
use crate::ModelError;
use crate::blend::{AlignedLayer, Alignment, Compared};
use crate::examples::Examples;

/// Where what a discrepancy compares goes: the rows of the source, then those of the target.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) layer: AlignedLayer,
    pub(crate) width: usize,
    n_source: usize,
    n: usize,
    /// The first row of each program.
    first: HashMap<u32, usize>,
}

impl Rows {
    pub(crate) fn new(layout: &Layout, examples: &Examples<'_>, alignment: &Alignment<'_>) -> Self {
        let layer = alignment.layer;
        let width = match layer {
            AlignedLayer::Program => layout.skip.n_out,
            AlignedLayer::Pair => layout.head.last().map_or(0, |last| last.n_in),
        };
        let (mut n, mut n_source, mut first) = (0, 0, HashMap::new());
        for (i, program) in alignment.source.iter().chain(alignment.target).enumerate() {
            first.insert(*program, n);
            n += match layer {
                AlignedLayer::Program => 1,
                AlignedLayer::Pair => examples.labelled[*program as usize].len(),
            };
            if i < alignment.source.len() {
                n_source = n;
            }
        }
        Self { layer, width, n_source, n, first }
    }

    /// Of those programs or pairs of a group that are compared: the row, and the place within the group. `pairs` are all
    /// pairs of the group, each with its program's place.
    pub(crate) fn of_group<'a>(
        &'a self,
        group: &'a Group,
        pairs: &'a [(usize, usize)],
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        let first = |place: usize| self.first.get(&group.members[place]).copied();
        let n_programs = if self.layer == AlignedLayer::Program { group.n_programs() } else { 0 };
        let programs = (0..n_programs).filter_map(move |place| Some((first(place)?, place)));
        let pairs = if self.layer == AlignedLayer::Pair { pairs } else { &[] };
        // The pairs of a program lie side by side.
        let (mut last, mut nth) = (usize::MAX, 0);
        let pairs = pairs.iter().enumerate().filter_map(move |(place, (program, _))| {
            nth = if *program == last { nth + 1 } else { 0 };
            last = *program;
            Some((first(*program)? + nth, place))
        });
        programs.chain(pairs)
    }

    /// The slopes of the discrepancy between what was seen of source and target, times its weight.
    pub(crate) fn compare<'s>(
        &self,
        alignment: &Alignment<'_>,
        seen: impl Iterator<Item = &'s (usize, Vec<f32>)>,
    ) -> Result<Vec<f32>, ModelError> {
        let mut values = vec![0.0; self.n * self.width];
        for (row, seen) in seen {
            values[row * self.width..][..self.width].copy_from_slice(seen);
        }
        let (source, target) = values.split_at(self.n_source * self.width);
        let compared = Compared::of(alignment.discrepancy, source, target, self.width)?;
        let mut slopes = compared.source_gradient;
        slopes.extend(compared.target_gradient);
        slopes.iter_mut().for_each(|slope| *slope *= alignment.weight as f32);
        Ok(slopes)
    }
}
