//! Positional encoding of leaves by their pre-order rank.

/// The longest wavelength is 2π times this.
const BASE: f64 = 10_000.0;

/// The encoding of ranks as rows of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Positions {
    d_model: usize,
    /// One a pair of columns.
    frequencies: Vec<f64>,
    /// The rows of the first ranks, which are those of nearly all leaves.
    table: Vec<f32>,
}

impl Positions {
    /// The rows of the first `n_known` ranks are computed at once.
    pub(crate) fn new(d_model: usize, n_known: u32) -> Self {
        let pairs = (0..d_model).step_by(2);
        let frequencies = pairs.map(|i| BASE.powf(-(i as f64) / d_model as f64)).collect();
        let mut positions = Self { d_model, frequencies, table: Vec::new() };
        let mut table = vec![0.0; n_known as usize * d_model];
        positions.write(&(0..n_known).collect::<Vec<u32>>(), &mut table);
        positions.table = table;
        positions
    }

    /// Writes the rows of ranks, one after the other.
    pub(crate) fn write(&self, ranks: &[u32], out: &mut [f32]) {
        for (rank, row) in ranks.iter().zip(out.chunks_exact_mut(self.d_model.max(1))) {
            let start = *rank as usize * self.d_model;
            match self.table.get(start..start + self.d_model) {
                Some(known) => row.copy_from_slice(known),
                None => self.compute(*rank, row),
            }
        }
    }

    fn compute(&self, rank: u32, row: &mut [f32]) {
        for (pair, frequency) in row.chunks_mut(2).zip(&self.frequencies) {
            let (sin, cos) = (f64::from(rank) * frequency).sin_cos();
            pair[0] = sin as f32;
            if let Some(second) = pair.get_mut(1) {
                *second = cos as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ```python
    /// import numpy as np
    /// for d in (4, 5):
    ///     for rank in (0, 1, 7):
    ///         print([(np.sin, np.cos)[i % 2](rank / 10000 ** ((i - i % 2) / d)) for i in range(d)])
    /// ```
    #[test]
    fn agrees_with_numpy() {
        let encoded = |d| {
            let mut rows = vec![0.0; 3 * d];
            Positions::new(d, 0).write(&[0, 1, 7], &mut rows);
            rows
        };
        let even =
            [[0.0, 1.0, 0.0, 1.0], [0.841_471, 0.540_302, 0.01, 0.99995], [0.656_987, 0.753_902, 0.069_943, 0.997_551]];
        let odd = [
            [0.0, 1.0, 0.0, 1.0, 0.0],
            [0.841_471, 0.540_302, 0.025_116, 0.999_685, 0.000_631],
            [0.656_987, 0.753_902, 0.174_927, 0.984_581, 0.004_417],
        ];
        for (found, expected) in [(encoded(4), even.as_flattened()), (encoded(5), odd.as_flattened())] {
            assert_eq!(found.len(), expected.len());
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 2e-6), "{found:?}");
        }
    }

    #[test]
    fn a_rank_has_one_row_whether_it_is_known_or_not() {
        let ranks = [5, 0, 4, 3, 1_000_000];
        let write = |n_known| {
            let mut rows = [0.0; 5 * 7];
            Positions::new(7, n_known).write(&ranks, &mut rows);
            rows
        };
        assert_eq!(write(0), write(4));
    }
}
