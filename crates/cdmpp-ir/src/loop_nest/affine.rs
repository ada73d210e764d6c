//! Indices as sums of loop variables times factors.

use super::Level;
use crate::{BinaryOp, Expr, ExprId, Program};

/// How much an index grows with each loop, innermost loop first.
#[derive(Clone, Debug)]
pub(super) struct Affine {
    pub(super) factors: Vec<f64>,
}

impl Affine {
    pub(super) fn new(program: &Program, index: ExprId, levels: &[Level]) -> Self {
        let mut found = Self { factors: vec![0.0; levels.len()] };
        found.add(program, index, 1.0, levels);
        found
    }

    fn add(&mut self, program: &Program, expr: ExprId, factor: f64, levels: &[Level]) {
        match program[expr] {
            Expr::Var(var) => {
                if let Some(number) = levels.iter().position(|level| level.var == var) {
                    self.factors[number] += factor;
                }
            }
            Expr::Cast { value, .. } => self.add(program, value, factor, levels),
            Expr::Binary { op, lhs, rhs } => match op {
                BinaryOp::Add | BinaryOp::Min | BinaryOp::Max => {
                    self.add(program, lhs, factor, levels);
                    self.add(program, rhs, factor, levels);
                }
                BinaryOp::Sub => {
                    self.add(program, lhs, factor, levels);
                    self.add(program, rhs, -factor, levels);
                }
                BinaryOp::Mul => match (program.as_int(lhs), program.as_int(rhs)) {
                    (_, Some(literal)) => self.add(program, lhs, factor * literal as f64, levels),
                    (Some(literal), _) => self.add(program, rhs, factor * literal as f64, levels),
                    (None, None) => {}
                },
                BinaryOp::FloorDiv | BinaryOp::Div => {
                    if let Some(literal) = program.as_int(rhs).filter(|literal| *literal != 0) {
                        self.add(program, lhs, factor / literal as f64, levels);
                    }
                }
                BinaryOp::FloorMod | BinaryOp::Mod => {
                    if let Some(modulus) = program.as_int(rhs).filter(|literal| *literal != 0) {
                        let inner = Self::new(program, lhs, levels);
                        for (own, inner) in self.factors.iter_mut().zip(inner.factors) {
                            if inner % modulus as f64 != 0.0 {
                                *own += factor * inner;
                            }
                        }
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
}
