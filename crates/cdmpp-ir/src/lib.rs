//! Tensor programs as lowered loop nests, and what a latency predictor sees of them.
//!
//! A [`Program`] holds buffers, loops, stores and expressions in arenas. [`CompactAst::encode`] turns it into one
//! feature vector a store statement, with the store's pre-order rank.

mod ansor;
mod buffer;
mod build;
mod canonical;
mod compact_ast;
mod data_type;
mod expr;
mod featurizer;
mod id;
mod interval;
mod node;
mod program;
mod same;
mod simplify;
mod verify;

pub use ansor::AnsorFeaturizer;
pub use buffer::{Buffer, Scope};
pub use build::{Body, LoopHeader};
pub use compact_ast::{CompactAst, CompactAstShapeError};
pub use data_type::{DataType, UnknownDataType};
pub use expr::{BinaryOp, Effect, Expr};
pub use featurizer::{Featurizer, LeafContext};
pub use id::{BufferId, ExprId, ExprList, NodeId, VarId};
pub use node::{Annotation, AnnotationValue, LoopKind, Node, ThreadAxis, UnknownThreadAxis};
pub use program::{Children, Program, Var};
pub use verify::{MAX_DEPTH, MAX_EXPR_NODES, VerifyError};
