//! Convolutions in the plain layout, and what belongs to them.

use cdmpp_ir::{BinaryOp, Body, BufferId, DataType, ExprId, LoopKind};

use super::conv_blocked::blocked_param;
use super::formula::{activation, math, with};
use super::nest::{
    Sum, affine, convert, data_type, each, input, load, number, output, over, result, scratch, store, summed, tensor,
    wide, wrong,
};
use super::window::{Window, with_margin};
use crate::{Operator, Problem};

/// Batch, channels and image of a tensor.
pub(super) fn image(op: &Operator, place: usize) -> Result<(i64, i64, &[i64]), Problem> {
    match &tensor(op, place)?.shape[..] {
        [batch, channels, image @ ..] => Ok((*batch, *channels, image)),
        _ => Err(wrong(op, place, "must have a batch and channels")),
    }
}

/// The parts of a quantised operator: where its second operand stands, and its scales.
pub(super) struct Quantised {
    pub(super) weight: usize,
    /// Where the scales of both operands and of the result stand; `None` if the result stays an integer.
    pub(super) scales: Option<[usize; 3]>,
    /// The first input behind those.
    pub(super) rest: usize,
}

impl Quantised {
    pub(super) fn of(op: &Operator) -> Self {
        match op.op_type.as_str() {
            "QLinearConv" | "QLinearMatMul" => Self { weight: 3, scales: Some([1, 4, 6]), rest: 8 },
            _ => Self { weight: 1, scales: None, rest: 2 },
        }
    }

    /// The last steps of an element: scales, bias, residual, activation. `None` if there is none of them.
    pub(super) fn finish(
        &self,
        op: &Operator,
        body: &mut Body<'_>,
        scales: &[BufferId],
        value: ExprId,
    ) -> Option<ExprId> {
        let [a, b, y] = scales else { return activation(body, op, value) };
        let mut scaled = convert(body, value, DataType::F32);
        for (scale, op) in [(a, BinaryOp::Mul), (b, BinaryOp::Mul), (y, BinaryOp::Div)] {
            // Scales of a whole tensor, or of each filter; here the first.
            let rank = body.buffer_of(*scale).shape.len();
            let zeros: Vec<ExprId> = (0..rank).map(|_| body.int(0, DataType::I64)).collect();
            let scale = load(body, *scale, &zeros, DataType::F32);
            scaled = body.binary(op, scaled, scale);
        }
        let rounded = math(body, "nearbyint", scaled);
        let low = with(body, BinaryOp::Max, rounded, -128.0);
        Some(with(body, BinaryOp::Min, low, 127.0))
    }

    pub(super) fn params(&self, op: &Operator, body: &mut Body<'_>) -> Result<Vec<BufferId>, Problem> {
        let Some(places) = self.scales else { return Ok(Vec::new()) };
        places.iter().map(|place| input(body, op, *place)).collect()
    }
}

/// Inputs behind the weight: a bias has one axis, a residual as many as the result.
pub(super) struct Extras {
    pub(super) bias: Option<BufferId>,
    pub(super) residual: Option<BufferId>,
}

impl Extras {
    /// `block` is the number of channels of a block, if the residual lies in blocks.
    pub(super) fn of(op: &Operator, body: &mut Body<'_>, from: usize, block: Option<i64>) -> Result<Self, Problem> {
        let mut extras = Self { bias: None, residual: None };
        if op.op_type == "ConvInteger" {
            // What follows the weight are zero points.
            return Ok(extras);
        }
        let shape = &result(op)?.shape;
        for place in from..op.inputs.len() {
            let tensor = tensor(op, place)?;
            if tensor.shape.len() == 1 && tensor.n_elements() == shape.get(1).copied().unwrap_or(1) {
                extras.bias = Some(input(body, op, place)?);
            } else if tensor.shape == *shape {
                extras.residual = Some(match block {
                    Some(block) => blocked_param(body, &format!("x{place}"), tensor, block)?,
                    None => input(body, op, place)?,
                });
            } else {
                return Err(wrong(op, place, "is neither a bias nor a residual"));
            }
        }
        Ok(extras)
    }
}

