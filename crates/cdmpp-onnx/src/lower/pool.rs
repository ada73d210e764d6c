//! Pools, in the plain layout and in blocks of channels.

use cdmpp_ir::{BinaryOp, Body, BufferId, DataType, ExprId};

use super::conv::image;
use super::conv_blocked::{block, blocked_param, over_blocks};
use super::formula::{math, with};
use super::nest::{Sum, data_type, input, load, lowest, number, output, over, result, summed, tensor, wide};
use super::window::{Window, with_margin};
use crate::{Operator, Problem};

/// What is done with the elements of a window.
struct Pool {
    window: Window,
    is_max: bool,
    is_norm: bool,
    dtype: DataType,
}

impl Pool {
    fn of(op: &Operator) -> Result<Self, Problem> {
        let (_, _, extents) = image(op, 0)?;
        let [_, _, places @ ..] = &result(op)?.shape[..] else { return Err(Problem::MissingOutput(0)) };
        let kernel = if op.op_type.starts_with("Global") {
            extents
        } else {
            op.ints("kernel_shape").ok_or(Problem::MissingAttribute("kernel_shape"))?
        };
        let window = Window::of(op, kernel, extents, places)?;
        let is_max = op.op_type.ends_with("MaxPool");
        let dtype = data_type(tensor(op, 0)?)?;
        let dtype = if is_max { dtype } else { wide(dtype) };
        Ok(Self { window, is_max, is_norm: op.op_type.ends_with("LpPool"), dtype })
    }

    /// The image with its margin: lower than everything for a maximum, else zero.
    fn padded(&self, body: &mut Body<'_>, x: BufferId, extents: &[i64]) -> BufferId {
        let is_float = body.buffer_of(x).dtype.is_float();
        let margin = match self.is_max {
            true if is_float => f64::NEG_INFINITY,
            true => 0.0,
            false => 0.0,
        };
        with_margin(body, &self.window, x, (2, extents), margin)
    }

    /// One element of the result; `source` tells where an element of the window lies.
    fn element(
        &self,
        body: &mut Body<'_>,
        x: BufferId,
        y: BufferId,
        here: &[ExprId],
        source: &mut dyn FnMut(&mut Body<'_>, &[ExprId]) -> Vec<ExprId>,
    ) {
        let start = if self.is_max { lowest(body, self.dtype) } else { number(body, 0.0, self.dtype) };
        let sum = Sum::begin(body, y, here, start);
        summed(body, &self.window.kernel, &mut |body, k| {
            let from = source(body, k);
            let value = load(body, x, &from, self.dtype);
            let value = if self.is_norm { body.mul(value, value) } else { value };
            sum.join(body, if self.is_max { BinaryOp::Max } else { BinaryOp::Add }, value);
        });
        let n: i64 = self.window.kernel.iter().product();
        sum.finish(body, &mut |body, value| match (self.is_max, self.is_norm) {
            (true, _) => None,
            (false, true) => Some(math(body, "sqrt", value)),
            // A window at the rim may hold fewer elements: that changes the divisor, not the work.
            (false, false) => Some(with(body, BinaryOp::Div, value, n as f64)),
        });
    }
}

pub(super) fn plain(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let pool = Pool::of(op)?;
    let (_, _, extents) = image(op, 0)?;
    let (x, y) = (input(body, op, 0)?, output(body, op)?);
    let padded = pool.padded(body, x, extents);
    over(body, &result(op)?.shape, &mut |body, at| {
        pool.element(body, padded, y, at, &mut |body, k| {
            let place = pool.window.at(body, &at[2..], k);
            [&at[..2], place.as_slice()].concat()
        });
    });
    Ok(())
}

pub(super) fn blocked(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let pool = Pool::of(op)?;
    let (batch, channels, extents) = image(op, 0)?;
    let b = block(&[channels]);
    let (x, y) = (blocked_param(body, "x0", tensor(op, 0)?, b)?, blocked_param(body, "y", result(op)?, b)?);
    let padded = pool.padded(body, x, extents);
    let places = &result(op)?.shape[2..];
    over_blocks(body, &[&[batch, channels / b], places].concat(), b, &mut |body, at, lane| {
        pool.element(body, padded, y, &[at, &[lane]].concat(), &mut |body, k| {
            let place = pool.window.at(body, &at[2..], k);
            [&at[..2], place.as_slice(), &[lane]].concat()
        });
    });
    Ok(())
}
