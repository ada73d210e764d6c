//! Matrix products and sums of products.

use cdmpp_ir::{BinaryOp, Body, BufferId, DataType, ExprId};

use super::conv::Quantised;
use super::formula::with;
use super::nest::{
    Sum, aligned, data_type, input, load, number, output, over, param, result, summed, tensor, wide, wrong,
};
use crate::shape::Labels;
use crate::{Operator, Problem};

/// A matrix product in any of its forms.
pub(super) fn product(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let is_gemm = op.op_type.ends_with("Gemm");
    let (trans_a, trans_b) = (flag(op, "transA"), flag(op, "transB"));
    if flag(op, "transBatchA") || flag(op, "transBatchB") {
        return Err(Problem::FormNotSupported("transposed batches"));
    }
    let quantised = Quantised::of(op);
    let y_shape = matrix(&result(op)?.shape, false, false);
    let a_shape = matrix(&tensor(op, 0)?.shape, true, false);
    let [.., a_row, a_column] = a_shape[..] else { return Err(wrong(op, 0, "must have an axis")) };
    let (m, k) = if trans_a { (a_column, a_row) } else { (a_row, a_column) };
    let vector = op.inputs.get(quantised.weight).is_some_and(|tensor| tensor.shape.len() == 1) && !is_gemm;
    let n = if vector { 1 } else { y_shape.last().copied().unwrap_or(1) };
    // A constant matrix that the runtime packed is not among the inputs: its shape follows from the others.
    let is_packed = match op.inputs.get(quantised.weight) {
        None => true,
        Some(tensor) => is_gemm && tensor.shape.len() < 2,
    };
    let dtype = data_type(tensor(op, 0)?)?;
    let b_rank2 = if trans_b { [n, k] } else { [k, n] };
    let a = declare(body, op, 0, &a_shape)?;
    let (b, b_shape) = if is_packed {
        (param(body, "packed", dtype, &b_rank2)?, b_rank2.to_vec())
    } else {
        let shape = matrix(&tensor(op, quantised.weight)?.shape, false, true);
        let b = declare(body, op, quantised.weight, &shape)?;
        (b, shape)
    };
    let [b_outer @ .., b0, b1] = &b_shape[..] else { return Err(wrong(op, quantised.weight, "must have an axis")) };
    if [*b0, *b1] != b_rank2 {
        return Err(Problem::Mismatch(a_shape.clone(), b_shape.clone()));
    }
    let rest = if is_packed { quantised.weight } else { quantised.rest };
    let bias = match op.inputs.get(rest) {
        Some(_) if is_gemm => Some(input(body, op, rest)?),
        _ => None,
    };
    let scales = quantised.params(op, body)?;
    // The result as rows and columns, whatever axes its own shape drops.
    let mut outer = result(op)?.shape.clone();
    if !vector {
        outer.pop();
    }
    if tensor(op, 0)?.shape.len() > 1 {
        outer.pop();
    }
    let loops: Vec<i64> = [outer.as_slice(), &[m, n]].concat();
    let y = param(body, "y", data_type(result(op)?)?, &loops)?;
    let dtype = wide(dtype);
    let a_outer = &a_shape[..a_shape.len() - 2];
    if a_outer.len() > outer.len()
        || b_outer.len() > outer.len()
        || result(op)?.n_elements() != loops.iter().product::<i64>()
    {
        return Err(Problem::Mismatch(a_shape.clone(), result(op)?.shape.clone()));
    }
    over(body, &loops, &mut |body, at| {
        let (batch, row, column) = (&at[..outer.len()], at[outer.len()], at[outer.len() + 1]);
        let zero = number(body, 0.0, dtype);
        let sum = Sum::begin(body, y, at, zero);
        let (a_batch, b_batch) = (aligned(body, batch, a_outer), aligned(body, batch, b_outer));
        summed(body, &[k], &mut |body, k| {
            let a_at = if trans_a { [k[0], row] } else { [row, k[0]] };
            let b_at = if trans_b { [column, k[0]] } else { [k[0], column] };
            let left = load(body, a, &[a_batch.as_slice(), &a_at].concat(), dtype);
            let right = load(body, b, &[b_batch.as_slice(), &b_at].concat(), dtype);
            let product = body.mul(left, right);
            sum.join(body, BinaryOp::Add, product);
        });
        sum.finish(body, &mut |body, value| {
            let mut changed = scaled(op, body, value);
            if let Some(bias) = bias {
                let shape = body.buffer_of(bias).shape.clone();
                let at = aligned(body, &[row, column], &shape);
                let bias = load(body, bias, &at, dtype);
                changed = Some(body.add(changed.unwrap_or(value), bias));
            }
            quantised.finish(op, body, &scales, changed.unwrap_or(value)).or(changed)
        });
    });
    Ok(())
}