pub(super) fn conv(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let quantised = Quantised::of(op);
    let (batch, channels, extents) = image(op, 0)?;
    let (filters, per_group, kernel) = image(op, quantised.weight)?;
    let group = op.int("group").unwrap_or(1);
    if group < 1 || filters % group != 0 || per_group.checked_mul(group) != Some(channels) {
        return Err(wrong(op, quantised.weight, "and `group` must give the channels of the image"));
    }
    let [n, f, places @ ..] = &result(op)?.shape[..] else { return Err(Problem::MissingOutput(0)) };
    if (*n, *f) != (batch, filters) {
        return Err(Problem::Mismatch(vec![*n, *f], vec![batch, filters]));
    }
    let window = Window::of(op, kernel, extents, places)?;
    let (x, w) = (input(body, op, 0)?, input(body, op, quantised.weight)?);
    let extras = Extras::of(op, body, quantised.rest, None)?;
    let scales = quantised.params(op, body)?;
    let y = output(body, op)?;
    let dtype = wide(data_type(tensor(op, 0)?)?);
    let padded = with_margin(body, &window, x, (2, extents), 0.0);
    let per = filters / group;
    // Of a depthwise convolution each channel is a group.
    let outer: Vec<i64> = [&[batch, group, per], places].concat();
    over(body, &outer, &mut |body, at| {
        let filter = joined(body, at[1], at[2], per);
        let here: Vec<ExprId> = [&[at[0], filter], &at[3..]].concat();
        let zero = number(body, 0.0, dtype);
        let sum = Sum::begin(body, y, &here, zero);
        let inner: Vec<i64> = [&[per_group], kernel].concat();
        summed(body, &inner, &mut |body, k| {
            let channel = joined(body, at[1], k[0], per_group);
            let place = window.at(body, &at[3..], &k[1..]);
            let a = load(body, padded, &[&[at[0], channel], place.as_slice()].concat(), dtype);
            let b = load(body, w, &[&[filter, k[0]], &k[1..]].concat(), dtype);
            let product = body.mul(a, b);
            sum.join(body, BinaryOp::Add, product);
        });
        sum.finish(body, &mut |body, value| {
            let added = add_extras(body, &extras, filter, &here, value);
            quantised.finish(op, body, &scales, added.unwrap_or(value)).or(added)
        });
    });
    Ok(())
}

/// The index of an element of a group: `outer * n + inner`.
fn joined(body: &mut Body<'_>, outer: ExprId, inner: ExprId, n: i64) -> ExprId {
    if n == 1 {
        return outer;
    }
    let is_zero = |body: &Body<'_>, id| matches!(body.expr(id), cdmpp_ir::Expr::Int { value: 0, .. });
    if is_zero(body, outer) {
        return inner;
    }
    let start = affine(body, outer, n, 0);
    body.add(start, inner)
}

/// Adds bias and residual, if there are any.
pub(super) fn add_extras(
    body: &mut Body<'_>,
    extras: &Extras,
    filter: ExprId,
    here: &[ExprId],
    value: ExprId,
) -> Option<ExprId> {
    let dtype = body.dtype(value);
    let mut added = None;
    if let Some(bias) = extras.bias {
        let bias = load(body, bias, &[filter], dtype);
        added = Some(body.add(value, bias));
    }
    if let Some(residual) = extras.residual {
        let residual = load(body, residual, here, dtype);
        added = Some(body.add(added.unwrap_or(value), residual));
    }
    added
}

