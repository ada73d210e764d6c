//! Rules as text, and where they match.

use crate::shaped::{ShapedNode, ValueId};
use crate::{Attribute, ShapedModel};

/// A part of a pattern.
enum Part<'a> {
    /// Whatever stands there; the same name stands for the same value.
    Any(&'a str),
    /// A weight.
    Weight(&'a str),
    /// An operator and its operands.
    Node(&'a str, Vec<Part<'a>>),
}

/// A rule that was read.
struct Rule<'a> {
    from: Part<'a>,
    to: &'a str,
    operands: Vec<&'a str>,
    attributes: Vec<&'a str>,
}

/// Applies rules one after the other, each wherever it matches.
pub(super) fn apply_all(model: &mut ShapedModel, rules: &[&str]) {
    model.tidy();
    for text in rules {
        let rule = Rule::read(text);
        let mut users = Users::of(model);
        for place in 0..model.nodes.len() {
            if let Some(found) = find(model, &rule, place)
                && users.is_closed(model, &found)
            {
                users.count(model, &found, -1);
                replace(model, &rule, &found);
                users.count(model, &found, 1);
            }
        }
        model.tidy();
    }
}

impl<'a> Rule<'a> {
    fn read(text: &'a str) -> Self {
        let (from, to) = text.split_once("->").expect("a rule has an arrow");
        let (head, attributes) = to.split_once(')').expect("what takes the place is an operator");
        let (to, operands) = head.trim().split_once('(').expect("an operator has operands");
        Self {
            from: Part::read(&mut from.trim()),
            to,
            operands: operands.split(',').map(str::trim).collect(),
            attributes: attributes.split_whitespace().collect(),
        }
    }
}

impl<'a> Part<'a> {
    /// Reads a part from the front of a text.
    fn read(text: &mut &'a str) -> Self {
        let end = text.find(['(', ',', ')']).unwrap_or(text.len());
        let name = text[..end].trim();
        *text = &text[end..];
        if let Some(inner) = text.strip_prefix('(') {
            *text = inner;
            let mut operands = Vec::new();
            while !text.starts_with(')') && !text.is_empty() {
                operands.push(Self::read(text));
                *text = text.trim_start_matches([',', ' ']);
            }
            *text = text.strip_prefix(')').unwrap_or(text);
            return Self::Node(name, operands);
        }
        match name.strip_prefix('#') {
            Some(name) => Self::Weight(name),
            None => Self::Any(name),
        }
    }
}

/// Where a rule matches: what its names stand for, and its nodes, the outermost first.
#[derive(Clone, Default)]
struct Found<'a> {
    names: Vec<(&'a str, ValueId)>,
    nodes: Vec<(&'a str, usize)>,
}

fn find<'a>(model: &ShapedModel, rule: &Rule<'a>, place: usize) -> Option<Found<'a>> {
    let Part::Node(op_type, operands) = &rule.from else { return None };
    let mut found = Found::default();
    node(model, op_type, operands, place, &mut found).then_some(found)
}

fn node<'a>(model: &ShapedModel, op_type: &'a str, operands: &[Part<'a>], place: usize, found: &mut Found<'a>) -> bool {
    let Some(node) = model.nodes.get(place).and_then(Option::as_ref) else { return false };
    if !node.is(op_type) {
        return false;
    }
    let inputs: Vec<ValueId> = node.inputs.iter().flatten().copied().collect();
    if inputs.len() != operands.len() {
        return false;
    }
    let before = found.clone();
    found.nodes.push((op_type, place));
    let mut all = |order: [usize; 2]| {
        (0..operands.len()).all(|at| {
            let input = if at < 2 { inputs[order[at]] } else { inputs[at] };
            part(model, &operands[at], input, found)
        })
    };
    if all([0, 1]) {
        return true;
    }
    if operands.len() == 2 && matches!(op_type, "Add" | "Mul") {
        *found = before.clone();
        found.nodes.push((op_type, place));
        let mut swapped = |order: [usize; 2]| (0..2).all(|at| part(model, &operands[at], inputs[order[at]], found));
        if swapped([1, 0]) {
            return true;
        }
    }
    *found = before;
    false
}

fn part<'a>(model: &ShapedModel, part: &Part<'a>, value: ValueId, found: &mut Found<'a>) -> bool {
    match part {
        Part::Any(name) | Part::Weight(name) => {
            if matches!(part, Part::Weight(_)) && !model.values[value].constant {
                return false;
            }
            let is_one = model.values[value].shape.iter().all(|extent| *extent == 1);
            let fits = match *name {
                "channel" => is_per_channel(model, value, found),
                "row" => model.values[value].shape.len() == 1,
                "factor" => is_one || is_per_channel(model, value, found),
                _ => true,
            };
            if !fits {
                return false;
            }
            match found.names.iter().find(|(other, _)| other == name) {
                Some((_, other)) => *other == value,
                None => {
                    found.names.push((name, value));
                    true
                }
            }
        }
        Part::Node(op_type, operands) => {
            model.values[value].maker.is_some_and(|place| node(model, op_type, operands, place, found))
        }
    }
}

