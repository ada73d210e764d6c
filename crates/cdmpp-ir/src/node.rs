//! Statements.

use std::fmt;
use std::str::FromStr;

use crate::{BufferId, ExprId, ExprList, NodeId, VarId};

/// The axis of a GPU's grid of threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ThreadAxis {
    /// `blockIdx.x`
    BlockX,
    /// `blockIdx.y`
    BlockY,
    /// `blockIdx.z`
    BlockZ,
    /// `threadIdx.x`
    ThreadX,
    /// `threadIdx.y`
    ThreadY,
    /// `threadIdx.z`
    ThreadZ,
    /// `vthread`, a virtual thread: unrolled by the compiler
    Virtual,
    /// `vthread.x`
    VirtualX,
    /// `vthread.y`
    VirtualY,
    /// `vthread.z`
    VirtualZ,
}

/// Every axis with its name; [`fmt::Display`] and [`FromStr`] read this one table.
const AXES: [(ThreadAxis, &str); 10] = [
    (ThreadAxis::BlockX, "blockIdx.x"),
    (ThreadAxis::BlockY, "blockIdx.y"),
    (ThreadAxis::BlockZ, "blockIdx.z"),
    (ThreadAxis::ThreadX, "threadIdx.x"),
    (ThreadAxis::ThreadY, "threadIdx.y"),
    (ThreadAxis::ThreadZ, "threadIdx.z"),
    (ThreadAxis::Virtual, "vthread"),
    (ThreadAxis::VirtualX, "vthread.x"),
    (ThreadAxis::VirtualY, "vthread.y"),
    (ThreadAxis::VirtualZ, "vthread.z"),
];

impl ThreadAxis {
    /// The name, as [`fmt::Display`] prints it.
    #[must_use]
    pub fn name(self) -> &'static str {
        AXES.iter().find(|(axis, _)| *axis == self).map_or("vthread", |(_, name)| name)
    }

    /// Whether this is a virtual thread, which no hardware thread stands behind.
    #[must_use]
    pub fn is_virtual(self) -> bool {
        matches!(self, Self::Virtual | Self::VirtualX | Self::VirtualY | Self::VirtualZ)
    }
}

impl fmt::Display for ThreadAxis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The text names no [`ThreadAxis`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a thread axis")]
pub struct UnknownThreadAxis(pub String);

impl FromStr for ThreadAxis {
    type Err = UnknownThreadAxis;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = AXES.iter().find(|(_, name)| *name == text);
        found.map(|(axis, _)| *axis).ok_or_else(|| UnknownThreadAxis(text.to_owned()))
    }
}

/// How the iterations of a loop run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoopKind {
    /// One after the other.
    Serial,
    /// Split over the cores of a CPU.
    Parallel,
    /// In the lanes of a vector unit.
    Vectorized,
    /// Copied out by the compiler.
    Unrolled,
    /// One iteration a GPU block or thread.
    ThreadBinding(ThreadAxis),
}

/// The value of an annotation.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AnnotationValue {
    /// An integer; truth values are 0 and 1.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Str(String),
}

/// A hint to the compiler on a loop, such as `pragma_auto_unroll_max_step = 16`.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// The hint's name.
    pub key: String,
    /// Its value.
    pub value: AnnotationValue,
}

/// A statement without its body: the body is the range of ids between the statement and its
/// [end](crate::Program::end).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Node {
    /// A loop over `min .. min + extent`.
    Loop {
        /// The loop variable; it has the type of `extent`.
        var: VarId,
        /// The first value.
        min: ExprId,
        /// The number of iterations.
        extent: ExprId,
        /// How the iterations run.
        kind: LoopKind,
        /// Hints to the compiler.
        annotations: Vec<Annotation>,
    },
    /// An assignment to one element of a buffer: a leaf of the Compact AST.
    Store {
        /// The buffer.
        buffer: BufferId,
        /// One index a dimension.
        indices: ExprList,
        /// The value stored.
        value: ExprId,
    },
    /// A guarded body, and another one for the opposite case.
    If {
        /// A truth value.
        condition: ExprId,
        /// The first statement of the opposite case; statements before it belong to the guarded body. `None` if there
        /// is no opposite case.
        otherwise: Option<NodeId>,
    },
    /// A named value, visible in the rest of the enclosing body.
    Let {
        /// The variable; it has the type of `value`.
        var: VarId,
        /// Its value.
        value: ExprId,
    },
    /// A buffer that comes to life here, visible in the rest of the enclosing body.
    Allocate {
        /// The buffer.
        buffer: BufferId,
    },
    /// An expression evaluated for its effect: a barrier or another opaque call.
    Evaluate {
        /// The expression.
        value: ExprId,
    },
}
