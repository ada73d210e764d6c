//! ONNX models without their weights: operators with all shapes, and the loop nest of each.
//!
//! A [`Model`] is read from a file of which the weights are skipped; [`Model::shaped`] sets its symbolic dimensions and
//! tells every shape, following those that the graph itself computes; each [`Operator`] of the [`ShapedModel`] is
//! [lowered](Operator::lower) to the plain loop nest that a compiler starts from, a [`cdmpp_ir::Program`]. Operators are
//! also the form in which measured operators are recorded.
//!
//! # The main types
//!
//! | type | what it is |
//! |---|---|
//! | [`Model`] | a file as it is: operators, symbolic dimensions, small constants |
//! | [`Dims`] | the values of symbolic dimensions |
//! | [`ShapedModel`] | the operators that a run executes, with every shape, in an order in which they can run |
//! | [`Fusion`] | how a runtime rewrites a model: which operators it joins, and in which layout they run |
//! | [`Operator`] | one of them: type, attributes, [`Tensor`]s in and out; serde in the form of record files |
//! | [`Lowered`] | its loop nest, or that it is a view and costs nothing |
//! | [`OnnxError`], [`LowerError`] | what is wrong, with the node, the operator and the dimension |
//!
//! # Examples
//! From a file to loop nests:
//! ```
//! use cdmpp_ir::Work;
//! use cdmpp_onnx::{Dims, Lowered, Model};
//!
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/mlp.onnx");
//! let model = Model::open(path)?; // "mlp.onnx"
//! assert_eq!(model.symbols(), ["batch"]);
//!
//! let shaped = model.shaped(&Dims::default().with("batch", 8))?;
//! let mut operations = 0.0;
//! for (place, operator) in shaped.operators() {
//!     println!("{} {operator}", place.name); // first Gemm([8, 16], [32, 16], [32]) -> [8, 32]
//!     if let Lowered::Program(program) = operator.lower()? {
//!         operations += Work::of(&program).operations;
//!     }
//! }
//! assert_eq!(operations, 16736.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is read
//!
//! Operator sets 7 to 24 of ONNX (`""` or `ai.onnx`), and what ONNX Runtime writes of `com.microsoft` and
//! `com.microsoft.nchwc`. Weights, inline or in another file, are skipped; that file need not exist. A branch is taken if
//! its condition can be told; loops, sequences and functions of the model's own are not supported, and say so.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

mod call;
mod element_type;
mod error;
mod evaluate;
mod fuse;
mod infer;
mod lower;
mod model;
mod numbers;
mod operator;
mod shape;
mod shaped;
mod wire;

pub use element_type::ElementType;
pub use error::{GraphProblem, Malformed, OnnxError, Problem};
pub use fuse::Fusion;
pub use lower::{LowerError, Lowered};
pub use model::Model;
pub use operator::{Attribute, Operator, Tensor};
pub use shaped::{Dims, Place, ShapedModel};
