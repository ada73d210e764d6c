//! Pools: one vector for the leaves of a program.
//!
//! All take `(b, l, d)` to `(b, d)`. The rows of the pooled matrix lie `stride` apart, so that several pools can share
//! one, side by side: the second is given the matrix from its first column on.

use pulp::{Simd, WithSimd};

use crate::arch::dispatch;
use crate::exp::{exp_lanes, ln_lanes};
use crate::vector::{at, max, select, set};

/// The shape of a pool's two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// The number of leaves of every sample, at least one.
    pub l: usize,
    /// The width of a leaf and of what it is pooled to.
    pub d: usize,
    /// The distance of the pooled rows, at least `d`.
    pub stride: usize,
}

/// The mean of the leaves.
///
/// # Shapes
/// `xs` `(b, l, d)`, `out` `(b, d)` with rows `stride` apart.
///
/// # Panics
/// If a length does not fit.
pub fn mean_pool(xs: &[f32], pool: Pool, out: &mut [f32]) {
    pool.check("mean_pool", xs, out);
    dispatch(Mean { xs, pool, out });
}

/// The gradient of [`mean_pool`], added to `dx`.
///
/// # Shapes
/// `grad` `(b, d)` with rows `stride` apart, `dx` `(b, l, d)`.
///
/// # Panics
/// If a length does not fit.
pub fn mean_pool_backward(grad: &[f32], pool: Pool, dx: &mut [f32]) {
    pool.check("mean_pool_backward", dx, grad);
    dispatch(MeanBackward { grad, pool, dx });
}

/// The logarithm of the sum of the leaves' exponentials, which is finite whenever the leaves are.
///
/// # Shapes
/// `xs` `(b, l, d)`, `out` `(b, d)` with rows `stride` apart.
///
/// # Panics
/// If a length does not fit.
pub fn log_sum_exp_pool(xs: &[f32], pool: Pool, out: &mut [f32]) {
    pool.check("log_sum_exp_pool", xs, out);
    dispatch(LogSumExp { xs, pool, out });
}

/// The gradient of [`log_sum_exp_pool`], added to `dx`; `pooled` is what it gave.
///
/// # Shapes
/// `xs` and `dx` `(b, l, d)`; `pooled` and `grad` `(b, d)` with rows `stride` apart.
///
/// # Panics
/// If a length does not fit.
pub fn log_sum_exp_pool_backward(xs: &[f32], pooled: &[f32], grad: &[f32], pool: Pool, dx: &mut [f32]) {
    pool.check("log_sum_exp_pool_backward", xs, pooled);
    pool.check("log_sum_exp_pool_backward", dx, grad);
    assert_eq!(dx.len(), xs.len(), "log_sum_exp_pool_backward: the gradient of the input");
    dispatch(LogSumExpBackward { xs, pooled, grad, pool, dx });
}

/// The largest of the leaves, column by column; NaN if one is.
///
/// # Shapes
/// `xs` `(b, l, d)`, `out` `(b, d)` with rows `stride` apart.
///
/// # Panics
/// If a length does not fit.
pub fn max_pool(xs: &[f32], pool: Pool, out: &mut [f32]) {
    pool.check("max_pool", xs, out);
    dispatch(Max { xs, pool, out });
}

/// The gradient of [`max_pool`], added to `dx`; `pooled` is what it gave. The first of equal leaves gets it all.
///
/// # Shapes
/// `xs` and `dx` `(b, l, d)`; `pooled` and `grad` `(b, d)` with rows `stride` apart.
///
/// # Panics
/// If a length does not fit.
pub fn max_pool_backward(xs: &[f32], pooled: &[f32], grad: &[f32], pool: Pool, dx: &mut [f32]) {
    pool.check("max_pool_backward", xs, pooled);
    pool.check("max_pool_backward", dx, grad);
    assert_eq!(dx.len(), xs.len(), "max_pool_backward: the gradient of the input");
    dispatch(MaxBackward { xs, pooled, grad, pool, dx });
}

impl Pool {
    fn check(self, name: &str, leaves: &[f32], pooled: &[f32]) {
        let Self { l, d, stride } = self;
        assert!(l > 0 && d > 0 && stride >= d, "{name}: {self:?}");
        assert!(leaves.len().is_multiple_of(l * d), "{name}: {} elements in samples of ({l}, {d})", leaves.len());
        let b = leaves.len() / (l * d);
        let least = if b == 0 { 0 } else { (b - 1) * stride + d };
        let found = pooled.len();
        assert!(found >= least && found <= b * stride, "{name}: {found} pooled elements of {b} samples");
    }
}

/// The vector of `w` elements from an index on; fewer than a vector at the end of a row.
#[inline(always)]
fn get<S: Simd>(simd: S, xs: &[f32], start: usize, w: usize) -> S::f32s {
    if w == S::F32_LANES { at::<S>(xs, start) } else { simd.partial_load_f32s(&xs[start..start + w]) }
}

#[inline(always)]
fn put<S: Simd>(simd: S, xs: &mut [f32], start: usize, w: usize, values: S::f32s) {
    if w == S::F32_LANES {
        set::<S>(xs, start, values);
    } else {
        simd.partial_store_f32s(&mut xs[start..start + w], values);
    }
}

