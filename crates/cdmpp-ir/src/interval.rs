//! Intervals and residues: the values that an integer expression can take.
//!
//! The rules are those of the bound analysis that TVM applies to indices (`ConstIntBound` and `ModularSet`), case by
//! case, because the features of a leaf hold the numbers that come out of it.

use crate::same::same;
use crate::{BinaryOp, DataType, Expr, ExprId, Program};

/// Stands for minus infinity: the negative of [`POS_INF`].
pub(crate) const NEG_INF: i64 = -i64::MAX;
/// Stands for infinity.
pub(crate) const POS_INF: i64 = i64::MAX;

/// The values from `min` to `max`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) min: i64,
    pub(crate) max: i64,
}

/// The values `coeff · n + base` for integers `n`; `coeff` 0 means the one value `base`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Residue {
    pub(crate) coeff: i64,
    pub(crate) base: i64,
}

/// What is known about variables (by their index) and about other expressions of the same arena.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) intervals: Vec<Interval>,
    pub(crate) residues: Vec<Residue>,
    /// Expressions whose interval a condition around narrows.
    pub(crate) narrowed: Vec<(ExprId, Interval)>,
}

impl Facts {
    /// Knows only the types of the program's variables.
    pub(crate) fn new(program: &Program) -> Self {
        Self {
            intervals: program.vars.iter().map(|var| Interval::of_type(var.dtype)).collect(),
            residues: vec![Residue::ANY; program.vars.len()],
            narrowed: Vec::new(),
        }
    }

    /// The interval of an expression. Anything but an integer or a truth value has an unbounded one.
    pub(crate) fn interval(&self, program: &Program, expr: ExprId) -> Interval {
        self.narrow(program, expr, self.unnarrowed(program, expr))
    }

    fn unnarrowed(&self, program: &Program, expr: ExprId) -> Interval {
        match program[expr] {
            Expr::Int { value, .. } => Interval::new(value, value),
            Expr::Var(var) => self.intervals[var.index()],
            Expr::Binary { op: op @ (BinaryOp::FloorMod | BinaryOp::Mod), lhs, rhs } => {
                remainder(op, self.both(program, lhs), self.interval(program, rhs), program.dtype(expr))
            }
            Expr::Binary { op, lhs, rhs } if !op.is_comparison() && !op.is_logical() => {
                binary(op, self.interval(program, lhs), self.interval(program, rhs), program.dtype(expr))
            }
            Expr::Select { then, otherwise, .. } => {
                self.interval(program, then).union(self.interval(program, otherwise))
            }
            Expr::Cast { dtype, value } => self.interval(program, value).intersect(Interval::of_type(dtype)),
            Expr::Call { callee, dtype, args, .. } => match (&program[callee], program.list(args)) {
                ("shift_right", &[a, b]) => corners(self.interval(program, a), self.interval(program, b), shift_right),
                ("shift_left", &[a, b]) => {
                    let (a, b) = (self.interval(program, a), self.interval(program, b));
                    if a.min < 0 || b.min < 0 { Interval::of_type(dtype) } else { corners(a, b, shift_left) }
                }
                ("bitwise_and", &[a, b]) => {
                    let (a, b) = (self.interval(program, a), self.interval(program, b));
                    match (a.min >= 0, b.min >= 0) {
                        (true, true) => Interval::new(0, a.max.min(b.max)),
                        (_, true) => Interval::new(0, b.max),
                        (true, _) => Interval::new(0, a.max),
                        _ => Interval::of_type(dtype),
                    }
                }
                _ => Interval::of_type(dtype),
            },
            _ => Interval::of_type(program.dtype(expr)),
        }
    }

    /// The residue of an expression.
    pub(crate) fn residue(&self, program: &Program, expr: ExprId) -> Residue {
        self.both(program, expr).1
    }

    /// The interval and the residue of an expression: each may need the other one of an operand, so that two separate
    /// walks could take time exponential in the depth.
    fn both(&self, program: &Program, expr: ExprId) -> (Interval, Residue) {
        let (found, residue) = match program[expr] {
            Expr::Int { value, .. } => (Interval::new(value, value), Residue::new(0, value)),
            Expr::Var(var) => (self.intervals[var.index()], self.residues[var.index()]),
            Expr::Cast { dtype, value } => {
                let (interval, residue) = self.both(program, value);
                (interval.intersect(Interval::of_type(dtype)), residue)
            }
            Expr::Select { then, otherwise, .. } => {
                let (a, b) = (self.both(program, then), self.both(program, otherwise));
                (a.0.union(b.0), a.1.union(b.1))
            }
            Expr::Binary { op, lhs, rhs } if !op.is_comparison() && !op.is_logical() => {
                let (a, b) = (self.both(program, lhs), self.both(program, rhs));
                let dtype = program.dtype(expr);
                let interval = match op {
                    BinaryOp::FloorMod | BinaryOp::Mod => remainder(op, a, b.0, dtype),
                    _ => binary(op, a.0, b.0, dtype),
                };
                (interval, residue_of(op, a, b.1))
            }
            _ => return (self.interval(program, expr), Residue::ANY),
        };
        (self.narrow(program, expr, found), residue)
    }

