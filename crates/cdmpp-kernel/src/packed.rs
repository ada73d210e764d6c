//! The right-hand side of a product, in the order the product reads it.

use pulp::{Simd, WithSimd};

use crate::aligned::Aligned;
use crate::arch::dispatch;

/// A right-hand side `(k, n)` in the order a product reads it; packing again reuses the allocation.
///
/// Columns lie in panels as wide as the product's tile, each panel row by row; the last panel is filled up with zeros to
/// whole vectors. How wide that is depends on the machine, so a packed matrix is not for files.
///
/// # Examples
/// ```
/// use cdmpp_kernel::{Finish, Packed, matmul};
///
/// // A fully connected layer of two inputs and three outputs: its weight is (out, in).
/// let (weight, bias) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0.0, 0.5, -20.0]);
/// let mut packed = Packed::default();
/// packed.pack_transposed(&weight, 2, 3);
/// let mut out = [0.0; 3];
/// matmul(1, &[1.0, 1.0], &packed, Finish::BiasRelu(&bias), &mut out);
/// assert_eq!(out, [3.0, 7.5, 0.0]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Packed {
    k: usize,
    n: usize,
    /// The number of columns of a panel.
    width: usize,
    data: Aligned,
}

impl Packed {
    /// Packs a row-major `(k, n)` matrix.
    ///
    /// # Panics
    /// If `b` has not `k · n` elements.
    pub fn pack(&mut self, b: &[f32], k: usize, n: usize) {
        assert_eq!(b.len(), k * n, "a matrix of ({k}, {n}) to pack");
        dispatch(Pack { packed: self, b, k, n, transposed: false });
    }

    /// Packs the transpose of a row-major `(n, k)` matrix, such as the weight `(out, in)` of a fully connected layer.
    ///
    /// # Panics
    /// If `b` has not `n · k` elements.
    pub fn pack_transposed(&mut self, b: &[f32], k: usize, n: usize) {
        assert_eq!(b.len(), k * n, "the transpose of ({n}, {k}) to pack");
        dispatch(Pack { packed: self, b, k, n, transposed: true });
    }

    /// The number of rows, which a product sums over.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The number of columns.
    pub fn n(&self) -> usize {
        self.n
    }

    /// The number of columns of every panel but the last.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Rows `k0..k0 + kc` of the panel that starts at a column, `stored` columns wide.
    #[inline(always)]
    pub(crate) fn panel(&self, column: usize, stored: usize, k0: usize, kc: usize) -> &[f32] {
        &self.data.get()[column * self.k + k0 * stored..][..kc * stored]
    }

    /// Makes room; what is in it is written after.
    fn reshape(&mut self, k: usize, n: usize, width: usize, lanes: usize) -> &mut [f32] {
        (self.k, self.n, self.width) = (k, n, width);
        self.data.resize(k * n.next_multiple_of(lanes));
        self.data.get_mut()
    }
}

struct Pack<'a> {
    packed: &'a mut Packed,
    b: &'a [f32],
    k: usize,
    n: usize,
    transposed: bool,
}

impl WithSimd for Pack<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { packed, b, k, n, transposed } = self;
        let width = crate::product::panel_width::<S>();
        let data = packed.reshape(k, n, width, S::F32_LANES);
        if transposed { pack_transposed::<S>(data, b, k, n, width) } else { pack(simd, data, b, k, n, width) }
    }
}

#[inline(always)]
fn pack<S: Simd>(simd: S, data: &mut [f32], b: &[f32], k: usize, n: usize, width: usize) {
    for column in (0..n).step_by(width) {
        let w = width.min(n - column);
        let stored = w.next_multiple_of(S::F32_LANES);
        let panel = &mut data[column * k..][..stored * k];
        for (p, row) in panel.chunks_exact_mut(stored).enumerate() {
            let from = &b[p * n + column..][..w];
            let (vectors, tail) = S::as_simd_f32s(from);
            let (to, rest) = S::as_mut_simd_f32s(row);
            debug_assert!(rest.is_empty());
            for (to, from) in to.iter_mut().zip(vectors) {
                *to = *from;
            }
            if !tail.is_empty() {
                to[vectors.len()] = simd.partial_load_f32s(tail);
            }
        }
    }
}

/// Rows of a panel that are written together, so that they stay in the first-level cache while its columns pass by.
const BLOCK: usize = 32;

#[inline(always)]
fn pack_transposed<S: Simd>(data: &mut [f32], b: &[f32], k: usize, n: usize, width: usize) {
    for column in (0..n).step_by(width) {
        let w = width.min(n - column);
        let stored = w.next_multiple_of(S::F32_LANES);
        let panel = &mut data[column * k..][..stored * k];
        for (block, rows) in panel.chunks_mut(BLOCK * stored).enumerate() {
            let first = block * BLOCK;
            let length = rows.len() / stored;
            for c in 0..w {
                let from = &b[(column + c) * k + first..][..length];
                for (row, x) in rows.chunks_exact_mut(stored).zip(from) {
                    row[c] = *x;
                }
            }
            for row in rows.chunks_exact_mut(stored) {
                row[w..].fill(0.0);
            }
        }
    }
}
