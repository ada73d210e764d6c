//! The distance between two rows, fast enough to be taken a few hundred million times.

use linfa::Float;
use linfa_nn::distance::Distance;
use ndarray::{ArrayView, Dimension};

/// Sums that run beside each other: a single one would wait for each addition in turn.
const LANES: usize = 16;

/// The squared Euclidean distance.
pub(crate) fn squared_distance<F: Float>(a: &[F], b: &[F]) -> F {
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let (a_rest, b_rest) = (a_chunks.remainder(), b_chunks.remainder());
    let mut sums = [F::zero(); LANES];
    for (a, b) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            let difference = a[lane] - b[lane];
            sums[lane] += difference * difference;
        }
    }
    let mut sum = F::zero();
    for (&a, &b) in a_rest.iter().zip(b_rest) {
        sum += (a - b) * (a - b);
    }
    sums.into_iter().fold(sum, |sum, lane| sum + lane)
}

/// The Euclidean distance as linfa asks for one. Its own adds up number by number, which takes several times as long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Euclidean;

impl<F: Float> Distance<F> for Euclidean {
    fn distance<D: Dimension>(&self, a: ArrayView<F, D>, b: ArrayView<F, D>) -> F {
        self.rdistance(a, b).sqrt()
    }

    fn rdistance<D: Dimension>(&self, a: ArrayView<F, D>, b: ArrayView<F, D>) -> F {
        match (a.as_slice(), b.as_slice()) {
            (Some(a), Some(b)) => squared_distance(a, b),
            _ => a.iter().zip(&b).fold(F::zero(), |sum, (&a, &b)| sum + (a - b) * (a - b)),
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis};

    use super::*;

    #[test]
    fn every_length_is_added_up_whole() {
        for n in 0..70_usize {
            let a: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let b: Vec<f32> = (0..n).map(|i| (i % 3) as f32).collect();
            // Small whole numbers: no order of addition rounds.
            let expected: usize = (0..n).map(|i| (i - i % 3).pow(2)).sum();
            assert_eq!(squared_distance(&a, &b), expected as f32, "{n}");
        }
    }

    #[test]
    fn columns_of_a_matrix_have_the_distance_of_their_copies() {
        let matrix = Array2::from_shape_fn((20, 2), |(i, j)| (i * (j + 1)) as f32);
        let (a, b) = (matrix.index_axis(Axis(1), 0), matrix.index_axis(Axis(1), 1));
        assert!(a.as_slice().is_none(), "the columns are not in one piece");
        assert_eq!(Euclidean.rdistance(a, b), 2470.0);
        assert_eq!(Euclidean.rdistance(a.to_owned().view(), b.to_owned().view()), 2470.0);
        assert_eq!(Euclidean.distance(a, b), 2470_f32.sqrt());
    }
}
