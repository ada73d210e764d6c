//! From features to the inputs of the first layer.

use cdmpp_kernel::Lines;

use crate::input::FeatureInput;

/// The inputs that are not always zero, each a bounded straight line of one column of features.
#[derive(Clone, Debug)]
pub(crate) struct Inputs {
    /// The number of features of a leaf.
    dim: usize,
    lines: Lines,
    /// Of every input, its place among all.
    pub(crate) places: Vec<usize>,
}

impl Inputs {
    pub(crate) fn new(fitted: &FeatureInput, dim: usize) -> Self {
        let (mut lines, mut places) = (Lines::default(), Vec::new());
        for (column, place, line) in fitted.lines() {
            lines.push(column as u32, line);
            places.push(place);
        }
        Self { dim, lines, places }
    }

    /// The number of inputs.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Writes the inputs of row-major leaves.
    pub(crate) fn write(&self, features: &[f32], out: &mut [f32]) {
        self.lines.write(features, self.dim, out);
    }
}
