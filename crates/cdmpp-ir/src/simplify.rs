//! Simplification of expressions, under what is known about the variables in them.
//!
//! The result is the one that TVM's simplifier leaves wherever it matters for the features of a leaf: an integer
//! expression is brought into a sum of scaled quotients and remainders ([`sum`]), rules that look at ranges are
//! applied to it ([`division`]), and both are repeated until nothing changes.
//!
//! The arena keeps to limits: its expressions are at most [`MAX_DEPTH`] deep, a sum has at most [`MAX_TERMS`](sum::MAX_TERMS)
//! terms, and it has at most [`MAX_GROWTH`] new expressions. So every walk over it, which may recurse, needs a bounded
//! stack. Beyond a limit simplification [gives up](Simplifier::has_given_up).

mod division;
mod fold;
mod logic;
mod quiet;
mod split;
mod sum;

use crate::interval::{Facts, Interval};
use crate::same::same;
use crate::{DataType, Expr, ExprId, ExprList, MAX_DEPTH, Program};
use split::Split;

/// The arena may grow to this many times the program's expressions and to this many more, but never by more than
/// [`MAX_NEW`]. Only expressions made to be difficult get there.
const MAX_GROWTH: (usize, usize) = (64, 1 << 14);

/// The most expressions that simplification adds, and the most terms of all sums under way.
const MAX_NEW: usize = 1 << 22;

/// How often the two steps are repeated at most.
const MAX_ROUNDS: usize = 6;

/// Simplifies the expressions of a program into an arena of its own.
#[derive(Debug)]
pub(crate) struct Simplifier<'a> {
    source: &'a Program,
    /// The arena of the expressions under way; it has no statement.
    pub(crate) work: Program,
    /// Beside the variables' ranges, the bounds that conditions around put on expressions of the arena.
    pub(crate) facts: Facts,
    /// For every variable, the expression of the arena that stands for it.
    pub(crate) values: Vec<Option<ExprId>>,
    /// Conditions of the arena that hold.
    known: Vec<ExprId>,
    /// The terms of all sums under way.
    splits: Vec<Split>,
    /// Operands of lists under way.
    operands: Vec<ExprId>,
    /// Whether a select without a load is taken for the literal 1, as TVM does before it extracts features.
    selects_are_one: bool,
    /// For every expression of the arena, how deep its operators nest.
    depths: Vec<u16>,
    /// The most expressions that the arena may have.
    most_exprs: usize,
    has_given_up: bool,
}

/// What was known before a condition was entered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entered {
    n_narrowed: usize,
    n_known: usize,
}

impl<'a> Simplifier<'a> {
    pub(crate) fn new(source: &'a Program, selects_are_one: bool) -> Self {
        Self {
            source,
            work: Program::without_statements(source),
            facts: Facts::new(source),
            values: vec![None; source.n_vars()],
            known: Vec::new(),
            splits: Vec::new(),
            operands: Vec::new(),
            selects_are_one,
            depths: Vec::with_capacity(source.n_exprs()),
            most_exprs: source.n_exprs() + (MAX_GROWTH.0 * source.n_exprs() + MAX_GROWTH.1).min(MAX_NEW),
            has_given_up: false,
        }
    }

    /// Whether a condition around is known to hold.
    fn has_conditions(&self) -> bool {
        !self.known.is_empty()
    }

    /// Whether an expression became too deep, too large or invalid, so that the program has to stay as it is. What is
    /// made after that has no meaning.
    pub(crate) fn has_given_up(&self) -> bool {
        self.has_given_up
    }

    pub(crate) fn give_up(&mut self) {
        self.has_given_up = true;
    }

    /// Simplifies an expression of the source into one of the arena.
    pub(crate) fn simplify(&mut self, expr: ExprId) -> ExprId {
        if let Expr::Int { value, dtype } = self.source[expr] {
            return self.literal(value, dtype);
        }
        let brought = self.bring(expr);
        if self.has_given_up {
            return brought;
        }
        self.splits.clear();
        let mut current = self.normal(brought);
        for _ in 0..MAX_ROUNDS {
            if self.has_given_up {
                break;
            }
            let ruled = self.apply_rules(current);
            self.splits.clear();
            let next = self.normal(ruled);
            if same(&self.work, current, next) {
                break;
            }
            current = next;
        }
        current
    }