#[inline(always)]
fn add_to<S: Simd>(simd: S, xs: &mut [f32], start: usize, w: usize, values: S::f32s) {
    let sum = simd.add_f32s(get(simd, xs, start, w), values);
    put(simd, xs, start, w, sum);
}

/// Columns a vector at a time: the first of them and how many.
fn columns<S: Simd>(d: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..d).step_by(S::F32_LANES).map(move |c| (c, S::F32_LANES.min(d - c)))
}

struct Mean<'a> {
    xs: &'a [f32],
    pool: Pool,
    out: &'a mut [f32],
}

impl WithSimd for Mean<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Pool { l, d, stride } = self.pool;
        let share = simd.splat_f32s(1.0 / l as f32);
        for (xs, out) in self.xs.chunks_exact(l * d).zip(self.out.chunks_mut(stride)) {
            for (c, w) in columns::<S>(d) {
                let mut sum = get(simd, xs, c, w);
                for j in 1..l {
                    sum = simd.add_f32s(sum, get(simd, xs, j * d + c, w));
                }
                put(simd, out, c, w, simd.mul_f32s(sum, share));
            }
        }
    }
}

struct MeanBackward<'a> {
    grad: &'a [f32],
    pool: Pool,
    dx: &'a mut [f32],
}

impl WithSimd for MeanBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Pool { l, d, stride } = self.pool;
        let share = simd.splat_f32s(1.0 / l as f32);
        for (dx, grad) in self.dx.chunks_exact_mut(l * d).zip(self.grad.chunks(stride)) {
            for (c, w) in columns::<S>(d) {
                let g = simd.mul_f32s(get(simd, grad, c, w), share);
                for j in 0..l {
                    add_to(simd, dx, j * d + c, w, g);
                }
            }
        }
    }
}

struct LogSumExp<'a> {
    xs: &'a [f32],
    pool: Pool,
    out: &'a mut [f32],
}

impl WithSimd for LogSumExp<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Pool { l, d, stride } = self.pool;
        for (xs, out) in self.xs.chunks_exact(l * d).zip(self.out.chunks_mut(stride)) {
            for (c, w) in columns::<S>(d) {
                let mut largest = get(simd, xs, c, w);
                for j in 1..l {
                    largest = max(simd, largest, get(simd, xs, j * d + c, w));
                }
                let mut sum = simd.splat_f32s(0.0);
                for j in 0..l {
                    let below = simd.sub_f32s(get(simd, xs, j * d + c, w), largest);
                    sum = simd.add_f32s(sum, exp_lanes(simd, below));
                }
                put(simd, out, c, w, simd.add_f32s(largest, ln_lanes(simd, sum)));
            }
        }
    }
}

struct LogSumExpBackward<'a> {
    xs: &'a [f32],
    pooled: &'a [f32],
    grad: &'a [f32],
    pool: Pool,
    dx: &'a mut [f32],
}

impl WithSimd for LogSumExpBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Pool { l, d, stride } = self.pool;
        let pooled = self.pooled.chunks(stride).zip(self.grad.chunks(stride));
        let leaves = self.xs.chunks_exact(l * d).zip(self.dx.chunks_exact_mut(l * d));
        for ((xs, dx), (pooled, grad)) in leaves.zip(pooled) {
            for (c, w) in columns::<S>(d) {
                let (y, g) = (get(simd, pooled, c, w), get(simd, grad, c, w));
                for j in 0..l {
                    let share = exp_lanes(simd, simd.sub_f32s(get(simd, xs, j * d + c, w), y));
                    add_to(simd, dx, j * d + c, w, simd.mul_f32s(share, g));
                }
            }
        }
    }
}

struct Max<'a> {
    xs: &'a [f32],
    pool: Pool,
    out: &'a mut [f32],
}

impl WithSimd for Max<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Pool { l, d, stride } = self.pool;
        for (xs, out) in self.xs.chunks_exact(l * d).zip(self.out.chunks_mut(stride)) {
            for (c, w) in columns::<S>(d) {
                let mut largest = get(simd, xs, c, w);
                for j in 1..l {
                    largest = max(simd, largest, get(simd, xs, j * d + c, w));
                }
                put(simd, out, c, w, largest);
            }
        }
    }
}

struct MaxBackward<'a> {
    xs: &'a [f32],
    pooled: &'a [f32],
    grad: &'a [f32],
    pool: Pool,
    dx: &'a mut [f32],
}

impl WithSimd for MaxBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Pool { l, d, stride } = self.pool;
        let zero = simd.splat_f32s(0.0);
        let pooled = self.pooled.chunks(stride).zip(self.grad.chunks(stride));
        let leaves = self.xs.chunks_exact(l * d).zip(self.dx.chunks_exact_mut(l * d));
        for ((xs, dx), (pooled, grad)) in leaves.zip(pooled) {
            for (c, w) in columns::<S>(d) {
                let (y, mut g) = (get(simd, pooled, c, w), get(simd, grad, c, w));
                for j in 0..l {
                    // Not smaller, rather than equal: with a NaN among the leaves no other is equal to the largest.
                    let smaller = simd.less_than_f32s(get(simd, xs, j * d + c, w), y);
                    add_to(simd, dx, j * d + c, w, select(simd, smaller, zero, g));
                    g = select(simd, smaller, g, zero);
                }
            }
        }
    }
}
