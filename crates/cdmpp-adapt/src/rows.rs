//! A set of rows in double precision.

use crate::{AdaptError, Side};

/// At least one row, of at least one finite value.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) values: Vec<f64>,
    pub(crate) width: usize,
}

/// The two sets of a question, checked.
///
/// # Errors
/// If the values of a set do not make rows of this width, there are none, or one is not finite.
pub(crate) fn both(source: &[f32], target: &[f32], width: usize) -> Result<(Rows, Rows), AdaptError> {
    Ok((Rows::new(source, width, Side::Source)?, Rows::new(target, width, Side::Target)?))
}

impl Rows {
    fn new(values: &[f32], width: usize, side: Side) -> Result<Self, AdaptError> {
        if width == 0 || !values.len().is_multiple_of(width) {
            return Err(AdaptError::Width { side, n_values: values.len(), width });
        }
        if values.is_empty() {
            return Err(AdaptError::Empty { side });
        }
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            let (row, column) = (place / width, place % width);
            return Err(AdaptError::NotFinite { side, row, column, value: values[place] });
        }
        Ok(Self { values: values.iter().map(|value| f64::from(*value)).collect(), width })
    }

    /// How many rows there are.
    pub(crate) fn n(&self) -> usize {
        self.values.len() / self.width
    }

    pub(crate) fn iter(&self) -> std::slice::ChunksExact<'_, f64> {
        self.values.chunks_exact(self.width)
    }

    /// The mean of each column.
    pub(crate) fn means(&self) -> Vec<f64> {
        means(&self.values, self.width)
    }

    /// Takes a number from each column.
    pub(crate) fn subtract(&mut self, columns: &[f64]) {
        for row in self.values.chunks_exact_mut(self.width) {
            for (x, column) in row.iter_mut().zip(columns) {
                *x -= column;
            }
        }
    }

    /// The mean of the squares of all elements.
    pub(crate) fn mean_square(&self) -> f64 {
        self.values.iter().map(|x| x * x).sum::<f64>() / self.values.len() as f64
    }

    /// The rows with another value in the place of each.
    pub(crate) fn map(&self, value: impl Fn(f64) -> f64) -> Self {
        Self { values: self.values.iter().map(|x| value(*x)).collect(), width: self.width }
    }
}

/// The mean of each column of values in row-major order.
pub(crate) fn means(values: &[f64], width: usize) -> Vec<f64> {
    let mut means = vec![0.0; width];
    for row in values.chunks_exact(width) {
        for (mean, x) in means.iter_mut().zip(row) {
            *mean += x;
        }
    }
    let n = (values.len() / width) as f64;
    means.iter_mut().for_each(|mean| *mean /= n);
    means
}
