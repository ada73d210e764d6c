//! Scalar expressions.

use std::fmt;

use crate::{BufferId, DataType, ExprId, ExprList, StrId, VarId};

/// An operation on two operands of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BinaryOp {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient, rounded towards zero for integers.
    Div,
    /// Remainder with the sign of the dividend.
    Mod,
    /// Quotient, rounded towards minus infinity.
    FloorDiv,
    /// Remainder with the sign of the divisor.
    FloorMod,
    /// The smaller operand.
    Min,
    /// The larger operand.
    Max,
    /// Equality.
    Eq,
    /// Inequality.
    Ne,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
    /// Conjunction of truth values.
    And,
    /// Disjunction of truth values.
    Or,
}

impl BinaryOp {
    /// Whether the result is a truth value made of two numbers.
    #[must_use]
    pub fn is_comparison(self) -> bool {
        matches!(self, Self::Eq | Self::Ne | Self::Lt | Self::Le | Self::Gt | Self::Ge)
    }

    /// Whether the right operand is a divisor.
    pub(crate) fn divides(self) -> bool {
        matches!(self, Self::Div | Self::Mod | Self::FloorDiv | Self::FloorMod)
    }

    /// Whether the operands are truth values.
    #[must_use]
    pub fn is_logical(self) -> bool {
        matches!(self, Self::And | Self::Or)
    }

    /// The symbol or function name in the text form.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "truncmod",
            Self::FloorDiv => "//",
            Self::FloorMod => "%",
            Self::Min => "min",
            Self::Max => "max",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::And => "and",
            Self::Or => "or",
        }
    }
}

impl fmt::Display for BinaryOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.symbol())
    }
}

/// What a call may do beside returning a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// Nothing: `exp`, `sqrt`, `erf`, …
    Pure,
    /// Anything: a barrier, an intrinsic that writes, an external function.
    Opaque,
}

/// A scalar expression; operands and strings are ids of the same program.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Expr {
    /// An integer literal, or a truth value (0 or 1) when the type is `bool`.
    Int {
        /// The value.
        value: i64,
        /// An integer type or `bool`.
        dtype: DataType,
    },
    /// A floating-point literal; may be infinite or NaN.
    Float {
        /// The value.
        value: f64,
        /// A floating-point type.
        dtype: DataType,
    },
    /// A string literal, only as an argument of a call.
    Str(StrId),
    /// The value of a loop variable or a let.
    Var(VarId),
    /// An operation on two operands.
    Binary {
        /// The operation.
        op: BinaryOp,
        /// The left operand.
        lhs: ExprId,
        /// The right operand.
        rhs: ExprId,
    },
    /// Negation of a truth value.
    Not(ExprId),
    /// A choice that evaluates both sides.
    Select {
        /// A truth value.
        condition: ExprId,
        /// The value if it holds.
        then: ExprId,
        /// The value if it does not.
        otherwise: ExprId,
    },
    /// A choice that evaluates one side only, as needed for guarded loads.
    IfThenElse {
        /// A truth value.
        condition: ExprId,
        /// The value if it holds.
        then: ExprId,
        /// The value if it does not.
        otherwise: ExprId,
    },
    /// A conversion.
    Cast {
        /// The type of the result.
        dtype: DataType,
        /// The converted value.
        value: ExprId,
    },
    /// A call of a function that the program does not define.
    Call {
        /// The function's name.
        callee: StrId,
        /// The type of the result.
        dtype: DataType,
        /// What it may do.
        effect: Effect,
        /// The arguments.
        args: ExprList,
    },
    /// The element of a buffer.
    Load {
        /// The buffer.
        buffer: BufferId,
        /// One index a dimension.
        indices: ExprList,
    },
}
