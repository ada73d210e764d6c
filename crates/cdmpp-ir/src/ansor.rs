//! The default features: the 164 columns of Ansor.

mod access;
mod columns;
mod intensity;
mod nest;
mod operations;
mod rows;
mod stride;
mod touched;

use crate::{Featurizer, LeafContext};

/// STUB
#[derive(Clone, Copy, Debug, Default)]
pub struct AnsorFeaturizer;

impl AnsorFeaturizer {
    /// The names of the columns, in order: `float_addsub`, `B0.bytes`, `arith_intensity_3`, …
    #[must_use]
    pub fn names() -> &'static [String] {
        &columns::NAMES
    }
}

impl Featurizer for AnsorFeaturizer {
    fn schema(&self) -> &str {
        "ansor/164/tvm-0.27/1"
    }

    fn dim(&self) -> usize {
        columns::DIM
    }

    fn write(&self, leaf: &LeafContext<'_>, out: &mut [f32]) {
        out.copy_from_slice(leaf.shared(rows::Rows::new).row(leaf.index()));
    }
}
