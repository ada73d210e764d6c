//! Typed indices into the arenas of a [`Program`](crate::Program).

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            pub(crate) fn new(index: usize) -> Self {
                Self(u32::try_from(index).expect("an arena holds fewer than 2^32 items: the builder checks it"))
            }

            /// The position in its arena, from 0.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(self, f)
            }
        }
    };
}

id!(
    /// A statement of a program. Ids are handed out in pre-order: a statement's id is smaller than those below it.
    NodeId,
    "node"
);
id!(
    /// An expression of a program. Operands have smaller ids than the expression that uses them.
    ExprId,
    "expr"
);
id!(
    /// A buffer: a parameter or an allocation.
    BufferId,
    "buffer"
);
id!(
    /// A scalar variable: a loop's or a let's.
    VarId,
    "var"
);

id!(
    /// A string of a program, kept once: the name of a function that is called, or a string literal.
    StrId,
    "str"
);

/// A list of expressions, held in one pool of the program. [`Program::list`](crate::Program::list) reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExprList {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

impl ExprList {
    /// The number of expressions in the list.
    #[must_use]
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// Whether the list has no expression.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}
