//! Products of one head's rows, in strips of a few vectors.

use pulp::Simd;

use crate::vector::{at, first, select, set};

/// Rows of `width` elements, `stride` apart; there may be more of them, and other things between and behind them.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub(super) data: &'a [f32],
    pub(super) stride: usize,
    pub(super) width: usize,
}

/// Rows to write to.
pub(super) struct MatrixMut<'a> {
    pub(super) data: &'a mut [f32],
    pub(super) stride: usize,
}

/// The largest number of vectors of a strip.
const VECTORS: usize = 4;
/// How many sums of rows are built at once.
const ROWS: usize = 4;

/// The columns of a strip of `V` vectors, of which the last may be short.
#[derive(Clone, Copy)]
struct Strip<S: Simd, const V: usize> {
    column: usize,
    /// The length of the last vector.
    last: usize,
    inside: S::m32s,
}

impl<S: Simd, const V: usize> Strip<S, V> {
    const LAST: usize = (V - 1) * S::F32_LANES;

    #[inline(always)]
    fn new(simd: S, column: usize, width: usize) -> Self {
        let last = (width - column - Self::LAST).min(S::F32_LANES);
        Self { column, last, inside: first(simd, last) }
    }

    #[inline(always)]
    fn store(self, simd: S, row: &mut [f32], vectors: [S::f32s; V]) {
        for (v, vector) in vectors[..V - 1].iter().enumerate() {
            set::<S>(row, v * S::F32_LANES, *vector);
        }
        if self.last == S::F32_LANES {
            set::<S>(row, Self::LAST, vectors[V - 1]);
        } else {
            simd.partial_store_f32s(&mut row[Self::LAST..][..self.last], vectors[V - 1]);
        }
    }

    #[inline(always)]
    fn add(self, simd: S, row: &mut [f32], vectors: [S::f32s; V]) {
        for (v, vector) in vectors[..V - 1].iter().enumerate() {
            let sum = simd.add_f32s(at::<S>(row, v * S::F32_LANES), *vector);
            set::<S>(row, v * S::F32_LANES, sum);
        }
        if self.last == S::F32_LANES {
            let sum = simd.add_f32s(at::<S>(row, Self::LAST), vectors[V - 1]);
            set::<S>(row, Self::LAST, sum);
        } else {
            let last = &mut row[Self::LAST..][..self.last];
            let sum = simd.add_f32s(simd.partial_load_f32s(last), vectors[V - 1]);
            simd.partial_store_f32s(last, sum);
        }
    }
}

/// Copies a strip of the first `n` rows, and fills it up with zeros. Rows of many samples are far apart; side by side,
/// the loops over them need no bounds and no masks.
#[inline(always)]
fn gather<'a, S: Simd, const V: usize>(
    simd: S,
    strip: Strip<S, V>,
    xs: Matrix<'_>,
    n: usize,
    room: &'a mut [f32],
) -> &'a [[S::f32s; V]] {
    let length = V * S::F32_LANES;
    let room = &mut room[..n * length];
    for (i, to) in room.chunks_exact_mut(length).enumerate() {
        let row = &xs.data[i * xs.stride + strip.column..];
        if row.len() < length {
            // Behind the last row of all there is nothing.
            fill(to, &row[..Strip::<S, V>::LAST + strip.last]);
            continue;
        }
        for v in 0..V - 1 {
            set::<S>(to, v * S::F32_LANES, at::<S>(row, v * S::F32_LANES));
        }
        let last = select(simd, strip.inside, at::<S>(row, Strip::<S, V>::LAST), simd.splat_f32s(0.0));
        set::<S>(to, Strip::<S, V>::LAST, last);
    }
    S::as_simd_f32s(room).0.as_chunks().0
}

/// Out of the way, because the compiler would make one call for copies of any length out of this and the usual case.
#[cold]
#[inline(never)]
fn fill(to: &mut [f32], from: &[f32]) {
    to.fill(0.0);
    to[..from.len()].copy_from_slice(from);
}

/// The room that [`dots`] and [`mix`] need for `n` rows.
pub(super) fn room_for<S: Simd>(n: usize, width: usize) -> usize {
    n * width.next_multiple_of(S::F32_LANES).min(VECTORS * S::F32_LANES)
}

/// `to[i, j] = xs_i · ys_j`, one lane of each vector of `to`.
///
/// # Shapes
/// `to` `(rows, l, lanes)`, from the lane on.
#[inline(always)]
pub(super) fn dots<S: Simd>(
    simd: S,
    xs: Matrix<'_>,
    ys: Matrix<'_>,
    shape: (usize, usize),
    to: &mut [f32],
    room: &mut [f32],
) {
    for column in (0..xs.width).step_by(VECTORS * S::F32_LANES) {
        match (xs.width - column).div_ceil(S::F32_LANES) {
            1 => dots_of(simd, Strip::<S, 1>::new(simd, column, xs.width), xs, ys, shape, to, room),
            2 => dots_of(simd, Strip::<S, 2>::new(simd, column, xs.width), xs, ys, shape, to, room),
            3 => dots_of(simd, Strip::<S, 3>::new(simd, column, xs.width), xs, ys, shape, to, room),
            _ => dots_of(simd, Strip::<S, VECTORS>::new(simd, column, xs.width), xs, ys, shape, to, room),
        }
    }
}

