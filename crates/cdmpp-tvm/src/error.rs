//! The errors of the reader.

use std::borrow::Cow;

use cdmpp_ir::VerifyError;
use ruff_text_size::Ranged;

use crate::Position;

/// A text that is no program, or one that this crate does not read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The text is not Python; its author's fault.
    #[error("{at}: {message}")]
    Syntax {
        /// Where.
        at: Position,
        /// What the Python parser says.
        message: String,
    },
    /// Something else should stand here; the author's fault.
    #[error("{at}: expected {expected}, found {found}")]
    Expected {
        /// Where.
        at: Position,
        /// What should stand there.
        expected: Cow<'static, str>,
        /// What stands there.
        found: Cow<'static, str>,
    },
    /// A name that nothing before it defines; the author's fault.
    #[error("{at}: `{name}` is not defined here")]
    Undefined {
        /// Where.
        at: Position,
        /// The name.
        name: String,
    },
    /// TVM knows this and a [`cdmpp_ir::Program`] cannot say it: vectors, dynamic shapes, `while`, …
    #[error("{at}: {what} is not supported here")]
    Unsupported {
        /// Where.
        at: Position,
        /// What.
        what: Cow<'static, str>,
    },
    /// The text nests deeper than Python or a [`cdmpp_ir::Program`] may.
    #[error("{at}: {what} nest too deep")]
    TooDeep {
        /// Where.
        at: Position,
        /// Brackets, operators, statements, …
        what: &'static str,
    },
    /// The text has no function or many where one is wanted.
    #[error("expected one prim_func, found {}", list(names))]
    FunctionCount {
        /// The names of the functions.
        names: Vec<String>,
    },
    /// A function breaks a rule of [`cdmpp_ir::Program::verify`].
    #[error("{at}: function `{function}` is not a valid program")]
    Invalid {
        /// Where the function starts.
        at: Position,
        /// Its name.
        function: String,
        /// The broken rule.
        source: VerifyError,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { format!("{}: {}", names.len(), names.join(", ")) }
}

/// An error inside a function: bytes instead of positions, which only the few texts that fail need.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) byte: usize,
    pub(crate) kind: FaultKind,
}

#[derive(Debug)]
pub(crate) enum FaultKind {
    Expected { expected: Cow<'static, str>, found: Cow<'static, str> },
    Undefined(String),
    Unsupported(Cow<'static, str>),
    TooDeep(&'static str),
    Syntax(String),
    Verify(VerifyError),
}

pub(crate) type Read<T> = Result<T, Box<Fault>>;

impl From<VerifyError> for Box<Fault> {
    fn from(error: VerifyError) -> Self {
        Box::new(Fault { byte: 0, kind: FaultKind::Verify(error) })
    }
}

impl Fault {
    pub(crate) fn new(byte: usize, kind: FaultKind) -> Box<Self> {
        Box::new(Self { byte, kind })
    }

    pub(crate) fn expected(
        at: &impl Ranged,
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Box<Self> {
        Self::new(at.start().to_usize(), FaultKind::Expected { expected: expected.into(), found: found.into() })
    }

    pub(crate) fn undefined(at: &impl Ranged, name: &str) -> Box<Self> {
        Self::new(at.start().to_usize(), FaultKind::Undefined(name.to_owned()))
    }

    pub(crate) fn unsupported(at: &impl Ranged, what: impl Into<Cow<'static, str>>) -> Box<Self> {
        Self::new(at.start().to_usize(), FaultKind::Unsupported(what.into()))
    }

    pub(crate) fn too_deep(at: &impl Ranged, what: &'static str) -> Box<Self> {
        Self::new(at.start().to_usize(), FaultKind::TooDeep(what))
    }

    /// The error for callers; `function` names the function that was read and where it starts.
    pub(crate) fn locate(self, text: &str, function: (&str, usize)) -> ParseError {
        let at = Position::of_byte(text, self.byte);
        match self.kind {
            FaultKind::Expected { expected, found } => ParseError::Expected { at, expected, found },
            FaultKind::Undefined(name) => ParseError::Undefined { at, name },
            FaultKind::Unsupported(what) => ParseError::Unsupported { at, what },
            FaultKind::TooDeep(what) => ParseError::TooDeep { at, what },
            FaultKind::Syntax(message) => ParseError::Syntax { at, message },
            FaultKind::Verify(source) => {
                let (name, byte) = function;
                ParseError::Invalid { at: Position::of_byte(text, byte), function: name.to_owned(), source }
            }
        }
    }
}
