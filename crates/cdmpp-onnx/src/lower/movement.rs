//! Operators that move elements and compute nothing.

use cdmpp_ir::{BinaryOp, Body, ExprId};

use super::nest::{
    affine, convert, data_type, index, input, load, number, output, over, param, result, store, tensor, within, wrong,
};
use crate::call::axis_of;
use crate::{Attribute, Operator, Problem};

pub(super) fn transpose(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let from = &tensor(op, 0)?.shape;
    let backwards: Vec<i64> = (0..from.len() as i64).rev().collect();
    let perm = op.ints("perm").unwrap_or(&backwards);
    let mut places = vec![None; from.len()];
    for (place, axis) in perm.iter().enumerate() {
        let axis =
            axis_of(*axis, from.len()).filter(|axis| result(op).is_ok_and(|y| y.shape.get(place) == from.get(*axis)));
        let slot = axis.and_then(|axis| places.get_mut(axis));
        *slot.ok_or(Problem::Attribute { attribute: "perm", rule: "does not give the result's axes" })? = Some(place);
    }
    let (x, y) = (input(body, op, 0)?, output(body, op)?);
    let Some(places) = places.into_iter().collect::<Option<Vec<usize>>>() else {
        return Err(Problem::Attribute { attribute: "perm", rule: "names an axis twice" });
    };
    over(body, &result(op)?.shape, &mut |body, at| {
        let from: Vec<ExprId> = places.iter().map(|place| at[*place]).collect();
        let value = body.load(x, &from);
        body.store(y, at, value);
    });
    Ok(())
}

/// The axis along which tensors are joined or parted.
fn seam(op: &Operator, rank: usize) -> Result<usize, Problem> {
    let rule = Problem::Attribute { attribute: "axis", rule: "is not an axis of the input" };
    axis_of(op.int("axis").unwrap_or(0), rank).ok_or(rule)
}

pub(super) fn concat(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let whole = &result(op)?.shape;
    let axis = seam(op, whole.len())?;
    let mut parts = Vec::with_capacity(op.inputs.len());
    for (place, part) in op.inputs.iter().enumerate().filter(|(_, part)| part.n_elements() > 0) {
        if part.shape.len() != whole.len() {
            return Err(Problem::Mismatch(part.shape.clone(), whole.clone()));
        }
        parts.push((&part.shape, input(body, op, place)?));
    }
    let y = output(body, op)?;
    let mut start = 0;
    for (part, x) in parts {
        over(body, part, &mut |body, at| {
            let mut to = at.to_vec();
            to[axis] = affine(body, at[axis], 1, start);
            let value = body.load(x, at);
            body.store(y, &to, value);
        });
        start += part[axis];
    }
    if start == whole[axis] { Ok(()) } else { Err(Problem::Rule("the parts are not the whole")) }
}

pub(super) fn split(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let whole = &tensor(op, 0)?.shape;
    let axis = seam(op, whole.len())?;
    let x = input(body, op, 0)?;
    let mut start = 0;
    for (place, part) in op.outputs.iter().enumerate() {
        if part.shape.len() != whole.len() || start + part.shape[axis] > whole[axis] {
            return Err(Problem::Mismatch(part.shape.clone(), whole.clone()));
        }
        if part.n_elements() > 0 {
            let y = param(body, &format!("y{place}"), data_type(part)?, &part.shape)?;
            over(body, &part.shape, &mut |body, at| {
                let mut from = at.to_vec();
                from[axis] = affine(body, at[axis], 1, start);
                let value = body.load(x, &from);
                body.store(y, at, value);
            });
        }
        start += part.shape[axis];
    }
    Ok(())
}

/// Slices, repetitions, crops: each element is copied from somewhere. Which elements a slice takes changes no work, so
/// that it starts at the beginning here; its step is told by the extents.
pub(super) fn copy(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let (from, to) = (&tensor(op, 0)?.shape, &result(op)?.shape);
    if from.len() > to.len() || tensor(op, 0)?.n_elements() == 0 {
        return Err(Problem::Mismatch(from.clone(), to.clone()));
    }
    let (x, y) = (input(body, op, 0)?, output(body, op)?);
    let missing = to.len() - from.len();
    over(body, to, &mut |body, at| {
        let mut source = Vec::with_capacity(from.len());
        for (axis, extent) in from.iter().enumerate() {
            let at = at[axis + missing];
            source.push(match to[axis + missing] {
                _ if *extent == 1 => index(body, 0),
                larger if larger > *extent => {
                    let extent = index(body, *extent);
                    body.binary(BinaryOp::FloorMod, at, extent)
                }
                _ => at,
            });
        }
        let value = body.load(x, &source);
        body.store(y, at, value);
    });
    Ok(())
}