/// Whether a weight has one number, or one a channel, of the image that the rule's outermost node makes.
fn is_per_channel(model: &ShapedModel, value: ValueId, found: &Found<'_>) -> bool {
    let shape = &model.values[value].shape;
    let image =
        found.nodes.first().and_then(|(_, place)| model.nodes[*place].as_ref()?.outputs.first().copied().flatten());
    let Some(image) = image.map(|image| &model.values[image].shape) else { return false };
    let others = shape.iter().rev().enumerate().filter(|(axis, _)| axis + 2 != image.len());
    let n: i64 = shape.iter().product();
    others.clone().all(|(_, extent)| *extent == 1)
        && image.get(1).is_some_and(|channels| n == *channels)
        && shape.len() >= 3
}

/// How many nodes and results use each value.
struct Users(Vec<u32>);

impl Users {
    fn of(model: &ShapedModel) -> Self {
        let mut counts = vec![0_u32; model.values.len()];
        for input in model.nodes.iter().flatten().flat_map(|node| node.inputs.iter().flatten()) {
            counts[*input] += 1;
        }
        model.outputs.iter().for_each(|output| counts[*output] += 1);
        Self(counts)
    }

    /// Counts what the nodes of a match use once more, or once less.
    fn count(&mut self, model: &ShapedModel, found: &Found<'_>, by: i32) {
        self.0.resize(model.values.len(), 0);
        let nodes = found.nodes.iter().filter_map(|(_, place)| model.nodes[*place].as_ref());
        for input in nodes.flat_map(|node| node.inputs.iter().flatten()) {
            self.0[*input] = self.0[*input].saturating_add_signed(by);
        }
    }

    /// Whether nothing but the outermost node is used from outside.
    fn is_closed(&self, model: &ShapedModel, found: &Found<'_>) -> bool {
        found.nodes[1..].iter().all(|(_, place)| {
            let Some(node) = &model.nodes[*place] else { return false };
            let inside = |value: ValueId| {
                let nodes = found.nodes.iter().filter_map(|(_, place)| model.nodes[*place].as_ref());
                nodes.flat_map(|node| node.inputs.iter().flatten()).filter(|input| **input == value).count()
            };
            node.outputs.iter().flatten().all(|output| self.0[*output] as usize <= inside(*output))
        })
    }
}

fn replace(model: &mut ShapedModel, rule: &Rule<'_>, found: &Found<'_>) {
    let Some((_, root)) = found.nodes.first().copied() else { return };
    let Some(old) = model.nodes[root].clone() else { return };
    let of_type = |name: &str| found.nodes.iter().find(|(op_type, _)| *op_type == name).map(|(_, place)| *place);
    let mut attributes = std::collections::BTreeMap::new();
    let (full_type, kept) = match rule.to.strip_prefix('^') {
        Some(name) => (name, of_type(name)),
        None => (rule.to, rule.attributes.iter().find_map(|word| of_type(word.strip_prefix('^')?))),
    };
    if let Some(node) = kept.and_then(|place| model.nodes[place].as_ref()) {
        attributes.clone_from(&node.attributes);
    }
    for word in &rule.attributes {
        if let Some((name, value)) = word.split_once('=') {
            let value = match (value.parse::<i64>(), value.parse::<f64>()) {
                (Ok(value), _) if name != "alpha" => Attribute::Int(value),
                (_, Ok(value)) => Attribute::Float(value),
                _ => Attribute::Text(value.to_owned()),
            };
            attributes.insert(name.to_owned(), value);
        }
    }
    let (domain, op_type) = full_type.rsplit_once('.').unwrap_or(("", full_type));
    let mut inputs = Vec::with_capacity(rule.operands.len());
    for operand in &rule.operands {
        inputs.push(if *operand == "+bias" {
            let image = old.outputs.first().copied().flatten();
            let channels = image.and_then(|image| model.values[image].shape.get(1).copied()).unwrap_or(1);
            image.map(|image| super::rewrite::new_weight(model, image, vec![channels]))
        } else {
            found.names.iter().find(|(name, _)| name == operand).map(|(_, value)| *value)
        });
    }
    let outputs = old.outputs.iter().take(1).copied().collect();
    let (domain, op_type) = (domain.to_owned(), op_type.to_owned());
    found.nodes.iter().for_each(|(_, place)| model.nodes[*place] = None);
    model.nodes[root] = Some(ShapedNode { name: old.name, op_type, domain, attributes, inputs, outputs });
}
