//! The update of AdamW.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::arch::dispatch;

/// The numbers of one step of AdamW, which are the same for all parameters.
///
/// With g the shortened gradient, first' and second' the running means after the step:
///
/// parameter' = parameter · `shrink` − `step_size` · first' / (sqrt(second' · `correct2`) + 1e-8)
///
/// # References
/// Loshchilov and Hutter, *Decoupled weight decay regularization*, ICLR 2019.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWStep {
    /// The learning rate, divided by 1 − β₁ᵗ to correct the first steps.
    pub step_size: f32,
    /// The decay β₁ of the running mean of gradients.
    pub beta1: f32,
    /// The decay β₂ of the running mean of squared gradients.
    pub beta2: f32,
    /// 1 / (1 − β₂ᵗ), which corrects the first steps.
    pub correct2: f32,
    /// What the gradient is multiplied with.
    pub shorten: f32,
    /// What decaying parameters are multiplied with.
    pub shrink: f32,
    /// The decay of the running mean of parameters.
    pub average: f32,
}

/// The parameters and what AdamW remembers of each, all of the same length.
#[derive(Debug)]
pub struct AdamWState<'a> {
    /// What is trained.
    pub parameters: &'a mut [f32],
    /// Running mean of gradients.
    pub first: &'a mut [f32],
    /// Running mean of squared gradients.
    pub second: &'a mut [f32],
    /// Running mean of parameters.
    pub average: &'a mut [f32],
}

/// Moves all parameters by one step; those in the ranges `decayed`, ascending and apart, decay as well.
///
/// # Panics
/// If a length does not fit, or the ranges overlap, descend or end beyond the parameters.
pub fn adamw(step: &AdamWStep, decayed: &[Range<usize>], gradient: &[f32], state: AdamWState<'_>) {
    let n = gradient.len();
    assert_eq!(state.parameters.len(), n, "adamw: the parameters");
    assert_eq!(state.first.len(), n, "adamw: the means of gradients");
    assert_eq!(state.second.len(), n, "adamw: the means of squares");
    assert_eq!(state.average.len(), n, "adamw: the means of parameters");
    let mut end = 0;
    for range in decayed {
        assert!(end <= range.start && range.start <= range.end && range.end <= n, "adamw: the range {range:?}");
        end = range.end;
    }
    dispatch(Update { step, decayed, gradient, state });
}

struct Update<'a> {
    step: &'a AdamWStep,
    decayed: &'a [Range<usize>],
    gradient: &'a [f32],
    state: AdamWState<'a>,
}

impl WithSimd for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { step, decayed, gradient, state } = self;
        let AdamWState { parameters, first, second, average } = state;
        let mut run = |range: Range<usize>, shrink: f32| {
            let part = AdamWState {
                parameters: &mut parameters[range.clone()],
                first: &mut first[range.clone()],
                second: &mut second[range.clone()],
                average: &mut average[range.clone()],
            };
            update(simd, step, shrink, &gradient[range], part);
        };
        let mut end = 0;
        for range in decayed {
            run(end..range.start, 1.0);
            run(range.clone(), step.shrink);
            end = range.end;
        }
        run(end..gradient.len(), 1.0);
    }
}

#[inline(always)]
fn update<S: Simd>(simd: S, step: &AdamWStep, shrink: f32, gradient: &[f32], state: AdamWState<'_>) {
    let splat = |x: f32| simd.splat_f32s(x);
    let (beta1, rest1) = (splat(step.beta1), splat(1.0 - step.beta1));
    let (beta2, rest2) = (splat(step.beta2), splat(1.0 - step.beta2));
    let (keep, rest) = (splat(step.average), splat(1.0 - step.average));
    let (step_size, correct2, shorten) = (splat(step.step_size), splat(step.correct2), splat(step.shorten));
    let (shrink, epsilon) = (splat(shrink), splat(1e-8));
    let moved = |g: S::f32s, p: &mut S::f32s, m: &mut S::f32s, v: &mut S::f32s, a: &mut S::f32s| {
        let g = simd.mul_f32s(g, shorten);
        *m = simd.mul_add_e_f32s(beta1, *m, simd.mul_f32s(rest1, g));
        *v = simd.mul_add_e_f32s(beta2, *v, simd.mul_f32s(simd.mul_f32s(rest2, g), g));
        let deviation = simd.add_f32s(simd.sqrt_f32s(simd.mul_f32s(*v, correct2)), epsilon);
        let by = simd.div_f32s(simd.mul_f32s(step_size, *m), deviation);
        *p = simd.sub_f32s(simd.mul_f32s(*p, shrink), by);
        *a = simd.mul_add_e_f32s(keep, *a, simd.mul_f32s(rest, *p));
    };
    let (g, g_tail) = S::as_simd_f32s(gradient);
    let (p, p_tail) = S::as_mut_simd_f32s(state.parameters);
    let (m, m_tail) = S::as_mut_simd_f32s(state.first);
    let (v, v_tail) = S::as_mut_simd_f32s(state.second);
    let (a, a_tail) = S::as_mut_simd_f32s(state.average);
    for ((((g, p), m), v), a) in g.iter().zip(p).zip(m).zip(v).zip(a) {
        moved(*g, p, m, v, a);
    }
    if !g_tail.is_empty() {
        let load = |xs: &[f32]| simd.partial_load_f32s(xs);
        let (mut p, mut m, mut v, mut a) = (load(p_tail), load(m_tail), load(v_tail), load(a_tail));
        moved(load(g_tail), &mut p, &mut m, &mut v, &mut a);
        for (to, from) in [(p_tail, p), (m_tail, m), (v_tail, v), (a_tail, a)] {
            simd.partial_store_f32s(to, from);
        }
    }
}

/// The sum of squares, such as that of a gradient whose norm is to be clipped.
pub fn square_sum(xs: &[f32]) -> f64 {
    dispatch(SquareSum { xs })
}

/// How many numbers are added up in single precision.
const BLOCK: usize = 4096;

struct SquareSum<'a> {
    xs: &'a [f32],
}

impl WithSimd for SquareSum<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let mut total = 0.0;
        for block in self.xs.chunks(BLOCK) {
            let (body, tail) = S::as_simd_f32s(block);
            let (quads, singles) = body.as_chunks::<4>();
            let mut lanes = [simd.splat_f32s(0.0); 4];
            for quad in quads {
                for v in 0..4 {
                    lanes[v] = simd.mul_add_e_f32s(quad[v], quad[v], lanes[v]);
                }
            }
            for x in singles {
                lanes[0] = simd.mul_add_e_f32s(*x, *x, lanes[0]);
            }
            let pairs = [simd.add_f32s(lanes[0], lanes[1]), simd.add_f32s(lanes[2], lanes[3])];
            total += f64::from(simd.reduce_sum_f32s(simd.add_f32s(pairs[0], pairs[1])));
            for x in tail {
                total += f64::from(*x) * f64::from(*x);
            }
        }
        total
    }
}
