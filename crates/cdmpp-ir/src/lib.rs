//! Tensor programs as lowered loop nests, and what a latency predictor sees of them.
//!
//! A [`Program`] is what a tensor compiler has before it writes machine code: buffers, loops, stores with their
//! expressions, conditionals, allocations and opaque calls. It comes from the [builder](Program::build), from its
//! [text form](Program#impl-FromStr-for-Program) or from a reader such as `cdmpp-tvm`, and whoever made it, it keeps the
//! rules of [`Program::verify`]. [`CompactAst::encode`] turns it into what a predictor takes: for every store one vector
//! of features, one pre-order rank and one depth.
//!
//! # The main types
//!
//! | type | what it is |
//! |---|---|
//! | [`Program`] | the loop nest: arenas of statements ([`Node`]), expressions ([`Expr`]), [`Buffer`]s and [`Var`]s |
//! | [`Body`] | the builder: what opens in a closure closes with it |
//! | [`TextError`], [`VerifyError`], [`Rule`] | what is wrong with a text, with a program, and where |
//! | [`Featurizer`] | computes the vectors of a program's stores; implement it to try another feature set |
//! | [`CompactAst`] | the features, ranks and depths of all stores |
//! | [`Elements`], [`InterpretError`] | what [`Program::interpret`] runs a program on, and why it could not |
//! | [`ScheduleError`] | why a loop could not be [split](Program::split), [fused](Program::fuse), [reordered](Program::reorder) or [run in another way](Program::with_kind) |
//! | [`Bounds`] | accesses outside a buffer, found without data by [`Program::check_bounds`] |
//! | [`BuiltIn`] | the featurizers of this crate, by name and by schema |
//!
//! # Examples
//! A matrix product in the text form, encoded with a featurizer of one column:
//! ```
//! use cdmpp_ir::{CompactAst, Featurizer, Leaves, Program};
//!
//! let matmul: Program = "
//!     program matmul(A: float32[128, 64], B: float32[64, 32], C: float32[128, 32]) {
//!       for i in 0..128 parallel {
//!         for j in 0..32 vectorized {
//!           C[i, j] = 0.0
//!           for k in 0..64 {
//!             C[i, j] = C[i, j] + A[i, k] * B[k, j]
//!           }
//!         }
//!       }
//!     }"
//! .parse()?;
//!
//! struct NumberOfLoops;
//!
//! impl Featurizer for NumberOfLoops {
//!     fn schema(&self) -> &str {
//!         "example/number-of-loops/1"
//!     }
//!     fn dim(&self) -> usize {
//!         1
//!     }
//!     fn write(&self, leaves: &Leaves<'_>, out: &mut [f32]) {
//!         for (leaf, out) in leaves.iter().zip(out) {
//!             *out = leaf.loops().len() as f32;
//!         }
//!     }
//! }
//!
//! let ast = CompactAst::encode(&matmul, &NumberOfLoops);
//! assert_eq!(ast.n_leaves(), 2); // the initial value and the update of the sum
//! assert_eq!(ast.features(), [2.0, 3.0]);
//! assert_eq!(ast.positions(), [3, 5]);
//! # Ok::<(), cdmpp_ir::TextError>(())
//! ```
//!
//! # Features
//!
//! - `serde`: `Serialize` and `Deserialize` for [`Program`] (as its text form) and [`CompactAst`], both with a version.
//!
//! # References
//!
//! Hu et al., *CDMPP: A Device-Model Agnostic Framework for Latency Prediction of Tensor Programs*, EuroSys 2024: the
//! Compact AST, and pre-order ranks as positions.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

mod ansor;
mod bounds;
mod buffer;
mod build;
mod built_in;
mod canonical;
mod compact_ast;
mod data_type;
mod equality;
mod expr;
mod featurizer;
mod id;
mod interpret;
mod interval;
mod literals;
mod node;
mod preorder;
mod program;
mod same;
mod schedule;
mod simplify;
mod text;
mod verify;
#[cfg(feature = "serde")]
mod versioned;
mod work;

pub use ansor::AnsorFeaturizer;
pub use bounds::{Bounds, OutsideAccess};
pub use buffer::{Buffer, Scope};
pub use build::{Body, LoopHeader};
pub use built_in::{BuiltIn, UnknownFeaturizer};
pub use compact_ast::{CompactAst, CompactAstShapeError};
pub use data_type::{DataType, UnknownDataType};
pub use expr::{BinaryOp, Effect, Expr};
pub use featurizer::{Featurizer, Leaf, Leaves};
pub use id::{BufferId, ExprId, ExprList, NodeId, StrId, VarId};
pub use interpret::{Elements, InterpretError, MAX_INTERPRETED_ELEMENTS};
pub use node::{Annotation, AnnotationValue, LoopKind, Node, ThreadAxis, UnknownThreadAxis};
pub use preorder::Preorder;
pub use program::{Children, Program, Var};
pub use schedule::ScheduleError;
pub use text::{Position, TextError};
pub use verify::{MAX_DEPTH, MAX_EXPR_NODES, MAX_STORES, Rule, VerifyError};
pub use work::Work;
