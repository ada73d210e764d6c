//! ONNX Runtime's blocked layout: convolutions and pools on blocks of channels, and the way in and out.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::rewrite::{new_value, new_weight};
use crate::shaped::{ShapedNode, ValueId};
use crate::{Attribute, ShapedModel};

const DOMAIN: &str = "com.microsoft.nchwc";
/// Activations that a convolution takes in.
const ACTIVATIONS: [&str; 7] = ["Relu", "Sigmoid", "Tanh", "LeakyRelu", "Clip", "HardSigmoid", "HardSwish"];

/// A value in blocks.
#[derive(Clone, Copy)]
struct Blocked {
    value: ValueId,
    /// The channels without what pads them to blocks.
    channels: i64,
}

struct Pass<'a> {
    model: &'a mut ShapedModel,
    block: i64,
    /// For each plain value that a node makes in blocks, that one; the plain one is made only when it is needed.
    blocked: HashMap<ValueId, Blocked>,
    /// Plain values that are there, though they are in blocks too.
    restored: HashSet<ValueId>,
    /// Of plain values that are transposed from channels behind the image, where they come from.
    from_last: HashMap<ValueId, ValueId>,
    /// How often each plain value is used still.
    uses: Vec<u32>,
    out: Vec<Option<ShapedNode>>,
    /// The place in `out` of the node that makes each blocked value.
    makers: HashMap<ValueId, usize>,
}

/// Puts convolutions and pools into blocks of channels, with what lies between them.
pub(super) fn blocked(model: &mut ShapedModel, block: i64) {
    model.tidy();
    let mut uses = vec![0; model.values.len()];
    model.nodes.iter().flatten().flat_map(|node| node.inputs.iter().flatten()).for_each(|input| uses[*input] += 1);
    model.outputs.iter().for_each(|output| uses[*output] += 1);
    let nodes = std::mem::take(&mut model.nodes);
    let mut pass = Pass {
        model,
        block,
        blocked: HashMap::new(),
        restored: HashSet::new(),
        from_last: HashMap::new(),
        uses,
        out: Vec::with_capacity(nodes.len()),
        makers: HashMap::new(),
    };
    for node in nodes.into_iter().flatten() {
        if !pass.transformed(&node) {
            for input in node.inputs.iter().flatten() {
                pass.restore(*input);
            }
            if let (true, Some(&[0, 3, 1, 2]), [Some(from)], [Some(to)]) =
                (node.is("Transpose"), node.ints("perm"), &node.inputs[..], &node.outputs[..])
            {
                pass.from_last.insert(*to, *from);
            }
            pass.out.push(Some(node));
        }
    }
    for output in pass.model.outputs.clone() {
        pass.restore(output);
    }
    let out = pass.out;
    model.nodes = out;
    model.tidy();
}

