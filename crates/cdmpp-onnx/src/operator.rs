//! One operator with all its shapes, as ONNX describes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ElementType;

/// One operator of a model: what is computed, on which shapes and types. Equal operators are one task.
///
/// Serialised, this is the form of record files: an optional input that is not used is left out, and what a runtime
/// packed beforehand (a constant matrix) may be left out too.
///
/// # Examples
/// ```
/// let text = r#"{"op_type": "Relu", "domain": "", "attributes": {},
///     "inputs": [{"shape": [8, 64], "type": "float32"}], "outputs": [{"shape": [8, 64], "type": "float32"}]}"#;
/// let relu: cdmpp_onnx::Operator = serde_json::from_str(text)?;
/// assert_eq!(relu.to_string(), "Relu([8, 64]) -> [8, 64]");
/// assert_eq!(relu.key(), "Relu{}(float32[8,64])->(float32[8,64])");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// The operator's type, such as `Conv`.
    pub op_type: String,
    /// The set of operators that it is of; empty for ONNX itself.
    pub domain: String,
    /// Its attributes by name.
    pub attributes: BTreeMap<String, Attribute>,
    /// The inputs that are there, in order.
    pub inputs: Vec<Tensor>,
    /// The outputs that are used, in order.
    pub outputs: Vec<Tensor>,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Attribute {
    /// An integer.
    Int(i64),
    /// A number; numbers of files are kept to seven significant digits.
    Float(f64),
    /// A text.
    Text(String),
    /// Integers.
    Ints(Vec<i64>),
    /// Numbers.
    Floats(Vec<f64>),
    /// Texts.
    Texts(Vec<String>),
}

/// An input or output of an operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tensor {
    /// The extents, outermost first; empty for a scalar.
    pub shape: Vec<i64>,
    /// The type of an element.
    #[serde(rename = "type")]
    pub element_type: ElementType,
    /// Whether it is a weight, known before the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub constant: bool,
    /// The value of a small constant, where it changes what is computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Attribute>,
}

impl Tensor {
    /// A tensor that is made in the run.
    #[must_use]
    pub fn new(shape: impl Into<Vec<i64>>, element_type: ElementType) -> Self {
        Self { shape: shape.into(), element_type, constant: false, value: None }
    }

    /// A weight.
    #[must_use]
    pub fn weight(shape: impl Into<Vec<i64>>, element_type: ElementType) -> Self {
        Self { constant: true, ..Self::new(shape, element_type) }
    }

    /// The number of elements, saturating.
    #[must_use]
    pub fn n_elements(&self) -> i64 {
        self.shape.iter().fold(1, |n, extent| n.saturating_mul(*extent))
    }
}

/// What a schema says of attributes that are not given: names and values of what changes the work.
const DEFAULTS: [(&str, &[(&str, i64)]); 16] = [
    ("Conv", &[("group", 1)]),
    ("ConvTranspose", &[("group", 1)]),
    ("FusedConv", &[("group", 1)]),
    ("Gemm", &[("transA", 0), ("transB", 0)]),
    ("FusedMatMul", &[("transA", 0), ("transB", 0), ("transBatchA", 0), ("transBatchB", 0)]),
    ("Softmax", &[("axis", -1)]),
    ("LogSoftmax", &[("axis", -1)]),
    ("LayerNormalization", &[("axis", -1), ("stash_type", 1)]),
    ("Reshape", &[("allowzero", 0)]),
    ("Flatten", &[("axis", 1)]),
    ("Split", &[("axis", 0)]),
    ("Gather", &[("axis", 0)]),
    ("AveragePool", &[("ceil_mode", 0), ("count_include_pad", 0)]),
    ("MaxPool", &[("ceil_mode", 0), ("storage_order", 0)]),
    ("BatchNormalization", &[("training_mode", 0)]),
    ("ReduceSum", &[("noop_with_empty_axes", 0)]),
];
/// The same for attributes that are texts.
const TEXT_DEFAULTS: [(&str, &str, &str); 6] = [
    ("Conv", "auto_pad", "NOTSET"),
    ("FusedConv", "auto_pad", "NOTSET"),
    ("AveragePool", "auto_pad", "NOTSET"),
    ("MaxPool", "auto_pad", "NOTSET"),
    ("ConvTranspose", "auto_pad", "NOTSET"),
    ("ScatterND", "reduction", "none"),
];
/// Numbers of an operator that change results and no work.
const NO_WORK: [&str; 9] = [
    "epsilon",
    "momentum",
    "alpha",
    "beta",
    "gamma",
    "activation_params",
    "scale",
    "extrapolation_value",
    "cubic_coeff_a",
];

