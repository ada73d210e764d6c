//! What all discrepancies ask of their two sets.

use candle_core::{Error, Result, Tensor};

/// The sizes of a source (n, d) and a target (m, d).
///
/// # Errors
/// If one of them is not a matrix or has no elements, or the widths differ.
pub(crate) fn sizes(source: &Tensor, target: &Tensor, op: &'static str) -> Result<(usize, usize, usize)> {
    let ((n, d), (m, target_d)) = (source.dims2()?, target.dims2()?);
    if d != target_d {
        return Err(Error::ShapeMismatchBinaryOp { lhs: source.shape().clone(), rhs: target.shape().clone(), op }.bt());
    }
    if n * m * d == 0 {
        return Err(Error::EmptyTensor { op }.bt());
    }
    Ok((n, m, d))
}

/// The mean of what both sets have, in which each set counts the same whatever its size.
pub(crate) fn midpoint(source: &Tensor, target: &Tensor) -> Result<Tensor> {
    (source + target)? * 0.5
}
