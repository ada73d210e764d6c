//! Bounded straight lines.

use pulp::{Simd, WithSimd};

use crate::arch::dispatch;
use crate::vector::{at, select, set};

/// `(x − origin) · slope + shift`, but not below `low` nor above `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Where the line has the value `shift`.
    pub origin: f32,
    /// How steep it is.
    pub slope: f32,
    /// Its value at `origin`.
    pub shift: f32,
    /// The lower bound.
    pub low: f32,
    /// The upper bound; it counts where the bounds are the wrong way round.
    pub high: f32,
}

/// Lines over the columns of rows: how a few numbers become many inputs.
///
/// # Examples
/// ```
/// use cdmpp_kernel::{Line, Lines};
///
/// // The second column as it is, and how full it makes two bins, from 2 to 4 and from 4 to 8.
/// let mut lines = Lines::default();
/// let unbounded = Line { origin: 0.0, slope: 1.0, shift: 0.0, low: f32::NEG_INFINITY, high: f32::INFINITY };
/// lines.push(1, unbounded);
/// lines.push(1, Line { origin: 2.0, slope: 0.5, low: 0.0, high: 1.0, ..unbounded });
/// lines.push(1, Line { origin: 4.0, slope: 0.25, low: 0.0, high: 1.0, ..unbounded });
/// let mut out = [0.0; 6];
/// lines.write(&[9.0, 3.0, 9.0, 5.0], 2, &mut out);
/// assert_eq!(out, [3.0, 0.5, 0.0, 5.0, 1.0, 0.25]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Lines {
    columns: Vec<u32>,
    origin: Vec<f32>,
    slope: Vec<f32>,
    shift: Vec<f32>,
    low: Vec<f32>,
    high: Vec<f32>,
}

impl Lines {
    /// Appends a line over a column.
    pub fn push(&mut self, column: u32, line: Line) {
        self.columns.push(column);
        self.origin.push(line.origin);
        self.slope.push(line.slope);
        self.shift.push(line.shift);
        self.low.push(line.low);
        self.high.push(line.high);
    }

    /// The number of lines.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Writes the value of every line for every row; NaN stays NaN.
    ///
    /// # Shapes
    /// `xs` `(rows, width)`, `out` `(rows, n)` with the number of lines n.
    ///
    /// # Panics
    /// If a length does not fit, or a row has not the column of a line.
    pub fn write(&self, xs: &[f32], width: usize, out: &mut [f32]) {
        let n = self.len();
        assert!(
            xs.is_empty() || (width > 0 && xs.len().is_multiple_of(width)),
            "lines: {} elements in rows of {width}",
            xs.len()
        );
        assert_eq!(out.len(), xs.len() / width.max(1) * n, "lines: the result");
        if n > 0 {
            dispatch(Write { lines: self, xs, width, out });
        }
    }
}

struct Write<'a> {
    lines: &'a Lines,
    xs: &'a [f32],
    width: usize,
    out: &'a mut [f32],
}

impl WithSimd for Write<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { lines, xs, width, out } = self;
        let Lines { columns, origin, slope, shift, low, high } = lines;
        let n = columns.len();
        let value = |x: S::f32s, [origin, slope, shift, low, high]: [S::f32s; 5]| {
            let y = simd.mul_add_e_f32s(simd.sub_f32s(x, origin), slope, shift);
            // Neither comparison holds for NaN.
            let y = select(simd, simd.less_than_f32s(y, low), low, y);
            select(simd, simd.greater_than_f32s(y, high), high, y)
        };
        let whole = n - n % S::F32_LANES;
        for (row, out) in xs.chunks_exact(width).zip(out.chunks_exact_mut(n)) {
            for (to, column) in out.iter_mut().zip(columns) {
                *to = row[*column as usize];
            }
            for i in (0..whole).step_by(S::F32_LANES) {
                let line = [origin, slope, shift, low, high].map(|part| at::<S>(part, i));
                set::<S>(out, i, value(at::<S>(out, i), line));
            }
            if whole < n {
                let line = [origin, slope, shift, low, high].map(|part| simd.partial_load_f32s(&part[whole..]));
                let last = value(simd.partial_load_f32s(&out[whole..]), line);
                simd.partial_store_f32s(&mut out[whole..], last);
            }
        }
    }
}
