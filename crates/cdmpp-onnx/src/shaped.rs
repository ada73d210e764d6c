//! A model of which every shape is known.

use std::collections::BTreeMap;

use crate::numbers::Numbers;
use crate::operator::full_type;
use crate::{Attribute, ElementType, Operator, Tensor};

/// The values of symbolic dimensions, which the caller chooses.
///
/// A dimension named `batch` is 1 unless it is set; any other needs a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dims {
    /// The value of each dimension, by name.
    pub named: BTreeMap<String, i64>,
    /// The batch: the dimension named `batch`, or, where no input has one, the first dimension of every input.
    pub batch: Option<i64>,
}

impl Dims {
    /// Sets one dimension.
    #[must_use]
    pub fn with(mut self, name: &str, value: i64) -> Self {
        self.named.insert(name.to_owned(), value);
        self
    }
}

/// The place of a value among [`ShapedModel`]'s values.
pub(crate) type ValueId = usize;

/// A value: an input, a weight, or what a node makes.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) name: String,
    pub(crate) element_type: ElementType,
    pub(crate) shape: Vec<i64>,
    /// Whether it is known before the run.
    pub(crate) constant: bool,
    /// Its contents, if they are few and known.
    pub(crate) numbers: Option<Numbers>,
    /// The node that makes it, if a node does.
    pub(crate) maker: Option<usize>,
}

impl Value {
    /// The value as an input or output of an operator.
    pub(crate) fn tensor(&self) -> Tensor {
        Tensor { constant: self.constant, ..Tensor::new(self.shape.as_slice(), self.element_type) }
    }
}

/// A node of which all shapes are known.
#[derive(Clone, Debug)]
pub(crate) struct ShapedNode {
    pub(crate) name: String,
    pub(crate) op_type: String,
    pub(crate) domain: String,
    pub(crate) attributes: BTreeMap<String, Attribute>,
    /// `None` where an optional input is left out.
    pub(crate) inputs: Vec<Option<ValueId>>,
    pub(crate) outputs: Vec<Option<ValueId>>,
}

impl ShapedNode {
    pub(crate) fn is(&self, op_type: &str) -> bool {
        self.op_type == op_type && self.domain.is_empty()
    }

    /// An integer attribute.
    pub(crate) fn int(&self, name: &str) -> Option<i64> {
        match self.attributes.get(name)? {
            Attribute::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// An attribute that is a list of integers.
    pub(crate) fn ints(&self, name: &str) -> Option<&[i64]> {
        match self.attributes.get(name)? {
            Attribute::Ints(values) => Some(values),
            _ => None,
        }
    }
}

/// A model of which every shape is known, without what can be computed before the run: made by
/// [`Model::shaped`](crate::Model::shaped).
///
/// Nodes stand in an order in which they can run, and each is used by another node or is a result of the model.
#[derive(Clone, Debug, Default)]
pub struct ShapedModel {
    pub(crate) values: Vec<Value>,
    /// A node that a rewriting dropped leaves a gap until [`ShapedModel::tidy`].
    pub(crate) nodes: Vec<Option<ShapedNode>>,
    pub(crate) inputs: Vec<ValueId>,
    pub(crate) outputs: Vec<ValueId>,
}

/// A node's place among the nodes of a [`ShapedModel`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The node's name in the file, or that of its first output.
    pub name: String,
    /// The places of the nodes whose results it uses, ascending.
    pub depends_on: Vec<usize>,
}

impl ShapedModel {
    /// The number of operators.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no operator: every result is an input or known before the run.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The operators in an order in which they can run, each with its name and what it waits for.
    pub fn operators(&self) -> impl Iterator<Item = (Place, Operator)> + '_ {
        self.nodes.iter().flatten().map(|node| {
            let makers = node.inputs.iter().flatten().filter_map(|input| self.values[*input].maker);
            let mut depends_on: Vec<usize> = makers.collect();
            depends_on.sort_unstable();
            depends_on.dedup();
            (Place { name: node.name.clone(), depends_on }, self.operator(node))
        })
    }

    /// The inputs that a run takes, by name.
    pub fn inputs(&self) -> impl Iterator<Item = (&str, Tensor)> {
        self.inputs.iter().map(|input| (self.values[*input].name.as_str(), self.values[*input].tensor()))
    }

    /// The results of a run, by name.
    pub fn outputs(&self) -> impl Iterator<Item = (&str, Tensor)> {
        self.outputs.iter().map(|output| (self.values[*output].name.as_str(), self.values[*output].tensor()))
    }

    /// A node as an operator.
    pub(crate) fn operator(&self, node: &ShapedNode) -> Operator {
        let mut inputs: Vec<Tensor> = node.inputs.iter().flatten().map(|input| self.values[*input].tensor()).collect();
        if let (true, Some(exponent), Some(Some(id))) = (node.is("Pow"), inputs.get_mut(1), node.inputs.get(1))
            && let Some(numbers) = &self.values[*id].numbers
            && let [number] = numbers.floats()[..]
        {
            exponent.value = Some(Attribute::Float(number));
        }
        Operator {
            op_type: node.op_type.clone(),
            domain: node.domain.clone(),
            attributes: node.attributes.clone(),
            inputs,
            outputs: node.outputs.iter().flatten().map(|output| self.values[*output].tensor()).collect(),
        }
    }

    /// Drops nodes whose results nobody uses, closes gaps, and notes which node makes which value.
    pub(crate) fn tidy(&mut self) {
        let mut is_used = vec![false; self.values.len()];
        self.outputs.iter().for_each(|output| is_used[*output] = true);
        for slot in self.nodes.iter_mut().rev() {
            let Some(node) = slot else { continue };
            if node.outputs.iter().flatten().any(|output| is_used[*output]) {
                node.inputs.iter().flatten().for_each(|input| is_used[*input] = true);
            } else {
                *slot = None;
            }
        }
        self.nodes.retain(Option::is_some);
        self.values.iter_mut().for_each(|value| value.maker = None);
        for (place, node) in self.nodes.iter_mut().enumerate() {
            let Some(node) = node else { continue };
            for output in node.outputs.iter_mut() {
                match *output {
                    Some(id) if is_used[id] => self.values[id].maker = Some(place),
                    // An optional result that nobody uses is not made; a first one always is.
                    Some(id) => self.values[id].maker = Some(place),
                    None => {}
                }
            }
        }
    }
}

/// A node's name for people.
pub(crate) fn node_name<'a>(name: &'a str, outputs: &'a [String]) -> &'a str {
    if name.is_empty() { outputs.first().map_or("", String::as_str) } else { name }
}

/// An operator type for people.
pub(crate) fn type_name(domain: &str, op_type: &str) -> String {
    full_type(domain, op_type)
}
