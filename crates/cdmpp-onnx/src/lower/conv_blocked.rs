//! Convolutions whose channels lie in blocks, as vector units take them, and the way into that layout and out of it.

use cdmpp_ir::{BinaryOp, Body, BufferId, ExprId, LoopKind};

use super::conv::{Extras, add_extras, image};
use super::formula::activation;
use super::nest::{
    Sum, affine, data_type, each, index, input, load, number, output, over, param, result, summed, tensor, wide,
    within, wrong,
};
use super::window::{Window, with_margin};
use crate::{Operator, Problem, Tensor};

/// The channels of a block: 16 where all channels allow it, as on AVX-512, else 8.
pub(super) fn block(channels: &[i64]) -> i64 {
    if channels.iter().all(|n| n % 16 == 0) { 16 } else { 8 }
}

/// The shape of a tensor in blocks of channels, and whether it has any: the first image of a network has none.
pub(super) fn blocked_shape(shape: &[i64], block: i64) -> Result<Vec<i64>, Problem> {
    match shape {
        [batch, channels, image @ ..] if channels % block == 0 => {
            Ok([&[*batch, channels / block], image, &[block]].concat())
        }
        _ => Err(Problem::Rule("the channels must be whole blocks")),
    }
}

pub(super) fn blocked_param(body: &mut Body<'_>, name: &str, tensor: &Tensor, block: i64) -> Result<BufferId, Problem> {
    param(body, name, data_type(tensor)?, &blocked_shape(&tensor.shape, block)?)
}