#[inline(always)]
fn dots_of<S: Simd, const V: usize>(
    simd: S,
    strip: Strip<S, V>,
    xs: Matrix<'_>,
    ys: Matrix<'_>,
    (rows, l): (usize, usize),
    to: &mut [f32],
    room: &mut [f32],
) {
    let (x_room, y_room) = room.split_at_mut(rows * V * S::F32_LANES);
    let (xs, ys) = (gather(simd, strip, xs, rows, x_room), gather(simd, strip, ys, l, y_room));
    for (i, x) in xs.iter().enumerate() {
        let to = &mut to[i * l * S::F32_LANES..];
        for (j, y) in ys.iter().enumerate() {
            let mut lanes = simd.mul_f32s(x[0], y[0]);
            for v in 1..V {
                lanes = simd.mul_add_e_f32s(x[v], y[v], lanes);
            }
            let dot = simd.reduce_sum_f32s(lanes);
            let to = &mut to[j * S::F32_LANES];
            *to = if strip.column == 0 { dot } else { *to + dot };
        }
    }
}

/// Weights of a sum of rows.
#[derive(Clone, Copy)]
pub(super) struct Mix<'a> {
    /// `(rows, l, lanes)`, from the lane on.
    pub(super) weights: &'a [f32],
    /// The distance of weights from one result to the next, in vectors.
    pub(super) outer: usize,
    /// The distance of weights from one term to the next, in vectors.
    pub(super) inner: usize,
    /// The number of terms.
    pub(super) terms: usize,
    /// Whether the sum is added to what is there.
    pub(super) add: bool,
}

/// `out_o = Σ_t weight[o, t] · xs_t` for the first rows of `out`.
#[inline(always)]
pub(super) fn mix<S: Simd>(simd: S, mix: Mix<'_>, xs: Matrix<'_>, rows: usize, out: MatrixMut<'_>, room: &mut [f32]) {
    for column in (0..xs.width).step_by(VECTORS * S::F32_LANES) {
        let out = MatrixMut { data: &mut *out.data, ..out };
        match (xs.width - column).div_ceil(S::F32_LANES) {
            1 => mix_of(simd, Strip::<S, 1>::new(simd, column, xs.width), mix, xs, rows, out, room),
            2 => mix_of(simd, Strip::<S, 2>::new(simd, column, xs.width), mix, xs, rows, out, room),
            3 => mix_of(simd, Strip::<S, 3>::new(simd, column, xs.width), mix, xs, rows, out, room),
            _ => mix_of(simd, Strip::<S, VECTORS>::new(simd, column, xs.width), mix, xs, rows, out, room),
        }
    }
}

#[inline(always)]
fn mix_of<S: Simd, const V: usize>(
    simd: S,
    strip: Strip<S, V>,
    mix: Mix<'_>,
    xs: Matrix<'_>,
    rows: usize,
    out: MatrixMut<'_>,
    room: &mut [f32],
) {
    let xs = gather(simd, strip, xs, mix.terms, room);
    let mut row = 0;
    // Sums of several rows do not wait for each other.
    while row + ROWS <= rows {
        mix_rows::<S, V, ROWS>(simd, strip, mix, xs, row, &mut out.data[row * out.stride..], out.stride);
        row += ROWS;
    }
    while row < rows {
        mix_rows::<S, V, 1>(simd, strip, mix, xs, row, &mut out.data[row * out.stride..], out.stride);
        row += 1;
    }
}

#[inline(always)]
fn mix_rows<S: Simd, const V: usize, const R: usize>(
    simd: S,
    strip: Strip<S, V>,
    mix: Mix<'_>,
    xs: &[[S::f32s; V]],
    row: usize,
    out: &mut [f32],
    stride: usize,
) {
    let mut sums = [[simd.splat_f32s(0.0); V]; R];
    let weights = &mix.weights[row * mix.outer * S::F32_LANES..];
    let (outer, inner) = (mix.outer * S::F32_LANES, mix.inner * S::F32_LANES);
    for (t, x) in xs.iter().enumerate() {
        for (r, sums) in sums.iter_mut().enumerate() {
            let w = simd.splat_f32s(weights[r * outer + t * inner]);
            for v in 0..V {
                sums[v] = simd.mul_add_e_f32s(w, x[v], sums[v]);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        let out = &mut out[r * stride + strip.column..];
        if mix.add {
            strip.add(simd, out, *sums);
        } else {
            strip.store(simd, out, *sums);
        }
    }
}
