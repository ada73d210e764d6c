//! Layer normalisation.

use pulp::{Simd, WithSimd};

use crate::arch::dispatch;
use crate::vector::{first, select, sum};

const EPSILON: f32 = 1e-5;

/// `(x − mean) / sqrt(variance + 1e-5) · weight + bias` for every row.
///
/// # Shapes
/// `xs` and `out` `(rows, d)`, `weight` and `bias` `(d)`.
///
/// # Panics
/// If a length does not fit.
pub fn layer_norm(xs: &[f32], weight: &[f32], bias: &[f32], out: &mut [f32]) {
    check(xs, weight);
    assert_eq!(bias.len(), weight.len(), "layer_norm: the bias");
    assert_eq!(out.len(), xs.len(), "layer_norm: the result");
    dispatch(Forward { xs, weight, bias, out });
}

/// The gradients of [`layer_norm`].
///
/// # Shapes
/// `xs`, `grad` and `dx` `(rows, d)`; `weight`, `dweight` and `dbias` `(d)`. `dx` is written, the other two are added to.
///
/// # Panics
/// If a length does not fit.
pub fn layer_norm_backward(
    xs: &[f32],
    weight: &[f32],
    grad: &[f32],
    dx: &mut [f32],
    dweight: &mut [f32],
    dbias: &mut [f32],
) {
    check(xs, weight);
    assert_eq!(grad.len(), xs.len(), "layer_norm_backward: the incoming gradient");
    assert_eq!(dx.len(), xs.len(), "layer_norm_backward: the gradient of the input");
    assert_eq!(dweight.len(), weight.len(), "layer_norm_backward: the gradient of the weight");
    assert_eq!(dbias.len(), weight.len(), "layer_norm_backward: the gradient of the bias");
    dispatch(Backward { xs, weight, grad, dx, dweight, dbias });
}

fn check(xs: &[f32], weight: &[f32]) {
    let d = weight.len();
    assert!(xs.is_empty() || (d > 0 && xs.len().is_multiple_of(d)), "layer norm: {} elements in rows of {d}", xs.len());
}

struct Forward<'a> {
    xs: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { xs, weight, bias, out } = self;
        let d = weight.len().max(1);
        let (w, w_tail) = S::as_simd_f32s(weight);
        let (b, b_tail) = S::as_simd_f32s(bias);
        for (row, out) in xs.chunks_exact(d).zip(out.chunks_exact_mut(d)) {
            let (mean, scale) = moments(simd, row);
            let (mean, scale) = (simd.splat_f32s(mean), simd.splat_f32s(scale));
            let norm = |x: S::f32s, w: S::f32s, b: S::f32s| {
                simd.mul_add_e_f32s(simd.mul_f32s(simd.sub_f32s(x, mean), scale), w, b)
            };
            let (x, x_tail) = S::as_simd_f32s(row);
            let (y, y_tail) = S::as_mut_simd_f32s(out);
            for (((y, x), w), b) in y.iter_mut().zip(x).zip(w).zip(b) {
                *y = norm(*x, *w, *b);
            }
            if !y_tail.is_empty() {
                let load = |xs: &[f32]| simd.partial_load_f32s(xs);
                simd.partial_store_f32s(y_tail, norm(load(x_tail), load(w_tail), load(b_tail)));
            }
        }
    }
}

/// The mean and the reciprocal standard deviation of a row.
#[inline(always)]
fn moments<S: Simd>(simd: S, row: &[f32]) -> (f32, f32) {
    let n = row.len() as f32;
    let mean = sum(simd, row) / n;
    let means = simd.splat_f32s(mean);
    let (body, tail) = S::as_simd_f32s(row);
    let mut squares = simd.splat_f32s(0.0);
    for x in body {
        let centred = simd.sub_f32s(*x, means);
        squares = simd.mul_add_e_f32s(centred, centred, squares);
    }
    let mut variance = simd.reduce_sum_f32s(squares);
    for x in tail {
        variance += (x - mean) * (x - mean);
    }
    (mean, 1.0 / (variance / n + EPSILON).sqrt())
}

struct Backward<'a> {
    xs: &'a [f32],
    weight: &'a [f32],
    grad: &'a [f32],
    dx: &'a mut [f32],
    dweight: &'a mut [f32],
    dbias: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { xs, weight, grad, dx, dweight, dbias } = self;
        let d = weight.len().max(1);
        let (w, w_tail) = S::as_simd_f32s(weight);
        let (dw, dw_tail) = S::as_mut_simd_f32s(dweight);
        let (db, db_tail) = S::as_mut_simd_f32s(dbias);
        let inside = first(simd, w_tail.len());
        let (zero, n) = (simd.splat_f32s(0.0), d as f32);
        let load = |xs: &[f32]| simd.partial_load_f32s(xs);
        let w_last = load(w_tail);
        for ((row, grad), dx) in xs.chunks_exact(d).zip(grad.chunks_exact(d)).zip(dx.chunks_exact_mut(d)) {
            let (mean, scale) = moments(simd, row);
            let (mean, scale) = (simd.splat_f32s(mean), simd.splat_f32s(scale));
            let (x, x_tail) = S::as_simd_f32s(row);
            let (g, g_tail) = S::as_simd_f32s(grad);
            let (dx, dx_tail) = S::as_mut_simd_f32s(dx);
            let norm = |x: S::f32s| simd.mul_f32s(simd.sub_f32s(x, mean), scale);
            let (mut sum_g, mut sum_gn) = (zero, zero);
            for ((((x, g), w), dw), db) in x.iter().zip(g).zip(w).zip(dw.iter_mut()).zip(db.iter_mut()) {
                let (normed, gw) = (norm(*x), simd.mul_f32s(*g, *w));
                *dw = simd.mul_add_e_f32s(*g, normed, *dw);
                *db = simd.add_f32s(*db, *g);
                sum_g = simd.add_f32s(sum_g, gw);
                sum_gn = simd.mul_add_e_f32s(gw, normed, sum_gn);
            }
            let (mut x_last, mut g_last) = (zero, zero);
            if !x_tail.is_empty() {
                (x_last, g_last) = (load(x_tail), load(g_tail));
                let normed = select(simd, inside, norm(x_last), zero);
                let gw = simd.mul_f32s(g_last, w_last);
                simd.partial_store_f32s(dw_tail, simd.mul_add_e_f32s(g_last, normed, load(dw_tail)));
                simd.partial_store_f32s(db_tail, simd.add_f32s(load(db_tail), g_last));
                sum_g = simd.add_f32s(sum_g, gw);
                sum_gn = simd.mul_add_e_f32s(gw, normed, sum_gn);
            }
            let mean_g = simd.splat_f32s(simd.reduce_sum_f32s(sum_g) / n);
            let mean_gn = simd.splat_f32s(simd.reduce_sum_f32s(sum_gn) / n);
            let slope = |x: S::f32s, g: S::f32s, w: S::f32s| {
                let centred = simd.sub_f32s(simd.mul_f32s(g, w), mean_g);
                simd.mul_f32s(simd.sub_f32s(centred, simd.mul_f32s(norm(x), mean_gn)), scale)
            };
            for (((dx, x), g), w) in dx.iter_mut().zip(x).zip(g).zip(w) {
                *dx = slope(*x, *g, *w);
            }
            if !dx_tail.is_empty() {
                simd.partial_store_f32s(dx_tail, slope(x_last, g_last, w_last));
            }
        }
    }
}
