//! Matrix products.

mod tile;

use pulp::{Simd, WithSimd};

use crate::Packed;
use crate::arch::dispatch;
use tile::{Left, Target, Tile};

/// What happens to a product on its way out.
#[derive(Clone, Copy, Debug)]
pub enum Finish<'a> {
    /// `out = ab`
    Write,
    /// `out += ab`
    Add,
    /// `out = max(out + ab, 0)`; NaN stays NaN
    AddRelu,
    /// `out = ab + bias`, the bias `(n)` for every row
    Bias(&'a [f32]),
    /// `out = max(ab + bias, 0)`; NaN stays NaN
    BiasRelu(&'a [f32]),
    /// `out += ab + bias`
    BiasAdd(&'a [f32]),
    /// `out = ab + bias + beside`, which is `(m, n)` as the result is: a short cut
    BiasBeside(&'a [f32], &'a [f32]),
}

impl<'a> Finish<'a> {
    fn bias(self) -> Option<&'a [f32]> {
        match self {
            Self::Write | Self::Add | Self::AddRelu => None,
            Self::Bias(bias) | Self::BiasRelu(bias) | Self::BiasAdd(bias) | Self::BiasBeside(bias, _) => Some(bias),
        }
    }

    fn beside(self) -> Option<&'a [f32]> {
        match self {
            Self::BiasBeside(_, beside) => Some(beside),
            _ => None,
        }
    }
}

/// The product of `a` and a packed matrix.
///
/// The sum over k goes in order, whatever `m` is: a row's result does not depend on the rows beside it.
///
/// # Shapes
/// `a` `(m, k)`, `b` `(k, n)`, `out` `(m, n)`.
///
/// # Panics
/// If a length does not fit.
///
/// # Complexity
/// O(m · k · n) time, no allocation.
pub fn matmul(m: usize, a: &[f32], b: &Packed, finish: Finish<'_>, out: &mut [f32]) {
    check("matmul", m, a, b, finish, out);
    dispatch(Product { m, a, b, finish, out });
}

/// The product of the transpose of `a` and a packed matrix: the gradient `(out, in)` of a weight is that of the
/// outputs' gradient and the inputs.
///
/// # Shapes
/// `a` `(k, m)`, `b` `(k, n)`, `out` `(m, n)`.
///
/// # Panics
/// If a length does not fit.
///
/// # Complexity
/// O(m · k · n) time, no allocation.
pub fn matmul_transposed(m: usize, a: &[f32], b: &Packed, finish: Finish<'_>, out: &mut [f32]) {
    check("matmul_transposed", m, a, b, finish, out);
    dispatch(TransposedProduct { m, a, b, finish, out });
}

fn check(name: &str, m: usize, a: &[f32], b: &Packed, finish: Finish<'_>, out: &[f32]) {
    let (k, n) = (b.k(), b.n());
    assert_eq!(a.len(), m * k, "{name}: the left-hand side of {m} rows and a sum over {k}");
    assert_eq!(out.len(), m * n, "{name}: the result of ({m}, {n})");
    if let Some(bias) = finish.bias() {
        assert_eq!(bias.len(), n, "{name}: the bias of {n} columns");
    }
    if let Some(beside) = finish.beside() {
        assert_eq!(beside.len(), m * n, "{name}: what is beside the result of ({m}, {n})");
    }
}

/// The width of the panels: as many vectors as leave registers for the rows of a tile.
#[inline(always)]
pub(crate) fn panel_width<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 4 * S::F32_LANES } else { 2 * S::F32_LANES }
}

/// How much of the sum a pass takes: a tile's rows stay in the first-level cache, a block of panels in the second.
const DEPTH: usize = 256;
/// The number of columns of a block of panels, a multiple of every panel width.
const COLUMNS: usize = 512;
/// The number of rows of a tile.
const ROWS: usize = 6;

/// How many rows are gathered at once: those of a tile and, because that is a vector, two more.
const GATHERED: usize = 8;
/// As many numbers has the widest tile.
const TILE: usize = ROWS * 64;

