//! From the bytes of a file to a model. The numbers are the field numbers of `onnx.proto`.

use std::io::{Read, Seek};
use std::mem::size_of;

use super::{Declared, Dimension, Graph, Model, Node, Weight};
use crate::error::Malformed;
use crate::numbers::{MOST, Numbers, n_elements};
use crate::wire::{Field, Wire};
use crate::{Attribute, ElementType, OnnxError};

/// Reads a model; its file is one message without a length.
pub(super) fn model<R: Read + Seek>(reader: R) -> Result<Model, OnnxError> {
    let mut wire = Wire::new(reader)?;
    let mut model = Model::default();
    let mut has_graph = false;
    let whole = wire.whole();
    wire.message(whole, &mut |wire, number, field| {
        match number {
            7 => {
                has_graph = true;
                model.graph = graph(wire, field)?;
            }
            8 => {
                let (mut domain, mut version) = (String::new(), 1);
                wire.message(field, &mut |wire, number, field| {
                    match number {
                        1 => domain = wire.text(field)?,
                        2 => version = wire.integer(field)?,
                        _ => {}
                    }
                    Ok(())
                })?;
                model.opsets.insert(plain_domain(domain), version);
            }
            _ => {}
        }
        Ok(())
    })?;
    if has_graph { Ok(model) } else { Err(wire.malformed(Malformed::NoGraph)) }
}

/// ONNX's own domain has two spellings.
fn plain_domain(domain: String) -> String {
    if domain == "ai.onnx" { String::new() } else { domain }
}