    /// Whether an expression of the source is the same after simplification, so that it may be copied as it is.
    pub(crate) fn is_quiet(&self, expr: ExprId) -> bool {
        quiet::is_quiet(self, expr, None)
    }

    /// Copies an expression of the source into the arena; variables become what stands for them.
    pub(crate) fn bring(&mut self, expr: ExprId) -> ExprId {
        let source = self.source;
        let dtype = source.dtype(expr);
        match source[expr] {
            Expr::Var(var) => match self.values[var.index()] {
                Some(value) if self.work.dtype(value) == dtype => value,
                Some(value) => self.push(Expr::Cast { dtype, value }, dtype),
                None => self.push(Expr::Var(var), dtype),
            },
            Expr::Select { .. } if self.selects_are_one && !has_load(source, expr) => self.literal(1, dtype),
            Expr::Binary { op, lhs, rhs } => {
                let (lhs, rhs) = (self.bring(lhs), self.bring(rhs));
                self.push(Expr::Binary { op, lhs, rhs }, dtype)
            }
            Expr::Not(value) => {
                let value = self.bring(value);
                self.push(Expr::Not(value), dtype)
            }
            Expr::Cast { value, .. } => {
                let value = self.bring(value);
                self.push(Expr::Cast { dtype, value }, dtype)
            }
            Expr::Select { condition, then, otherwise } => {
                let (condition, then, otherwise) = (self.bring(condition), self.bring(then), self.bring(otherwise));
                self.push(Expr::Select { condition, then, otherwise }, dtype)
            }
            Expr::IfThenElse { condition, then, otherwise } => {
                let (condition, then, otherwise) = (self.bring(condition), self.bring(then), self.bring(otherwise));
                self.push(Expr::IfThenElse { condition, then, otherwise }, dtype)
            }
            Expr::Call { callee, effect, args, .. } => {
                let args = self.bring_list(args);
                self.push(Expr::Call { callee, dtype, effect, args }, dtype)
            }
            Expr::Load { buffer, indices } => {
                let indices = self.bring_list(indices);
                self.push(Expr::Load { buffer, indices }, dtype)
            }
            Expr::Int { .. } | Expr::Float { .. } | Expr::Str(_) => self.push(source[expr], dtype),
        }
    }

    fn bring_list(&mut self, list: ExprList) -> ExprList {
        let start = self.operands.len();
        for &operand in self.source.list(list) {
            let operand = self.bring(operand);
            self.operands.push(operand);
        }
        self.list_from(start)
    }

    /// Makes a list of the operands under way from a position on.
    fn list_from(&mut self, start: usize) -> ExprList {
        let list = ExprList { start: self.work.lists.len() as u32, len: (self.operands.len() - start) as u32 };
        self.work.lists.extend(self.operands.drain(start..));
        list
    }

    pub(crate) fn push(&mut self, expr: Expr, dtype: DataType) -> ExprId {
        let is_invalid = match expr {
            Expr::Int { value, dtype } => !dtype.holds(value),
            Expr::Binary { op, rhs, .. } => op.divides() && self.work.as_int(rhs) == Some(0),
            _ => false,
        };
        let id = self.work.push_expr(expr, dtype);
        let mut depth = 0;
        self.work.for_each_operand(id, |operand| depth = depth.max(self.depths[operand.index()]));
        self.depths.push(depth.saturating_add(1));
        if is_invalid || usize::from(depth) >= MAX_DEPTH || self.work.n_exprs() > self.most_exprs {
            self.give_up();
        }
        id
    }

    pub(crate) fn literal(&mut self, value: i64, dtype: DataType) -> ExprId {
        if dtype.is_float() {
            self.push(Expr::Float { value: value as f64, dtype }, dtype)
        } else {
            self.push(Expr::Int { value, dtype }, dtype)
        }
    }

    /// The interval of an expression of the arena.
    pub(crate) fn interval(&self, expr: ExprId) -> Interval {
        self.facts.interval(&self.work, expr)
    }

