//! Buffers: the arrays that a program reads and writes.

use std::fmt;

use crate::DataType;

/// Where a buffer lives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// Main memory.
    Global,
    /// The scratchpad that the threads of a GPU block share.
    Shared,
    /// Registers or stack of one thread.
    Local,
    /// Any other memory, under the compiler's own name (`shared.dyn`, `wmma.accumulator`, …).
    Other(String),
}

impl Scope {
    /// The scope of a name; an empty name means global memory.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "" | "global" => Self::Global,
            "shared" => Self::Shared,
            "local" => Self::Local,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The name, as [`fmt::Display`] prints it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Global => "global",
            Self::Shared => "shared",
            Self::Local => "local",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An array: a parameter of the program, or an allocation inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// The name, unique among the buffers of a program.
    pub name: String,
    /// The type of an element.
    pub dtype: DataType,
    /// The extents, outermost first; empty for a scalar.
    pub shape: Vec<i64>,
    /// The distance between neighbours along each dimension, in elements; `None` means row-major and dense.
    pub strides: Option<Vec<i64>>,
    /// Where it lives.
    pub scope: Scope,
}

impl Buffer {
    /// A dense row-major buffer in global memory.
    #[must_use]
    pub fn new(name: impl Into<String>, dtype: DataType, shape: impl Into<Vec<i64>>) -> Self {
        Self { name: name.into(), dtype, shape: shape.into(), strides: None, scope: Scope::Global }
    }

    /// The number of elements (1 for a scalar), saturating.
    #[must_use]
    pub fn n_elements(&self) -> i64 {
        self.shape.iter().fold(1, |n, extent| n.saturating_mul(*extent))
    }
}