    #[inline]
    fn narrow(&self, program: &Program, expr: ExprId, found: Interval) -> Interval {
        if self.narrowed.is_empty() {
            return found;
        }
        let known = self.narrowed.iter().filter(|(known, _)| same(program, *known, expr));
        known.fold(found, |interval, (_, bound)| interval.intersect(*bound))
    }
}

/// The interval of an operation other than a remainder.
fn binary(op: BinaryOp, a: Interval, b: Interval, dtype: DataType) -> Interval {
    match op {
        BinaryOp::Add => Interval::new(add(a.min, b.min), add(a.max, b.max)),
        BinaryOp::Sub => Interval::new(add(a.min, -b.max), add(a.max, -b.min)),
        BinaryOp::Mul => corners(a, b, mul),
        BinaryOp::Min => Interval::new(a.min.min(b.min), a.max.min(b.max)),
        BinaryOp::Max => Interval::new(a.min.max(b.min), a.max.max(b.max)),
        BinaryOp::Div => quotient(a, b, dtype, i64::wrapping_div),
        BinaryOp::FloorDiv => quotient(a, b, dtype, floor_div),
        _ => Interval::of_type(dtype),
    }
}

fn remainder(op: BinaryOp, (a, residue): (Interval, Residue), b: Interval, dtype: DataType) -> Interval {
    let b = not_zero(b);
    let dtype = Interval::of_type(dtype);
    if b.min <= 0 {
        let wrapped = Interval::new(add(b.min, 1).min(0), add(b.max, -1).max(0));
        return if op == BinaryOp::FloorMod { wrapped.intersect(dtype) } else { dtype };
    }
    let cap = add(b.max, -1);
    let plain = match op {
        _ if a.min >= 0 && a.max < b.min => a,
        _ if a.min >= 0 => Interval::new(0, a.max.min(cap)),
        BinaryOp::FloorMod => Interval::new(0, cap),
        _ if a.max < 0 && a.min > -b.min => a,
        _ if a.max < 0 => Interval::new(a.min.max(-cap), 0),
        _ => Interval::new(a.min.max(-cap), a.max.max(0).min(cap)),
    };
    if b.min != b.max {
        return plain;
    }
    let step = gcd(residue.coeff, b.min);
    if step <= 1 {
        return plain;
    }
    let base = residue.base.rem_euclid(step);
    let (top, mirrored) = (b.min - step + base, (step - base) % step);
    let stepped = match op {
        BinaryOp::Mod if a.max < 0 => Interval::new(-(b.min - step + mirrored), -mirrored),
        BinaryOp::Mod if a.min < 0 => Interval::new(-(b.min - step + mirrored), top),
        _ => Interval::new(base, top),
    };
    plain.intersect(stepped)
}

/// The residue of an operation on a left operand with its interval.
fn residue_of(op: BinaryOp, (range, a): (Interval, Residue), b: Residue) -> Residue {
    let rounds_down = || matches!(op, BinaryOp::FloorDiv | BinaryOp::FloorMod) || range.min >= 0;
    match op {
        BinaryOp::Add => Residue::new(gcd(a.coeff, b.coeff), a.base.wrapping_add(b.base)),
        BinaryOp::Sub => Residue::new(gcd(a.coeff, b.coeff), a.base.wrapping_sub(b.base)),
        BinaryOp::Mul => {
            let both = a.coeff.wrapping_mul(b.coeff);
            let mixed = gcd(a.coeff.wrapping_mul(b.base), a.base.wrapping_mul(b.coeff));
            Residue::new(gcd(both, mixed), a.base.wrapping_mul(b.base))
        }
        BinaryOp::Min | BinaryOp::Max => a.union(b),
        BinaryOp::Div | BinaryOp::FloorDiv if b.coeff == 0 && b.base != 0 => match a.coeff.wrapping_rem(b.base) {
            0 if a.base == 0 => Residue::new(a.coeff.wrapping_div(b.base).wrapping_abs(), 0),
            0 if a.base > 0 && b.base > 0 && rounds_down() => Residue::new(a.coeff / b.base, a.base / b.base),
            _ => Residue::ANY,
        },
        BinaryOp::Mod | BinaryOp::FloorMod if b.coeff == 0 && b.base != 0 => {
            let step = gcd(a.coeff, b.base);
            if a.base.wrapping_rem(step) == 0 || a.base > 0 && rounds_down() {
                Residue::new(step, a.base.wrapping_rem(step))
            } else {
                Residue::ANY
            }
        }
        _ => Residue::ANY,
    }
}

impl Interval {
    pub(crate) const fn new(min: i64, max: i64) -> Self {
        Self { min, max }
    }

