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
impl<const R: usize, const G: usize> Left<R> for &[[f32; G]] {
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
pub(super) struct Target<'a> {
    /// The result, from the first row and column of the tile on.
    pub(super) out: &'a mut [f32],
    /// The distance of rows in the result.
    pub(super) n: usize,
    /// What every row starts with.
    pub(super) bias: Option<&'a [f32]>,
    /// What is added, laid out as the result is.
    pub(super) beside: Option<&'a [f32]>,
    /// Whether what is there already stays.
    pub(super) add: bool,
    /// Whether negative sums become zero.
    pub(super) relu: bool,
}

/// `R` rows by `V` vectors.
pub(super) struct Tile<'a, L, const R: usize, const V: usize> {
    pub(super) left: L,
    pub(super) panel: &'a [f32],
    pub(super) target: Target<'a>,
}

impl<L: Left<R>, const R: usize, const V: usize> WithSimd for Tile<'_, L, R, V> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { left, panel, target } = self;
        let Target { out, n, bias, beside, add, relu } = target;
        let start = match bias {
            Some(bias) => load::<S, V>(simd, bias),
            None => [simd.splat_f32s(0.0); V],
        };
        let mut start = [start; R];
        if let Some(before) = beside.or(add.then_some(&*out)) {
            for (i, row) in start.iter_mut().enumerate() {
                let before = load::<S, V>(simd, &before[i * n..]);
                for v in 0..V {
                    row[v] = simd.add_f32s(row[v], before[v]);
                }
            }
        }
        let mut end = accumulate(simd, left, panel, start);
        if relu {
            for sum in end.as_flattened_mut() {
                *sum = rectify(simd, *sum);
            }
        }
        for (i, row) in end.iter().enumerate() {
            let (to, _) = S::as_mut_simd_f32s(&mut out[i * n..]);
            to[..V].copy_from_slice(row);
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

/// The first vectors of a row.
#[inline(always)]
fn load<S: Simd, const V: usize>(simd: S, row: &[f32]) -> [S::f32s; V] {
    let mut vectors = [simd.splat_f32s(0.0); V];
    vectors.copy_from_slice(&S::as_simd_f32s(row).0[..V]);
    vectors
}
