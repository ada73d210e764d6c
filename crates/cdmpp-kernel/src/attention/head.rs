//! What one head of one sample does with its rows, each of which is whole vectors.

use pulp::Simd;

use crate::exp::exp_lanes;
use crate::vector::{at, largest, set, sum};

/// Rows of `size` elements, `stride` apart.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) data: &'a [f32],
    pub(super) stride: usize,
    pub(super) size: usize,
}

impl<'a> Rows<'a> {
    /// The rows from one on.
    #[inline(always)]
    pub(super) fn from(self, row: usize) -> Self {
        Self { data: &self.data[row * self.stride..], ..self }
    }

    #[inline(always)]
    fn row(self, row: usize) -> &'a [f32] {
        &self.data[row * self.stride..][..self.size]
    }
}

/// Rows to write to.
pub(super) struct RowsMut<'a> {
    pub(super) data: &'a mut [f32],
    pub(super) stride: usize,
    pub(super) size: usize,
}

impl RowsMut<'_> {
    /// The rows from one on.
    #[inline(always)]
    pub(super) fn from(&mut self, row: usize) -> RowsMut<'_> {
        self.part(row * self.stride)
    }

    /// The rows that start at an element.
    #[inline(always)]
    pub(super) fn part(&mut self, start: usize) -> RowsMut<'_> {
        RowsMut { data: &mut self.data[start..], stride: self.stride, size: self.size }
    }

    #[inline(always)]
    fn row(&mut self, row: usize) -> &mut [f32] {
        &mut self.data[row * self.stride..][..self.size]
    }
}

/// `to[i, j] = xs_i · ys_j` for the first rows and `l` others.
#[inline(always)]
pub(super) fn dots<S: Simd>(simd: S, xs: Rows<'_>, ys: Rows<'_>, rows: usize, l: usize, to: &mut [f32]) {
    for i in 0..rows {
        let (x, _) = S::as_simd_f32s(xs.row(i));
        for (j, to) in to[i * l..][..l].iter_mut().enumerate() {
            let (y, _) = S::as_simd_f32s(ys.row(j));
            let mut lanes = simd.splat_f32s(0.0);
            for (x, y) in x.iter().zip(y) {
                lanes = simd.mul_add_e_f32s(*x, *y, lanes);
            }
            *to = simd.reduce_sum_f32s(lanes);
        }
    }
}

/// Every row's share of the exponentials of `scale` times its numbers.
#[inline(always)]
pub(super) fn softmax<S: Simd>(simd: S, weights: &mut [f32], rows: usize, l: usize, scale: f32) {
    for row in weights[..rows * l].chunks_exact_mut(l) {
        let top = largest(simd, row);
        for x in row {
            *x = (*x - top) * scale;
        }
    }
    let (vectors, _) = S::as_mut_simd_f32s(weights);
    for x in &mut vectors[..(rows * l).div_ceil(S::F32_LANES)] {
        *x = exp_lanes(simd, *x);
    }
    for row in weights[..rows * l].chunks_exact_mut(l) {
        let share = 1.0 / sum(simd, row);
        for x in row {
            *x *= share;
        }
    }
}

/// From the gradient of softmax' weights, in place, to that of what it was taken of:
/// `scale · w ⊙ (dw − Σ w · dw)`.
#[inline(always)]
pub(super) fn softmax_backward<S: Simd>(
    simd: S,
    weights: &[f32],
    slopes: &mut [f32],
    rows: usize,
    l: usize,
    scale: f32,
) {
    let _ = simd;
    for (weights, slopes) in weights.chunks_exact(l).zip(slopes.chunks_exact_mut(l)).take(rows) {
        let mut mean = 0.0;
        for (w, slope) in weights.iter().zip(slopes.iter()) {
            mean += w * slope;
        }
        for (w, slope) in weights.iter().zip(slopes) {
            *slope = w * (*slope - mean) * scale;
        }
    }
}

/// `out_i = Σ_j weights[i, j] · xs_j`
#[inline(always)]
pub(super) fn blend<S: Simd>(simd: S, weights: &[f32], xs: Rows<'_>, rows: usize, l: usize, mut out: RowsMut<'_>) {
    for (i, weights) in weights.chunks_exact(l).take(rows).enumerate() {
        let out = out.row(i);
        for c in (0..out.len()).step_by(S::F32_LANES) {
            let mut lanes = simd.splat_f32s(0.0);
            for (j, w) in weights.iter().enumerate() {
                lanes = simd.mul_add_e_f32s(simd.splat_f32s(*w), at::<S>(xs.data, j * xs.stride + c), lanes);
            }
            set::<S>(out, c, lanes);
        }
    }
}

/// `out_j = Σ_i weights[i, j] · xs_i`, added to what is there if `add`.
#[inline(always)]
pub(super) fn blend_transposed<S: Simd>(
    simd: S,
    weights: &[f32],
    xs: Rows<'_>,
    rows: usize,
    l: usize,
    add: bool,
    mut out: RowsMut<'_>,
) {
    for j in 0..l {
        let out = out.row(j);
        for c in (0..out.len()).step_by(S::F32_LANES) {
            let mut lanes = if add { at::<S>(out, c) } else { simd.splat_f32s(0.0) };
            for i in 0..rows {
                lanes = simd.mul_add_e_f32s(
                    simd.splat_f32s(weights[i * l + j]),
                    at::<S>(xs.data, i * xs.stride + c),
                    lanes,
                );
            }
            set::<S>(out, c, lanes);
        }
    }
}