struct Product<'a> {
    m: usize,
    a: &'a [f32],
    b: &'a Packed,
    finish: Finish<'a>,
    out: &'a mut [f32],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { m, a, b, finish, out } = self;
        let k = b.k();
        for pass in passes(b, finish) {
            let (k0, kc) = (pass.k0, pass.kc);
            for columns in (0..b.n()).step_by(COLUMNS) {
                for row in (0..m).step_by(ROWS) {
                    let (a, rows) = (&a[row * k..], ROWS.min(m - row));
                    let place = Place { row, rows, columns };
                    match rows {
                        1 => pass.row_tile(simd, strips::<1>(a, k, k0, kc), place, out),
                        2 => pass.row_tile(simd, strips::<2>(a, k, k0, kc), place, out),
                        3 => pass.row_tile(simd, strips::<3>(a, k, k0, kc), place, out),
                        4 => pass.row_tile(simd, strips::<4>(a, k, k0, kc), place, out),
                        5 => pass.row_tile(simd, strips::<5>(a, k, k0, kc), place, out),
                        _ => pass.row_tile(simd, strips::<ROWS>(a, k, k0, kc), place, out),
                    }
                }
            }
        }
    }
}

/// Columns `k0..k0 + kc` of the first rows.
#[inline(always)]
fn strips<const R: usize>(a: &[f32], k: usize, k0: usize, kc: usize) -> [&[f32]; R] {
    let mut strips: [&[f32]; R] = [&[]; R];
    for (i, strip) in strips.iter_mut().enumerate() {
        *strip = &a[i * k + k0..][..kc];
    }
    strips
}

struct TransposedProduct<'a> {
    m: usize,
    a: &'a [f32],
    b: &'a Packed,
    finish: Finish<'a>,
    out: &'a mut [f32],
}

impl WithSimd for TransposedProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { m, a, b, finish, out } = self;
        let mut buffer = Gathered([[0.0; GATHERED]; DEPTH]);
        for pass in passes(b, finish) {
            let left = &mut buffer.0[..pass.kc];
            for columns in (0..b.n()).step_by(COLUMNS) {
                for row in (0..m).step_by(ROWS) {
                    if pass.kc > 0 {
                        gather(&a[pass.k0 * m + row..], m, left);
                    }
                    let (left, rows) = (&*left, ROWS.min(m - row));
                    let place = Place { row, rows, columns };
                    match rows {
                        1 | 2 => pass.row_tile::<_, _, 2>(simd, left, place, out),
                        3 | 4 => pass.row_tile::<_, _, 4>(simd, left, place, out),
                        _ => pass.row_tile::<_, _, ROWS>(simd, left, place, out),
                    }
                }
            }
        }
    }
}

/// The gathered rows of a tile.
#[repr(align(64))]
struct Gathered([[f32; GATHERED]; DEPTH]);

/// The first elements of rows of `m`, side by side: read in place, they would be `m` apart for every tile anew. As many
/// as a vector has are copied at once; nobody looks at those that a tile has no row for.
#[inline(always)]
fn gather(a: &[f32], m: usize, buffer: &mut [[f32; GATHERED]]) {
    // Only at the very end of the matrix are there fewer.
    let whole = a.len().checked_sub(GATHERED).map_or(0, |last| last / m + 1).min(buffer.len());
    let (head, tail) = buffer.split_at_mut(whole);
    for (p, to) in head.iter_mut().enumerate() {
        to.copy_from_slice(&a[p * m..][..GATHERED]);
    }
    for (p, to) in tail.iter_mut().enumerate() {
        let from = &a[(whole + p) * m..];
        to[..from.len()].copy_from_slice(from);
    }
}

/// A part of the sum.
#[derive(Clone, Copy)]
struct Pass<'a> {
    b: &'a Packed,
    finish: Finish<'a>,
    k0: usize,
    kc: usize,
}

