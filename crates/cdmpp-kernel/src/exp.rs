//! Exponentials and logarithms.

use pulp::{Simd, WithSimd, cast};

use crate::arch::dispatch;
use crate::vector::select;

/// Replaces every number by its exponential, to about one unit in the last place; NaN stays NaN.
pub fn exp(xs: &mut [f32]) {
    dispatch(Exp { xs });
}

struct Exp<'a> {
    xs: &'a mut [f32],
}

impl WithSimd for Exp<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (body, tail) = S::as_mut_simd_f32s(self.xs);
        for x in body {
            *x = exp_lanes(simd, *x);
        }
        if !tail.is_empty() {
            let x = simd.partial_load_f32s(tail);
            simd.partial_store_f32s(tail, exp_lanes(simd, x));
        }
    }
}

/// Added to a number below 2²², it leaves the nearest integer in the low bits.
const ROUND: f32 = 12_582_912.0;

/// `e^x = 2^n · e^r` with n the integer nearest to x / ln 2, and a polynomial for `e^r`.
#[inline(always)]
pub(crate) fn exp_lanes<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let splat = |x: f32| simd.splat_f32s(x);
    // Beyond these, the result is infinite or zero in any case; the comparisons let NaN pass.
    let (low, high) = (splat(-105.0), splat(89.0));
    let x = select(simd, simd.less_than_f32s(x, low), low, x);
    let x = select(simd, simd.greater_than_f32s(x, high), high, x);
    let round = splat(ROUND);
    let n = simd.sub_f32s(simd.mul_add_e_f32s(x, splat(std::f32::consts::LOG2_E), round), round);
    // ln 2 in two parts, of which the first has few bits: n times it is exact.
    let r = simd.mul_add_e_f32s(n, splat(-0.693_359_4), x);
    let r = simd.mul_add_e_f32s(n, splat(2.121_944_4e-4), r);
    // Taylor's series up to r⁷ leaves 5e-9 at |r| = ln 2 / 2, a tenth of what rounding does.
    let mut series = splat(1.0 / 5040.0);
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5] {
        series = simd.mul_add_e_f32s(series, r, splat(coefficient));
    }
    let power = simd.mul_add_e_f32s(simd.mul_f32s(series, r), r, simd.add_f32s(r, splat(1.0)));
    // Two factors, because 2^n alone leaves the range where the result is subnormal or just below infinity.
    let half = simd.sub_f32s(simd.mul_add_e_f32s(n, splat(0.5), round), round);
    let scaled = simd.mul_f32s(power, two_to(simd, half));
    simd.mul_f32s(scaled, two_to(simd, simd.sub_f32s(n, half)))
}

/// 2 to the power of small integers.
#[inline(always)]
fn two_to<S: Simd>(simd: S, n: S::f32s) -> S::f32s {
    let biased: S::u32s = cast(simd.add_f32s(n, simd.splat_f32s(ROUND + 127.0)));
    // What is left of ROUND goes out at the top.
    cast(simd.wrapping_dyn_shl_u32s(biased, simd.splat_u32s(23)))
}

/// The natural logarithm of numbers from 1 up; infinity and NaN stay.
#[inline(always)]
pub(crate) fn ln_lanes<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let splat = |x: f32| simd.splat_f32s(x);
    let bits: S::u32s = cast(x);
    // x = 2^n · y with y between sqrt(1/2) and sqrt(2).
    let offset = simd.splat_u32s(0x3f35_04f3);
    let shifted = simd.wrapping_dyn_shr_u32s(simd.sub_u32s(bits, offset), simd.splat_u32s(23));
    let y: S::f32s = cast(simd.sub_u32s(bits, simd.wrapping_dyn_shl_u32s(shifted, simd.splat_u32s(23))));
    let n = simd.sub_f32s(cast(simd.add_u32s(shifted, simd.splat_u32s(ROUND.to_bits()))), splat(ROUND));
    // ln y = 2 artanh t with t = (y − 1) / (y + 1), |t| < 0.1716.
    let t = simd.div_f32s(simd.sub_f32s(y, splat(1.0)), simd.add_f32s(y, splat(1.0)));
    let t2 = simd.mul_f32s(t, t);
    let mut series = splat(1.0 / 9.0);
    for coefficient in [1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0] {
        series = simd.mul_add_e_f32s(series, t2, splat(coefficient));
    }
    let twice = simd.add_f32s(t, t);
    let ln_y = simd.mul_add_e_f32s(simd.mul_f32s(series, t2), twice, twice);
    let ln = simd.mul_add_e_f32s(n, splat(-2.121_944_4e-4), ln_y);
    let ln = simd.mul_add_e_f32s(n, splat(0.693_359_4), ln);
    // Neither comparison holds for NaN.
    select(simd, simd.less_than_f32s(x, splat(f32::INFINITY)), ln, x)
}
