//! A model as its file describes it, without weights.

mod read;

pub(crate) use read::seven_digits;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::path::Path;

use crate::numbers::Numbers;
use crate::{Attribute, OnnxError};

/// A model as its file describes it: operators, the shapes of inputs and weights, small constants. Weights are skipped,
/// and a file of external weights is not looked for.
///
/// # Examples
/// ```
/// use cdmpp_onnx::{Dims, Model};
///
/// let model = Model::from_bytes(include_bytes!("../tests/models/mlp.onnx"))?;
/// let shaped = model.shaped(&Dims::default().with("batch", 8))?;
/// let operators: Vec<String> = shaped.operators().map(|(_, operator)| operator.to_string()).collect();
/// assert_eq!(operators[0], "Gemm([8, 16], [32, 16], [32]) -> [8, 32]");
/// # Ok::<(), cdmpp_onnx::OnnxError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub(crate) graph: Graph,
    /// The version of each set of operators, by domain.
    pub(crate) opsets: BTreeMap<String, i64>,
}

/// A graph: the model's, or a branch of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) weights: Vec<Weight>,
    pub(crate) inputs: Vec<Declared>,
    pub(crate) outputs: Vec<Declared>,
    /// What the file says of values between.
    pub(crate) between: Vec<Declared>,
}

/// A node of a graph.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) op_type: String,
    pub(crate) domain: String,
    /// Names of values; an empty one is an input or output that is left out.
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<String>,
    pub(crate) attributes: BTreeMap<String, Attribute>,
    pub(crate) tensor: Option<Weight>,
    /// The branches of an `If`, by attribute.
    pub(crate) branches: BTreeMap<String, Graph>,
}

/// A weight or constant, of which only small contents are kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Weight {
    pub(crate) name: String,
    pub(crate) element_type: i64,
    pub(crate) shape: Vec<i64>,
    pub(crate) numbers: Option<Numbers>,
}

/// What a file says of the type of a value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Declared {
    pub(crate) name: String,
    /// `None` if it is no tensor, or nothing is said.
    pub(crate) element_type: Option<i64>,
    pub(crate) dims: Option<Vec<Dimension>>,
}

/// A declared dimension.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Dimension {
    Fixed(i64),
    Named(String),
    Unknown,
}

impl Model {
    /// Reads a model from a file.
    ///
    /// # Errors
    /// [`OnnxError::Read`] if the file cannot be read, [`OnnxError::Malformed`] if it holds no model.
    ///
    /// # Complexity
    /// O(size of the graph): weights are skipped. Memory is at most six times the file and 16 MB.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OnnxError> {
        Self::read(File::open(path)?)
    }

    /// Reads a model from anything that can be read and sought in.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn read(reader: impl Read + Seek) -> Result<Self, OnnxError> {
        read::model(reader)
    }

    /// Reads a model from the bytes of a file.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, OnnxError> {
        Self::read(Cursor::new(bytes))
    }

    /// The version of a set of operators that the model asks for; `""` is ONNX's own.
    #[must_use]
    pub fn opset(&self, domain: &str) -> Option<i64> {
        self.opsets.get(domain).copied()
    }

    /// The names of the symbolic dimensions of the inputs, in order of first use.
    #[must_use]
    pub fn symbols(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for dimension in self.graph.inputs.iter().filter_map(|input| input.dims.as_ref()).flatten() {
            if let Dimension::Named(name) = dimension
                && !names.contains(&name.as_str())
            {
                names.push(name);
            }
        }
        names
    }
}
