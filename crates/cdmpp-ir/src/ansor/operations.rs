//! Columns 0 to 15: what the stored value computes.

use crate::{BinaryOp, DataType, Effect, Expr, ExprId, Program};

/// The operations of a value, each counted once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Operations {
    /// In the order of the columns: seven of floats, the same seven of integers, logic, selects.
    counts: [i64; 16],
}

/// Offsets within the float and within the integer columns; multiply-add, the first one, is never counted.
const ADD_SUB: usize = 1;
const MUL: usize = 2;
const DIV_MOD: usize = 3;
const COMPARE: usize = 4;
const MATH: usize = 5;
const OTHER: usize = 6;
/// Where the integer columns start, and the two that are neither.
const INTEGER: usize = 7;
const LOGIC: usize = 14;
const SELECT: usize = 15;

impl Operations {
    pub(crate) fn new(program: &Program, value: ExprId) -> Self {
        let mut operations = Self::default();
        operations.visit(program, value);
        operations
    }

    /// The counts over all iterations.
    pub(super) fn times(&self, n_iterations: i64) -> [f64; 16] {
        self.counts.map(|count| count.wrapping_mul(n_iterations) as f64)
    }

    /// The number of floating-point operations.
    pub(crate) fn n_float(&self) -> f64 {
        self.counts[..INTEGER].iter().sum::<i64>() as f64
    }

    fn visit(&mut self, program: &Program, expr: ExprId) {
        let column = match program[expr] {
            Expr::Binary { op, .. } => Some(match op {
                BinaryOp::And | BinaryOp::Or => LOGIC,
                BinaryOp::Add | BinaryOp::Sub => of_type(ADD_SUB, program.dtype(expr)),
                BinaryOp::Mul => of_type(MUL, program.dtype(expr)),
                BinaryOp::Div | BinaryOp::Mod | BinaryOp::FloorDiv | BinaryOp::FloorMod => {
                    of_type(DIV_MOD, program.dtype(expr))
                }
                // A comparison has the type of its result: a truth value, which counts as an integer.
                _ => of_type(COMPARE, program.dtype(expr)),
            }),
            Expr::Not(_) => Some(LOGIC),
            Expr::Select { .. } => Some(SELECT),
            Expr::IfThenElse { .. } => Some(of_type(MATH, program.dtype(expr))),
            Expr::Call { dtype: DataType::Handle, .. } => None,
            Expr::Call { dtype, effect, .. } => Some(of_type(if effect == Effect::Pure { MATH } else { OTHER }, dtype)),
            _ => None,
        };
        if let Some(column) = column {
            self.counts[column] += 1;
        }
        program.for_each_operand(expr, |operand| self.visit(program, operand));
    }
}

/// A column of floats, or the one of integers. TVM takes only the IEEE types for floats.
fn of_type(column: usize, dtype: DataType) -> usize {
    if matches!(dtype, DataType::F16 | DataType::F32 | DataType::F64) { column } else { column + INTEGER }
}
