//! Multi-head self-attention over short sequences.

mod lanes;
mod strip;

use pulp::{Simd, WithSimd};

use crate::aligned::Aligned;
use crate::arch::dispatch;
use lanes::{softmax, softmax_backward};
use strip::{Matrix, MatrixMut, Mix, dots, mix, room_for};

/// Memory that attention works in. It grows when it must; who keeps it saves allocations.
#[derive(Clone, Debug, Default)]
pub struct AttentionRoom {
    weights: Aligned,
    /// The gradients of the weights.
    slopes: Aligned,
    /// Rows of one head, side by side.
    rows: Aligned,
}

/// Scaled dot-product self-attention of every head, without mask.
///
/// # Shapes
/// `qkv` `(b, l, 3·d)`: queries, keys and values side by side, each with its heads side by side; `out` `(b, l, d)`.
///
/// # Panics
/// If a length does not fit, or the heads do not divide the width.
///
/// # Complexity
/// O(b · l² · d) time, O(l) memory.
pub fn attention(qkv: &[f32], l: usize, d: usize, n_heads: usize, room: &mut AttentionRoom, out: &mut [f32]) {
    check("attention", qkv, out, l, d, n_heads);
    if !out.is_empty() {
        dispatch(Forward { qkv, heads: Heads::new(l, d, n_heads), room, out });
    }
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
/// O(b · l² · d) time, O(l) memory.
pub fn attention_backward(
    qkv: &[f32],
    grad: &[f32],
    l: usize,
    d: usize,
    n_heads: usize,
    room: &mut AttentionRoom,
    dqkv: &mut [f32],
) {
    check("attention_backward", qkv, grad, l, d, n_heads);
    assert_eq!(dqkv.len(), qkv.len(), "attention_backward: the gradient of queries, keys and values");
    if !grad.is_empty() {
        dispatch(Backward { qkv, grad, heads: Heads::new(l, d, n_heads), room, dqkv });
    }
}

fn check(name: &str, qkv: &[f32], out: &[f32], l: usize, d: usize, n_heads: usize) {
    assert!(n_heads > 0 && d.is_multiple_of(n_heads), "{name}: {n_heads} heads for a width of {d}");
    assert_eq!(qkv.len(), 3 * out.len(), "{name}: queries, keys and values");
    assert!(out.is_empty() || (l > 0 && d > 0 && out.len().is_multiple_of(l * d)), "{name}: samples of ({l}, {d})");
}

/// The geometry of one call.
///
/// Heads of all samples are taken a vector at a time: each has a lane of the attention weights, `(rows, l, lanes)`, so
/// that a softmax needs no sum across lanes. What has the size of a head is in vectors along the head.
#[derive(Clone, Copy)]
struct Heads {
    l: usize,
    d: usize,
    n: usize,
    size: usize,
    /// How many rows of weights are computed together: all of them would be l².
    rows: usize,
    scale: f32,
}

/// As many attention weights of a head are in memory at once, if that is enough for a few rows.
const WEIGHTS: usize = 128;
/// Keys and values are walked once for so many rows.
const ROWS: usize = 8;
/// No machine has more lanes.
const LANES: usize = 16;

impl Heads {
    fn new(l: usize, d: usize, n: usize) -> Self {
        let size = d / n;
        Self { l, d, n, size, rows: (WEIGHTS / l).max(ROWS).min(l), scale: (size as f32).powf(-0.5) }
    }

    /// Makes room for the weights of a group of heads.
    fn weights<S: Simd>(self, room: &mut Aligned) -> &mut [f32] {
        room.resize(self.rows * self.l * S::F32_LANES);
        room.get_mut()
    }

    /// Makes room for the rows of one head.
    fn rows<S: Simd>(self, room: &mut Aligned) -> &mut [f32] {
        room.resize(room_for::<S>(self.rows + self.l, self.size));
        room.get_mut()
    }

    /// The heads that follow one.
    #[inline(always)]
    fn places(self, mut place: Place, to: &mut [Place]) -> Place {
        for to in to {
            *to = place;
            place.column += self.size;
            if place.column == self.d {
                place = Place { row: place.row + self.l, column: 0 };
            }
        }
        place
    }

    /// The head's queries (0), keys (1) or values (2), from a row of the sample on.
    #[inline(always)]
    fn part(self, qkv: &[f32], place: Place, part: usize, row: usize) -> Matrix<'_> {
        let start = ((place.row + row) * 3 + part) * self.d + place.column;
        Matrix { data: &qkv[start..], stride: 3 * self.d, width: self.size }
    }

    #[inline(always)]
    fn part_mut(self, qkv: &mut [f32], place: Place, part: usize, row: usize) -> MatrixMut<'_> {
        let start = ((place.row + row) * 3 + part) * self.d + place.column;
        MatrixMut { data: &mut qkv[start..], stride: 3 * self.d }
    }

    /// The head's results, from a row of the sample on.
    #[inline(always)]
    fn result(self, out: &[f32], place: Place, row: usize) -> Matrix<'_> {
        Matrix { data: &out[(place.row + row) * self.d + place.column..], stride: self.d, width: self.size }
    }

    #[inline(always)]
    fn result_mut(self, out: &mut [f32], place: Place, row: usize) -> MatrixMut<'_> {
        MatrixMut { data: &mut out[(place.row + row) * self.d + place.column..], stride: self.d }
    }
}

