//! From features to the inputs of the first layer.

use crate::feature_input::FeatureInput;

/// The inputs that are not always zero, each a bounded straight line of one column of features.
#[derive(Clone, Debug)]
pub(crate) struct Inputs {
    /// The number of features of a leaf.
    dim: usize,
    /// Of every column that gives an input, the column and the end of its inputs.
    columns: Vec<(usize, usize)>,
    lines: Vec<Line>,
    /// Of every input, its place among all.
    pub(crate) places: Vec<usize>,
}

/// `(x − origin) · slope + shift`, between `low` and `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) origin: f32,
    pub(crate) slope: f32,
    pub(crate) shift: f32,
    pub(crate) low: f32,
    pub(crate) high: f32,
}

impl Line {
    #[inline(always)]
    fn at(&self, x: f32) -> f32 {
        // Not `clamp`, which panics where a damaged checkpoint has the bounds the wrong way round.
        ((x - self.origin) * self.slope + self.shift).max(self.low).min(self.high)
    }
}

impl Inputs {
    pub(crate) fn new(fitted: &FeatureInput, dim: usize) -> Self {
        let (mut columns, mut lines, mut places) = (Vec::<(usize, usize)>::new(), Vec::new(), Vec::new());
        for (column, place, line) in fitted.lines() {
            lines.push(line);
            places.push(place);
            match columns.last_mut() {
                Some((last, end)) if *last == column => *end = lines.len(),
                _ => columns.push((column, lines.len())),
            }
        }
        Self { dim, columns, lines, places }
    }

    /// The number of inputs.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Writes the inputs of row-major leaves.
    pub(crate) fn write(&self, features: &[f32], out: &mut [f32]) {
        if self.lines.is_empty() {
            return;
        }
        for (row, out) in features.chunks_exact(self.dim).zip(out.chunks_exact_mut(self.lines.len())) {
            let mut start = 0;
            for (column, end) in &self.columns {
                let x = row[*column];
                for (out, line) in out[start..*end].iter_mut().zip(&self.lines[start..*end]) {
                    *out = line.at(x);
                }
                start = *end;
            }
        }
    }
}
