//! The text form: the language of tests and bug reports.

mod level;
mod lexer;
mod parser;
mod printer;
mod word;

use std::fmt;
use std::str::FromStr;

use crate::{MAX_DEPTH, Program, VerifyError};

/// Writes the text form, which [parses](#impl-FromStr-for-Program) back to an equal program.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        printer::write_program(self, f)
    }
}

/// Reads the text form, which every program [prints](#impl-Display-for-Program). The program is
/// [verified](Program::verify).
///
/// ```text
/// program matmul(A: float32[128, 64], B: float32[64, 32], C: float32[128, 32] strides[48, 1]) {
///   alloc acc: float32[1] @local                          # scopes: any name; none is global memory
///   for i in 0..128 parallel with auto_unroll = 16 {      # or vectorized, unrolled, bind threadIdx.x
///     for j in 4..+12 {                                   # 12 iterations, the first with j = 4
///       acc[0] = 0.0
///       for k in 0..64 {
///         acc[0] = acc[0] + A[i, k] * B[k, j]
///       }
///       let t = exp(acc[0])
///       if i < 64 and not j == 5 {
///         C[i, j] = max(t, 0.0)
///       } else {
///         C[i, j] = if j < 8 then t else float32(i // 2)
///       }
///       eval storage_sync!("shared")
///     }
///   }
/// }
/// ```
///
/// White space is free; a comment runs from `#` to the end of its line.
///
/// | form | meaning |
/// |---|---|
/// | `for i in 0..n kind with key = value, … { }` | a [loop](crate::Node::Loop) from zero; `kind` is nothing (serial), `parallel`, `vectorized`, `unrolled` or `bind` and a [thread axis](crate::ThreadAxis); `with` and what follows are hints: integers, floats or strings |
/// | `for i in min..+extent { }` | a loop from `min` |
/// | `A[i, j] = x` | a store |
/// | `if c { } else { }` | a conditional; an `else` without statements is none |
/// | `let t = x`, `alloc B: type[shape]`, `eval x` | a name for a value, a buffer, an evaluation; the names hold for the rest of the body |
/// | `7`, `7i32`, `0.5`, `0.5f16`, `inf`, `nan_f64`, `true`, `"text"` | literals: `int64` and `float32` unless a suffix tells the type |
/// | `+ - * / // % == != < <= > >= and or not` | as in Python, but that comparisons do not chain and `/` of integers rounds towards zero |
/// | `min(a, b)`, `max(a, b)`, `truncmod(a, b)` | the other [binary operations](crate::BinaryOp) |
/// | `if c then a else b`, `select(c, a, b)` | a choice that evaluates one side, or both |
/// | `float32(x)` | a conversion |
/// | `f(x, y)`, `f!(x, y)` | a pure and an opaque [call](crate::Expr::Call) with the type of its first argument |
/// | `f:int32(x)` | a call of another type, or without arguments |
///
/// A name has letters, digits, `_` and inner dots; any other, and a reserved word, stands in backticks: `` `odd name` ``.
/// Strings and such names know the escapes `\n`, `\t`, `\r`, `\\`, `\"`, `` \` `` and `\u{hex}`. A declaration hides an
/// outer one of the same name, and is renamed as the [builder](Program::build) does.
///
/// # Errors
/// [`TextError`], with line and column. Any text gives a program or an error, in time and stack that are bounded by its
/// length and [`MAX_DEPTH`].
///
/// # Examples
/// ```
/// use cdmpp_ir::Program;
///
/// let text = "program scale(x: float32[1024], y: float32[1024]) {
///   for i in 0..1024 parallel {
///     y[i] = x[i] * 2.0
///   }
/// }
/// ";
/// let program: Program = text.parse()?;
/// assert_eq!(program.to_string(), text);
/// # Ok::<(), cdmpp_ir::TextError>(())
/// ```
impl FromStr for Program {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        parser::parse(text)
    }
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A text is not the text form of a program: the writer of the text is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// Something else should stand here.
    #[error("{at}: found {found}, expected {expected}")]
    Unexpected {
        /// Where.
        at: Position,
        /// What stands there.
        found: String,
        /// What should.
        expected: &'static str,
    },
    /// A name that nothing around declares, or something of another kind.
    #[error("{at}: no {expected} is named `{name}` here")]
    UnknownName {
        /// Where.
        at: Position,
        /// The name.
        name: String,
        /// `variable` or `buffer`.
        expected: &'static str,
    },
    /// Two parameters have one name.
    #[error("{at}: there is a parameter named `{name}` already")]
    DeclaredTwice {
        /// Where the second one is.
        at: Position,
        /// The name.
        name: String,
    },
    /// Bodies nest deeper than [`MAX_DEPTH`].
    #[error("{at}: nested too deep: statements have at most {MAX_DEPTH} levels")]
    TooDeep {
        /// Where.
        at: Position,
    },
    /// The text reads well, but the program breaks a rule of [`Program::verify`].
    #[error("{at}: the program is not well formed")]
    Invalid {
        /// Where the statement, expression or buffer is.
        at: Position,
        /// The broken rule.
        source: VerifyError,
    },
}

impl TextError {
    /// Where the text is wrong.
    #[must_use]
    pub fn at(&self) -> Position {
        match *self {
            Self::Unexpected { at, .. }
            | Self::UnknownName { at, .. }
            | Self::DeclaredTwice { at, .. }
            | Self::TooDeep { at }
            | Self::Invalid { at, .. } => at,
        }
    }

    fn unexpected(at: Position, source: &str, expected: &'static str) -> Self {
        const LONGEST: usize = 40;
        let found = match source {
            "" => "the end of the text".to_owned(),
            "\n" => "the end of the line".to_owned(),
            _ => match source.char_indices().nth(LONGEST) {
                Some((end, _)) => format!("`{}…`", &source[..end]),
                None => format!("`{source}`"),
            },
        };
        Self::Unexpected { at, found, expected }
    }
}
