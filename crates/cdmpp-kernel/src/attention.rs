//! Multi-head self-attention over short sequences.

mod head;

use pulp::{Simd, WithSimd};

use crate::arch::dispatch;
use head::{Rows, RowsMut, blend, blend_transposed, dots, softmax, softmax_backward};

/// Scaled dot-product self-attention of every head, without mask.
///
/// # Shapes
/// `qkv` `(b, l, 3·d)`: queries, keys and values side by side, each with its heads side by side; `out` `(b, l, d)`.
///
/// # Panics
/// If a length does not fit, or the heads do not divide the width.
///
/// # Complexity
/// O(b · l² · d) time, O(l · d / `n_heads`) memory.
pub fn attention(qkv: &[f32], l: usize, d: usize, n_heads: usize, out: &mut [f32]) {
    check("attention", qkv, out, l, d, n_heads);
    dispatch(Forward { qkv, heads: Heads { l, d, n: n_heads }, out });
}

/// The gradient of [`attention`].
///
/// # Shapes
/// `qkv` and `dqkv` `(b, l, 3·d)`, `grad` `(b, l, d)`. `dqkv` is written.
///
/// # Panics
/// If a length does not fit, or the heads do not divide the width.
///
/// # Complexity
/// O(b · l² · d) time, O(l · d / `n_heads`) memory.
pub fn attention_backward(qkv: &[f32], grad: &[f32], l: usize, d: usize, n_heads: usize, dqkv: &mut [f32]) {
    check("attention_backward", qkv, grad, l, d, n_heads);
    assert_eq!(dqkv.len(), qkv.len(), "attention_backward: the gradient of queries, keys and values");
    dispatch(Backward { qkv, grad, heads: Heads { l, d, n: n_heads }, dqkv });
}

fn check(name: &str, qkv: &[f32], out: &[f32], l: usize, d: usize, n_heads: usize) {
    assert!(n_heads > 0 && d.is_multiple_of(n_heads), "{name}: {n_heads} heads for a width of {d}");
    assert_eq!(qkv.len(), 3 * out.len(), "{name}: queries, keys and values");
    assert!(out.is_empty() || (l > 0 && d > 0 && out.len().is_multiple_of(l * d)), "{name}: samples of ({l}, {d})");
}

/// The geometry of one call.
#[derive(Clone, Copy)]
struct Heads {
    l: usize,
    d: usize,
    n: usize,
}

/// As many attention weights are in memory at once, unless one row has more.
const WEIGHTS: usize = 256;

impl Heads {
    fn scale(self) -> f32 {
        (self.size() as f32).powf(-0.5)
    }

    fn size(self) -> usize {
        self.d / self.n
    }

    /// The length of a head's rows, filled up to whole vectors.
    fn padded<S: Simd>(self) -> usize {
        self.size().next_multiple_of(S::F32_LANES)
    }

    /// How many rows of weights are computed together: all of them would be l².
    fn block(self) -> usize {
        (WEIGHTS / self.l).clamp(1, self.l)
    }

    /// Room for a block of weights.
    fn weights<S: Simd>(self) -> Vec<f32> {
        vec![0.0; (self.block() * self.l).next_multiple_of(S::F32_LANES)]
    }
}

/// Copies one head's part of every row, where rows that are whole vectors are needed.
#[inline(always)]
fn gather(from: &[f32], stride: usize, size: usize, to: &mut [f32], padded: usize) {
    for (row, to) in from.chunks(stride).zip(to.chunks_exact_mut(padded)) {
        to[..size].copy_from_slice(&row[..size]);
    }
}

#[inline(always)]
fn scatter(from: &[f32], padded: usize, size: usize, to: &mut [f32], stride: usize) {
    for (row, to) in from.chunks_exact(padded).zip(to.chunks_mut(stride)) {
        to[..size].copy_from_slice(&row[..size]);
    }
}

