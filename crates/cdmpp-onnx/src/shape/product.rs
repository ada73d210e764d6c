//! Matrix products and sums of products.

use std::collections::BTreeMap;

use super::{Answer, like_first, one};
use crate::call::{Call, broadcast};
use crate::{ElementType, Problem};

pub(super) fn output_shapes(call: &Call<'_>) -> Answer {
    match call.op_type {
        "MatMul" => like_first(call, matmul(call.shape(0)?, call.shape(1)?)?),
        "FusedMatMul" => {
            let a = transposed(call.shape(0)?, call.int("transA", 0) != 0);
            let b = transposed(call.shape(1)?, call.int("transB", 0) != 0);
            like_first(call, matmul(&a, &b)?)
        }
        "MatMulInteger" => one((ElementType::Int32, matmul(call.shape(0)?, call.shape(1)?)?)),
        "QLinearMatMul" => {
            let zero = call.input(7)?;
            one((zero.element_type, matmul(call.shape(0)?, call.shape(3)?)?))
        }
        "Gemm" | "FusedGemm" => {
            let (a, b) = (call.shape(0)?, call.shape(1)?);
            let ([a0, a1], [b0, b1]) = (a, b) else { return Err(call.wrong_input(0, "must have two axes")) };
            let (m, k) = if call.int("transA", 0) != 0 { (a1, a0) } else { (a0, a1) };
            let (k2, n) = if call.int("transB", 0) != 0 { (b1, b0) } else { (b0, b1) };
            if k != k2 {
                return Err(Problem::Mismatch(a.to_vec(), b.to_vec()));
            }
            like_first(call, vec![*m, *n])
        }
        "Einsum" => {
            let equation = call.text("equation", "");
            let mut shapes = Vec::with_capacity(call.inputs.len());
            for place in 0..call.inputs.len() {
                shapes.push(call.shape(place)?);
            }
            let labels = Labels::of(equation, &shapes)?;
            let shape = labels.output.iter().map(|label| labels.extents[label]).collect();
            like_first(call, shape)
        }
        "Det" => {
            let shape = call.shape(0)?;
            like_first(call, shape[..shape.len().saturating_sub(2)].to_vec())
        }
        _ => Ok(None),
    }
}

/// A shape with its last two axes exchanged.
fn transposed(shape: &[i64], swap: bool) -> Vec<i64> {
    let mut shape = shape.to_vec();
    if let (true, [.., a, b]) = (swap, &mut shape[..]) {
        std::mem::swap(a, b);
    }
    shape
}

/// The shape of a product as numpy's `matmul` has it.
fn matmul(a: &[i64], b: &[i64]) -> Result<Vec<i64>, Problem> {
    let mismatch = || Problem::Mismatch(a.to_vec(), b.to_vec());
    let (a_outer, a_row, a_inner) = match a {
        [] => return Err(mismatch()),
        [k] => (&[][..], None, *k),
        [outer @ .., m, k] => (outer, Some(*m), *k),
    };
    let (b_outer, b_column, b_inner) = match b {
        [] => return Err(mismatch()),
        [k] => (&[][..], None, *k),
        [outer @ .., k, n] => (outer, Some(*n), *k),
    };
    if a_inner != b_inner {
        return Err(mismatch());
    }
    let mut shape = broadcast(a_outer, b_outer)?;
    shape.extend(a_row);
    shape.extend(b_column);
    Ok(shape)
}

/// The indices of a sum of products, as `Einsum` writes them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    /// The labels of each input's axes; an axis of an ellipsis has a digit.
    pub(crate) inputs: Vec<Vec<char>>,
    pub(crate) output: Vec<char>,
    pub(crate) extents: BTreeMap<char, i64>,
}

impl Labels {
    pub(crate) fn of(equation: &str, shapes: &[&[i64]]) -> Result<Self, Problem> {
        let rule = |rule| Problem::Attribute { attribute: "equation", rule };
        let equation: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
        let (inputs, output) = match equation.split_once("->") {
            Some((inputs, output)) => (inputs, Some(output)),
            None => (equation.as_str(), None),
        };
        let mut labels = Self::default();
        let terms: Vec<&str> = inputs.split(',').collect();
        if terms.len() != shapes.len() {
            return Err(rule("has another number of terms than there are inputs"));
        }
        let mut widest = 0;
        for (term, shape) in terms.iter().zip(shapes) {
            let named = term.chars().filter(|c| *c != '.').count();
            let free = shape.len().checked_sub(named).ok_or(rule("has more indices than an input has axes"))?;
            let free = if term.contains("...") { free } else { 0 };
            widest = widest.max(free);
            let expanded = expand(term, free);
            if expanded.len() != shape.len() {
                return Err(rule("has fewer indices than an input has axes"));
            }
            for (label, extent) in expanded.iter().zip(shape.iter()) {
                let known = labels.extents.entry(*label).or_insert(*extent);
                if *known == 1 {
                    *known = *extent;
                } else if *extent != *known && *extent != 1 {
                    return Err(rule("gives one index two extents"));
                }
            }
            labels.inputs.push(expanded);
        }
        labels.output = match output {
            Some(output) => expand(output, widest),
            None => {
                // Without an output, the indices that occur once, after the ellipsis, in alphabetical order.
                let once = |label: &char| labels.inputs.iter().flatten().filter(|other| *other == label).count() == 1;
                labels.extents.keys().filter(|label| label.is_ascii_digit() || once(label)).copied().collect()
            }
        };
        if labels.output.iter().any(|label| !labels.extents.contains_key(label)) {
            return Err(rule("has an index in the output alone"));
        }
        Ok(labels)
    }
}

/// The labels of a term, an ellipsis as the last `free` of the digits from the end.
fn expand(term: &str, free: usize) -> Vec<char> {
    let digits = (0..free).rev().map(|place| char::from_u32('0' as u32 + place as u32).unwrap_or('0'));
    match term.split_once("...") {
        Some((before, after)) => before.chars().chain(digits).chain(after.chars()).collect(),
        None => term.chars().collect(),
    }
}
