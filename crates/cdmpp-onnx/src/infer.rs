//! From a model to one of which every shape is known.

use std::collections::{BTreeMap, HashMap};

use crate::call::{Call, Typed};
use crate::error::GraphProblem;
use crate::evaluate::evaluate;
use crate::model::{Declared, Dimension, Graph, Node, Weight};
use crate::numbers::n_elements;
use crate::shape::output_shapes;
use crate::shaped::{Dims, ShapedModel, ShapedNode, Value, ValueId, node_name, type_name};
use crate::{Attribute, ElementType, Model, OnnxError, Problem};

/// The most values of a model, its branches written out.
const MOST_VALUES: usize = 1 << 22;
/// The most axes of a tensor.
const MOST_AXES: usize = 64;

impl Model {
    /// Tells all shapes, and drops what can be computed before the run: shapes, constants, transposed weights.
    ///
    /// # Errors
    /// [`OnnxError::Symbol`] if a symbolic dimension has no value; [`OnnxError::Node`] if an operator is not supported,
    /// is given inputs that it cannot have, or has a shape that only a run can tell; [`OnnxError::Graph`] if nodes wait
    /// for each other or for nothing.
    ///
    /// # Complexity
    /// O(nodes + edges).
    pub fn shaped(&self, dims: &Dims) -> Result<ShapedModel, OnnxError> {
        let mut pass = Pass { model: self, shaped: ShapedModel::default(), scopes: vec![HashMap::new()] };
        pass.weights(&self.graph)?;
        let named = |input: &Declared| {
            input.dims.iter().flatten().any(|dim| matches!(dim, Dimension::Named(name) if name == "batch"))
        };
        let has_batch = self.graph.inputs.iter().any(named);
        for input in &self.graph.inputs {
            // Old files list weights among the inputs.
            if pass.find(&input.name).is_none() {
                let value = input_value(input, dims, has_batch)?;
                let id = pass.define(value)?;
                pass.shaped.inputs.push(id);
            }
        }
        pass.nodes(&self.graph)?;
        for output in &self.graph.outputs {
            let undefined = || GraphProblem::Undefined { node: "output".into(), value: output.name.clone() };
            let id = pass.find(&output.name).ok_or_else(undefined)?;
            pass.shaped.outputs.push(id);
        }
        let mut shaped = pass.shaped;
        shaped.tidy();
        Ok(shaped)
    }
}

/// An input of the model with the caller's dimensions.
fn input_value(input: &Declared, dims: &Dims, has_batch: bool) -> Result<Value, OnnxError> {
    let problem = |problem| GraphProblem::Value { value: input.name.clone(), problem };
    let code = input.element_type.ok_or_else(|| problem(Problem::NoTensor))?;
    let element_type = ElementType::from_code(code).ok_or_else(|| problem(Problem::ElementType(code)))?;
    let symbol = |dimension, name: &str| OnnxError::Symbol { input: input.name.clone(), dimension, name: name.into() };
    let declared = input.dims.as_ref().ok_or_else(|| symbol(0, "?"))?;
    let mut shape = Vec::with_capacity(declared.len());
    for (axis, dimension) in declared.iter().enumerate() {
        let by_place = if axis == 0 && !has_batch { dims.batch } else { None };
        let extent = match dimension {
            Dimension::Fixed(extent) => by_place.unwrap_or(*extent),
            Dimension::Named(name) => {
                let batch = if name == "batch" { dims.batch.or(Some(1)) } else { by_place };
                dims.named.get(name).copied().or(batch).ok_or_else(|| symbol(axis, name))?
            }
            Dimension::Unknown => by_place.ok_or_else(|| symbol(axis, "?"))?,
        };
        shape.push(extent);
    }
    check_shape(&shape).map_err(problem)?;
    Ok(Value { name: input.name.clone(), element_type, shape, constant: false, numbers: None, maker: None })
}

fn check_shape(shape: &[i64]) -> Result<(), Problem> {
    let fits = shape.len() <= MOST_AXES && n_elements(shape).is_some();
    if fits { Ok(()) } else { Err(Problem::Shape(shape.iter().take(MOST_AXES).copied().collect())) }
}

/// The walk over a model.
struct Pass<'a> {
    model: &'a Model,
    shaped: ShapedModel,
    /// The values by name: the model's, and those of the branches that are open.
    scopes: Vec<HashMap<String, ValueId>>,
}