fn flag(op: &Operator, name: &str) -> bool {
    op.int(name).unwrap_or(0) != 0
}

/// The product times `alpha`, where that is not 1.
fn scaled(op: &Operator, body: &mut Body<'_>, value: ExprId) -> Option<ExprId> {
    let alpha = op.float("alpha").filter(|alpha| *alpha != 1.0)?;
    Some(with(body, BinaryOp::Mul, value, alpha))
}

/// A shape of at least two axes: a vector is a row on the left and a column on the right.
fn matrix(shape: &[i64], is_left: bool, is_right: bool) -> Vec<i64> {
    match shape {
        [n] if is_left => vec![1, *n],
        [n] if is_right => vec![*n, 1],
        other => other.to_vec(),
    }
}

fn declare(body: &mut Body<'_>, op: &Operator, place: usize, shape: &[i64]) -> Result<BufferId, Problem> {
    param(body, &format!("x{place}"), data_type(tensor(op, place)?)?, shape)
}

/// A sum of products over the indices that the result has not.
pub(super) fn einsum(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let shapes: Vec<&[i64]> = op.inputs.iter().map(|tensor| tensor.shape.as_slice()).collect();
    let labels = Labels::of(op.text("equation").unwrap_or(""), &shapes)?;
    let mut inputs = Vec::with_capacity(shapes.len());
    for place in 0..shapes.len() {
        inputs.push(input(body, op, place)?);
    }
    let y = output(body, op)?;
    let extents: Vec<i64> = labels.output.iter().map(|label| labels.extents[label]).collect();
    if extents != result(op)?.shape {
        return Err(Problem::Mismatch(extents, result(op)?.shape.clone()));
    }
    let inner: Vec<char> = labels.extents.keys().filter(|label| !labels.output.contains(label)).copied().collect();
    let inner_extents: Vec<i64> = inner.iter().map(|label| labels.extents[label]).collect();
    let dtype = wide(data_type(tensor(op, 0)?)?);
    over(body, &extents, &mut |body, at| {
        let term = |body: &mut Body<'_>, k: &[ExprId], place: usize, buffer: BufferId| {
            let axes = labels.inputs[place].iter().zip(shapes[place]);
            let indices = axes.map(|(label, extent)| {
                let outer = labels.output.iter().position(|other| other == label).map(|axis| at[axis]);
                let found = outer.or_else(|| inner.iter().position(|other| other == label).map(|axis| k[axis]));
                found.filter(|_| *extent != 1).unwrap_or_else(|| body.int(0, DataType::I64))
            });
            let indices: Vec<ExprId> = indices.collect();
            load(body, buffer, &indices, dtype)
        };
        let product = |body: &mut Body<'_>, k: &[ExprId]| {
            let mut product = None;
            for (place, buffer) in inputs.iter().enumerate() {
                let value = term(body, k, place, *buffer);
                product = Some(match product {
                    Some(other) => body.mul(other, value),
                    None => value,
                });
            }
            product
        };
        if inner.is_empty() {
            if let Some(value) = product(body, &[]) {
                super::nest::store(body, y, at, value);
            }
            return;
        }
        let zero = number(body, 0.0, dtype);
        let sum = Sum::begin(body, y, at, zero);
        summed(body, &inner_extents, &mut |body, k| {
            if let Some(value) = product(body, k) {
                sum.join(body, BinaryOp::Add, value);
            }
        });
        sum.finish(body, &mut |_, _| None);
    });
    Ok(())
}
