//! Norms and softmax: statistics of a part of the tensor, then each element by them.

use cdmpp_ir::{BinaryOp, Body, BufferId, DataType, ExprId};

use super::formula::{math, with};
use super::nest::{
    aligned, data_type, input, load, local, lowest, number, output, over, result, scratch, store, summed, tensor, wide,
    wrong,
};
use crate::call::axis_of;
use crate::{Operator, Problem};

/// An axis of the first input, or the default.
fn axis(op: &Operator, default: i64) -> Result<usize, Problem> {
    let rule = Problem::Attribute { attribute: "axis", rule: "is not an axis of the input" };
    axis_of(op.int("axis").unwrap_or(default), tensor(op, 0)?.shape.len()).ok_or(rule)
}

/// Joins a value to a buffer of one element.
fn join(body: &mut Body<'_>, buffer: BufferId, op: BinaryOp, value: ExprId) {
    let sofar = body.load(buffer, &[]);
    let joined = body.binary(op, sofar, value);
    body.store(buffer, &[], joined);
}

/// Softmax and its relatives along one axis: the maximum, the sum of exponentials, the quotients.
pub(super) fn softmax(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let axis = axis(op, -1)?;
    let shape = result(op)?.shape.clone();
    let (x, y) = (input(body, op, 0)?, output(body, op)?);
    let dtype = wide(data_type(tensor(op, 0)?)?);
    let mut outer = shape.clone();
    outer[axis] = 1;
    over(body, &outer, &mut |body, at| {
        let along = |k: ExprId| [&at[..axis], &[k], &at[axis + 1..]].concat();
        let most = local(body, "most", dtype, &[]);
        let low = lowest(body, dtype);
        body.store(most, &[], low);
        summed(body, &[shape[axis]], &mut |body, k| {
            let value = load(body, x, &along(k[0]), dtype);
            join(body, most, BinaryOp::Max, value);
        });
        if op.op_type == "Hardmax" {
            summed(body, &[shape[axis]], &mut |body, k| {
                let (value, most) = (load(body, x, &along(k[0]), dtype), body.load(most, &[]));
                let is_most = body.binary(BinaryOp::Eq, value, most);
                let (one, zero) = (number(body, 1.0, dtype), number(body, 0.0, dtype));
                let value = body.select(is_most, one, zero);
                store(body, y, &along(k[0]), value);
            });
            return;
        }
        let total = local(body, "total", dtype, &[]);
        let zero = number(body, 0.0, dtype);
        body.store(total, &[], zero);
        let is_log = op.op_type == "LogSoftmax";
        summed(body, &[shape[axis]], &mut |body, k| {
            let (value, most) = (load(body, x, &along(k[0]), dtype), body.load(most, &[]));
            let shifted = body.sub(value, most);
            let exp = math(body, "exp", shifted);
            if is_log {
                join(body, total, BinaryOp::Add, exp);
            } else {
                store(body, y, &along(k[0]), exp);
                let stored = load(body, y, &along(k[0]), dtype);
                join(body, total, BinaryOp::Add, stored);
            }
        });
        summed(body, &[shape[axis]], &mut |body, k| {
            let total = body.load(total, &[]);
            let value = if is_log {
                let (value, most) = (load(body, x, &along(k[0]), dtype), body.load(most, &[]));
                let shifted = body.sub(value, most);
                let log = math(body, "log", total);
                body.sub(shifted, log)
            } else {
                let exp = load(body, y, &along(k[0]), dtype);
                body.binary(BinaryOp::Div, exp, total)
            };
            store(body, y, &along(k[0]), value);
        });
    });
    Ok(())
}

/// How elements become the result: `(x - mean) / sqrt(variance + epsilon)`, without the mean for root mean squares.
struct Statistics {
    mean: Option<BufferId>,
    square: BufferId,
    n: f64,
    epsilon: f64,
    dtype: DataType,
}