/// Reads every cache line of the rows of a group, in an order that prefetchers foresee: heads are walked in one that they
/// do not, and stores wait for their lines.
#[inline(always)]
fn touch(xs: &[f32], width: usize, places: &[Place], l: usize) {
    if let [first, .., last] | [first @ last] = places {
        let rows = &xs[first.row * width..(last.row + l) * width];
        std::hint::black_box(rows.iter().step_by(16).fold(0, |all, x| all | x.to_bits()));
    }
}

/// Where a head of a sample is.
#[derive(Clone, Copy, Default)]
struct Place {
    /// The sample's first row of all.
    row: usize,
    column: usize,
}

struct Forward<'a> {
    qkv: &'a [f32],
    heads: Heads,
    room: &'a mut AttentionRoom,
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { qkv, heads, room, out } = self;
        let l = heads.l;
        let n_heads = out.len() / (l * heads.d) * heads.n;
        let (weights, room) = (heads.weights::<S>(&mut room.weights), heads.rows::<S>(&mut room.rows));
        let (mut next, mut places) = (Place::default(), [Place::default(); LANES]);
        for first in (0..n_heads).step_by(S::F32_LANES) {
            let places = &mut places[..S::F32_LANES.min(n_heads - first)];
            next = heads.places(next, places);
            for row in (0..l).step_by(heads.rows) {
                let rows = heads.rows.min(l - row);
                for (lane, place) in places.iter().enumerate() {
                    let (q, k) = (heads.part(qkv, *place, 0, row), heads.part(qkv, *place, 1, 0));
                    dots(simd, q, k, (rows, l), &mut weights[lane..], room);
                }
                softmax(simd, weights, (rows, l), heads.scale);
                for (lane, place) in places.iter().enumerate() {
                    let across = Mix { weights: &weights[lane..], outer: l, inner: 1, terms: l, add: false };
                    let to = heads.result_mut(out, *place, row);
                    mix(simd, across, heads.part(qkv, *place, 2, 0), rows, to, room);
                }
            }
        }
    }
}

struct Backward<'a> {
    qkv: &'a [f32],
    grad: &'a [f32],
    heads: Heads,
    room: &'a mut AttentionRoom,
    dqkv: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { qkv, grad, heads, room, dqkv } = self;
        let l = heads.l;
        let n_heads = grad.len() / (l * heads.d) * heads.n;
        let (weights, slopes) = (heads.weights::<S>(&mut room.weights), heads.weights::<S>(&mut room.slopes));
        let room = heads.rows::<S>(&mut room.rows);
        let (mut next, mut places) = (Place::default(), [Place::default(); LANES]);
        for first in (0..n_heads).step_by(S::F32_LANES) {
            let places = &mut places[..S::F32_LANES.min(n_heads - first)];
            next = heads.places(next, places);
            touch(qkv, 3 * heads.d, places, l);
            touch(grad, heads.d, places, l);
            touch(dqkv, 3 * heads.d, places, l);
            for row in (0..l).step_by(heads.rows) {
                let rows = heads.rows.min(l - row);
                for (lane, place) in places.iter().enumerate() {
                    let (q, k) = (heads.part(qkv, *place, 0, row), heads.part(qkv, *place, 1, 0));
                    dots(simd, q, k, (rows, l), &mut weights[lane..], room);
                    // The gradient of weight (i, j) is that of result i times value j.
                    let (dy, v) = (heads.result(grad, *place, row), heads.part(qkv, *place, 2, 0));
                    dots(simd, dy, v, (rows, l), &mut slopes[lane..], room);
                }
                softmax(simd, weights, (rows, l), heads.scale);
                softmax_backward(simd, weights, slopes, (rows, l), heads.scale);
                for (lane, place) in places.iter().enumerate() {
                    let (weights, slopes) = (&weights[lane..], &slopes[lane..]);
                    let (q, k) = (heads.part(qkv, *place, 0, row), heads.part(qkv, *place, 1, 0));
                    let across = Mix { weights: slopes, outer: l, inner: 1, terms: l, add: false };
                    mix(simd, across, k, rows, heads.part_mut(dqkv, *place, 0, row), room);
                    // Keys and values get something from every row.
                    let down = Mix { weights: slopes, outer: 1, inner: l, terms: rows, add: row > 0 };
                    mix(simd, down, q, l, heads.part_mut(dqkv, *place, 1, 0), room);
                    let (dy, down) = (heads.result(grad, *place, row), Mix { weights, ..down });
                    mix(simd, down, dy, l, heads.part_mut(dqkv, *place, 2, 0), room);
                }
            }
        }
    }
}
