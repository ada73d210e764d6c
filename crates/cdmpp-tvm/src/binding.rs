//! Names that statements bind, and the functions that make what has a name.

use ruff_python_ast::Expr;

use crate::error::{Fault, Read};

/// The name that a target binds.
pub(crate) fn name_of(target: &Expr) -> Read<&str> {
    match target {
        Expr::Name(name) => Ok(name.id.as_str()),
        other => Err(Fault::expected(other, "a name", "another expression")),
    }
}

/// Whether a function of the script makes a thing that has a name, rather than a value.
pub(crate) fn is_declaration(name: &str) -> bool {
    matches!(
        name,
        "Buffer"
            | "buffer_decl"
            | "decl_buffer"
            | "alloc_buffer"
            | "sblock_alloc_buffer"
            | "alloc_shared"
            | "alloc_local"
            | "match_buffer"
            | "allocate"
            | "allocate_const"
            | "env_thread"
            | "local_scalar"
            | "shared_scalar"
            | "alloc_scalar"
    )
}
