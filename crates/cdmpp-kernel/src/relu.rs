//! The backward of a rectifier.

use pulp::{Simd, WithSimd};

use crate::arch::dispatch;
use crate::vector::select;

/// Clears the gradient where a rectifier's result `ys` is not positive; where it is NaN, so is the gradient.
///
/// # Shapes
/// `ys` and `grad` have the same length.
///
/// # Panics
/// If they have not.
pub fn relu_backward(ys: &[f32], grad: &mut [f32]) {
    assert_eq!(grad.len(), ys.len(), "relu_backward: the gradient");
    dispatch(Backward { ys, grad });
}

struct Backward<'a> {
    ys: &'a [f32],
    grad: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let zero = simd.splat_f32s(0.0);
        let masked = |y: S::f32s, g: S::f32s| {
            let dead = select(simd, simd.less_than_or_equal_f32s(y, zero), zero, y);
            select(simd, simd.greater_than_f32s(y, zero), g, dead)
        };
        let (y, y_tail) = S::as_simd_f32s(self.ys);
        let (g, g_tail) = S::as_mut_simd_f32s(self.grad);
        for (g, y) in g.iter_mut().zip(y) {
            *g = masked(*y, *g);
        }
        if !g_tail.is_empty() {
            let last = masked(simd.partial_load_f32s(y_tail), simd.partial_load_f32s(g_tail));
            simd.partial_store_f32s(g_tail, last);
        }
    }
}
