//! Reductions, running sums, and the largest elements.

use cdmpp_ir::{BinaryOp, Body, DataType, ExprId};

use super::formula::{math, with};
use super::nest::{
    Sum, convert, data_type, highest, index, input, load, local, lowest, number, output, over, result, store, summed,
    tensor, wide, wrong,
};
use crate::call::axis_of;
use crate::{Attribute, Operator, Problem};

/// The axes that are reduced: by attribute, by the value of a constant, or as the shapes tell.
fn axes(op: &Operator) -> Result<Vec<usize>, Problem> {
    let (from, to) = (&tensor(op, 0)?.shape, &result(op)?.shape);
    let rank = from.len();
    let named = op.ints("axes").map(<[i64]>::to_vec).or_else(|| match op.inputs.get(1)?.value.as_ref()? {
        Attribute::Ints(axes) => Some(axes.clone()),
        _ => None,
    });
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        let rule = Problem::Attribute { attribute: "axes", rule: "names no axis of the input" };
        let mut axes = named.iter().map(|axis| axis_of(*axis, rank)).collect::<Option<Vec<_>>>().ok_or(rule)?;
        axes.sort_unstable();
        axes.dedup();
        return Ok(axes);
    }
    if from == to {
        return Ok(Vec::new());
    }
    if to.len() == rank {
        return Ok((0..rank).filter(|axis| to[*axis] == 1 && from[*axis] != 1).collect());
    }
    // What is left is a part of the axes in their order; where extents repeat, the last ones are reduced.
    let (mut axes, mut kept) = (Vec::new(), to.iter().peekable());
    for (axis, extent) in from.iter().enumerate() {
        if kept.peek() == Some(&extent) {
            kept.next();
        } else {
            axes.push(axis);
        }
    }
    if kept.peek().is_some() { Err(Problem::Mismatch(from.clone(), to.clone())) } else { Ok(axes) }
}

/// The indices of the input: those of the result, with loop variables on the reduced axes.
fn merged(body: &mut Body<'_>, axes: &[usize], rank: usize, keeps: bool, at: &[ExprId], k: &[ExprId]) -> Vec<ExprId> {
    let (mut kept, mut inner) = (at.iter(), k.iter());
    (0..rank)
        .map(|axis| {
            let is_reduced = axes.contains(&axis);
            let outer = if is_reduced && !keeps { None } else { kept.next() };
            let found = if is_reduced { inner.next() } else { outer };
            found.copied().unwrap_or_else(|| body.int(0, DataType::I64))
        })
        .collect()
}

pub(super) fn reduce(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let axes = axes(op)?;
    let from = tensor(op, 0)?.shape.clone();
    let keeps = result(op)?.shape.len() == from.len();
    let extents: Vec<i64> = axes.iter().map(|axis| from[*axis]).collect();
    if extents.contains(&0) {
        return Err(wrong(op, 0, "must have elements"));
    }
    let n_kept = result(op)?.n_elements().saturating_mul(extents.iter().product());
    if n_kept != tensor(op, 0)?.n_elements() {
        return Err(Problem::Mismatch(from, result(op)?.shape.clone()));
    }
    let (x, y) = (input(body, op, 0)?, output(body, op)?);
    let dtype = wide(data_type(tensor(op, 0)?)?);
    let kind = op.op_type.strip_prefix("Reduce").unwrap_or("");
    let (join, start) = match kind {
        "Max" => (BinaryOp::Max, lowest(body, dtype)),
        "Min" => (BinaryOp::Min, highest(body, dtype)),
        "Prod" => (BinaryOp::Mul, number(body, 1.0, dtype)),
        "Sum" | "Mean" | "L1" | "L2" | "SumSquare" | "LogSum" | "LogSumExp" => {
            (BinaryOp::Add, number(body, 0.0, dtype))
        }
        _ => return Err(Problem::NotSupported),
    };
    let n: i64 = extents.iter().product();
    over(body, &result(op)?.shape, &mut |body, at| {
        let sum = Sum::begin(body, y, at, start);
        summed(body, &extents, &mut |body, k| {
            let place = merged(body, &axes, from.len(), keeps, at, k);
            let value = load(body, x, &place, dtype);
            let value = match kind {
                "L2" | "SumSquare" => body.mul(value, value),
                "LogSumExp" => math(body, "exp", value),
                "L1" => {
                    let zero = number(body, 0.0, dtype);
                    let negative = body.sub(zero, value);
                    body.binary(BinaryOp::Max, value, negative)
                }
                _ => value,
            };
            sum.join(body, join, value);
        });
        sum.finish(body, &mut |body, value| match kind {
            "Mean" => Some(with(body, BinaryOp::Div, value, n as f64)),
            "L2" => Some(math(body, "sqrt", value)),
            "LogSum" | "LogSumExp" => Some(math(body, "log", value)),
            _ => None,
        });
    });
    Ok(())
}

