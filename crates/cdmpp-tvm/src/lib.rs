//! Reads TVMScript, the text that TVM prints for its tensor programs, into [`cdmpp_ir::Program`]s.
//!
//! [`parse_tvmscript`] reads a text with one `prim_func`, [`parse_module`] one with any number. Both take the spelling
//! of TVM 0.27 (`from tvm.script import tirx as T`, `T.sblock`, `T.sblock_alloc_buffer`) and the older one (`tir as T`,
//! `T.block`, `T.alloc_buffer`). Blocks dissolve into what they compute: axes are replaced by what they are bound to,
//! `T.where` and `T.init` become conditionals, and what only informs TVM's scheduler (`T.reads`, `T.writes`, block
//! attributes) is dropped. Types, constant folding and the effect of intrinsics follow TVM's own reader, so that a
//! program has the same operations here and there.
//!
//! # Examples
//! ```
//! let program = cdmpp_tvm::parse_tvmscript(
//!     r#"
//! from tvm.script import tirx as T
//!
//! @T.prim_func
//! def scale(X: T.Buffer((1024,), "float32"), Y: T.Buffer((1024,), "float32")):
//!     for i in T.parallel(1024):
//!         with T.sblock("scale"):
//!             v = T.axis.spatial(1024, i)
//!             Y[v] = X[v] * T.float32(2)
//! "#,
//! )?;
//! assert_eq!((program.name(), program.n_nodes()), ("scale", 2));
//!
//! let error = cdmpp_tvm::parse_tvmscript("@T.prim_func\ndef f():\n    for i in range('8'):\n        pass\n").unwrap_err();
//! assert_eq!(error.to_string(), "line 3, column 20: expected an integer, found a string");
//! # Ok::<(), cdmpp_tvm::ParseError>(())
//! ```

mod arith;
mod assign;
mod binding;
mod block;
mod buffer;
mod call;
mod error;
mod expr;
mod function;
mod intrinsic;
mod loops;
mod module;
mod nesting;
mod operator;
mod position;
mod scope;
mod statement;
mod thread;
mod value;

pub use error::ParseError;
pub use module::{parse_module, parse_tvmscript};
pub use position::Position;
