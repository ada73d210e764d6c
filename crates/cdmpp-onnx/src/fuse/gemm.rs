//! Matrix products as ONNX Runtime's kernels take them.

use super::rewrite::{new_value, new_weight};
use crate::shaped::{ShapedNode, ValueId};
use crate::{Attribute, ElementType, ShapedModel};

/// A product with a constant matrix and a bias is a `Gemm`, on rows: other axes are joined before and parted after.
pub(super) fn matmul_with_bias(model: &mut ShapedModel) {
    model.tidy();
    let users = user_lists(model);
    let old = std::mem::take(&mut model.nodes);
    let mut gone = vec![false; old.len()];
    let mut found = vec![None; old.len()];
    for (place, slot) in old.iter().enumerate() {
        found[place] = slot.as_ref().and_then(|node| product_of(model, &old, node, &users));
        if let Some((product, _)) = found[place] {
            gone[product] = true;
        }
    }
    let mut new = Vec::with_capacity(old.len());
    for (place, slot) in old.iter().enumerate() {
        // The product with its bias stands where the sum stood.
        match (slot, found[place]) {
            (Some(sum), Some((product, bias))) => {
                if let Some(matmul) = &old[product] {
                    gemm(model, matmul, sum, bias, &mut new);
                }
            }
            (Some(node), None) if !gone[place] => new.push(Some(node.clone())),
            _ => {}
        }
    }
    model.nodes = new;
    model.tidy();
}

fn user_lists(model: &ShapedModel) -> Vec<u32> {
    let mut users = vec![0; model.values.len()];
    model.nodes.iter().flatten().flat_map(|node| node.inputs.iter().flatten()).for_each(|input| users[*input] += 1);
    model.outputs.iter().for_each(|output| users[*output] += 1);
    users
}

/// The product and the bias of a sum of both.
fn product_of(
    model: &ShapedModel,
    nodes: &[Option<ShapedNode>],
    sum: &ShapedNode,
    users: &[u32],
) -> Option<(usize, ValueId)> {
    let (true, [Some(a), Some(b)]) = (sum.is("Add"), &sum.inputs[..]) else { return None };
    for (product, bias) in [(*a, *b), (*b, *a)] {
        let Some(maker) = model.values[product].maker else { continue };
        let (is_weight, shape) = (model.values[bias].constant, &model.values[bias].shape);
        let Some(node) = nodes[maker].as_ref().filter(|node| node.is("MatMul")) else { continue };
        let [Some(left), Some(right)] = node.inputs[..] else { continue };
        let (left, right) = (&model.values[left], &model.values[right]);
        let n = right.shape.last().copied();
        let fits = right.constant && right.shape.len() == 2 && left.shape.len() >= 2;
        let fits_bias = is_weight && shape.len() == 1 && shape.last().copied() == n;
        if fits && fits_bias && users[product] == 1 && left.element_type == ElementType::Float32 {
            return Some((maker, bias));
        }
    }
    None
}

fn gemm(
    model: &mut ShapedModel,
    matmul: &ShapedNode,
    sum: &ShapedNode,
    bias: ValueId,
    into: &mut Vec<Option<ShapedNode>>,
) {
    let ([Some(left), Some(right)], Some(Some(output))) = (&matmul.inputs[..], sum.outputs.first()) else { return };
    let (left, right, output) = (*left, *right, *output);
    let shape = model.values[left].shape.clone();
    let result = model.values[output].shape.clone();
    let zero = || Attribute::Int(0);
    let attributes = [
        ("alpha".to_owned(), Attribute::Float(1.0)),
        ("beta".to_owned(), Attribute::Float(1.0)),
        ("transA".to_owned(), zero()),
        ("transB".to_owned(), zero()),
    ];
    let node = |inputs, outputs| ShapedNode {
        name: matmul.name.clone(),
        op_type: "Gemm".to_owned(),
        domain: String::new(),
        attributes: attributes.into_iter().collect(),
        inputs,
        outputs,
    };
    if shape.len() == 2 {
        into.push(Some(node(vec![Some(left), Some(right), Some(bias)], vec![Some(output)])));
        return;
    }
    let rows = shape[..shape.len() - 1].iter().product();
    let (k, n) = (shape[shape.len() - 1], result[result.len() - 1]);
    let flat = new_value(model, left, vec![rows, k]);
    let product = new_value(model, output, vec![rows, n]);
    into.push(Some(reshape(model, left, flat, &matmul.name)));
    into.push(Some(node(vec![Some(flat), Some(right), Some(bias)], vec![Some(product)])));
    into.push(Some(reshape(model, product, output, &matmul.name)));
}

/// A `Reshape` from one value to another.
fn reshape(model: &mut ShapedModel, from: ValueId, to: ValueId, name: &str) -> ShapedNode {
    let rank = model.values[to].shape.len() as i64;
    let shape = new_weight(model, from, vec![rank]);
    model.values[shape].element_type = ElementType::Int64;
    ShapedNode {
        name: name.to_owned(),
        op_type: "Reshape".to_owned(),
        domain: String::new(),
        attributes: [("allowzero".to_owned(), Attribute::Int(0))].into_iter().collect(),
        inputs: vec![Some(from), Some(shape)],
        outputs: vec![Some(to)],
    }
}

