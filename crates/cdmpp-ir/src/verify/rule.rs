//! The rules of the verifier, one name each.

/// What makes a program malformed; the numbers are those of [`Program::verify`](crate::Program::verify).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Rule {
    /// Rule 2.
    #[error("every extent must be at least 1")]
    ExtentOfBuffer,
    /// Rule 2.
    #[error("the number of elements must fit in 63 bits")]
    NumberOfElements,
    /// Rule 2.
    #[error("there must be one stride a dimension")]
    NumberOfStrides,
    /// Rule 2.
    #[error("strides must not be negative")]
    NegativeStride,
    /// Rule 3.
    #[error("the variable is declared twice")]
    VariableDeclaredTwice,
    /// Rule 3.
    #[error("the buffer is declared twice")]
    BufferDeclaredTwice,
    /// Rule 4.
    #[error("an access must have one index a dimension")]
    NumberOfIndices,
    /// Rule 4.
    #[error("an index must be an integer")]
    TypeOfIndex,
    /// Rule 5.
    #[error("the stored value must have the buffer's type")]
    TypeOfStore,
    /// Rule 5.
    #[error("a let's variable must have its value's type")]
    TypeOfLet,
    /// Rule 6.
    #[error("an integer literal must fit in its type, an integer's or bool")]
    IntegerLiteral,
    /// Rule 6.
    #[error("a float literal must have a float type")]
    FloatLiteral,
    /// Rule 7.
    #[error("the operands must have one type")]
    TypesOfOperands,
    /// Rule 7.
    #[error("the operation does not take operands of this type")]
    TypeOfOperation,
    /// Rule 8.
    #[error("`not` takes a bool")]
    TypeOfNegation,
    /// Rule 8.
    #[error("a condition must be a bool")]
    TypeOfCondition,
    /// Rule 8.
    #[error("both sides of a choice must have one type")]
    TypesOfChoice,
    /// Rule 9.
    #[error("a loop's variable, min and extent must have one integer type")]
    TypesOfLoop,
    /// Rule 9.
    #[error("a loop's extent must be at least 1")]
    ExtentOfLoop,
    /// Rule 9.
    #[error("a loop's end must fit in 64 bits")]
    EndOfLoop,
    /// Rule 10.
    #[error("a string must be an argument of a call")]
    PlaceOfString,
    /// Rule 11.
    #[error("statements nest too deep")]
    DepthOfStatements,
    /// Rule 11.
    #[error("operators nest too deep")]
    DepthOfOperators,
    /// Rule 11.
    #[error("the expressions are too large")]
    SizeOfExpressions,
    /// Rule 11.
    #[error("a program has at most {} stores", crate::MAX_STORES)]
    NumberOfStores,
    /// Rule 12.
    #[error("an integer must not be divided by 0")]
    DivisionByZero,
    /// Rule 12.
    #[error("a constant must fit in its type")]
    ConstantOverflow,
    /// [`Program::with_literals`](crate::Program::with_literals) was asked to change something else.
    #[error("only an integer literal has a value to change")]
    NotALiteral,
    /// [`Program::with_literals`](crate::Program::with_literals) was asked for a value that the type does not hold.
    #[error("the value must fit in the type of the literal")]
    ValueOfLiteral,
}
