//! Parameters without those that no input reaches.

use std::ops::Range;

use super::layout::Layout;
use crate::fitted::Identity;
use crate::input::FeatureInput;
use crate::input::HardwareInput;

/// The layout of the parameters of a model that count, and the way to them, if it reads only some of its inputs.
pub(crate) fn compact(identity: &Identity, inputs: &[usize]) -> (Layout, Compaction) {
    let Identity { config, dim, hardware_columns, .. } = identity;
    let n_hardware = HardwareInput::width(hardware_columns.len());
    let all = Layout::new(config, FeatureInput::width(*dim, config.feature_bins), n_hardware);
    let own = Layout::new(config, inputs.len(), n_hardware);
    let compaction = Compaction::new(&all, &own, inputs);
    (own, compaction)
}

/// The way between all parameters and those that count: weights of inputs that are always zero are left out, since they
/// change no result and have a gradient of zero.
#[derive(Clone, Debug)]
pub(crate) struct Compaction {
    copies: Vec<Copy>,
}

/// A matrix of which some columns are taken, or a vector as a matrix of one row.
#[derive(Clone, Debug)]
struct Copy {
    /// Places in all parameters and in those that count.
    all: Range<usize>,
    own: Range<usize>,
    n_rows: usize,
    /// Runs of columns: their first place among all, among those that count, and their length.
    columns: Vec<(usize, usize, usize)>,
}

impl Compaction {
    /// Between two layouts of a network, of which the second reads only some `inputs` of the first.
    pub(crate) fn new(all: &Layout, own: &Layout, inputs: &[usize]) -> Self {
        let skipped = inputs.iter().map(|place| all.input.n_in + place);
        // What the skip layer reads is two numbers an input.
        let twice: Vec<usize> = inputs.iter().copied().chain(skipped).collect();
        let places = all.places.values().zip(own.places.values());
        let copies = places.map(|(all_place, own_place)| {
            let (n_rows, columns) = if *all_place == all.input.weight() {
                (all.input.n_out, runs(inputs))
            } else if *all_place == all.skip.weight() {
                (all.skip.n_out, runs(&twice))
            } else {
                (1, vec![(0, 0, own_place.len())])
            };
            Copy { all: all_place.clone(), own: own_place.clone(), n_rows, columns }
        });
        Self { copies: copies.collect() }
    }

    /// Takes the parameters that count.
    pub(crate) fn take(&self, all: &[f32]) -> Vec<f32> {
        let mut own = vec![0.0; self.copies.last().map_or(0, |copy| copy.own.end)];
        for copy in &self.copies {
            copy.rows(|from, to| own[to].copy_from_slice(&all[from]));
        }
        own
    }

    /// Puts the parameters that count where they belong; others stay.
    pub(crate) fn put(&self, own: &[f32], all: &mut [f32]) {
        for copy in &self.copies {
            copy.rows(|to, from| all[to].copy_from_slice(&own[from]));
        }
    }
}

impl Copy {
    /// Calls `f` with the places of every run in all parameters and in those that count.
    #[inline(always)]
    fn rows(&self, mut f: impl FnMut(Range<usize>, Range<usize>)) {
        let (all_width, own_width) = (self.all.len() / self.n_rows, self.own.len() / self.n_rows);
        for row in 0..self.n_rows {
            let (all, own) = (self.all.start + row * all_width, self.own.start + row * own_width);
            for (from, to, len) in &self.columns {
                f(all + from..all + from + len, own + to..own + to + len);
            }
        }
    }
}

/// Ascending places as runs of neighbours.
fn runs(places: &[usize]) -> Vec<(usize, usize, usize)> {
    let mut runs: Vec<(usize, usize, usize)> = Vec::new();
    for (to, from) in places.iter().enumerate() {
        match runs.last_mut() {
            Some((start, _, len)) if *start + *len == *from => *len += 1,
            _ => runs.push((*from, to, 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PredictorConfig;

    #[test]
    fn what_is_taken_goes_back_to_its_place() {
        let config = PredictorConfig::default();
        let inputs = [0, 1, 2, 5, 8];
        let (all, own) = (Layout::new(&config, 9, 4), Layout::new(&config, 5, 4));
        let compaction = Compaction::new(&all, &own, &inputs);
        let parameters: Vec<f32> = (1..=all.n_parameters).map(|i| i as f32).collect();
        let taken = compaction.take(&parameters);
        assert_eq!(taken.len(), own.n_parameters);
        let weight = |row: usize, width: usize| &parameters[all.skip.weight()][row * width..][..width];
        let skip = &taken[own.skip.weight()][10..20];
        for (i, column) in inputs.into_iter().enumerate() {
            assert_eq!((skip[i], skip[5 + i]), (weight(1, 18)[column], weight(1, 18)[9 + column]));
        }
        let mut back = vec![0.0; all.n_parameters];
        compaction.put(&taken, &mut back);
        let kept = back.iter().zip(&parameters).filter(|(back, parameter)| back == parameter).count();
        let missing = 4 * (all.input.n_out + 2 * all.skip.n_out);
        assert_eq!((kept, back.iter().filter(|x| **x == 0.0).count()), (own.n_parameters, missing));
    }
}