/// A factor before or behind a product, and a transposition of its last axes, go into it.
pub(super) fn scaled_products(model: &mut ShapedModel) {
    model.tidy();
    let users = user_lists(model);
    let mut user = vec![0; model.values.len()];
    for (place, slot) in model.nodes.iter().enumerate() {
        slot.iter().flat_map(|node| node.inputs.iter().flatten()).for_each(|input| user[*input] = place);
    }
    for place in 0..model.nodes.len() {
        let Some(node) = &model.nodes[place] else { continue };
        if !node.is("MatMul") || node.inputs.len() != 2 {
            continue;
        }
        let mut node = node.clone();
        let mut alpha = 1.0;
        let mut dropped = Vec::new();
        let mut transposed = [false, false];
        for (side, is_transposed) in transposed.iter_mut().enumerate() {
            while let Some((value, maker, effect)) = before(model, &node, side) {
                match effect {
                    Effect::Scale(factor) => alpha *= factor,
                    Effect::Transpose => *is_transposed = !*is_transposed,
                }
                node.inputs[side] = Some(value);
                dropped.push(maker);
            }
        }
        if let Some(Some(output)) = node.outputs.first().copied()
            && users[output] == 1
            && let Some(next) = &model.nodes[user[output]]
            && let Some((value, factor)) = scale(model, next)
            && value == output
        {
            alpha *= factor;
            node.outputs.clone_from(&next.outputs);
            dropped.push(user[output]);
        }
        if dropped.is_empty() {
            continue;
        }
        dropped.iter().for_each(|place| drop_unused(model, *place, place_of_output(&node)));
        node.op_type = "FusedMatMul".to_owned();
        node.domain = "com.microsoft".to_owned();
        let alpha = crate::model::seven_digits(alpha as f32);
        node.attributes.insert("alpha".to_owned(), Attribute::Float(alpha));
        for (name, is_set) in [("transA", transposed[0]), ("transB", transposed[1])] {
            node.attributes.insert(name.to_owned(), Attribute::Int(is_set.into()));
        }
        for name in ["transBatchA", "transBatchB"] {
            node.attributes.insert(name.to_owned(), Attribute::Int(0));
        }
        model.nodes[place] = Some(node);
    }
    model.tidy();
}

fn place_of_output(node: &ShapedNode) -> Option<ValueId> {
    node.outputs.first().copied().flatten()
}

/// Drops a node that the product took in: one behind it at once; one before it falls away when nobody else uses it.
fn drop_unused(model: &mut ShapedModel, place: usize, output: Option<ValueId>) {
    if model.nodes[place].as_ref().is_some_and(|node| node.outputs.first().copied().flatten() == output) {
        model.nodes[place] = None;
    }
}

/// What stands before an operand.
enum Effect {
    Scale(f64),
    Transpose,
}

fn before(model: &ShapedModel, product: &ShapedNode, side: usize) -> Option<(ValueId, usize, Effect)> {
    let input = product.inputs[side]?;
    let maker = model.values[input].maker?;
    let node = model.nodes[maker].as_ref()?;
    if let Some((value, factor)) = scale(model, node) {
        return Some((value, maker, Effect::Scale(factor)));
    }
    let perm = node.ints("perm").filter(|_| node.is("Transpose"))?;
    let rank = perm.len() as i64;
    let mut swapped: Vec<i64> = (0..rank).collect();
    let [.., a, b] = &mut swapped[..] else { return None };
    std::mem::swap(a, b);
    (perm == swapped).then(|| Some((node.inputs.first().copied().flatten()?, maker, Effect::Transpose)))?
}

/// The operand and the factor of a product or quotient with one number.
fn scale(model: &ShapedModel, node: &ShapedNode) -> Option<(ValueId, f64)> {
    let (true, [Some(a), Some(b)]) = (node.is("Mul") || node.is("Div"), &node.inputs[..]) else { return None };
    let number = |value: ValueId| {
        let value = &model.values[value];
        let [number] = value.numbers.as_ref()?.floats()[..] else { return None };
        (value.constant && value.shape.iter().all(|extent| *extent == 1)).then_some(number)
    };
    match (number(*a), number(*b)) {
        (_, Some(factor)) if node.is("Div") => Some((*a, factor.recip())),
        (_, Some(factor)) => Some((*a, factor)),
        (Some(factor), _) if node.is("Mul") => Some((*b, factor)),
        _ => None,
    }
}

/// Kernels pack constant matrices when a session begins: they are no inputs any more.
pub(super) fn packed(model: &mut ShapedModel) {
    for node in model.nodes.iter_mut().flatten() {
        let places: &[usize] = match node.op_type.as_str() {
            "Gemm" | "FusedGemm" | "MatMul" | "FusedMatMul" => &[1],
            "LSTM" => &[1, 2],
            _ => &[],
        };
        for place in places {
            if let Some(slot) = node.inputs.get_mut(*place)
                && slot.is_some_and(|input| model.values[input].constant)
            {
                *slot = None;
            }
        }
    }
}