/// A margin, split evenly between both ends where no value tells.
pub(super) fn pad(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let (from, to) = (&tensor(op, 0)?.shape, &result(op)?.shape);
    if from.len() != to.len() || tensor(op, 0)?.n_elements() == 0 {
        return Err(Problem::Mismatch(from.clone(), to.clone()));
    }
    let pads = op.ints("pads").or_else(|| match op.inputs.get(1)?.value.as_ref()? {
        Attribute::Ints(pads) => Some(pads),
        _ => None,
    });
    let before = |axis: usize| match pads.filter(|pads| pads.len() == 2 * from.len()) {
        Some(pads) => pads[axis].clamp(-from[axis], to[axis]),
        None => (to[axis] - from[axis]) / 2,
    };
    let mode = op.text("mode").unwrap_or("constant");
    let (x, y) = (input(body, op, 0)?, output(body, op)?);
    let dtype = data_type(result(op)?)?;
    over(body, to, &mut |body, at| {
        let (mut source, mut condition) = (at.to_vec(), None);
        for (axis, size) in from.iter().enumerate() {
            let start = before(axis);
            source[axis] = affine(body, at[axis], 1, -start);
            if start == 0 && to[axis] == *size {
                continue;
            }
            match mode {
                "constant" => {
                    let inside = within(body, source[axis], *size);
                    condition = Some(match condition {
                        Some(other) => body.binary(BinaryOp::And, other, inside),
                        None => inside,
                    });
                }
                "wrap" => {
                    let size = index(body, *size);
                    source[axis] = body.binary(BinaryOp::FloorMod, source[axis], size);
                }
                // The nearest element of the tensor; a mirrored one costs the same.
                _ => source[axis] = clamped(body, source[axis], *size),
            }
        }
        let value = load(body, x, &source, dtype);
        let value = match condition {
            Some(condition) => {
                let outside = number(body, 0.0, dtype);
                body.choose(condition, value, outside)
            }
            None => value,
        };
        body.store(y, at, value);
    });
    Ok(())
}

/// The nearest index of a tensor.
pub(super) fn clamped(body: &mut Body<'_>, at: ExprId, size: i64) -> ExprId {
    let (zero, last) = (index(body, 0), index(body, size - 1));
    let low = body.binary(BinaryOp::Max, at, zero);
    body.binary(BinaryOp::Min, low, last)
}

/// Blocks of an image become channels, or the other way.
pub(super) fn blocks(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let size = op.int("blocksize").unwrap_or(1);
    let to_space = op.op_type == "DepthToSpace";
    let (small, large) = if to_space { (tensor(op, 0)?, result(op)?) } else { (result(op)?, tensor(op, 0)?) };
    let ([_, deep, h, w], [_, flat, _, _]) = (&small.shape[..], &large.shape[..]) else {
        return Err(wrong(op, 0, "must have four axes"));
    };
    if size < 1 || flat.checked_mul(size * size) != Some(*deep) {
        return Err(Problem::Attribute { attribute: "blocksize", rule: "does not fit the shapes" });
    }
    let (x, y) = (input(body, op, 0)?, output(body, op)?);
    let by_column = op.text("mode") == Some("CRD");
    over(body, &[small.shape[0], *flat, *h, size, *w, size], &mut |body, at| {
        let [n, c, row, dy, column, dx] = at else { return };
        let block = affine(body, *dy, size, 0);
        let block = body.add(block, *dx);
        // The block is the slower part of the channel, unless the mode says otherwise.
        let channel = if by_column {
            let start = affine(body, *c, size * size, 0);
            body.add(start, block)
        } else {
            let start = affine(body, block, *flat, 0);
            body.add(start, *c)
        };
        let (row_start, column_start) = (affine(body, *row, size, 0), affine(body, *column, size, 0));
        let (y_at, x_at) = (body.add(row_start, *dy), body.add(column_start, *dx));
        let (deep_at, flat_at) = ([*n, channel, *row, *column], [*n, *c, y_at, x_at]);
        let (from, to) = if to_space { (deep_at, flat_at) } else { (flat_at, deep_at) };
        let value = body.load(x, &from);
        body.store(y, &to, value);
    });
    Ok(())
}

/// Tensors that are made of nothing: constants, ranges, random numbers.
pub(super) fn fill(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let y = output(body, op)?;
    let dtype = data_type(result(op)?)?;
    let is_random = op.op_type.starts_with("Random");
    over(body, &result(op)?.shape, &mut |body, at| {
        let value = match (op.op_type.as_str(), at) {
            ("Range", [i]) => convert(body, *i, dtype),
            ("EyeLike", [i, j]) => {
                let same = body.binary(BinaryOp::Eq, *i, *j);
                convert(body, same, dtype)
            }
            _ if is_random => {
                let seed = index(body, 0);
                body.call("random", dtype, cdmpp_ir::Effect::Pure, &[seed])
            }
            _ => number(body, 0.0, dtype),
        };
        store(body, y, at, value);
    });
    Ok(())
}

/// One triangle of the last two axes; zero elsewhere.
pub(super) fn triangle(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let (x, y) = (input(body, op, 0)?, output(body, op)?);
    let dtype = data_type(result(op)?)?;
    let is_upper = op.int("upper").unwrap_or(1) != 0;
    let shape = &result(op)?.shape;
    if shape.len() < 2 || tensor(op, 0)?.shape != *shape {
        return Err(wrong(op, 0, "must have two axes and the result's shape"));
    }
    over(body, shape, &mut |body, at| {
        let [.., i, j] = at else { return };
        let inside = body.binary(if is_upper { BinaryOp::Le } else { BinaryOp::Ge }, *i, *j);
        let (value, zero) = (body.load(x, at), number(body, 0.0, dtype));
        let value = body.choose(inside, value, zero);
        body.store(y, at, value);
    });
    Ok(())
}
