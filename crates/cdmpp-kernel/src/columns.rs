//! Sums over rows.

use pulp::{Simd, WithSimd};

use crate::arch::dispatch;
use crate::vector::at;

/// Adds up every column, such as the gradient of a bias: `sums[j] += Σ_i xs[i, j]`.
///
/// # Shapes
/// `xs` `(rows, n)`, `sums` `(n)`.
///
/// # Panics
/// If a length does not fit.
pub fn add_columns(xs: &[f32], n: usize, sums: &mut [f32]) {
    assert_eq!(sums.len(), n, "add_columns: the sums");
    assert!(
        xs.is_empty() || (n > 0 && xs.len().is_multiple_of(n)),
        "add_columns: {} elements in rows of {n}",
        xs.len()
    );
    dispatch(AddColumns { xs, n, sums });
}

struct AddColumns<'a> {
    xs: &'a [f32],
    n: usize,
    sums: &'a mut [f32],
}

/// How many vectors of sums are in registers at once.
const VECTORS: usize = 8;

impl WithSimd for AddColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { xs, n, sums } = self;
        let (blocks, rest) = S::as_mut_simd_f32s(sums);
        let (blocks, singles) = blocks.as_chunks_mut::<VECTORS>();
        for (i, block) in blocks.iter_mut().enumerate() {
            let column = i * VECTORS * S::F32_LANES;
            let mut lanes = *block;
            for row in xs.chunks_exact(n) {
                let (vectors, _) = S::as_simd_f32s(&row[column..]);
                if let Some(vectors) = vectors.first_chunk::<VECTORS>() {
                    for v in 0..VECTORS {
                        lanes[v] = simd.add_f32s(lanes[v], vectors[v]);
                    }
                }
            }
            *block = lanes;
        }
        let done = blocks.len() * VECTORS * S::F32_LANES;
        for (i, single) in singles.iter_mut().enumerate() {
            let column = done + i * S::F32_LANES;
            for row in xs.chunks_exact(n) {
                *single = simd.add_f32s(*single, at::<S>(row, column));
            }
        }
        if !rest.is_empty() {
            let column = n - rest.len();
            let mut last = simd.partial_load_f32s(rest);
            for row in xs.chunks_exact(n) {
                last = simd.add_f32s(last, simd.partial_load_f32s(&row[column..]));
            }
            simd.partial_store_f32s(rest, last);
        }
    }
}
