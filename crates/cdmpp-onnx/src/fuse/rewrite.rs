//! Changes of a model that are no patterns.

use std::collections::HashMap;

use crate::shaped::{Value, ValueId};
use crate::{Attribute, ShapedModel};

/// Adds a weight with the type of another value.
pub(super) fn new_weight(model: &mut ShapedModel, like: ValueId, shape: Vec<i64>) -> ValueId {
    let value = Value { shape, constant: true, ..made(model, like, Vec::new()) };
    model.values.push(value);
    model.values.len() - 1
}

/// Adds a value with the type of another one, which a node will make.
pub(super) fn new_value(model: &mut ShapedModel, like: ValueId, shape: Vec<i64>) -> ValueId {
    let value = made(model, like, shape);
    model.values.push(value);
    model.values.len() - 1
}

fn made(model: &ShapedModel, like: ValueId, shape: Vec<i64>) -> Value {
    let Value { name, element_type, .. } = &model.values[like];
    Value { name: name.clone(), element_type: *element_type, shape, constant: false, numbers: None, maker: None }
}

/// Lets users of one value use another.
fn rename(model: &mut ShapedModel, renamed: &HashMap<ValueId, ValueId>) {
    let of = |mut value: ValueId| {
        while let Some(other) = renamed.get(&value) {
            value = *other;
        }
        value
    };
    for node in model.nodes.iter_mut().flatten() {
        node.inputs.iter_mut().flatten().for_each(|input| *input = of(*input));
    }
    model.outputs.iter_mut().for_each(|output| *output = of(*output));
}

/// Drops operators whose result is their input: identities, conversions to the own type, repetitions that repeat
/// nothing, sums with nothing.
pub(super) fn drop_without_effect(model: &mut ShapedModel) {
    let mut renamed = HashMap::new();
    for slot in &mut model.nodes {
        let Some(node) = slot else { continue };
        let (Some(Some(input)), Some(Some(output))) = (node.inputs.first(), node.outputs.first()) else { continue };
        // A sum with zeros, a product with ones.
        let is_all = |value: ValueId, number: f64| {
            let numbers = model.values[value].numbers.as_ref().map(crate::numbers::Numbers::floats);
            numbers.is_some_and(|numbers| !numbers.is_empty() && numbers.iter().all(|other| *other == number))
        };
        let neutral = match node.op_type.as_str() {
            "Add" | "Sub" => Some(0.0),
            "Mul" | "Div" => Some(1.0),
            _ => None,
        };
        let commutes = matches!(node.op_type.as_str(), "Add" | "Mul");
        let other = match (neutral, node.inputs.get(1).copied().flatten()) {
            (Some(neutral), Some(other)) if is_all(other, neutral) => Some(input),
            (Some(neutral), Some(_)) if commutes && is_all(*input, neutral) => node.inputs[1].as_ref(),
            _ => None,
        };
        let is_neutral = other.is_some();
        let input = other.unwrap_or(input);
        let (from, to) = (&model.values[*input], &model.values[*output]);
        let is_same = from.shape == to.shape && from.element_type == to.element_type;
        let has_no_effect = match node.op_type.as_str() {
            "Identity" | "Dropout" => true,
            "Cast" | "Expand" | "Reshape" | "Flatten" | "Tile" | "Slice" | "Pad" => is_same,
            "Concat" => node.inputs.len() == 1,
            _ if is_neutral => is_same,
            _ => false,
        };
        if has_no_effect && node.domain.is_empty() && !from.constant && !model.outputs.contains(output) {
            renamed.insert(*output, *input);
            *slot = None;
        }
    }
    rename(model, &renamed);
    model.tidy();
}

/// Computes what stands twice in a model once.
pub(super) fn share_equal(model: &mut ShapedModel) {
    let mut seen: HashMap<String, Vec<Option<ValueId>>> = HashMap::new();
    let mut renamed: HashMap<ValueId, ValueId> = HashMap::new();
    for slot in &mut model.nodes {
        let Some(node) = slot else { continue };
        for input in node.inputs.iter_mut().flatten() {
            *input = renamed.get(input).copied().unwrap_or(*input);
        }
        if node.op_type.starts_with("Random")
            || node.outputs.iter().flatten().any(|output| model.outputs.contains(output))
        {
            continue;
        }
        let key =
            format!("{} {} {:?} {:?} {}", node.domain, node.op_type, node.attributes, node.inputs, node.outputs.len());
        match seen.get(&key) {
            Some(outputs) => {
                let pairs = node.outputs.iter().zip(outputs);
                if pairs.clone().all(|(own, other)| own.is_none() || other.is_some()) {
                    renamed.extend(pairs.filter_map(|(own, other)| Some(((*own)?, (*other)?))));
                    *slot = None;
                }
            }
            None => {
                seen.insert(key, node.outputs.clone());
            }
        }
    }
    rename(model, &renamed);
    model.tidy();
}

/// Margins of zeros go into the convolutions behind them.
pub(super) fn pads_into_windows(model: &mut ShapedModel) {
    let mut uses = vec![0_u32; model.values.len()];
    model.nodes.iter().flatten().flat_map(|node| node.inputs.iter().flatten()).for_each(|input| uses[*input] += 1);
    model.outputs.iter().for_each(|output| uses[*output] += 2);
    for place in 0..model.nodes.len() {
        let Some(node) = &model.nodes[place] else { continue };
        let Some(Some(image)) = node.inputs.first().copied() else { continue };
        if !node.is("Conv")
            || uses[image] != 1
            || node.attributes.get("auto_pad").is_some_and(|pad| *pad != Attribute::Text("NOTSET".into()))
        {
            continue;
        }
        let Some(from) = model.values[image].maker else { continue };
        let Some(pad) = model.nodes[from].as_ref().filter(|node| node.is("Pad")) else { continue };
        let is_constant = !matches!(pad.attributes.get("mode"), Some(Attribute::Text(mode)) if mode != "constant");
        let numbers = |at: usize| model.values[pad.inputs.get(at).copied().flatten()?].numbers.clone();
        let Some(margins) = numbers(1).and_then(|numbers| numbers.ints().map(<[i64]>::to_vec)) else { continue };
        let zero = numbers(2).is_none_or(|numbers| numbers.floats().iter().all(|value| *value == 0.0));
        let rank = margins.len() / 2;
        let fits = margins.len() >= 6
            && margins.iter().all(|margin| *margin >= 0)
            && margins[..2] == [0, 0]
            && margins[rank..rank + 2] == [0, 0];
        if !is_constant || !zero || !fits || pad.inputs.len() > 3 {
            continue;
        }
        let Some(source) = pad.inputs.first().copied().flatten() else { continue };
        let own = node.ints("pads").map_or_else(|| vec![0; 2 * (rank - 2)], <[i64]>::to_vec);
        let added = margins[2..rank].iter().chain(&margins[rank + 2..]);
        let sum: Vec<i64> = own.iter().zip(added).map(|(own, added)| own.saturating_add(*added)).collect();
        if let Some(node) = &mut model.nodes[place] {
            node.attributes.insert("pads".to_owned(), Attribute::Ints(sum));
            node.inputs[0] = Some(source);
        }
        model.nodes[from] = None;
    }
    model.tidy();
}