/// A transposed convolution: each element of the image is spread over a window of the result.
pub(super) fn transpose(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let (batch, channels, extents) = image(op, 0)?;
    let (channels_in, per, kernel) = image(op, 1)?;
    let group = op.int("group").unwrap_or(1);
    let [_, filters, places @ ..] = &result(op)?.shape[..] else { return Err(Problem::MissingOutput(0)) };
    if group < 1 || channels != channels_in || channels % group != 0 || per.checked_mul(group) != Some(*filters) {
        return Err(wrong(op, 1, "must have the channels of the image and of the result"));
    }
    // The image is where the windows stand: they cover the result and its margin.
    let window = Window::of(op, kernel, places, extents)?;
    let (x, w) = (input(body, op, 0)?, input(body, op, 1)?);
    let extras = Extras::of(op, body, 2, None)?;
    let y = output(body, op)?;
    let dtype = wide(data_type(tensor(op, 0)?)?);
    // An output that is larger than what the windows cover has a rest without any.
    let extents_full: Vec<i64> =
        (0..kernel.len()).map(|axis| window.covered[axis].max(places[axis] + window.before[axis])).collect();
    let shape: Vec<i64> = [&[batch, *filters], extents_full.as_slice()].concat();
    let full = scratch(body, "full", dtype, &shape);
    over(body, &shape, &mut |body, at| {
        let zero = number(body, 0.0, dtype);
        body.store(full, at, zero);
    });
    let per_group = channels / group;
    over(body, &[batch, group, per], &mut |body, at| {
        let filter = joined(body, at[1], at[2], per);
        summed(body, &[&[per_group], extents, kernel].concat(), &mut |body, k| {
            let channel = joined(body, at[1], k[0], per_group);
            let (place, inner) = k[1..].split_at(extents.len());
            let a = load(body, x, &[&[at[0], channel], place].concat(), dtype);
            let b = load(body, w, &[&[channel, at[2]], inner].concat(), dtype);
            let to = window.at(body, place, inner);
            let to: Vec<ExprId> = [&[at[0], filter], to.as_slice()].concat();
            let (sofar, product) = (body.load(full, &to), body.mul(a, b));
            let sum = body.add(sofar, product);
            body.store(full, &to, sum);
        });
    });
    over(body, &result(op)?.shape, &mut |body, at| {
        let mut from = at.to_vec();
        for axis in 0..kernel.len() {
            from[axis + 2] = affine(body, at[axis + 2], 1, window.before[axis]);
        }
        let value = body.load(full, &from);
        let value = add_extras(body, &extras, at[1], at, value).unwrap_or(value);
        store(body, y, at, value);
    });
    Ok(())
}

/// The gradient of a convolution's weight: for each weight, a sum over the image and the batch.
pub(super) fn grad_weight(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let (batch, channels, extents) = image(op, 0)?;
    let (_, filters, places) = image(op, 1)?;
    let [f, per_group, kernel @ ..] = &result(op)?.shape[..] else { return Err(Problem::MissingOutput(0)) };
    let group = op.int("group").unwrap_or(1);
    if group < 1 || *f != filters || per_group.checked_mul(group) != Some(channels) || filters % group != 0 {
        return Err(wrong(op, 1, "does not fit the weight"));
    }
    let window = Window::of(op, kernel, extents, places)?;
    let (x, dy) = (input(body, op, 0)?, input(body, op, 1)?);
    let dw = output(body, op)?;
    let dtype = wide(data_type(tensor(op, 0)?)?);
    let padded = with_margin(body, &window, x, (2, extents), 0.0);
    let per = filters / group;
    each(body, "i", &[&[group, per, *per_group], kernel].concat(), LoopKind::Parallel, &mut |body, at| {
        let (filter, channel) = (joined(body, at[0], at[1], per), joined(body, at[0], at[2], *per_group));
        let zero = number(body, 0.0, dtype);
        let sum = Sum::begin(body, dw, &[&[filter, at[2]], &at[3..]].concat(), zero);
        summed(body, &[&[batch], places].concat(), &mut |body, k| {
            let place = window.at(body, &k[1..], &at[3..]);
            let a = load(body, padded, &[&[k[0], channel], place.as_slice()].concat(), dtype);
            let b = load(body, dy, &[&[k[0], filter], &k[1..]].concat(), dtype);
            let product = body.mul(a, b);
            sum.join(body, BinaryOp::Add, product);
        });
        sum.finish(body, &mut |_, _| None);
    });
    Ok(())
}
