//! Recurrent layers: for each step a product with the state, then the gates.

use cdmpp_ir::{BinaryOp, Body, BufferId, DataType, ExprId, LoopKind};

use super::formula::{math, sigmoid, with};
use super::nest::{
    affine, data_type, each, input, load, number, output, over, param, result, scratch, store, summed, tensor, wide,
    wrong,
};
use crate::{Operator, Problem};

/// The extents of a recurrent layer.
struct Extents {
    directions: i64,
    steps: i64,
    batch: i64,
    inputs: i64,
    hidden: i64,
    gates: i64,
}

/// The number of gates of a layer.
fn n_gates(op: &Operator) -> i64 {
    match op.op_type.as_bytes() {
        [b'L', ..] => 4,
        [b'G', ..] => 3,
        _ => 1,
    }
}

impl Extents {
    /// From the sequence and from the last axis of the state or result.
    fn of(op: &Operator) -> Result<Self, Problem> {
        let (a, b, inputs) = match tensor(op, 0)?.shape[..] {
            [a, b, inputs] | [a, _, b, inputs] => (a, b, inputs),
            _ => return Err(wrong(op, 0, "must have three axes")),
        };
        let (steps, batch) = if op.int("layout").unwrap_or(0) == 0 { (a, b) } else { (b, a) };
        let directions = if op.text("direction") == Some("bidirectional") { 2 } else { 1 };
        let hidden = op.int("hidden_size").or_else(|| result(op).ok()?.shape.last().copied()).unwrap_or(inputs);
        let gates = n_gates(op);
        let extents = Self { directions, steps, batch, inputs, hidden, gates };
        if steps.min(batch).min(inputs).min(hidden) < 1 || hidden > 1 << 40 {
            return Err(wrong(op, 0, "must have steps, a batch and a state"));
        }
        Ok(extents)
    }
}

pub(super) fn layer(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    recurrent(op, body, true)
}

/// A layer whose product with the inputs was made before: they are added to the gates.
pub(super) fn skip_input(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    recurrent(op, body, false)
}

fn recurrent(op: &Operator, body: &mut Body<'_>, with_input: bool) -> Result<(), Problem> {
    let e = Extents::of(op)?;
    let own = data_type(tensor(op, 0)?)?;
    let dtype = wide(own);
    let x = input(body, op, 0)?;
    let wide_gates = e.gates * e.hidden;
    // Matrices that a runtime packed are not among the inputs; their shapes follow from the rest.
    let w = if with_input { Some(param(body, "W", own, &[e.directions, wide_gates, e.inputs])?) } else { None };
    let r = param(body, "R", own, &[e.directions, wide_gates, e.hidden])?;
    let y = param(body, "y", own, &[e.steps, e.directions, e.batch, e.hidden])?;
    let gates = scratch(body, "gates", dtype, &[e.batch, wide_gates]);
    let state = scratch(body, "state", dtype, &[e.batch, e.hidden]);
    let cell = scratch(body, "cell", dtype, &[e.batch, e.hidden]);
    each(body, "d", &[e.directions], LoopKind::Serial, &mut |body, d| {
        over(body, &[e.batch, e.hidden], &mut |body, at| {
            let zero = number(body, 0.0, dtype);
            body.store(state, at, zero);
            body.store(cell, at, zero);
        });
        each(body, "t", &[e.steps], LoopKind::Serial, &mut |body, t| {
            over(body, &[e.batch, wide_gates], &mut |body, at| {
                let zero = number(body, 0.0, dtype);
                body.store(gates, at, zero);
                if let Some(w) = w {
                    summed(body, &[e.inputs], &mut |body, k| {
                        let a = load(body, x, &[t[0], at[0], k[0]], dtype);
                        let b = load(body, w, &[d[0], at[1], k[0]], dtype);
                        accumulate(body, gates, at, a, b);
                    });
                }
                summed(body, &[e.hidden], &mut |body, k| {
                    let a = body.load(state, &[at[0], k[0]]);
                    let b = load(body, r, &[d[0], at[1], k[0]], dtype);
                    accumulate(body, gates, at, a, b);
                });
            });
            over(body, &[e.batch, e.hidden], &mut |body, at| {
                let gate = |body: &mut Body<'_>, place: i64| {
                    let column = affine(body, at[1], 1, place * e.hidden);
                    let value = body.load(gates, &[at[0], column]);
                    if with_input || e.inputs != e.hidden {
                        return value;
                    }
                    let x = load(body, x, &[t[0], at[0], at[1]], dtype);
                    body.add(value, x)
                };
                let next = match e.gates {
                    4 => {
                        let (i, o, f, c) = (gate(body, 0), gate(body, 1), gate(body, 2), gate(body, 3));
                        let (i, o, f) = (sigmoid(body, i), sigmoid(body, o), sigmoid(body, f));
                        let c = math(body, "tanh", c);
                        let before = body.load(cell, at);
                        let (kept, new) = (body.mul(f, before), body.mul(i, c));
                        let next = body.add(kept, new);
                        body.store(cell, at, next);
                        let stored = body.load(cell, at);
                        let shown = math(body, "tanh", stored);
                        body.mul(o, shown)
                    }
                    3 => {
                        let (z, r, h) = (gate(body, 0), gate(body, 1), gate(body, 2));
                        let (z, r) = (sigmoid(body, z), sigmoid(body, r));
                        let reset = body.mul(r, h);
                        let h = math(body, "tanh", reset);
                        let before = body.load(state, at);
                        let change = body.sub(before, h);
                        let kept = body.mul(z, change);
                        body.add(h, kept)
                    }
                    _ => {
                        let value = gate(body, 0);
                        let is_relu = matches!(op.attributes.get("activations"),
                            Some(crate::Attribute::Texts(names)) if names.iter().any(|name| name == "Relu"));
                        if is_relu { with(body, BinaryOp::Max, value, 0.0) } else { math(body, "tanh", value) }
                    }
                };
                store(body, y, &[t[0], d[0], at[0], at[1]], next);
            });
            // The state changes only when all gates have been computed from the old one.
            over(body, &[e.batch, e.hidden], &mut |body, at| {
                let value = load(body, y, &[t[0], d[0], at[0], at[1]], dtype);
                body.store(state, at, value);
            });
        });
    });
    Ok(())
}

