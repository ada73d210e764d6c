//! The candidates as numbers.

use crate::SampleError;

/// Candidates as rows of numbers: features or embeddings of programs, one row a program.
///
/// Distances between rows decide what is chosen, so columns count by their scale: bring features to a common one first.
/// A common factor or shift of all rows makes no difference, and neither does the order of rows.
///
/// # Examples
/// ```
/// use cdmpp_sample::Rows;
///
/// let rows = Rows::new(&[0.0, 1.0, 0.5, 2.0, 0.0, 3.0], 2)?;
/// assert_eq!((rows.len(), rows.dim()), (3, 2));
/// assert!(Rows::new(&[0.0, f32::NAN], 2).is_err());
/// # Ok::<(), cdmpp_sample::SampleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rows<'a> {
    values: &'a [f32],
    dim: usize,
}

impl<'a> Rows<'a> {
    /// The rows of a row-major matrix with `dim` columns; there may be none.
    ///
    /// # Shapes
    /// `values` holds (n, `dim`).
    ///
    /// # Errors
    /// If `dim` is 0 or does not divide the number of values, or a value is infinite or NaN.
    pub fn new(values: &'a [f32], dim: usize) -> Result<Self, SampleError> {
        if dim == 0 || !values.len().is_multiple_of(dim) {
            return Err(SampleError::Rows { n_values: values.len(), dim });
        }
        match values.iter().position(|value| !value.is_finite()) {
            Some(at) => Err(SampleError::NotFinite { row: at / dim, column: at % dim, value: values[at] }),
            None => Ok(Self { values, dim }),
        }
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.dim
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many columns there are.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// A row.
    pub(crate) fn row(&self, index: usize) -> &'a [f32] {
        &self.values[index * self.dim..(index + 1) * self.dim]
    }
}