impl Statistics {
    /// Sums over a part of the tensor, whose elements `value` gives.
    fn of(
        op: &Operator,
        body: &mut Body<'_>,
        extents: &[i64],
        dtype: DataType,
        with_mean: bool,
        value: &mut dyn FnMut(&mut Body<'_>, &[ExprId]) -> ExprId,
    ) -> Self {
        let n = extents.iter().product::<i64>() as f64;
        let zero = number(body, 0.0, dtype);
        let mean = with_mean.then(|| {
            let mean = local(body, "mean", dtype, &[]);
            body.store(mean, &[], zero);
            summed(body, extents, &mut |body, k| {
                let value = value(body, k);
                join(body, mean, BinaryOp::Add, value);
            });
            let sum = body.load(mean, &[]);
            let value = with(body, BinaryOp::Div, sum, n);
            body.store(mean, &[], value);
            mean
        });
        let square = local(body, "square", dtype, &[]);
        body.store(square, &[], zero);
        summed(body, extents, &mut |body, k| {
            let value = value(body, k);
            let shifted = match mean {
                Some(mean) => {
                    let mean = body.load(mean, &[]);
                    body.sub(value, mean)
                }
                None => value,
            };
            let product = body.mul(shifted, shifted);
            join(body, square, BinaryOp::Add, product);
        });
        Self { mean, square, n, epsilon: op.float("epsilon").unwrap_or(1e-5), dtype }
    }

    fn normalised(&self, body: &mut Body<'_>, value: ExprId) -> ExprId {
        let shifted = match self.mean {
            Some(mean) => {
                let mean = body.load(mean, &[]);
                body.sub(value, mean)
            }
            None => value,
        };
        let square = body.load(self.square, &[]);
        let variance = with(body, BinaryOp::Div, square, self.n);
        let above = with(body, BinaryOp::Add, variance, self.epsilon);
        let root = math(body, "sqrt", above);
        body.binary(BinaryOp::Div, shifted, root)
    }

    /// Times a scale, plus a bias.
    fn finish(&self, body: &mut Body<'_>, value: ExprId, params: &[(BufferId, Vec<ExprId>)]) -> ExprId {
        let mut value = self.normalised(body, value);
        for ((buffer, at), op) in params.iter().zip([BinaryOp::Mul, BinaryOp::Add]) {
            let param = load(body, *buffer, at, self.dtype);
            value = body.binary(op, value, param);
        }
        value
    }
}

/// Norms over the last axes, with or without a residual that is added before.
pub(super) fn layer(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let shape = result(op)?.shape.clone();
    let is_skip = op.op_type.starts_with("Skip");
    let axis = if is_skip { shape.len().saturating_sub(1) } else { axis(op, -1)? };
    let (outer, inner) = shape.split_at(axis);
    let x = input(body, op, 0)?;
    let skip = if is_skip { Some(input(body, op, 1)?) } else { None };
    // Scale, then bias, then a bias of the residual.
    let first = if is_skip { 2 } else { 1 };
    let mut params = Vec::new();
    for place in first..op.inputs.len() {
        if tensor(op, place)?.shape.len() > inner.len() {
            return Err(wrong(op, place, "has more axes than are normalised"));
        }
        params.push(input(body, op, place)?);
    }
    let y = output(body, op)?;
    let dtype = wide(data_type(tensor(op, 0)?)?);
    let with_mean = !op.op_type.contains("Simplified") && op.op_type != "RMSNormalization";
    let sums = skip.map(|skip| (skip, params.get(2).copied()));
    over(body, outer, &mut |body, at| {
        let place = |k: &[ExprId]| [at, k].concat();
        let row = sums.map(|(skip, bias)| {
            let row = local(body, "row", dtype, inner);
            summed(body, inner, &mut |body, k| {
                let a = load(body, x, &place(k), dtype);
                let shape = body.buffer_of(skip).shape.clone();
                let from = aligned(body, &place(k), &shape);
                let b = load(body, skip, &from, dtype);
                let mut sum = body.add(a, b);
                if let Some(bias) = bias {
                    let shape = body.buffer_of(bias).shape.clone();
                    let from = aligned(body, k, &shape);
                    let bias = load(body, bias, &from, dtype);
                    sum = body.add(sum, bias);
                }
                body.store(row, k, sum);
            });
            row
        });
        let mut value = |body: &mut Body<'_>, k: &[ExprId]| match row {
            Some(row) => body.load(row, k),
            None => load(body, x, &place(k), dtype),
        };
        let statistics = Statistics::of(op, body, inner, dtype, with_mean, &mut value);
        summed(body, inner, &mut |body, k| {
            let element = value(body, k);
            let params = params.iter().take(2).map(|buffer| {
                let shape = body.buffer_of(*buffer).shape.clone();
                (*buffer, aligned(body, k, &shape))
            });
            let params: Vec<_> = params.collect();
            let normalised = statistics.finish(body, element, &params);
            store(body, y, &place(k), normalised);
        });
    });
    Ok(())
}

/// Norms over an image, or over groups of channels and the image.
pub(super) fn group(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let shape = result(op)?.shape.clone();
    let [batch, channels, image @ ..] = &shape[..] else { return Err(wrong(op, 0, "must have a batch and channels")) };
    let groups = match op.op_type.as_str() {
        "GroupNormalization" => op.int("num_groups").unwrap_or(1),
        "InstanceNormalization" | "MeanVarianceNormalization" => *channels,
        _ => 1,
    };
    if groups < 1 || channels % groups != 0 {
        return Err(Problem::Attribute { attribute: "num_groups", rule: "must divide the channels" });
    }
    if op.op_type == "LpNormalization" {
        return lp(op, body, &shape);
    }
    let x = input(body, op, 0)?;
    let mut params = Vec::new();
    for place in 1..op.inputs.len().min(3) {
        params.push(input(body, op, place)?);
    }
    let y = output(body, op)?;
    let dtype = wide(data_type(tensor(op, 0)?)?);
    let per = channels / groups;
    let inner: Vec<i64> = [&[per], image].concat();
    over(body, &[*batch, groups], &mut |body, at| {
        let channel = |body: &mut Body<'_>, k: ExprId| {
            if per == 1 {
                return at[1];
            }
            let start = super::nest::affine(body, at[1], per, 0);
            body.add(start, k)
        };
        let mut value = |body: &mut Body<'_>, k: &[ExprId]| {
            let from = [&[at[0], channel(body, k[0])], &k[1..]].concat();
            load(body, x, &from, dtype)
        };
        let statistics = Statistics::of(op, body, &inner, dtype, true, &mut value);
        summed(body, &inner, &mut |body, k| {
            let element = value(body, k);
            let channel = channel(body, k[0]);
            let params: Vec<_> = params.iter().map(|buffer| (*buffer, vec![channel])).collect();
            let normalised = statistics.finish(body, element, &params);
            store(body, y, &[&[at[0], channel], &k[1..]].concat(), normalised);
        });
    });
    Ok(())
}