impl Pass<'_> {
    fn find(&self, name: &str) -> Option<ValueId> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name)).copied()
    }

    fn define(&mut self, value: Value) -> Result<ValueId, OnnxError> {
        let id = self.shaped.values.len();
        if id >= MOST_VALUES {
            return Err(GraphProblem::TooLarge.into());
        }
        let name = value.name.clone();
        self.shaped.values.push(value);
        self.bind(name, id)?;
        Ok(id)
    }

    fn bind(&mut self, name: String, id: ValueId) -> Result<(), OnnxError> {
        if let Some(scope) = self.scopes.last_mut()
            && scope.insert(name.clone(), id).is_some()
        {
            return Err(GraphProblem::MadeTwice { value: name }.into());
        }
        Ok(())
    }

    fn weights(&mut self, graph: &Graph) -> Result<(), OnnxError> {
        for weight in &graph.weights {
            let value = constant(weight, weight.name.clone());
            let value = value.map_err(|problem| GraphProblem::Value { value: weight.name.clone(), problem })?;
            self.define(value)?;
        }
        Ok(())
    }

    fn nodes(&mut self, graph: &Graph) -> Result<(), OnnxError> {
        let declared = graph.between.iter().chain(&graph.outputs);
        let declared: HashMap<&str, &Declared> = declared.map(|declared| (declared.name.as_str(), declared)).collect();
        for place in order(graph)? {
            self.node(&graph.nodes[place], &declared)?;
        }
        Ok(())
    }

    fn node(&mut self, node: &Node, declared: &HashMap<&str, &Declared>) -> Result<(), OnnxError> {
        let name = node_name(&node.name, &node.outputs);
        let located = |problem| OnnxError::Node {
            node: name.to_owned(),
            op_type: type_name(&node.domain, &node.op_type),
            problem,
        };
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for input in &node.inputs {
            let undefined = || GraphProblem::Undefined { node: name.to_owned(), value: input.clone() };
            inputs.push(if input.is_empty() { None } else { Some(self.find(input).ok_or_else(undefined)?) });
        }
        if node.op_type == "If" && node.domain.is_empty() {
            return self.branch(node, &inputs).map_err(|error| match error {
                Failed::Problem(problem) => located(problem),
                Failed::Inside(error) => error,
            });
        }
        let values: Vec<Option<&Value>> = inputs.iter().map(|id| id.map(|id| &self.shaped.values[id])).collect();
        let call = Call {
            op_type: &node.op_type,
            domain: &node.domain,
            attributes: &node.attributes,
            tensor: node.tensor.as_ref(),
            inputs: &values,
            n_outputs: node.outputs.len(),
        };
        let types = match output_shapes(&call) {
            Ok(types) => types,
            // What the file itself says of a shape holds where it cannot be told otherwise.
            Err(problem @ (Problem::NotSupported | Problem::Unknown { .. })) => {
                annotated(node, declared).ok_or(problem).map_err(located)?
            }
            Err(problem) => return Err(located(problem)),
        };
        for (_, shape) in &types {
            check_shape(shape).map_err(located)?;
        }
        let is_constant = is_foldable(&call);
        let mut numbers = if is_constant { evaluate(&call, &types) } else { Vec::new() };
        numbers.resize(types.len(), None);
        let mut outputs = Vec::with_capacity(node.outputs.len());
        for (place, output) in node.outputs.iter().enumerate() {
            if output.is_empty() {
                outputs.push(None);
                continue;
            }
            let Some((element_type, shape)) = types.get(place).cloned() else {
                return Err(located(Problem::Rule("the operator has fewer outputs")));
            };
            let numbers = numbers[place].take();
            let value =
                Value { name: output.clone(), element_type, shape, constant: is_constant, numbers, maker: None };
            outputs.push(Some(self.define(value)?));
        }
        if !is_constant {
            let mut attributes = node.attributes.clone();
            if matches!(node.op_type.as_str(), "Softmax" | "LogSoftmax" | "Hardmax") {
                let shape = types.first().map_or(&[][..], |(_, shape)| shape);
                old_softmax(self.model.opset("").unwrap_or(1), &mut attributes, shape).map_err(located)?;
            }
            self.shaped.nodes.push(Some(ShapedNode {
                name: name.to_owned(),
                op_type: node.op_type.clone(),
                domain: node.domain.clone(),
                attributes,
                inputs,
                outputs,
            }));
        }
        Ok(())
    }

    /// An `If` whose condition is known: the branch that runs, in its place.
    fn branch(&mut self, node: &Node, inputs: &[Option<ValueId>]) -> Result<(), Failed> {
        let condition = inputs.first().copied().flatten().ok_or(Problem::MissingInput(0))?;
        let numbers = self.shaped.values[condition].numbers.as_ref().and_then(|numbers| numbers.ints());
        let Some([condition]) = numbers else {
            return Err(Problem::FormNotSupported("the condition is known only in a run").into());
        };
        let name = if *condition == 0 { "else_branch" } else { "then_branch" };
        let graph = node.branches.get(name).ok_or(Problem::Rule("the branch is missing"))?;
        self.scopes.push(HashMap::new());
        self.weights(graph)?;
        self.nodes(graph)?;
        let mut results = Vec::with_capacity(graph.outputs.len());
        for output in &graph.outputs {
            results.push(self.find(&output.name).ok_or(Problem::Rule("a result of the branch is missing"))?);
        }
        self.scopes.pop();
        for (place, output) in node.outputs.iter().enumerate().filter(|(_, output)| !output.is_empty()) {
            let id = results.get(place).copied().ok_or(Problem::MissingOutput(place))?;
            self.bind(output.clone(), id)?;
        }
        Ok(())
    }
}