    /// Every value of a type; 64-bit types and those that are not integers are unbounded.
    pub(crate) const fn of_type(dtype: DataType) -> Self {
        match dtype {
            DataType::Bool => Self::new(0, 1),
            DataType::I8 => Self::new(i8::MIN as i64, i8::MAX as i64),
            DataType::I16 => Self::new(i16::MIN as i64, i16::MAX as i64),
            DataType::I32 => Self::new(i32::MIN as i64, i32::MAX as i64),
            DataType::U8 => Self::new(0, u8::MAX as i64),
            DataType::U16 => Self::new(0, u16::MAX as i64),
            DataType::U32 => Self::new(0, u32::MAX as i64),
            DataType::U64 => Self::new(0, POS_INF),
            _ => Self::new(NEG_INF, POS_INF),
        }
    }

    pub(crate) fn intersect(self, other: Self) -> Self {
        Self::new(self.min.max(other.min), self.max.min(other.max))
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self::new(self.min.min(other.min), self.max.max(other.max))
    }

    /// The interval of a loop variable that starts in `self` and runs for a number of iterations in `extent`.
    pub(crate) fn run(self, extent: Self) -> Self {
        Self::new(self.min, add(self.max, add(extent.max, -1)))
    }
}

impl Residue {
    /// Any integer.
    pub(crate) const ANY: Self = Self { coeff: 1, base: 0 };

    pub(crate) fn new(coeff: i64, base: i64) -> Self {
        let (coeff, base) = if coeff < 0 { (coeff.wrapping_neg(), base.wrapping_neg()) } else { (coeff, base) };
        Self { coeff, base: if coeff > 0 { base.rem_euclid(coeff) } else { base } }
    }

    fn union(self, other: Self) -> Self {
        let coeff = gcd(self.coeff, other.coeff);
        if coeff == 0 {
            return if self.base == other.base { self } else { Self::ANY };
        }
        let (a, b) = (self.base % coeff, other.base % coeff);
        if a == b { Self::new(coeff, a) } else { Self::new(gcd(gcd(a, b), coeff), a) }
    }
}

/// The greatest common divisor; 0 counts as a multiple of everything.
pub(crate) fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.wrapping_abs(), b.wrapping_abs());
    while b != 0 {
        (a, b) = (b, a.wrapping_rem(b));
    }
    a
}

/// The quotient rounded towards minus infinity; the divisor is not 0.
pub(crate) fn floor_div(a: i64, b: i64) -> i64 {
    let quotient = a.wrapping_div(b);
    if a.wrapping_rem(b) != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient }
}

/// The remainder with the sign of the divisor, which is not 0.
pub(crate) fn floor_mod(a: i64, b: i64) -> i64 {
    let remainder = a.wrapping_rem(b);
    if remainder != 0 && (remainder < 0) != (b < 0) { remainder + b } else { remainder }
}

fn add(a: i64, b: i64) -> i64 {
    match (a, b) {
        (POS_INF | NEG_INF, _) => a,
        (_, POS_INF | NEG_INF) => b,
        _ => a.saturating_add(b).max(NEG_INF),
    }
}

fn mul(a: i64, b: i64) -> i64 {
    a.saturating_mul(b).max(NEG_INF)
}

fn shift_right(a: i64, b: i64) -> i64 {
    if a == POS_INF || a == NEG_INF { a } else { a >> b.clamp(0, 63) }
}

fn shift_left(a: i64, b: i64) -> i64 {
    let bits = i64::from(64 - a.unsigned_abs().leading_zeros());
    match a {
        POS_INF | NEG_INF => a,
        _ if (0..64).contains(&b) && bits + b < 64 => a << b,
        _ => POS_INF,
    }
}

/// The interval of an operation that is monotonic in each operand.
fn corners(a: Interval, b: Interval, op: impl Fn(i64, i64) -> i64) -> Interval {
    if b.min == b.max {
        // A literal: two of the corners are the others.
        let (x, y) = (op(a.min, b.min), op(a.max, b.min));
        return Interval::new(x.min(y), x.max(y));
    }
    let corners = [op(a.min, b.min), op(a.max, b.max), op(a.min, b.max), op(a.max, b.min)];
    corners[1..].iter().fold(Interval::new(corners[0], corners[0]), |all, &v| all.union(Interval::new(v, v)))
}

/// A divisor is never 0 in a valid program.
fn not_zero(b: Interval) -> Interval {
    if b.min == 0 { Interval::new(1, b.max.max(1)) } else { b }
}

fn quotient(a: Interval, b: Interval, dtype: DataType, op: impl Fn(i64, i64) -> i64 + Copy) -> Interval {
    let b = not_zero(b);
    let op = move |x: i64, y: i64| match x {
        _ if y == 0 => x,
        POS_INF | NEG_INF if y > 0 => x,
        POS_INF | NEG_INF => -x,
        _ => op(x, y),
    };
    if b.min <= 0 && b.max >= 0 && b != Interval::new(0, 0) {
        let everything = Interval::of_type(dtype);
        let below = if b.min < 0 { Interval::new(b.min, -1) } else { everything };
        let above = if b.max > 0 { Interval::new(1, b.max) } else { everything };
        return corners(a, below, op).union(corners(a, above, op));
    }
    corners(a, b, op)
}