/// Division by the norm along one axis.
fn lp(op: &Operator, body: &mut Body<'_>, shape: &[i64]) -> Result<(), Problem> {
    let axis = axis(op, -1)?;
    let (x, y) = (input(body, op, 0)?, output(body, op)?);
    let dtype = wide(data_type(tensor(op, 0)?)?);
    let mut outer = shape.to_vec();
    outer[axis] = 1;
    over(body, &outer, &mut |body, at| {
        let along = |k: ExprId| [&at[..axis], &[k], &at[axis + 1..]].concat();
        let mut value = |body: &mut Body<'_>, k: &[ExprId]| load(body, x, &along(k[0]), dtype);
        let statistics = Statistics::of(op, body, &[shape[axis]], dtype, false, &mut value);
        summed(body, &[shape[axis]], &mut |body, k| {
            let element = value(body, k);
            let normalised = statistics.normalised(body, element);
            store(body, y, &along(k[0]), normalised);
        });
    });
    Ok(())
}

/// A batch norm of known statistics: scale, bias, mean and variance of each channel.
pub(super) fn batch(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let x = input(body, op, 0)?;
    let mut params = Vec::new();
    for place in 1..5 {
        params.push(input(body, op, place)?);
    }
    let y = output(body, op)?;
    let dtype = wide(data_type(tensor(op, 0)?)?);
    let shape = &result(op)?.shape;
    if shape.len() < 2 {
        return Err(wrong(op, 0, "must have a batch and channels"));
    }
    over(body, shape, &mut |body, at| {
        let mut value = load(body, x, at, dtype);
        let params: Vec<ExprId> = params.iter().map(|param| load(body, *param, &at[1..2], dtype)).collect();
        value = body.sub(value, params[2]);
        let above = with(body, BinaryOp::Add, params[3], op.float("epsilon").unwrap_or(1e-5));
        let root = math(body, "sqrt", above);
        value = body.binary(BinaryOp::Div, value, root);
        value = body.mul(value, params[0]);
        value = body.add(value, params[1]);
        store(body, y, at, value);
    });
    Ok(())
}

/// Division by a power of the sum of squares over neighbouring channels.
pub(super) fn local_response(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let shape = result(op)?.shape.clone();
    let size = op.int("size").ok_or(Problem::MissingAttribute("size"))?;
    if shape.len() < 2 || !(1..1 << 20).contains(&size) {
        return Err(Problem::Attribute { attribute: "size", rule: "is out of range" });
    }
    let (x, y) = (input(body, op, 0)?, output(body, op)?);
    let dtype = wide(data_type(tensor(op, 0)?)?);
    let mut padded_shape = shape.clone();
    padded_shape[1] += size - 1;
    let padded = scratch(body, "padded", dtype, &padded_shape);
    over(body, &padded_shape, &mut |body, at| {
        let mut from = at.to_vec();
        from[1] = super::nest::affine(body, at[1], 1, -((size - 1) / 2));
        let inside = super::nest::within(body, from[1], shape[1]);
        let (value, zero) = (load(body, x, &from, dtype), number(body, 0.0, dtype));
        let value = body.choose(inside, value, zero);
        body.store(padded, at, value);
    });
    over(body, &shape, &mut |body, at| {
        let total = local(body, "total", dtype, &[]);
        let zero = number(body, 0.0, dtype);
        body.store(total, &[], zero);
        summed(body, &[size], &mut |body, k| {
            let mut from = at.to_vec();
            from[1] = body.add(at[1], k[0]);
            let value = body.load(padded, &from);
            let square = body.mul(value, value);
            join(body, total, BinaryOp::Add, square);
        });
        let total = body.load(total, &[]);
        let scaled = with(body, BinaryOp::Mul, total, op.float("alpha").unwrap_or(1e-4) / size as f64);
        let shifted = with(body, BinaryOp::Add, scaled, op.float("bias").unwrap_or(1.0));
        let beta = number(body, op.float("beta").unwrap_or(0.75), dtype);
        let power = body.call("pow", dtype, cdmpp_ir::Effect::Pure, &[shifted, beta]);
        let value = load(body, x, at, dtype);
        let value = body.binary(BinaryOp::Div, value, power);
        store(body, y, at, value);
    });
    Ok(())
}
