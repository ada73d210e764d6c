//! Softmax of one head a lane.

use pulp::Simd;

use crate::exp::exp_lanes;
use crate::vector::select;

/// Replaces every row's scores by its shares of the exponentials of `scale` times them.
///
/// # Shapes
/// `weights` `(rows, l, lanes)`.
#[inline(always)]
pub(super) fn softmax<S: Simd>(simd: S, weights: &mut [f32], (rows, l): (usize, usize), scale: f32) {
    let (weights, _) = S::as_mut_simd_f32s(weights);
    let (scale, one) = (simd.splat_f32s(scale), simd.splat_f32s(1.0));
    for row in weights.chunks_exact_mut(l).take(rows) {
        let mut top = row[0];
        for x in row.iter() {
            top = select(simd, simd.greater_than_f32s(*x, top), *x, top);
        }
        let mut sum = simd.splat_f32s(0.0);
        for x in row.iter_mut() {
            *x = exp_lanes(simd, simd.mul_f32s(simd.sub_f32s(*x, top), scale));
            sum = simd.add_f32s(sum, *x);
        }
        let share = simd.div_f32s(one, sum);
        for x in row {
            *x = simd.mul_f32s(*x, share);
        }
    }
}

/// From the gradient of softmax' weights, in place, to that of its scores: `scale · w ⊙ (dw − Σ w · dw)`.
///
/// # Shapes
/// `weights` and `slopes` `(rows, l, lanes)`.
#[inline(always)]
pub(super) fn softmax_backward<S: Simd>(
    simd: S,
    weights: &[f32],
    slopes: &mut [f32],
    (rows, l): (usize, usize),
    scale: f32,
) {
    let (weights, _) = S::as_simd_f32s(weights);
    let (slopes, _) = S::as_mut_simd_f32s(slopes);
    let scale = simd.splat_f32s(scale);
    for (weights, slopes) in weights.chunks_exact(l).zip(slopes.chunks_exact_mut(l)).take(rows) {
        let mut mean = simd.splat_f32s(0.0);
        for (w, slope) in weights.iter().zip(slopes.iter()) {
            mean = simd.mul_add_e_f32s(*w, *slope, mean);
        }
        for (w, slope) in weights.iter().zip(slopes) {
            *slope = simd.mul_f32s(simd.mul_f32s(*w, scale), simd.sub_f32s(*slope, mean));
        }
    }
}
