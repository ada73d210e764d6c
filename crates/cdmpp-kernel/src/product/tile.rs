//! The innermost part of a product: a few rows by a few vectors, all in registers.

use pulp::{Simd, WithSimd};

use crate::vector::rectify;

/// A few rows of the left-hand side, over a part of the sum.
pub(super) trait Left<const R: usize>: Copy {
    /// The same, cut to a length that the compiler then knows.
    fn cut(self, kc: usize) -> Self;

    /// The element of one row at one place of the sum.
    fn at(&self, p: usize, row: usize) -> f32;
}

/// Rows as they lie in a row-major matrix.
impl<const R: usize> Left<R> for [&[f32]; R] {
    #[inline(always)]
    fn cut(mut self, kc: usize) -> Self {
        for row in &mut self {
            *row = &row[..kc];
        }
        self
    }

    #[inline(always)]
    fn at(&self, p: usize, row: usize) -> f32 {
        self[row][p]
    }
}

/// Rows that were gathered side by side.
impl<const R: usize> Left<R> for &[[f32; R]] {
    #[inline(always)]
    fn cut(self, kc: usize) -> Self {
        &self[..kc]
    }

    #[inline(always)]
    fn at(&self, p: usize, row: usize) -> f32 {
        self[p][row]
    }
}

/// Where a tile's result goes, and what it starts with.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The distance of rows in the result.
    pub(super) n: usize,
    pub(super) column: usize,
    /// The number of columns, at most that of the vectors.
    pub(super) w: usize,
    /// What every row starts with.
    pub(super) bias: Option<&'a [f32]>,
    /// Whether what is there already stays.
    pub(super) add: bool,
    /// Whether negative sums become zero.
    pub(super) relu: bool,
}

/// `R` rows by `V` vectors.
pub(super) struct Tile<'a, L, const R: usize, const V: usize> {
    pub(super) left: L,
    pub(super) panel: &'a [f32],
    pub(super) place: Place<'a>,
    /// The result, from the first of the rows.
    pub(super) out: &'a mut [f32],
}

impl<L: Left<R>, const R: usize, const V: usize> WithSimd for Tile<'_, L, R, V> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if self.place.w == V * S::F32_LANES { self.run::<S, true>(simd) } else { self.run::<S, false>(simd) }
    }
}

impl<L: Left<R>, const R: usize, const V: usize> Tile<'_, L, R, V> {
    /// `FULL` says that the last vector of a row is whole.
    #[inline(always)]
    fn run<S: Simd, const FULL: bool>(self, simd: S) {
        let Self { left, panel, place, out } = self;
        let start = match place.bias {
            Some(bias) => load::<S, V, FULL>(simd, bias),
            None => [simd.splat_f32s(0.0); V],
        };
        let mut start = [start; R];
        if place.add {
            for i in 0..R {
                let before = load::<S, V, FULL>(simd, &out[i * place.n + place.column..][..place.w]);
                for v in 0..V {
                    start[i][v] = simd.add_f32s(start[i][v], before[v]);
                }
            }
        }
        let mut end = accumulate(simd, left, panel, start);
        if place.relu {
            for sum in end.as_flattened_mut() {
                *sum = rectify(simd, *sum);
            }
        }
        for i in 0..R {
            store::<S, V, FULL>(simd, &mut out[i * place.n + place.column..][..place.w], end[i]);
        }
    }
}

/// Adds the products of a part of the sum. The sums have an array of their own, so that the compiler sees every access
/// to it and keeps it in registers.
#[inline(always)]
fn accumulate<S: Simd, L: Left<R>, const R: usize, const V: usize>(
    simd: S,
    left: L,
    panel: &[f32],
    start: [[S::f32s; V]; R],
) -> [[S::f32s; V]; R] {
    let mut sums = start;
    let (steps, _) = S::as_simd_f32s(panel).0.as_chunks::<V>();
    let left = left.cut(steps.len());
    for (p, step) in steps.iter().enumerate() {
        for (i, row) in sums.iter_mut().enumerate() {
            let x = simd.splat_f32s(left.at(p, i));
            for v in 0..V {
                row[v] = simd.mul_add_e_f32s(x, step[v], row[v]);
            }
        }
    }
    sums
}

/// The vectors of a row.
#[inline(always)]
fn load<S: Simd, const V: usize, const FULL: bool>(simd: S, row: &[f32]) -> [S::f32s; V] {
    let (whole, rest) = S::as_simd_f32s(row);
    let mut vectors = [simd.splat_f32s(0.0); V];
    if FULL {
        vectors.copy_from_slice(&whole[..V]);
    } else {
        vectors[..V - 1].copy_from_slice(&whole[..V - 1]);
        vectors[V - 1] = simd.partial_load_f32s(rest);
    }
    vectors
}

#[inline(always)]
fn store<S: Simd, const V: usize, const FULL: bool>(simd: S, row: &mut [f32], vectors: [S::f32s; V]) {
    let (whole, rest) = S::as_mut_simd_f32s(row);
    if FULL {
        whole[..V].copy_from_slice(&vectors);
    } else {
        whole[..V - 1].copy_from_slice(&vectors[..V - 1]);
        simd.partial_store_f32s(rest, vectors[V - 1]);
    }
}