/// Loops over a blocked result: outer loops, and the block inside as a vector.
pub(super) fn over_blocks(
    body: &mut Body<'_>,
    outer: &[i64],
    block: i64,
    inner: &mut dyn FnMut(&mut Body<'_>, &[ExprId], ExprId),
) {
    over(body, outer, &mut |body, at| {
        each(body, "v", &[block], LoopKind::Vectorized, &mut |body, lane| inner(body, at, lane[0]));
    });
}

pub(super) fn conv(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let (batch, channels, extents) = image(op, 0)?;
    let (filters, per_group, kernel) = image(op, 1)?;
    let [_, f, places @ ..] = &result(op)?.shape[..] else { return Err(Problem::MissingOutput(0)) };
    if *f != filters {
        return Err(wrong(op, 1, "must have the channels of the result"));
    }
    let group = op.int("group").unwrap_or(1);
    let is_depthwise = group > 1 && per_group == 1;
    let image_is_blocked = channels % 8 == 0;
    let b = match image_is_blocked {
        true if group > 1 && !is_depthwise => block(&[channels, filters, per_group, filters / group]),
        true => block(&[channels, filters]),
        false => block(&[filters]),
    };
    if group > 1 && !is_depthwise && filters % (b * group) != 0 {
        return Err(Problem::FormNotSupported("groups that are no whole blocks"));
    }
    let window = Window::of(op, kernel, extents, places)?;
    let x = if image_is_blocked { blocked_param(body, "x0", tensor(op, 0)?, b)? } else { input(body, op, 0)? };
    let dtype = data_type(tensor(op, 0)?)?;
    // The weight is packed so that the filters of a block lie beside each other.
    let packed: Vec<i64> = [&[filters / b, per_group], kernel, &[b]].concat();
    let w = param(body, "x1", dtype, &packed)?;
    let extras = Extras::of(op, body, 2, Some(b))?;
    let y = blocked_param(body, "y", result(op)?, b)?;
    let sums = wide(dtype);
    let padded = with_margin(body, &window, x, (2, extents), 0.0);
    let filters_per_group = filters / group.max(1);
    over_blocks(body, &[&[batch, filters / b], places].concat(), b, &mut |body, at, lane| {
        let here: Vec<ExprId> = [at, &[lane]].concat();
        let zero = number(body, 0.0, sums);
        let sum = Sum::begin(body, y, &here, zero);
        // Depthwise, the channels are the lanes; else they are summed, block by block where they lie in blocks.
        let inner: Vec<i64> = if is_depthwise {
            kernel.to_vec()
        } else if image_is_blocked && per_group % b == 0 {
            [&[per_group / b], kernel, &[b]].concat()
        } else {
            [&[per_group], kernel].concat()
        };
        summed(body, &inner, &mut |body, k| {
            let (from, weight) = if is_depthwise {
                let place = window.at(body, &at[2..], k);
                let zero = index(body, 0);
                ([&[at[0], at[1]], place.as_slice(), &[lane]].concat(), [&[at[1], zero], k, &[lane]].concat())
            } else if image_is_blocked && per_group % b == 0 {
                let (block_at, rest) = (k[0], &k[1..k.len() - 1]);
                let place = window.at(body, &at[2..], rest);
                let last = k[k.len() - 1];
                let mut source = block_at;
                if group > 1 {
                    let blocks = index(body, (filters_per_group / b).max(1));
                    let in_group = body.binary(BinaryOp::FloorDiv, at[1], blocks);
                    let start = affine(body, in_group, per_group / b, 0);
                    source = body.add(start, block_at);
                }
                let start = affine(body, block_at, b, 0);
                let channel = body.add(start, last);
                ([&[at[0], source], place.as_slice(), &[last]].concat(), [&[at[1], channel], rest, &[lane]].concat())
            } else {
                let place = window.at(body, &at[2..], &k[1..]);
                let from = if image_is_blocked {
                    let width = index(body, b);
                    let (outer, rest) =
                        (body.binary(BinaryOp::FloorDiv, k[0], width), body.binary(BinaryOp::FloorMod, k[0], width));
                    [&[at[0], outer], place.as_slice(), &[rest]].concat()
                } else {
                    [&[at[0], k[0]], place.as_slice()].concat()
                };
                (from, [&[at[1], k[0]], &k[1..], &[lane]].concat())
            };
            let (a, c) = (load(body, padded, &from, sums), load(body, w, &weight, sums));
            let product = body.mul(a, c);
            sum.join(body, BinaryOp::Add, product);
        });
        let start = affine(body, at[1], b, 0);
        let filter = body.add(start, lane);
        sum.finish(body, &mut |body, value| {
            let added = add_extras(body, &extras, filter, &here, value);
            activation(body, op, added.unwrap_or(value)).or(added)
        });
    });
    Ok(())
}

/// Into blocks: channels beyond those of the image are zero.
pub(super) fn reorder_input(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let [batch, padded, extents @ ..] = &result(op)?.shape[..] else { return Err(Problem::MissingOutput(0)) };
    let b = block(&[*padded]);
    let x = input(body, op, 0)?;
    let y = blocked_param(body, "y", result(op)?, b)?;
    let is_last = op.int("channels_last").unwrap_or(0) != 0;
    let shape = &tensor(op, 0)?.shape;
    let channels = if is_last { shape.last() } else { shape.get(1) }.copied().unwrap_or(1);
    let dtype = data_type(result(op)?)?;
    over_blocks(body, &[&[*batch, padded / b], extents].concat(), b, &mut |body, at, lane| {
        let start = affine(body, at[1], b, 0);
        let channel = body.add(start, lane);
        let from = channel_at(at[0], channel, &at[2..], is_last);
        let value = load(body, x, &from, dtype);
        let value = if channels < *padded {
            let (inside, zero) = (within(body, channel, channels), number(body, 0.0, dtype));
            body.choose(inside, value, zero)
        } else {
            value
        };
        body.store(y, &[at, &[lane]].concat(), value);
    });
    Ok(())
}

/// Out of blocks: channels that were only padding are dropped.
pub(super) fn reorder_output(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let channels = tensor(op, 0)?.shape.get(1).copied().unwrap_or(1);
    let b = block(&[channels]);
    let x = blocked_param(body, "x0", tensor(op, 0)?, b)?;
    let y = output(body, op)?;
    let is_last = op.int("channels_last").unwrap_or(0) != 0;
    let dtype = data_type(result(op)?)?;
    over(body, &result(op)?.shape, &mut |body, at| {
        let (channel, place) = match at {
            [_, place @ .., channel] if is_last => (*channel, place),
            [_, channel, place @ ..] => (*channel, place),
            _ => return,
        };
        let width = index(body, b);
        let (outer, lane) =
            (body.binary(BinaryOp::FloorDiv, channel, width), body.binary(BinaryOp::FloorMod, channel, width));
        let value = load(body, x, &[&[at[0], outer], place, &[lane]].concat(), dtype);
        body.store(y, at, value);
    });
    Ok(())
}

fn channel_at(batch: ExprId, channel: ExprId, place: &[ExprId], is_last: bool) -> Vec<ExprId> {
    if is_last { [&[batch], place, &[channel]].concat() } else { [&[batch, channel], place].concat() }
}