/// The sum in parts; even an empty one is a part, because it may have a bias.
fn passes<'a>(b: &'a Packed, finish: Finish<'a>) -> impl Iterator<Item = Pass<'a>> {
    let k = b.k();
    (0..k.max(1)).step_by(DEPTH).map(move |k0| Pass { b, finish, k0, kc: DEPTH.min(k - k0) })
}

/// A few rows of the result, in a block of columns.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    rows: usize,
    columns: usize,
}

impl Pass<'_> {
    /// Adds this part of the sum to a few rows of the result, of which the last of `R` may be missing.
    #[inline(always)]
    fn row_tile<S: Simd, L: Left<R>, const R: usize>(self, simd: S, left: L, place: Place, out: &mut [f32]) {
        let Self { b, finish, k0, kc } = self;
        let Place { row, rows, columns } = place;
        let (n, width) = (b.n(), b.width());
        // What the accumulators start with, so that the result is the same however the sum is cut into passes.
        let bias = finish.bias().filter(|_| k0 == 0);
        let add = k0 > 0 || matches!(finish, Finish::Add | Finish::AddRelu | Finish::BiasAdd(_));
        let beside = finish.beside().filter(|_| k0 == 0).map(|beside| &beside[row * n..]);
        let relu = matches!(finish, Finish::AddRelu | Finish::BiasRelu(_)) && k0 + kc == b.k();
        let out = &mut out[row * n..];
        for column in (columns..n.min(columns + COLUMNS)).step_by(width) {
            let w = width.min(n - column);
            let vectors = w.div_ceil(S::F32_LANES);
            let stored = vectors * S::F32_LANES;
            let panel = b.panel(column, stored, k0, kc);
            let bias = bias.map(|bias| &bias[column..][..w]);
            let beside = beside.map(|beside| &beside[column..]);
            let to = Target { out: &mut out[column..], n, bias, beside, add, relu };
            if rows == R && w == stored {
                tile(simd, vectors, left, panel, to);
            } else {
                edge(simd, vectors, left, panel, to, rows, w);
            }
        }
    }
}

/// A tile that sticks out of the result, by way of one that does not.
#[inline(always)]
fn edge<S: Simd, L: Left<R>, const R: usize>(
    simd: S,
    vectors: usize,
    left: L,
    panel: &[f32],
    target: Target<'_>,
    rows: usize,
    w: usize,
) {
    let (mut whole, mut bias) = ([0.0; TILE], [0.0; TILE / ROWS]);
    let stored = vectors * S::F32_LANES;
    let before = target.beside.or(target.add.then_some(&*target.out));
    if let Some(before) = before {
        for (to, from) in whole.chunks_exact_mut(stored).zip(before.chunks(target.n)).take(rows) {
            to[..w].copy_from_slice(&from[..w]);
        }
    }
    let add = before.is_some();
    if let Some(from) = target.bias {
        bias[..w].copy_from_slice(from);
    }
    let bias = target.bias.is_some().then_some(&bias[..stored]);
    let inner = Target { out: &mut whole, n: stored, bias, beside: None, add, relu: target.relu };
    tile(simd, vectors, left, panel, inner);
    for (from, to) in whole.chunks_exact(stored).zip(target.out.chunks_mut(target.n)).take(rows) {
        to[..w].copy_from_slice(&from[..w]);
    }
}

/// Runs the tile of so many vectors. Each is a function of its own, because the compiler's care for registers does not
/// reach far.
#[inline(always)]
fn tile<S: Simd, L: Left<R>, const R: usize>(simd: S, vectors: usize, left: L, panel: &[f32], target: Target<'_>) {
    if vectors == 1 {
        simd.vectorize(Tile::<_, R, 1> { left, panel, target });
    } else if vectors == 2 {
        simd.vectorize(Tile::<_, R, 2> { left, panel, target });
    } else if const { S::REGISTER_COUNT >= 32 } {
        if vectors == 3 {
            simd.vectorize(Tile::<_, R, 3> { left, panel, target });
        } else {
            simd.vectorize(Tile::<_, R, 4> { left, panel, target });
        }
    }
}
