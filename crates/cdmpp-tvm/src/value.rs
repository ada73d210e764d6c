//! The values that expressions of the script have while it is read.

use cdmpp_ir::{Body, BufferId, DataType, ExprId};

/// The value of an expression: Python's own values stay as they are until they meet one of the program, whose type they
/// take.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    /// A Python `int`.
    Int(i64),
    /// A Python `float`.
    Float(f64),
    /// A Python `bool`.
    Bool(bool),
    None,
    Str(&'a str),
    /// A tuple or list; what needs its elements takes them from the syntax.
    List,
    /// A scalar of the program.
    Scalar(ExprId),
    Buffer(BufferId),
    /// The address of a buffer, or one that an intrinsic returns.
    Pointer(Pointer),
    /// A scalar that `T.int32()` declares: usable once something binds it.
    Symbol,
    /// A variable that `T.env_thread` makes, with its axis: usable once `T.launch_thread` gives it an extent.
    EnvThread(&'a str),
}

/// Where a pointer comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pointer {
    /// A parameter that is a bare `T.handle`.
    Param,
    /// The data of a buffer.
    Buffer(BufferId),
    /// `T.allocate`, whose memory is used through buffers that are declared on it.
    Allocation,
}

impl Value<'_> {
    /// What it is, for messages.
    pub(crate) fn what(&self, body: &Body<'_>) -> &'static str {
        match self {
            Self::Int(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Bool(_) => "a bool",
            Self::None => "None",
            Self::Str(_) => "a string",
            Self::List => "a tuple",
            Self::Scalar(id) => describe(body.dtype(*id)),
            Self::Buffer(_) => "a buffer",
            Self::Pointer(_) => "a pointer",
            Self::Symbol => "a symbolic variable",
            Self::EnvThread(_) => "a thread without an extent",
        }
    }
}

/// What a scalar of a type is, for messages.
pub(crate) fn describe(dtype: DataType) -> &'static str {
    match dtype {
        DataType::Bool => "a bool",
        DataType::Handle => "a pointer",
        _ if dtype.is_int() => "an integer",
        _ => "a float",
    }
}
