//! Loads, stores and reductions over slices, in vectors of whatever width the machine has.

use pulp::{Simd, cast};

/// `yes` where the mask is set, `no` elsewhere.
#[inline(always)]
pub(crate) fn select<S: Simd>(simd: S, mask: S::m32s, yes: S::f32s, no: S::f32s) -> S::f32s {
    cast(simd.select_u32s(mask, cast(yes), cast(no)))
}

/// The mask of the first `n` lanes.
#[inline(always)]
pub(crate) fn first<S: Simd>(simd: S, n: usize) -> S::m32s {
    simd.mask_between_m32s(0, n as u32).mask()
}

/// The larger of two, lane by lane; NaN if either is. The instructions of most machines would drop one.
#[inline(always)]
pub(crate) fn max<S: Simd>(simd: S, a: S::f32s, b: S::f32s) -> S::f32s {
    let larger = select(simd, simd.greater_than_or_equal_f32s(a, b), a, b);
    select(simd, simd.equal_f32s(a, a), larger, a)
}

/// Negative numbers become zero, NaN stays: a maximum with zero would hide that training diverged.
#[inline(always)]
pub(crate) fn rectify<S: Simd>(simd: S, xs: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    select(simd, simd.less_than_f32s(xs, zero), zero, xs)
}

/// The vector that starts at an index of a slice.
#[inline(always)]
pub(crate) fn at<S: Simd>(xs: &[f32], start: usize) -> S::f32s {
    S::as_simd_f32s(&xs[start..start + S::F32_LANES]).0[0]
}

/// Writes the vector that starts at an index of a slice.
#[inline(always)]
pub(crate) fn set<S: Simd>(xs: &mut [f32], start: usize, values: S::f32s) {
    S::as_mut_simd_f32s(&mut xs[start..start + S::F32_LANES]).0[0] = values;
}

/// The sum of a few numbers.
#[inline(always)]
pub(crate) fn sum<S: Simd>(simd: S, xs: &[f32]) -> f32 {
    let (body, tail) = S::as_simd_f32s(xs);
    let mut sum = 0.0;
    if !body.is_empty() {
        let mut lanes = simd.splat_f32s(0.0);
        for xs in body {
            lanes = simd.add_f32s(lanes, *xs);
        }
        sum = simd.reduce_sum_f32s(lanes);
    }
    for x in tail {
        sum += x;
    }
    sum
}
