//! Embeddings as rows of numbers.

/// Embeddings, one a row.
///
/// # Shapes
/// `(n, width)`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Embeddings {
    /// The numbers, row by row.
    pub values: Vec<f32>,
    /// The number of columns.
    pub width: usize,
}

impl Embeddings {
    pub(crate) fn new(values: Vec<f32>, width: usize) -> Self {
        Self { values, width }
    }

    /// The number of rows.
    #[must_use]
    pub fn n(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// The rows.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.width.max(1))
    }

    /// Rows by their indices, each as often as it is named.
    pub(crate) fn select(&self, rows: impl Iterator<Item = u32>) -> Self {
        let row = |row: u32| &self.values[row as usize * self.width..][..self.width];
        Self { values: rows.flat_map(row).copied().collect(), width: self.width }
    }
}
