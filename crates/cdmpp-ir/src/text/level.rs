//! The precedence of the operators of the text form.

use crate::BinaryOp;

/// How tightly an expression holds together, from loose to tight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// `if c then a else b`
    Choice,
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    /// Literals, names, calls, loads and whatever stands in parentheses.
    Atom,
}

impl Level {
    pub(super) fn tighter(self) -> Self {
        match self {
            Self::Choice => Self::Or,
            Self::Or => Self::And,
            Self::And => Self::Not,
            Self::Not => Self::Comparison,
            Self::Comparison => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product | Self::Atom => Self::Atom,
        }
    }
}

/// The level of an infix operator; `None` if the operation is written as a function.
pub(super) fn level(op: BinaryOp) -> Option<Level> {
    match op {
        BinaryOp::Or => Some(Level::Or),
        BinaryOp::And => Some(Level::And),
        BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
            Some(Level::Comparison)
        }
        BinaryOp::Add | BinaryOp::Sub => Some(Level::Sum),
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::FloorDiv | BinaryOp::FloorMod => Some(Level::Product),
        BinaryOp::Mod | BinaryOp::Min | BinaryOp::Max => None,
    }
}

/// The infix operators.
pub(super) const INFIX: [BinaryOp; 14] = [
    BinaryOp::Add,
    BinaryOp::Sub,
    BinaryOp::Mul,
    BinaryOp::Div,
    BinaryOp::FloorDiv,
    BinaryOp::FloorMod,
    BinaryOp::Eq,
    BinaryOp::Ne,
    BinaryOp::Lt,
    BinaryOp::Le,
    BinaryOp::Gt,
    BinaryOp::Ge,
    BinaryOp::And,
    BinaryOp::Or,
];