fn graph<R: Read + Seek>(wire: &mut Wire<R>, field: Field) -> Result<Graph, OnnxError> {
    let mut graph = Graph::default();
    wire.message(field, &mut |wire, number, field| {
        match number {
            1 => {
                wire.charge(size_of::<Node>())?;
                graph.nodes.push(node(wire, field)?);
            }
            5 => {
                wire.charge(size_of::<Weight>())?;
                graph.weights.push(tensor(wire, field)?);
            }
            15 => {
                wire.charge(size_of::<Weight>())?;
                graph.weights.push(sparse_tensor(wire, field)?);
            }
            11..=13 => {
                wire.charge(size_of::<Declared>())?;
                let declared = declared(wire, field)?;
                match number {
                    11 => graph.inputs.push(declared),
                    12 => graph.outputs.push(declared),
                    _ => graph.between.push(declared),
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(graph)
}

fn node<R: Read + Seek>(wire: &mut Wire<R>, field: Field) -> Result<Node, OnnxError> {
    let mut node = Node::default();
    wire.message(field, &mut |wire, number, field| {
        match number {
            1 | 2 => {
                wire.charge(size_of::<String>())?;
                let name = wire.text(field)?;
                if number == 1 { node.inputs.push(name) } else { node.outputs.push(name) }
            }
            3 => node.name = wire.text(field)?,
            4 => node.op_type = wire.text(field)?,
            5 => attribute(wire, field, &mut node)?,
            7 => node.domain = plain_domain(wire.text(field)?),
            _ => {}
        }
        Ok(())
    })?;
    if node.op_type.is_empty() {
        return Err(wire.malformed(Malformed::NoOperator));
    }
    Ok(node)
}

fn attribute<R: Read + Seek>(wire: &mut Wire<R>, field: Field, node: &mut Node) -> Result<(), OnnxError> {
    let (mut name, mut kind) = (String::new(), 0);
    let (mut scalar, mut branch) = (None, None);
    let (mut ints, mut floats, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    wire.charge(2 * size_of::<Attribute>())?;
    wire.message(field, &mut |wire, number, field| {
        match number {
            1 => name = wire.text(field)?,
            2 => {
                if let Field::Fixed32(bits) = field {
                    scalar = Some(Attribute::Float(seven_digits(f32::from_bits(bits))));
                }
            }
            3 => scalar = Some(Attribute::Int(wire.integer(field)?)),
            4 => scalar = Some(Attribute::Text(String::from_utf8_lossy(&wire.bytes(field)?).into_owned())),
            5 => node.tensor = Some(tensor(wire, field)?),
            6 => branch = Some(graph(wire, field)?),
            7 => wire.floats(field, &mut floats, usize::MAX)?,
            8 => wire.integers(field, &mut ints, usize::MAX)?,
            9 => {
                wire.charge(size_of::<String>())?;
                texts.push(String::from_utf8_lossy(&wire.bytes(field)?).into_owned());
            }
            20 => kind = wire.integer(field)?,
            _ => {}
        }
        Ok(())
    })?;
    let value = match kind {
        // Floats, integers and texts; a list may be empty, and then only its kind tells what it is.
        6 => Some(Attribute::Floats(floats.into_iter().map(seven_digits).collect())),
        7 => Some(Attribute::Ints(ints)),
        8 => Some(Attribute::Texts(texts)),
        // A scalar with the value 0 may be left out of the file.
        1 => scalar.or(Some(Attribute::Float(0.0))),
        2 => scalar.or(Some(Attribute::Int(0))),
        3 => scalar.or(Some(Attribute::Text(String::new()))),
        _ if !ints.is_empty() => Some(Attribute::Ints(ints)),
        _ if !floats.is_empty() => Some(Attribute::Floats(floats.into_iter().map(seven_digits).collect())),
        _ => scalar,
    };
    if let Some(graph) = branch {
        node.branches.insert(name, graph);
    } else if let Some(value) = value {
        node.attributes.insert(name, value);
    }
    Ok(())
}

/// A number as records hold it.
pub(crate) fn seven_digits(value: f32) -> f64 {
    format!("{value:.6e}").parse().unwrap_or(f64::from(value))
}

fn tensor<R: Read + Seek>(wire: &mut Wire<R>, field: Field) -> Result<Weight, OnnxError> {
    let mut weight = Weight::default();
    let (mut ints, mut floats, mut raw) = (Vec::new(), Vec::new(), None);
    let (mut doubles, mut is_external) = (None, false);
    wire.message(field, &mut |wire, number, field| {
        match number {
            1 => wire.integers(field, &mut weight.shape, usize::MAX)?,
            2 => weight.element_type = wire.integer(field)?,
            4 => wire.floats(field, &mut floats, MOST + 1)?,
            5 | 7 | 11 => wire.integers(field, &mut ints, MOST + 1)?,
            8 => weight.name = wire.text(field)?,
            // Longer contents are weights, which are skipped.
            9 if wire.length(field)? <= 8 * MOST as u64 => raw = Some(wire.bytes(field)?),
            10 if matches!(field, Field::Bytes(length) if length <= 8 * MOST as u64) => {
                doubles = Some(wire.bytes(field)?);
            }
            14 => is_external = wire.integer(field)? == 1,
            _ => {}
        }
        Ok(())
    })?;
    let n = n_elements(&weight.shape).and_then(|n| usize::try_from(n).ok()).filter(|n| *n <= MOST);
    if let (Some(n), Some(element_type), false) = (n, ElementType::from_code(weight.element_type), is_external) {
        let numbers = if let Some(raw) = raw {
            Numbers::from_bytes(element_type, &raw)
        } else if let Some(doubles) = doubles {
            Numbers::from_bytes(ElementType::Float64, &doubles)
        } else if !floats.is_empty() {
            Some(Numbers::Floats(floats.into_iter().map(f64::from).collect()))
        } else if element_type.is_integer() {
            Some(Numbers::Ints(ints))
        } else {
            None
        };
        weight.numbers = numbers.filter(|numbers| numbers.len() == n);
    }
    Ok(weight)
}

fn sparse_tensor<R: Read + Seek>(wire: &mut Wire<R>, field: Field) -> Result<Weight, OnnxError> {
    let (mut weight, mut shape) = (Weight::default(), Vec::new());
    wire.message(field, &mut |wire, number, field| {
        match number {
            1 => weight = tensor(wire, field)?,
            3 => wire.integers(field, &mut shape, usize::MAX)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(Weight { shape, numbers: None, ..weight })
}

/// A `ValueInfoProto`: of its type only what is said of tensors.
fn declared<R: Read + Seek>(wire: &mut Wire<R>, field: Field) -> Result<Declared, OnnxError> {
    let mut declared = Declared::default();
    wire.message(field, &mut |wire, number, field| match number {
        1 => {
            declared.name = wire.text(field)?;
            Ok(())
        }
        2 => wire.message(field, &mut |wire, number, field| match number {
            1 => wire.message(field, &mut |wire, number, field| {
                match number {
                    1 => declared.element_type = Some(wire.integer(field)?),
                    2 => declared.dims = Some(dims(wire, field)?),
                    _ => {}
                }
                Ok(())
            }),
            _ => Ok(()),
        }),
        _ => Ok(()),
    })?;
    Ok(declared)
}

fn dims<R: Read + Seek>(wire: &mut Wire<R>, field: Field) -> Result<Vec<Dimension>, OnnxError> {
    let mut dims = Vec::new();
    wire.message(field, &mut |wire, number, field| {
        if number == 1 {
            wire.charge(size_of::<Dimension>())?;
            let mut dimension = Dimension::Unknown;
            wire.message(field, &mut |wire, number, field| {
                match number {
                    1 => dimension = Dimension::Fixed(wire.integer(field)?),
                    2 => {
                        let name = wire.text(field)?;
                        if !name.is_empty() {
                            dimension = Dimension::Named(name);
                        }
                    }
                    _ => {}
                }
                Ok(())
            })?;
            dims.push(dimension);
        }
        Ok(())
    })?;
    Ok(dims)
}