impl Operator {
    /// The name of the operator type with its domain, if that is not ONNX itself.
    #[must_use]
    pub fn full_type(&self) -> String {
        full_type(&self.domain, &self.op_type)
    }

    /// A text that is the same for operators that do the same work: attributes that have their default value and
    /// numbers that change only results (`epsilon`, `alpha`, …) are left out.
    #[must_use]
    pub fn key(&self) -> String {
        let defaults = DEFAULTS.iter().find(|row| row.0 == self.op_type).map_or(&[][..], |row| row.1);
        let is_default = |name: &str, value: &Attribute| match value {
            Attribute::Int(value) => defaults.contains(&(name, *value)),
            Attribute::Text(value) => TEXT_DEFAULTS.contains(&(&self.op_type, name, value)),
            _ => false,
        };
        let mut key = self.full_type();
        key.push('{');
        for (name, value) in &self.attributes {
            if !NO_WORK.contains(&name.as_str()) && !is_default(name, value) {
                key.push_str(name);
                key.push('=');
                key.push_str(&serde_json::to_string(value).unwrap_or_default());
                key.push(' ');
            }
        }
        let list = |tensors: &[Tensor]| {
            let mut texts = Vec::with_capacity(tensors.len());
            for tensor in tensors {
                let extents: Vec<String> = tensor.shape.iter().map(ToString::to_string).collect();
                let value = tensor.value.as_ref().map(|value| serde_json::to_string(value).unwrap_or_default());
                let constant = if tensor.constant { " constant" } else { "" };
                let value = value.map(|value| format!(" {value}")).unwrap_or_default();
                texts.push(format!("{}[{}]{constant}{value}", tensor.element_type, extents.join(",")));
            }
            texts.join(", ")
        };
        format!("{}}}({})->({})", key.trim_end(), list(&self.inputs), list(&self.outputs))
    }

    /// An integer attribute.
    #[must_use]
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.attributes.get(name)? {
            Attribute::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// An attribute that is a list of integers.
    #[must_use]
    pub fn ints(&self, name: &str) -> Option<&[i64]> {
        match self.attributes.get(name)? {
            Attribute::Ints(values) => Some(values),
            _ => None,
        }
    }

    /// A numeric attribute.
    #[must_use]
    pub fn float(&self, name: &str) -> Option<f64> {
        match self.attributes.get(name)? {
            Attribute::Float(value) => Some(*value),
            Attribute::Int(value) => Some(*value as f64),
            _ => None,
        }
    }

    /// An attribute that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.attributes.get(name)? {
            Attribute::Text(value) => Some(value),
            _ => None,
        }
    }
}

impl std::fmt::Display for Operator {
    /// The type with the shapes of inputs and outputs, for people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |tensors: &[Tensor]| {
            let texts: Vec<String> = tensors.iter().map(|tensor| format!("{:?}", tensor.shape)).collect();
            texts.join(", ")
        };
        write!(f, "{}({}) -> {}", self.full_type(), list(&self.inputs), list(&self.outputs))
    }
}

/// An operator type with its domain, if that is not ONNX itself.
pub(crate) fn full_type(domain: &str, op_type: &str) -> String {
    if domain.is_empty() { op_type.to_owned() } else { format!("{domain}.{op_type}") }
}