struct Forward<'a> {
    qkv: &'a [f32],
    heads: Heads,
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { qkv, heads, out } = self;
        let Heads { l, d, n } = heads;
        if out.is_empty() {
            return;
        }
        let (size, padded) = (heads.size(), heads.padded::<S>());
        let whole = size == padded;
        let mut weights = heads.weights::<S>();
        let mut scratch = vec![0.0; if whole { 0 } else { 4 * l * padded }];
        for (qkv, out) in qkv.chunks_exact(l * 3 * d).zip(out.chunks_exact_mut(l * d)) {
            for head in 0..n {
                let at = head * size;
                if whole {
                    let part = |i: usize| Rows { data: &qkv[i * d + at..], stride: 3 * d, size };
                    let to = RowsMut { data: &mut out[at..], stride: d, size };
                    forward(simd, heads, [part(0), part(1), part(2)], &mut weights, to);
                } else {
                    let (inputs, result) = scratch.split_at_mut(3 * l * padded);
                    for (i, to) in inputs.chunks_exact_mut(l * padded).enumerate() {
                        gather(&qkv[i * d + at..], 3 * d, size, to, padded);
                    }
                    let part =
                        |i: usize| Rows { data: &inputs[i * l * padded..][..l * padded], stride: padded, size: padded };
                    let to = RowsMut { data: result, stride: padded, size: padded };
                    forward(simd, heads, [part(0), part(1), part(2)], &mut weights, to);
                    scatter(result, padded, size, &mut out[at..], d);
                }
            }
        }
    }
}

/// One head of one sample.
#[inline(always)]
fn forward<S: Simd>(simd: S, heads: Heads, [q, k, v]: [Rows<'_>; 3], weights: &mut [f32], mut out: RowsMut<'_>) {
    let l = heads.l;
    for start in (0..l).step_by(heads.block()) {
        let rows = heads.block().min(l - start);
        dots(simd, q.from(start), k, rows, l, weights);
        softmax(simd, weights, rows, l, heads.scale());
        blend(simd, weights, v, rows, l, out.from(start));
    }
}

struct Backward<'a> {
    qkv: &'a [f32],
    grad: &'a [f32],
    heads: Heads,
    dqkv: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { qkv, grad, heads, dqkv } = self;
        let Heads { l, d, n } = heads;
        if grad.is_empty() {
            return;
        }
        let (size, padded) = (heads.size(), heads.padded::<S>());
        let whole = size == padded;
        let (mut weights, mut slopes) = (heads.weights::<S>(), heads.weights::<S>());
        let mut scratch = vec![0.0; if whole { 0 } else { 7 * l * padded }];
        let samples = qkv.chunks_exact(l * 3 * d).zip(grad.chunks_exact(l * d));
        for ((qkv, grad), dqkv) in samples.zip(dqkv.chunks_exact_mut(l * 3 * d)) {
            for head in 0..n {
                let at = head * size;
                let memory = (&mut weights[..], &mut slopes[..]);
                if whole {
                    let part = |i: usize| Rows { data: &qkv[i * d + at..], stride: 3 * d, size };
                    let dy = Rows { data: &grad[at..], stride: d, size };
                    let to = RowsMut { data: &mut dqkv[at..], stride: 3 * d, size };
                    backward(simd, heads, [part(0), part(1), part(2), dy], memory, to, d);
                } else {
                    let (inputs, result) = scratch.split_at_mut(4 * l * padded);
                    for (i, to) in inputs.chunks_exact_mut(l * padded).enumerate() {
                        match i {
                            3 => gather(&grad[at..], d, size, to, padded),
                            _ => gather(&qkv[i * d + at..], 3 * d, size, to, padded),
                        }
                    }
                    let part =
                        |i: usize| Rows { data: &inputs[i * l * padded..][..l * padded], stride: padded, size: padded };
                    let to = RowsMut { data: result, stride: padded, size: padded };
                    backward(simd, heads, [part(0), part(1), part(2), part(3)], memory, to, l * padded);
                    for (i, from) in result.chunks_exact(l * padded).enumerate() {
                        scatter(from, padded, size, &mut dqkv[i * d + at..], 3 * d);
                    }
                }
            }
        }
    }
}

/// One head of one sample; the gradients of queries, keys and values lie `apart` from each other.
#[inline(always)]
fn backward<S: Simd>(
    simd: S,
    heads: Heads,
    [q, k, v, dy]: [Rows<'_>; 4],
    (weights, slopes): (&mut [f32], &mut [f32]),
    mut out: RowsMut<'_>,
    apart: usize,
) {
    let l = heads.l;
    for start in (0..l).step_by(heads.block()) {
        let rows = heads.block().min(l - start);
        let (q, dy) = (q.from(start), dy.from(start));
        dots(simd, q, k, rows, l, weights);
        softmax(simd, weights, rows, l, heads.scale());
        dots(simd, dy, v, rows, l, slopes);
        softmax_backward(simd, weights, slopes, rows, l, heads.scale());
        blend(simd, slopes, k, rows, l, out.from(start));
        blend_transposed(simd, slopes, q, rows, l, start > 0, out.part(apart));
        blend_transposed(simd, weights, dy, rows, l, start > 0, out.part(2 * apart));
    }
}