fn accumulate(body: &mut Body<'_>, buffer: BufferId, at: &[ExprId], a: ExprId, b: ExprId) {
    let (sofar, product) = (body.load(buffer, at), body.mul(a, b));
    let sum = body.add(sofar, product);
    body.store(buffer, at, sum);
}

/// The gradient of the inputs: for each step, from the last, the gates and a product with the transposed matrix.
pub(super) fn grad_input(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let e = Extents::of(op)?;
    let own = data_type(tensor(op, 0)?)?;
    let dtype = wide(own);
    let gates = e.gates * e.hidden;
    let y = param(body, "y", own, &[e.steps, e.batch, e.hidden])?;
    let dy = param(body, "dy", own, &[e.steps, e.batch, e.hidden])?;
    let r = param(body, "R", own, &[gates, e.hidden])?;
    let dx = param(body, "dx", own, &[e.steps, e.batch, e.hidden])?;
    let d_gates = scratch(body, "d_gates", dtype, &[e.batch, gates]);
    let d_state = scratch(body, "d_state", dtype, &[e.batch, e.hidden]);
    over(body, &[e.batch, e.hidden], &mut |body, at| {
        let zero = number(body, 0.0, dtype);
        body.store(d_state, at, zero);
    });
    each(body, "t", &[e.steps], LoopKind::Serial, &mut |body, t| {
        let last = super::nest::index(body, e.steps - 1);
        let step = body.sub(last, t[0]);
        over(body, &[e.batch, e.gates, e.hidden], &mut |body, at| {
            let here = [step, at[0], at[2]];
            let (from, value) = (load(body, dy, &here, dtype), load(body, y, &here, dtype));
            let carried = body.load(d_state, &[at[0], at[2]]);
            let total = body.add(from, carried);
            // The derivative of a gate: s (1 - s).
            let rest = with(body, BinaryOp::Sub, value, 1.0);
            let slope = body.mul(value, rest);
            let change = body.mul(total, slope);
            let start = affine(body, at[1], e.hidden, 0);
            let column = body.add(start, at[2]);
            body.store(d_gates, &[at[0], column], change);
        });
        over(body, &[e.batch, e.hidden], &mut |body, at| {
            let zero = number(body, 0.0, dtype);
            body.store(d_state, at, zero);
            summed(body, &[gates], &mut |body, k| {
                let (a, b) = (body.load(d_gates, &[at[0], k[0]]), load(body, r, &[k[0], at[1]], dtype));
                accumulate(body, d_state, at, a, b);
            });
            let value = body.load(d_state, at);
            store(body, dx, &[step, at[0], at[1]], value);
        });
    });
    Ok(())
}

/// The gradient of the matrix: for each of its elements a sum over steps and batch.
pub(super) fn grad_weight(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let e = Extents::of(op)?;
    let own: DataType = data_type(tensor(op, 0)?)?;
    let dtype = wide(own);
    let gates = e.gates * e.hidden;
    let state = param(body, "state", own, &[e.steps, e.batch, e.hidden])?;
    let d_gates = param(body, "d_gates", own, &[e.steps, e.batch, gates])?;
    let [_, rows, columns] = result(op)?.shape[..] else { return Err(Problem::MissingOutput(0)) };
    if (rows, columns) != (gates, e.hidden) {
        return Err(wrong(op, 0, "does not fit the matrix"));
    }
    let dr = output(body, op)?;
    over(body, &[1, gates, e.hidden], &mut |body, at| {
        let zero = number(body, 0.0, dtype);
        let sum = super::nest::Sum::begin(body, dr, at, zero);
        summed(body, &[e.steps, e.batch], &mut |body, k| {
            let a = load(body, d_gates, &[k[0], k[1], at[1]], dtype);
            let b = load(body, state, &[k[0], k[1], at[2]], dtype);
            let product = body.mul(a, b);
            sum.join(body, BinaryOp::Add, product);
        });
        sum.finish(body, &mut |_, _| None);
    });
    Ok(())
}
