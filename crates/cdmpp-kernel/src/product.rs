//! Matrix products.

mod tile;

use pulp::{Simd, WithSimd};

use crate::Packed;
use crate::arch::dispatch;
use tile::{Left, Place, Tile};

/// What happens to a product on its way out.
#[derive(Clone, Copy, Debug)]
pub enum Finish<'a> {
    /// `out = ab`
    Write,
    /// `out += ab`
    Add,
    /// `out = ab + bias`, the bias `(n)` for every row
    Bias(&'a [f32]),
    /// `out = max(ab + bias, 0)`; NaN stays NaN
    BiasRelu(&'a [f32]),
    /// `out += ab + bias`
    BiasAdd(&'a [f32]),
}

impl<'a> Finish<'a> {
    fn bias(self) -> Option<&'a [f32]> {
        match self {
            Self::Write | Self::Add => None,
            Self::Bias(bias) | Self::BiasRelu(bias) | Self::BiasAdd(bias) => Some(bias),
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
        let mut k0 = 0;
        // Even an empty sum has a bias.
        loop {
            let kc = DEPTH.min(k - k0);
            let pass = Pass { b, finish, k0, kc };
            for columns in (0..b.n()).step_by(COLUMNS) {
                for row in (0..m).step_by(ROWS) {
                    let a = &a[row * k..];
                    let place = (row, columns);
                    match m - row {
                        1 => pass.row_tile(simd, strips::<1>(a, k, k0, kc), place, out),
                        2 => pass.row_tile(simd, strips::<2>(a, k, k0, kc), place, out),
                        3 => pass.row_tile(simd, strips::<3>(a, k, k0, kc), place, out),
                        4 => pass.row_tile(simd, strips::<4>(a, k, k0, kc), place, out),
                        5 => pass.row_tile(simd, strips::<5>(a, k, k0, kc), place, out),
                        _ => pass.row_tile(simd, strips::<ROWS>(a, k, k0, kc), place, out),
                    }
                }
            }
            k0 += kc;
            if k0 >= k {
                break;
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
        let k = b.k();
        let mut buffer = [0.0; ROWS * DEPTH];
        let mut k0 = 0;
        loop {
            let kc = DEPTH.min(k - k0);
            let pass = Pass { b, finish, k0, kc };
            for columns in (0..b.n()).step_by(COLUMNS) {
                for row in (0..m).step_by(ROWS) {
                    let a = a.get(k0 * m + row..).unwrap_or(&[]);
                    let place = (row, columns);
                    match m - row {
                        1 => pass.row_tile(simd, gather::<1>(a, m, kc, &mut buffer), place, out),
                        2 => pass.row_tile(simd, gather::<2>(a, m, kc, &mut buffer), place, out),
                        3 => pass.row_tile(simd, gather::<3>(a, m, kc, &mut buffer), place, out),
                        4 => pass.row_tile(simd, gather::<4>(a, m, kc, &mut buffer), place, out),
                        5 => pass.row_tile(simd, gather::<5>(a, m, kc, &mut buffer), place, out),
                        _ => pass.row_tile(simd, gather::<ROWS>(a, m, kc, &mut buffer), place, out),
                    }
                }
            }
            k0 += kc;
            if k0 >= k {
                break;
            }
        }
    }
}

/// The first elements of `kc` rows of `m`, side by side: read in place, they would be `m` apart for every tile anew.
#[inline(always)]
fn gather<'a, const R: usize>(a: &[f32], m: usize, kc: usize, buffer: &'a mut [f32]) -> &'a [[f32; R]] {
    let (chunks, _) = buffer.as_chunks_mut::<R>();
    let chunks = &mut chunks[..kc];
    for (p, chunk) in chunks.iter_mut().enumerate() {
        chunk.copy_from_slice(&a[p * m..][..R]);
    }
    chunks
}

/// A part of the sum.
#[derive(Clone, Copy)]
struct Pass<'a> {
    b: &'a Packed,
    finish: Finish<'a>,
    k0: usize,
    kc: usize,
}

impl Pass<'_> {
    /// Adds this part of the sum to a few rows of the result, in a block of columns.
    #[inline(always)]
    fn row_tile<S: Simd, L: Left<R>, const R: usize>(
        self,
        simd: S,
        left: L,
        (row, columns): (usize, usize),
        out: &mut [f32],
    ) {
        let Self { b, finish, k0, kc } = self;
        let (n, width) = (b.n(), b.width());
        let out = &mut out[row * n..];
        for column in (columns..n.min(columns + COLUMNS)).step_by(width) {
            let w = width.min(n - column);
            let vectors = w.div_ceil(S::F32_LANES);
            let panel = b.panel(column, vectors * S::F32_LANES, k0, kc);
            // What the accumulators start with, so that the result is the same however the sum is cut into passes.
            let (bias, add) = if k0 > 0 {
                (None, true)
            } else {
                (finish.bias().map(|bias| &bias[column..][..w]), matches!(finish, Finish::Add | Finish::BiasAdd(_)))
            };
            let relu = matches!(finish, Finish::BiasRelu(_)) && k0 + kc == b.k();
            let place = Place { n, column, w, bias, add, relu };
            match vectors {
                1 => simd.vectorize(Tile::<_, R, 1> { left, panel, place, out }),
                2 => simd.vectorize(Tile::<_, R, 2> { left, panel, place, out }),
                3 => simd.vectorize(Tile::<_, R, 3> { left, panel, place, out }),
                _ => simd.vectorize(Tile::<_, R, 4> { left, panel, place, out }),
            }
        }
    }
}
