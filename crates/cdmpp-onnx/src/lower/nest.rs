//! What the loop nests of all families are made of.

use cdmpp_ir::{BinaryOp, Body, Buffer, BufferId, DataType, ExprId, LoopKind, Scope};

use crate::{Operator, Problem, Tensor};

/// An input that must be there.
pub(super) fn tensor(op: &Operator, place: usize) -> Result<&Tensor, Problem> {
    op.inputs.get(place).ok_or(Problem::MissingInput(place))
}

/// The first output.
pub(super) fn result(op: &Operator) -> Result<&Tensor, Problem> {
    op.outputs.first().ok_or(Problem::MissingOutput(0))
}

/// The complaint about an input.
pub(super) fn wrong(op: &Operator, input: usize, rule: &'static str) -> Problem {
    Problem::Input { input, shape: op.inputs.get(input).map(|tensor| tensor.shape.clone()).unwrap_or_default(), rule }
}

/// A tensor's type in a loop nest.
pub(super) fn data_type(tensor: &Tensor) -> Result<DataType, Problem> {
    tensor.element_type.data_type().ok_or(Problem::FormNotSupported("tensors of text"))
}

/// The type that sums of a type are kept in: narrow floats are summed in single precision, narrow integers in 32 bits.
pub(super) fn wide(dtype: DataType) -> DataType {
    match dtype {
        DataType::F8E4M3 | DataType::F8E5M2 | DataType::F16 | DataType::BF16 => DataType::F32,
        DataType::Bool | DataType::I8 | DataType::U8 | DataType::I16 | DataType::U16 => DataType::I32,
        other => other,
    }
}

/// Declares an input as a parameter.
pub(super) fn input(body: &mut Body<'_>, op: &Operator, place: usize) -> Result<BufferId, Problem> {
    let tensor = tensor(op, place)?;
    param(body, &format!("x{place}"), data_type(tensor)?, &tensor.shape)
}

/// Declares the first output as a parameter.
pub(super) fn output(body: &mut Body<'_>, op: &Operator) -> Result<BufferId, Problem> {
    let tensor = result(op)?;
    param(body, "y", data_type(tensor)?, &tensor.shape)
}

/// Declares a parameter.
pub(super) fn param(body: &mut Body<'_>, name: &str, dtype: DataType, shape: &[i64]) -> Result<BufferId, Problem> {
    if shape.contains(&0) {
        return Err(Problem::Shape(shape.to_vec()));
    }
    Ok(body.param(Buffer::new(name, dtype, shape)))
}

/// Allocates a buffer in main memory.
pub(super) fn scratch(body: &mut Body<'_>, name: &str, dtype: DataType, shape: &[i64]) -> BufferId {
    body.allocate(Buffer::new(name, dtype, shape))
}

/// Allocates a buffer of one thread's own.
pub(super) fn local(body: &mut Body<'_>, name: &str, dtype: DataType, shape: &[i64]) -> BufferId {
    body.allocate(Buffer { scope: Scope::Local, ..Buffer::new(name, dtype, shape) })
}

/// An index or extent.
pub(super) fn index(body: &mut Body<'_>, value: i64) -> ExprId {
    body.int(value, DataType::I64)
}

/// A number of a type.
pub(super) fn number(body: &mut Body<'_>, value: f64, dtype: DataType) -> ExprId {
    if dtype.is_float() { body.float(value, dtype) } else { body.int(value.clamp(-2e9, 2e9) as i64, dtype) }
}

/// The lowest number of a type: where a maximum begins.
pub(super) fn lowest(body: &mut Body<'_>, dtype: DataType) -> ExprId {
    match dtype {
        dtype if dtype.is_float() => body.float(f64::NEG_INFINITY, dtype),
        DataType::I8 => body.int(-128, dtype),
        DataType::I16 => body.int(-32768, dtype),
        DataType::I32 | DataType::I64 => body.int(i32::MIN.into(), dtype),
        dtype => body.int(0, dtype),
    }
}

/// The highest number of a type: where a minimum begins.
pub(super) fn highest(body: &mut Body<'_>, dtype: DataType) -> ExprId {
    match dtype {
        dtype if dtype.is_float() => body.float(f64::INFINITY, dtype),
        DataType::Bool => body.int(1, dtype),
        DataType::I8 | DataType::U8 => body.int(127, dtype),
        DataType::I16 | DataType::U16 => body.int(32767, dtype),
        dtype => body.int(i32::MAX.into(), dtype),
    }
}

