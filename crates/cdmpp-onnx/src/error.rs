//! What can be wrong with a file, a graph or an operator.

use std::io;

/// A model that cannot be read, or whose shapes cannot be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// The file cannot be read; the environment is at fault.
    #[error("cannot read the model")]
    Read(#[from] io::Error),
    /// The bytes are no ONNX model; the file is at fault.
    #[error("byte {offset}: {problem}")]
    Malformed {
        /// Where, in bytes from the start of the file.
        offset: u64,
        /// What is wrong there.
        problem: Malformed,
    },
    /// The graph as a whole is wrong; the file is at fault.
    #[error("{0}")]
    Graph(#[from] GraphProblem),
    /// The caller has to set a symbolic dimension, or named one that is not there.
    #[error("input `{input}`, dimension {dimension}: `{name}` has no value")]
    Symbol {
        /// The input of the model.
        input: String,
        /// The dimension's place.
        dimension: usize,
        /// The dimension's name; `?` if it has none.
        name: String,
    },
    /// One operator is wrong, not supported, or its shape cannot be told.
    #[error("node `{node}`, operator {op_type}: {problem}")]
    Node {
        /// The node's name, or that of its first output.
        node: String,
        /// The operator, after its domain and a dot if it has another than ONNX.
        op_type: String,
        /// What is wrong.
        problem: Problem,
    },
}

/// What is wrong with the bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The file ends within a message.
    #[error("the file ends within a message")]
    Truncated,
    /// A field has a form that it cannot have.
    #[error("a field of this form cannot stand here")]
    WireType,
    /// An integer is longer than 64 bits.
    #[error("an integer is longer than 64 bits")]
    Varint,
    /// A text is not UTF-8.
    #[error("a text is not UTF-8")]
    NotUtf8,
    /// Messages nest deeper than any model's.
    #[error("messages nest too deep")]
    TooDeep,
    /// The contents would take many times the file's size in memory.
    #[error("the contents take too much memory for the size of the file")]
    TooLarge,
    /// There is no graph.
    #[error("the file holds no graph")]
    NoGraph,
    /// A node has no operator type.
    #[error("a node has no operator type")]
    NoOperator,
}

/// What is wrong with a graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphProblem {
    /// A value is used that nothing makes.
    #[error("node `{node}` uses `{value}`, which nothing makes")]
    Undefined {
        /// The node that uses it.
        node: String,
        /// The value.
        value: String,
    },
    /// Nodes wait for each other.
    #[error("node `{node}` waits for its own result")]
    Cycle {
        /// One of the nodes.
        node: String,
    },
    /// A value is made twice.
    #[error("`{value}` is made twice")]
    MadeTwice {
        /// The value.
        value: String,
    },
    /// A graph has more nodes or values, once its branches are written out, than are handled.
    #[error("the graph is too large")]
    TooLarge,
    /// An input or a weight is malformed.
    #[error("`{value}`: {problem}")]
    Value {
        /// The input or weight.
        value: String,
        /// What is wrong with it.
        problem: Problem,
    },
}

/// What is wrong with an operator or a tensor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operator is not known here.
    #[error("not supported")]
    NotSupported,
    /// A form of a known operator is not known here.
    #[error("not supported: {0}")]
    FormNotSupported(&'static str),
    /// A needed input is not there.
    #[error("input {0} is missing")]
    MissingInput(usize),
    /// A needed output is not there.
    #[error("output {0} is missing")]
    MissingOutput(usize),
    /// A needed attribute is not there.
    #[error("attribute `{0}` is missing")]
    MissingAttribute(&'static str),
    /// An attribute has a value that it cannot have.
    #[error("attribute `{attribute}` {rule}")]
    Attribute {
        /// The attribute.
        attribute: &'static str,
        /// The broken rule.
        rule: &'static str,
    },
    /// An input has a shape or a value that it cannot have.
    #[error("input {input}, of shape {shape:?}: {rule}")]
    Input {
        /// Its place.
        input: usize,
        /// Its shape.
        shape: Vec<i64>,
        /// The broken rule.
        rule: &'static str,
    },
    /// Two shapes do not fit together.
    #[error("shapes {0:?} and {1:?} do not fit together")]
    Mismatch(Vec<i64>, Vec<i64>),
    /// A dimension depends on what only a run can tell.
    #[error("dimension {dimension} of output {output} is unknown: {why}")]
    Unknown {
        /// The output's place.
        output: usize,
        /// The dimension's place.
        dimension: usize,
        /// On what it depends.
        why: &'static str,
    },
    /// A dimension is negative, or a tensor has more elements than are handled.
    #[error("the shape {0:?} is impossible")]
    Shape(Vec<i64>),
    /// A tensor has a type that is not known here.
    #[error("the element type {0} is not supported")]
    ElementType(i64),
    /// A value is no tensor.
    #[error("it is no tensor")]
    NoTensor,
    /// A rule of the operator is broken.
    #[error("{0}")]
    Rule(&'static str),
}
