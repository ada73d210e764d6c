//! Operators that read or write at places that another tensor names.

use cdmpp_ir::{BinaryOp, Body, BufferId, DataType, ExprId};

use super::nest::{data_type, index, input, number, output, over, result, tensor, wrong};
use crate::call::axis_of;
use crate::{Operator, Problem};

/// An index that a tensor holds.
fn named(body: &mut Body<'_>, indices: BufferId, at: &[ExprId]) -> ExprId {
    let value = body.load(indices, at);
    body.cast(DataType::I64, value)
}

fn axis(op: &Operator, rank: usize) -> Result<usize, Problem> {
    let rule = Problem::Attribute { attribute: "axis", rule: "is not an axis of the input" };
    axis_of(op.int("axis").unwrap_or(0), rank).ok_or(rule)
}

pub(super) fn gather(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let (from, named_by) = (&tensor(op, 0)?.shape, &tensor(op, 1)?.shape);
    let axis = axis(op, from.len())?;
    let n = named_by.len();
    let to = &result(op)?.shape;
    if to.len() + 1 != from.len() + n || !tensor(op, 1)?.element_type.is_integer() {
        return Err(Problem::Mismatch(from.clone(), to.clone()));
    }
    let (x, indices, y) = (input(body, op, 0)?, input(body, op, 1)?, output(body, op)?);
    over(body, to, &mut |body, at| {
        let place = named(body, indices, &at[axis..axis + n]);
        let source = [&at[..axis], &[place], &at[axis + n..]].concat();
        let value = body.load(x, &source);
        body.store(y, at, value);
    });
    Ok(())
}

pub(super) fn elements(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let (from, to) = (&tensor(op, 0)?.shape, &result(op)?.shape);
    let axis = axis(op, from.len())?;
    if to.len() != from.len() || tensor(op, 1)?.shape != *to || !tensor(op, 1)?.element_type.is_integer() {
        return Err(Problem::Mismatch(from.clone(), to.clone()));
    }
    let (x, indices, y) = (input(body, op, 0)?, input(body, op, 1)?, output(body, op)?);
    over(body, to, &mut |body, at| {
        let mut source = at.to_vec();
        source[axis] = named(body, indices, at);
        let value = body.load(x, &source);
        body.store(y, at, value);
    });
    Ok(())
}

/// Indices of several axes at once, in the last axis of the index tensor.
pub(super) fn coordinates(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let (from, named_by, to) = (&tensor(op, 0)?.shape, &tensor(op, 1)?.shape, &result(op)?.shape);
    let batch = usize::try_from(op.int("batch_dims").unwrap_or(0)).unwrap_or(usize::MAX);
    let [rows @ .., depth] = &named_by[..] else { return Err(wrong(op, 1, "must have an axis")) };
    let depth = usize::try_from(*depth).unwrap_or(usize::MAX);
    let inner = from.len().checked_sub(batch.saturating_add(depth));
    if inner.is_none_or(|inner| rows.len() + inner != to.len())
        || batch > rows.len()
        || !tensor(op, 1)?.element_type.is_integer()
    {
        return Err(wrong(op, 1, "does not fit the input and the result"));
    }
    let (x, indices, y) = (input(body, op, 0)?, input(body, op, 1)?, output(body, op)?);
    over(body, to, &mut |body, at| {
        let (row, rest) = at.split_at(rows.len());
        let mut source = row[..batch].to_vec();
        for part in 0..depth {
            let part = index(body, part as i64);
            source.push(named(body, indices, &[row, &[part]].concat()));
        }
        source.extend_from_slice(rest);
        let value = body.load(x, &source);
        body.store(y, at, value);
    });
    Ok(())
}

/// A copy, and then updates at named places.
pub(super) fn scatter(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let (shape, named_by, updates) = (&result(op)?.shape, &tensor(op, 1)?.shape, &tensor(op, 2)?.shape);
    let (x, indices, from, y) = (input(body, op, 0)?, input(body, op, 1)?, input(body, op, 2)?, output(body, op)?);
    let by_coordinates = op.op_type == "ScatterND";
    let axis = axis(op, shape.len())?;
    let (n_rows, depth) = match &named_by[..] {
        [rows @ .., depth] if by_coordinates => (rows.len(), usize::try_from(*depth).unwrap_or(usize::MAX)),
        _ => (0, 0),
    };
    let fits = if by_coordinates {
        depth <= shape.len() && updates.len() == n_rows + shape.len() - depth
    } else {
        updates == named_by && updates.len() == shape.len()
    };
    if !fits || !tensor(op, 1)?.element_type.is_integer() || tensor(op, 0)?.shape != *shape {
        return Err(wrong(op, 1, "does not fit the input and the updates"));
    }
    if data_type(tensor(op, 2)?)? != data_type(result(op)?)? {
        return Err(wrong(op, 2, "must have the type of the result"));
    }
    over(body, shape, &mut |body, at| {
        let value = body.load(x, at);
        body.store(y, at, value);
    });
    let reduction = op.text("reduction").unwrap_or("none");
    over(body, updates, &mut |body, at| {
        let to = if by_coordinates {
            let (row, rest) = at.split_at(n_rows);
            let mut to = Vec::with_capacity(shape.len());
            for part in 0..depth {
                let part = index(body, part as i64);
                to.push(named(body, indices, &[row, &[part]].concat()));
            }
            to.extend_from_slice(rest);
            to
        } else {
            let mut to = at.to_vec();
            to[axis] = named(body, indices, at);
            to
        };
        let value = body.load(from, at);
        let join = match reduction {
            "add" => Some(BinaryOp::Add),
            "mul" => Some(BinaryOp::Mul),
            "max" => Some(BinaryOp::Max),
            "min" => Some(BinaryOp::Min),
            _ => None,
        };
        let value = match join {
            Some(join) => {
                let sofar = body.load(y, &to);
                body.binary(join, sofar, value)
            }
            None => value,
        };
        body.store(y, &to, value);
    });
    Ok(())
}

/// One value where an index points, another elsewhere.
pub(super) fn one_hot(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let to = &result(op)?.shape;
    let rule = Problem::Attribute { attribute: "axis", rule: "is not an axis of the result" };
    let axis = axis_of(op.int("axis").unwrap_or(-1), to.len()).ok_or(rule)?;
    if tensor(op, 0)?.shape.len() + 1 != to.len() {
        return Err(wrong(op, 0, "must have an axis less than the result"));
    }
    let (indices, y) = (input(body, op, 0)?, output(body, op)?);
    let dtype = data_type(result(op)?)?;
    over(body, to, &mut |body, at| {
        let source = [&at[..axis], &at[axis + 1..]].concat();
        let place = named(body, indices, &source);
        let here = body.binary(BinaryOp::Eq, place, at[axis]);
        let (on, off) = (number(body, 1.0, dtype), number(body, 0.0, dtype));
        let value = body.select(here, on, off);
        body.store(y, at, value);
    });
    Ok(())
}
