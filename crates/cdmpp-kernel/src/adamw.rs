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

impl AdamWState<'_> {
    #[inline(always)]
    fn part(&mut self, start: usize, end: usize) -> AdamWState<'_> {
        AdamWState {
            parameters: &mut self.parameters[start..end],
            first: &mut self.first[start..end],
            second: &mut self.second[start..end],
            average: &mut self.average[start..end],
        }
    }
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
        let Self { step, decayed, gradient, mut state } = self;
        let mut end = 0;
        for range in decayed {
            update(simd, step, 1.0, &gradient[end..range.start], state.part(end, range.start));
            update(simd, step, step.shrink, &gradient[range.clone()], state.part(range.start, range.end));
            end = range.end;
        }
        update(simd, step, 1.0, &gradient[end..], state.part(end, gradient.len()));
    }
}

#[inline(always)]
fn update<S: Simd>(simd: S, step: &AdamWStep, shrink: f32, gradient: &[f32], state: AdamWState<'_>) {
    let lanes = Lanes::new(simd, step, shrink);
    let (g, g_tail) = S::as_simd_f32s(gradient);
    let (p, p_tail) = S::as_mut_simd_f32s(state.parameters);
    let (m, m_tail) = S::as_mut_simd_f32s(state.first);
    let (v, v_tail) = S::as_mut_simd_f32s(state.second);
    let (a, a_tail) = S::as_mut_simd_f32s(state.average);
    for ((((g, p), m), v), a) in g.iter().zip(p).zip(m).zip(v).zip(a) {
        [*p, *m, *v, *a] = lanes.moved(simd, *g, [*p, *m, *v, *a]);
    }
    if !g_tail.is_empty() {
        let g = simd.partial_load_f32s(g_tail);
        let tails = [p_tail, m_tail, v_tail, a_tail];
        let mut before = [g; 4];
        for (before, tail) in before.iter_mut().zip(&tails) {
            *before = simd.partial_load_f32s(tail);
        }
        for (tail, after) in tails.into_iter().zip(lanes.moved(simd, g, before)) {
            simd.partial_store_f32s(tail, after);
        }
    }
}

/// The numbers of a step in all lanes.
struct Lanes<S: Simd> {
    beta1: [S::f32s; 2],
    beta2: [S::f32s; 2],
    average: [S::f32s; 2],
    step_size: S::f32s,
    correct2: S::f32s,
    shorten: S::f32s,
    shrink: S::f32s,
    epsilon: S::f32s,
}

impl<S: Simd> Lanes<S> {
    #[inline(always)]
    fn new(simd: S, step: &AdamWStep, shrink: f32) -> Self {
        Self {
            beta1: [simd.splat_f32s(step.beta1), simd.splat_f32s(1.0 - step.beta1)],
            beta2: [simd.splat_f32s(step.beta2), simd.splat_f32s(1.0 - step.beta2)],
            average: [simd.splat_f32s(step.average), simd.splat_f32s(1.0 - step.average)],
            step_size: simd.splat_f32s(step.step_size),
            correct2: simd.splat_f32s(step.correct2),
            shorten: simd.splat_f32s(step.shorten),
            shrink: simd.splat_f32s(shrink),
            epsilon: simd.splat_f32s(1e-8),
        }
    }

    /// Parameters, mean gradients, mean squares and mean parameters after the step.
    #[inline(always)]
    fn moved(&self, simd: S, g: S::f32s, [p, m, v, a]: [S::f32s; 4]) -> [S::f32s; 4] {
        let g = simd.mul_f32s(g, self.shorten);
        let m = simd.mul_add_e_f32s(self.beta1[0], m, simd.mul_f32s(self.beta1[1], g));
        let v = simd.mul_add_e_f32s(self.beta2[0], v, simd.mul_f32s(simd.mul_f32s(self.beta2[1], g), g));
        let deviation = simd.add_f32s(simd.sqrt_f32s(simd.mul_f32s(v, self.correct2)), self.epsilon);
        let by = simd.div_f32s(simd.mul_f32s(self.step_size, m), deviation);
        let p = simd.sub_f32s(simd.mul_f32s(p, self.shrink), by);
        let a = simd.mul_add_e_f32s(self.average[0], a, simd.mul_f32s(self.average[1], p));
        [p, m, v, a]
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