impl Pass<'_> {
    fn shape(&self, value: ValueId) -> &[i64] {
        &self.model.values[value].shape
    }

    fn aligned(&self, channels: i64) -> i64 {
        (channels + self.block - 1) / self.block * self.block
    }

    /// Whether the node runs on blocks now.
    fn transformed(&mut self, node: &ShapedNode) -> bool {
        let Some(Some(output)) = node.outputs.first().copied() else { return false };
        let done = match (node.domain.as_str(), node.op_type.as_str()) {
            ("", "Conv") => self.conv(node, output),
            ("", "MaxPool" | "AveragePool" | "GlobalAveragePool" | "GlobalMaxPool") => self.pool(node, output),
            ("", "Add" | "Mul" | "Sum") => self.binary(node, output),
            ("", "Concat") => self.concat(node, output),
            ("", "BatchNormalization") => self.batch_norm(node, output),
            ("", "Resize" | "Upsample") => self.upsample(node, output),
            ("", "Transpose") => self.transpose(node, output),
            ("", name) if ACTIVATIONS.contains(&name) => self.activation(node, output),
            ("com.microsoft", "QuickGelu") => self.activation(node, output),
            _ => None,
        };
        done.is_some()
    }

    fn push(&mut self, node: ShapedNode, plain: ValueId, blocked: ValueId, channels: i64) {
        self.makers.insert(blocked, self.out.len());
        self.out.push(Some(node));
        self.blocked.insert(plain, Blocked { value: blocked, channels });
    }

    /// A new value in blocks with the image of a plain one.
    fn block_value(&mut self, plain: ValueId) -> ValueId {
        let mut shape = self.shape(plain).to_vec();
        shape[1] = self.aligned(shape[1]);
        new_value(self.model, plain, shape)
    }

    /// A plain value in blocks, reordered if it is not yet.
    fn enter(&mut self, plain: ValueId) -> ValueId {
        if let Some(blocked) = self.blocked.get(&plain) {
            return blocked.value;
        }
        let (mut source, mut is_last) = (plain, 0);
        let channels = self.shape(plain)[1];
        // A transposition from channels behind the image is a part of the reordering.
        if let Some(input) = self.from_last.get(&plain)
            && channels % self.block == 0
            && self.uses[plain] == 1
        {
            (source, is_last) = (*input, 1);
        }
        let value = self.block_value(plain);
        let node = ShapedNode {
            name: "ReorderInput".to_owned(),
            op_type: "ReorderInput".to_owned(),
            domain: DOMAIN.to_owned(),
            attributes: BTreeMap::from([("channels_last".to_owned(), Attribute::Int(is_last))]),
            inputs: vec![Some(source)],
            outputs: vec![Some(value)],
        };
        self.push(node, plain, value, channels);
        self.restored.insert(plain);
        value
    }

    /// Makes a plain value of its blocks, once, where a node needs it.
    fn restore(&mut self, plain: ValueId) {
        let Some(Blocked { value, channels }) = self.blocked.get(&plain).copied() else { return };
        if self.restored.insert(plain) {
            self.out.push(Some(reorder_output(value, plain, channels, 0)));
        }
    }

    fn conv(&mut self, node: &ShapedNode, output: ValueId) -> Option<()> {
        let (image, weight) = (node.inputs.first().copied()??, node.inputs.get(1).copied()??);
        let [filters, per_group, kernel @ ..] = self.shape(weight) else { return None };
        let (filters, per_group, kernel) = (*filters, *per_group, kernel.to_vec());
        if kernel.len() != 2 || !self.model.values[weight].constant {
            return None;
        }
        let group = node.int("group").unwrap_or(1);
        let is_depthwise = group > 1 && per_group == 1 && filters == group;
        let whole_blocks = per_group % self.block == 0 && filters % group == 0 && (filters / group) % self.block == 0;
        let is_plain_image = group == 1 && per_group < self.block;
        let channels = if group == 1 && !is_plain_image { self.aligned(per_group) } else { per_group };
        // The way into blocks moves four channels at a time.
        let moves = is_plain_image || (per_group * group) % 4 == 0;
        if !moves || (group > 1 && !is_depthwise && !whole_blocks) {
            return None;
        }
        let source = if is_plain_image {
            self.restore(image);
            image
        } else {
            self.enter(image)
        };
        let padded = self.aligned(filters);
        let weight = new_weight(self.model, weight, [&[padded, channels], kernel.as_slice()].concat());
        let mut inputs = vec![Some(source), Some(weight)];
        if let Some(Some(bias)) = node.inputs.get(2).copied() {
            inputs.push(Some(new_weight(self.model, bias, vec![padded])));
        }
        let value = self.block_value(output);
        let mut node = ShapedNode { domain: DOMAIN.to_owned(), inputs, outputs: vec![Some(value)], ..node.clone() };
        node.attributes.entry("auto_pad".to_owned()).or_insert(Attribute::Text("NOTSET".to_owned()));
        if is_depthwise {
            node.attributes.insert("group".to_owned(), Attribute::Int(padded));
        }
        self.push(node, output, value, filters);
        Some(())
    }

    fn pool(&mut self, node: &ShapedNode, output: ValueId) -> Option<()> {
        let image = node.inputs.first().copied()??;
        if self.shape(image).len() != 4 || node.outputs.len() > 1 {
            return None;
        }
        let channels = self.shape(image)[1];
        if channels % self.block != 0 && !self.blocked.contains_key(&image) {
            return None;
        }
        let source = self.enter(image);
        let value = self.block_value(output);
        let outputs = vec![Some(value)];
        let node = ShapedNode { domain: DOMAIN.to_owned(), inputs: vec![Some(source)], outputs, ..node.clone() };
        self.push(node, output, value, channels);
        Some(())
    }

    /// The convolution that makes a blocked value, if nothing else uses it and it can still take something in.
    fn open_conv(&mut self, plain: ValueId) -> Option<&mut ShapedNode> {
        let blocked = self.blocked.get(&plain)?.value;
        if self.uses[plain] != 1 {
            return None;
        }
        let place = *self.makers.get(&blocked)?;
        let node = self.out[place].as_mut()?;
        let is_open = node.op_type == "Conv" && node.domain == DOMAIN && !node.attributes.contains_key("activation");
        is_open.then_some(node)
    }

    fn binary(&mut self, node: &ShapedNode, output: ValueId) -> Option<()> {
        let [Some(a), Some(b)] = node.inputs[..] else { return None };
        let (left, right) = (*self.blocked.get(&a)?, *self.blocked.get(&b)?);
        if self.shape(left.value) != self.shape(right.value) || left.channels != right.channels {
            return None;
        }
        if node.op_type != "Mul" && a != b {
            for (conv, residual) in [(a, right.value), (b, left.value)] {
                // The residual must be made before the convolution that adds it.
                let made = self.makers.get(&residual).copied().unwrap_or(0);
                let blocked = self.blocked.get(&conv)?.value;
                let own = self.makers.get(&blocked).copied()?;
                let is_free = self.open_conv(conv).is_some_and(|node| {
                    node.inputs.len() < 4 && !node.inputs.iter().skip(2).flatten().any(|input| *input == residual)
                });
                let has_residual = self.out[own].as_ref().is_some_and(|node| has_residual(self.model, node));
                if !is_free || has_residual {
                    continue;
                }
                // The convolution moves behind its residual.
                let mut moved = self.out[own].clone()?;
                moved.inputs.push(Some(residual));
                if made > own {
                    self.out[own] = None;
                    self.push(moved, output, blocked, left.channels);
                } else {
                    self.out[own] = Some(moved);
                    self.blocked.insert(output, Blocked { value: blocked, channels: left.channels });
                }
                return Some(());
            }
        }
        let value = self.block_value(output);
        let inputs = vec![Some(left.value), Some(right.value)];
        let node = ShapedNode { inputs, outputs: vec![Some(value)], ..node.clone() };
        self.push(node, output, value, left.channels);
        Some(())
    }

    fn activation(&mut self, node: &ShapedNode, output: ValueId) -> Option<()> {
        let image = node.inputs.first().copied()??;
        let Blocked { value, channels } = *self.blocked.get(&image)?;
        if ACTIVATIONS.contains(&node.op_type.as_str())
            && let Some(conv) = self.open_conv(image)
        {
            conv.attributes.insert("activation".to_owned(), Attribute::Text(node.op_type.clone()));
            self.blocked.insert(output, Blocked { value, channels });
            return Some(());
        }
        let result = self.block_value(output);
        let mut inputs = node.inputs.clone();
        inputs[0] = Some(value);
        let node = ShapedNode { inputs, outputs: vec![Some(result)], ..node.clone() };
        self.push(node, output, result, channels);
        Some(())
    }

    fn concat(&mut self, node: &ShapedNode, output: ValueId) -> Option<()> {
        let rank = self.shape(output).len() as i64;
        let axis = node.int("axis").unwrap_or(0);
        if (if axis < 0 { axis + rank } else { axis }) != 1 {
            return None;
        }
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for input in &node.inputs {
            let blocked = self.blocked.get(&(*input)?)?;
            if blocked.channels % self.block != 0 {
                return None;
            }
            inputs.push(Some(blocked.value));
        }
        let channels = self.shape(output)[1];
        let value = self.block_value(output);
        let node = ShapedNode { inputs, outputs: vec![Some(value)], ..node.clone() };
        self.push(node, output, value, channels);
        Some(())
    }

    /// A norm of known statistics is a convolution of one weight a channel.
    fn batch_norm(&mut self, node: &ShapedNode, output: ValueId) -> Option<()> {
        let image = node.inputs.first().copied()??;
        let Blocked { value: source, channels } = *self.blocked.get(&image)?;
        let padded = self.aligned(channels);
        let weight = new_weight(self.model, image, vec![padded, 1, 1, 1]);
        let bias = new_weight(self.model, image, vec![padded]);
        let value = self.block_value(output);
        let node = ShapedNode {
            name: node.name.clone(),
            op_type: "Conv".to_owned(),
            domain: DOMAIN.to_owned(),
            attributes: BTreeMap::from([
                ("auto_pad".to_owned(), Attribute::Text("NOTSET".to_owned())),
                ("group".to_owned(), Attribute::Int(padded)),
            ]),
            inputs: vec![Some(source), Some(weight), Some(bias)],
            outputs: vec![Some(value)],
        };
        self.push(node, output, value, channels);
        Some(())
    }

    fn upsample(&mut self, node: &ShapedNode, output: ValueId) -> Option<()> {
        let image = node.inputs.first().copied()??;
        let Blocked { value: source, channels } = *self.blocked.get(&image)?;
        let (from, to) = (self.shape(image).to_vec(), self.shape(output).to_vec());
        if from.len() != 4 || from[..2] != to[..2] || from[2..].iter().zip(&to[2..]).any(|(from, to)| to % from != 0) {
            return None;
        }
        let text = |name: &str, default: &str| match node.attributes.get(name) {
            Some(Attribute::Text(text)) => text.clone(),
            _ => default.to_owned(),
        };
        let (mode, place) = (text("mode", "nearest"), text("coordinate_transformation_mode", "half_pixel"));
        let is_known = match mode.as_str() {
            "nearest" => place == "asymmetric" && text("nearest_mode", "round_prefer_floor") == "floor",
            "linear" => place != "tf_crop_and_resize",
            _ => false,
        };
        if !is_known {
            return None;
        }
        let value = self.block_value(output);
        let scales = from.iter().zip(&to).map(|(from, to)| to / from).collect();
        let node = ShapedNode {
            op_type: "Upsample".to_owned(),
            domain: DOMAIN.to_owned(),
            attributes: BTreeMap::from([
                ("mode".to_owned(), Attribute::Text(mode)),
                ("coordinate_transformation_mode".to_owned(), Attribute::Text(place)),
                ("scales".to_owned(), Attribute::Ints(scales)),
            ]),
            inputs: vec![Some(source)],
            outputs: vec![Some(value)],
            name: node.name.clone(),
        };
        self.push(node, output, value, channels);
        Some(())
    }

    /// A transposition to channels behind the image is a part of the way out.
    fn transpose(&mut self, node: &ShapedNode, output: ValueId) -> Option<()> {
        let image = node.inputs.first().copied()??;
        let Blocked { value, channels } = *self.blocked.get(&image)?;
        if node.ints("perm") != Some(&[0, 2, 3, 1]) {
            return None;
        }
        self.out.push(Some(reorder_output(value, output, channels, 1)));
        Some(())
    }
}

/// Whether a convolution adds a residual already.
fn has_residual(model: &ShapedModel, node: &ShapedNode) -> bool {
    node.inputs.iter().skip(2).flatten().any(|input| model.values[*input].shape.len() == 4)
}

fn reorder_output(from: ValueId, to: ValueId, channels: i64, is_last: i64) -> ShapedNode {
    ShapedNode {
        name: "ReorderOutput".to_owned(),
        op_type: "ReorderOutput".to_owned(),
        domain: DOMAIN.to_owned(),
        attributes: BTreeMap::from([
            ("channels".to_owned(), Attribute::Int(channels)),
            ("channels_last".to_owned(), Attribute::Int(is_last)),
        ]),
        inputs: vec![Some(from)],
        outputs: vec![Some(to)],
    }
}