    /// Takes note that a condition of the arena holds, until [`leave`](Self::leave).
    pub(crate) fn enter(&mut self, condition: ExprId) -> Entered {
        let before = self.entered();
        self.note(condition);
        before
    }

    fn entered(&self) -> Entered {
        Entered { n_narrowed: self.facts.narrowed.len(), n_known: self.known.len() }
    }

    /// Forgets what was noted since a condition was entered.
    pub(crate) fn leave(&mut self, entered: Entered) {
        self.facts.narrowed.truncate(entered.n_narrowed);
        self.known.truncate(entered.n_known);
    }

    /// Applies a function to each operand of an expression; makes a new expression only if one changed.
    fn map_operands(&mut self, expr: ExprId, apply: fn(&mut Self, ExprId) -> ExprId) -> ExprId {
        let dtype = self.work.dtype(expr);
        match self.work[expr] {
            Expr::Int { .. } | Expr::Float { .. } | Expr::Str(_) | Expr::Var(_) => expr,
            Expr::Binary { op, lhs, rhs } => {
                let (a, b) = (apply(self, lhs), apply(self, rhs));
                if (a, b) == (lhs, rhs) { expr } else { self.push(Expr::Binary { op, lhs: a, rhs: b }, dtype) }
            }
            Expr::Not(value) => {
                let new = apply(self, value);
                if new == value { expr } else { self.push(Expr::Not(new), dtype) }
            }
            Expr::Cast { value, .. } => {
                let new = apply(self, value);
                if new == value { expr } else { self.push(Expr::Cast { dtype, value: new }, dtype) }
            }
            Expr::Select { condition, then, otherwise } => {
                let new = self.map_choice(apply, [condition, then, otherwise]);
                let [c, t, o] = new;
                if new == [condition, then, otherwise] {
                    return expr;
                }
                self.push(Expr::Select { condition: c, then: t, otherwise: o }, dtype)
            }
            Expr::IfThenElse { condition, then, otherwise } => {
                let new = self.map_choice(apply, [condition, then, otherwise]);
                let [c, t, o] = new;
                if new == [condition, then, otherwise] {
                    return expr;
                }
                self.push(Expr::IfThenElse { condition: c, then: t, otherwise: o }, dtype)
            }
            Expr::Call { callee, effect, args, .. } => match self.map_list(args, apply) {
                None => expr,
                Some(args) => self.push(Expr::Call { callee, dtype, effect, args }, dtype),
            },
            Expr::Load { buffer, indices } => match self.map_list(indices, apply) {
                None => expr,
                Some(indices) => self.push(Expr::Load { buffer, indices }, dtype),
            },
        }
    }

    /// Maps a condition, and each side under it or under its opposite.
    fn map_choice(
        &mut self,
        apply: fn(&mut Self, ExprId) -> ExprId,
        [condition, then, otherwise]: [ExprId; 3],
    ) -> [ExprId; 3] {
        let condition = apply(self, condition);
        let entered = self.enter(condition);
        let then = apply(self, then);
        self.leave(entered);
        // The opposite is known, but it narrows no range: TVM does not look into a negation.
        let entered = self.entered();
        let opposite = self.negate(condition);
        self.known.push(opposite);
        let otherwise = apply(self, otherwise);
        self.leave(entered);
        [condition, then, otherwise]
    }

    fn map_list(&mut self, list: ExprList, apply: fn(&mut Self, ExprId) -> ExprId) -> Option<ExprList> {
        let start = self.operands.len();
        for at in 0..list.len() {
            let operand = self.work.list(list)[at];
            let operand = apply(self, operand);
            self.operands.push(operand);
        }
        if self.work.list(list) == &self.operands[start..] {
            self.operands.truncate(start);
            return None;
        }
        Some(self.list_from(start))
    }
}

/// Whether an expression loads from a buffer.
pub(crate) fn has_load(program: &Program, expr: ExprId) -> bool {
    let mut found = matches!(program[expr], Expr::Load { .. });
    program.for_each_operand(expr, |operand| found = found || has_load(program, operand));
    found
}