/// A branch that failed: itself, or a node inside.
enum Failed {
    Problem(Problem),
    Inside(OnnxError),
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<OnnxError> for Failed {
    fn from(error: OnnxError) -> Self {
        Self::Inside(error)
    }
}

/// A weight as a value.
fn constant(weight: &Weight, name: String) -> Result<Value, Problem> {
    let code = weight.element_type;
    let element_type = ElementType::from_code(code).ok_or(Problem::ElementType(code))?;
    check_shape(&weight.shape)?;
    let (shape, numbers) = (weight.shape.clone(), weight.numbers.clone());
    Ok(Value { name, element_type, shape, constant: true, numbers, maker: None })
}

/// Whether an operator's results are known before the run: shapes are, and so is what is computed from constants.
fn is_foldable(call: &Call<'_>) -> bool {
    if !call.domain.is_empty()
        || call.op_type.starts_with("Random")
        || matches!(call.op_type, "Bernoulli" | "Multinomial")
    {
        return false;
    }
    matches!(call.op_type, "Shape" | "Size") || call.inputs.iter().flatten().all(|input| input.constant)
}

/// Before version 13, softmax took all axes from a first one on together, which was the second unless told; here that is
/// told. Where it is more than one axis of some extent, today's operator cannot say it.
fn old_softmax(opset: i64, attributes: &mut BTreeMap<String, Attribute>, shape: &[i64]) -> Result<(), Problem> {
    if opset >= 13 {
        return Ok(());
    }
    let axis = attributes.entry("axis".to_owned()).or_insert(Attribute::Int(1));
    let first = if let Attribute::Int(axis) = axis { crate::call::axis_of(*axis, shape.len()) } else { None };
    let rest = shape.get(first.unwrap_or(0) + 1..).unwrap_or(&[]);
    if rest.iter().all(|extent| *extent == 1) {
        Ok(())
    } else {
        Err(Problem::FormNotSupported("a softmax over several axes"))
    }
}

/// The types of a node's outputs as the file declares them, if it declares them in full.
fn annotated(node: &Node, declared: &HashMap<&str, &Declared>) -> Option<Vec<Typed>> {
    let typed = |name: &String| {
        let declared = declared.get(name.as_str())?;
        let fixed = |dim: &Dimension| if let Dimension::Fixed(extent) = dim { Some(*extent) } else { None };
        let shape = declared.dims.as_ref()?.iter().map(fixed).collect::<Option<_>>()?;
        Some((ElementType::from_code(declared.element_type?)?, shape))
    };
    node.outputs.iter().map(typed).collect()
}

/// The places of the nodes in an order in which they can run: that of the file if it is one.
fn order(graph: &Graph) -> Result<Vec<usize>, OnnxError> {
    let mut makers = HashMap::new();
    for (place, node) in graph.nodes.iter().enumerate() {
        for output in node.outputs.iter().filter(|output| !output.is_empty()) {
            if makers.insert(output.as_str(), place).is_some() {
                return Err(GraphProblem::MadeTwice { value: output.clone() }.into());
            }
        }
    }
    let needs = |place: usize| graph.nodes[place].inputs.iter().filter_map(|input| makers.get(input.as_str()).copied());
    let n = graph.nodes.len();
    if (0..n).all(|place| needs(place).all(|maker| maker < place)) {
        return Ok((0..n).collect());
    }
    let mut waiting = vec![0_usize; n];
    let mut users = vec![Vec::new(); n];
    for (place, n_waiting) in waiting.iter_mut().enumerate() {
        for maker in needs(place) {
            *n_waiting += 1;
            users[maker].push(place);
        }
    }
    let mut ready: std::collections::BTreeSet<usize> = (0..n).filter(|place| waiting[*place] == 0).collect();
    let mut order = Vec::with_capacity(n);
    while let Some(place) = ready.pop_first() {
        order.push(place);
        for user in &users[place] {
            waiting[*user] -= 1;
            if waiting[*user] == 0 {
                ready.insert(*user);
            }
        }
    }
    match (0..n).find(|place| waiting[*place] > 0) {
        None => Ok(order),
        Some(place) => {
            let node = &graph.nodes[place];
            Err(GraphProblem::Cycle { node: node_name(&node.name, &node.outputs).to_owned() }.into())
        }
    }
}