/// The place of the largest or smallest element along an axis.
pub(super) fn arg(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let from = tensor(op, 0)?.shape.clone();
    let rule = Problem::Attribute { attribute: "axis", rule: "is not an axis of the input" };
    let axis = axis_of(op.int("axis").unwrap_or(0), from.len()).ok_or(rule)?;
    let keeps = result(op)?.shape.len() == from.len();
    let (x, y) = (input(body, op, 0)?, output(body, op)?);
    let dtype = data_type(tensor(op, 0)?)?;
    let is_max = op.op_type == "ArgMax";
    over(body, &result(op)?.shape, &mut |body, at| {
        let best = local(body, "best", dtype, &[]);
        let start = if is_max { lowest(body, dtype) } else { highest(body, dtype) };
        body.store(best, &[], start);
        let zero = index(body, 0);
        body.store(y, at, zero);
        summed(body, &[from[axis]], &mut |body, k| {
            let place = merged(body, &[axis], from.len(), keeps, at, k);
            let (value, sofar) = (body.load(x, &place), body.load(best, &[]));
            let better = body.binary(if is_max { BinaryOp::Gt } else { BinaryOp::Lt }, value, sofar);
            body.if_then(better, |body| {
                body.store(best, &[], value);
                body.store(y, at, k[0]);
            });
        });
    });
    Ok(())
}

/// A running sum along an axis, which is the last one with more than one element unless a value tells.
pub(super) fn cumulated(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let shape = result(op)?.shape.clone();
    let named = match op.inputs.get(1).and_then(|axis| axis.value.as_ref()) {
        Some(Attribute::Int(axis)) => axis_of(*axis, shape.len()),
        _ => None,
    };
    let Some(axis) = named.or_else(|| shape.iter().rposition(|extent| *extent > 1)).or(shape.len().checked_sub(1))
    else {
        return Err(wrong(op, 0, "must have an axis"));
    };
    let (x, y) = (input(body, op, 0)?, output(body, op)?);
    let dtype = wide(data_type(tensor(op, 0)?)?);
    let mut outer = shape.clone();
    outer[axis] = 1;
    over(body, &outer, &mut |body, at| {
        let sum = local(body, "sum", dtype, &[]);
        let zero = number(body, 0.0, dtype);
        body.store(sum, &[], zero);
        summed(body, &[shape[axis]], &mut |body, k| {
            let place = [&at[..axis], &[k[0]], &at[axis + 1..]].concat();
            let (value, sofar) = (load(body, x, &place, dtype), body.load(sum, &[]));
            let next = body.add(sofar, value);
            body.store(sum, &[], next);
            store(body, y, &place, next);
        });
    });
    Ok(())
}

/// The largest elements along an axis: each is searched among all, as many times as elements are asked for.
pub(super) fn top(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let (from, to) = (tensor(op, 0)?.shape.clone(), result(op)?.shape.clone());
    let rule = Problem::Attribute { attribute: "axis", rule: "is not an axis of the input" };
    let axis = axis_of(op.int("axis").unwrap_or(-1), from.len()).ok_or(rule)?;
    if to.len() != from.len() {
        return Err(Problem::Mismatch(from, to));
    }
    let (x, y) = (input(body, op, 0)?, output(body, op)?);
    let dtype = data_type(tensor(op, 0)?)?;
    let places = super::nest::param(body, "places", DataType::I64, &to)?;
    let mut outer = to.clone();
    outer[axis] = 1;
    over(body, &outer, &mut |body, at| {
        let bound = local(body, "bound", dtype, &[]);
        let high = highest(body, dtype);
        body.store(bound, &[], high);
        summed(body, &[to[axis]], &mut |body, rank| {
            let here = [&at[..axis], &[rank[0]], &at[axis + 1..]].concat();
            let low = lowest(body, dtype);
            body.store(y, &here, low);
            super::nest::each(body, "j", &[from[axis]], cdmpp_ir::LoopKind::Serial, &mut |body, k| {
                let place = [&at[..axis], &[k[0]], &at[axis + 1..]].concat();
                let (value, best, bound) = (body.load(x, &place), body.load(y, &here), body.load(bound, &[]));
                let above = body.binary(BinaryOp::Gt, value, best);
                let below = body.binary(BinaryOp::Lt, value, bound);
                let taken = body.binary(BinaryOp::And, above, below);
                body.if_then(taken, |body| {
                    body.store(y, &here, value);
                    body.store(places, &here, k[0]);
                });
            });
            let found = body.load(y, &here);
            let found = convert(body, found, dtype);
            body.store(bound, &[], found);
        });
    });
    Ok(())
}