/// Loops over a box of indices, the first outermost; an extent of 1 needs no loop.
pub(super) fn each(
    body: &mut Body<'_>,
    name: &str,
    extents: &[i64],
    kind: LoopKind,
    inner: &mut dyn FnMut(&mut Body<'_>, &[ExprId]),
) {
    let mut at = Vec::with_capacity(extents.len());
    nested(body, name, extents, kind, &mut at, inner);
}

fn nested(
    body: &mut Body<'_>,
    name: &str,
    extents: &[i64],
    kind: LoopKind,
    at: &mut Vec<ExprId>,
    inner: &mut dyn FnMut(&mut Body<'_>, &[ExprId]),
) {
    let Some((extent, rest)) = extents.split_first() else { return inner(body, at) };
    if *extent == 1 {
        at.push(index(body, 0));
        nested(body, name, rest, kind, at, inner);
    } else {
        let numbered = format!("{name}{}", at.len());
        body.for_extent(&numbered, *extent, kind, |body, var| {
            at.push(var);
            nested(body, name, rest, kind, at, inner);
        });
    }
    at.pop();
}

/// Loops over the elements of a result.
pub(super) fn over(body: &mut Body<'_>, extents: &[i64], inner: &mut dyn FnMut(&mut Body<'_>, &[ExprId])) {
    each(body, "i", extents, LoopKind::Parallel, inner);
}

/// Loops over what is summed.
pub(super) fn summed(body: &mut Body<'_>, extents: &[i64], inner: &mut dyn FnMut(&mut Body<'_>, &[ExprId])) {
    each(body, "k", extents, LoopKind::Serial, inner);
}

/// The indices of a tensor that is broadcast to a result.
pub(super) fn aligned(body: &mut Body<'_>, at: &[ExprId], shape: &[i64]) -> Vec<ExprId> {
    let missing = at.len().saturating_sub(shape.len());
    let pairs = at[missing..].iter().zip(shape);
    pairs.map(|(at, extent)| if *extent == 1 { body.int(0, DataType::I64) } else { *at }).collect()
}

/// An element, converted.
pub(super) fn load(body: &mut Body<'_>, buffer: BufferId, at: &[ExprId], dtype: DataType) -> ExprId {
    let value = body.load(buffer, at);
    convert(body, value, dtype)
}

/// Stores a value in its buffer's type.
pub(super) fn store(body: &mut Body<'_>, buffer: BufferId, at: &[ExprId], value: ExprId) {
    let dtype = body.buffer_of(buffer).dtype;
    let value = convert(body, value, dtype);
    body.store(buffer, at, value);
}

/// A value in another type; a truth value is what is not zero.
pub(super) fn convert(body: &mut Body<'_>, value: ExprId, dtype: DataType) -> ExprId {
    let from = body.dtype(value);
    if dtype == DataType::Bool && from != DataType::Bool {
        let zero = number(body, 0.0, from);
        return body.binary(BinaryOp::Ne, value, zero);
    }
    body.cast(dtype, value)
}

/// `at * stride + offset`, without what changes nothing.
pub(super) fn affine(body: &mut Body<'_>, at: ExprId, stride: i64, offset: i64) -> ExprId {
    let mut value = at;
    if stride != 1 {
        let stride = index(body, stride);
        value = body.mul(value, stride);
    }
    if offset != 0 {
        let offset = index(body, offset);
        value = body.add(value, offset);
    }
    value
}

/// `0 <= at < extent`, without the sides that hold anyway.
pub(super) fn within(body: &mut Body<'_>, at: ExprId, extent: i64) -> ExprId {
    let (zero, end) = (index(body, 0), index(body, extent));
    let (low, high) = (body.binary(BinaryOp::Ge, at, zero), body.binary(BinaryOp::Lt, at, end));
    body.binary(BinaryOp::And, low, high)
}

/// A running sum (or maximum, …) at one place: in the result itself if its type is wide enough, else beside it.
pub(super) struct Sum {
    buffer: BufferId,
    at: Vec<ExprId>,
    result: Option<(BufferId, Vec<ExprId>)>,
}

impl Sum {
    /// Begins with a value, whose type the sum has.
    pub(super) fn begin(body: &mut Body<'_>, result: BufferId, at: &[ExprId], value: ExprId) -> Self {
        let dtype = body.dtype(value);
        let sum = if body.buffer_of(result).dtype == dtype {
            Self { buffer: result, at: at.to_vec(), result: None }
        } else {
            let buffer = local(body, "sum", dtype, &[]);
            Self { buffer, at: Vec::new(), result: Some((result, at.to_vec())) }
        };
        body.store(sum.buffer, &sum.at, value);
        sum
    }

    /// The value so far.
    pub(super) fn value(&self, body: &mut Body<'_>) -> ExprId {
        body.load(self.buffer, &self.at)
    }

    /// Joins a value to it.
    pub(super) fn join(&self, body: &mut Body<'_>, op: BinaryOp, value: ExprId) {
        let sofar = self.value(body);
        let joined = body.binary(op, sofar, value);
        body.store(self.buffer, &self.at, joined);
    }

    /// Stores the result, changed by `finish`; without a change and in its own type it stands there already.
    pub(super) fn finish(&self, body: &mut Body<'_>, finish: &mut dyn FnMut(&mut Body<'_>, ExprId) -> Option<ExprId>) {
        let value = self.value(body);
        let changed = finish(body, value);
        match (&self.result, changed) {
            (None, None) => {}
            (None, Some(value)) => store(body, self.buffer, &self.at, value),
            (Some((buffer, at)), changed) => store(body, *buffer, at, changed.unwrap_or(value)),
        }
    }
}
