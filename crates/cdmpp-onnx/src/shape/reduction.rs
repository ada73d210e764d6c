//! Reductions, and norms with statistics beside the result.

use super::{Answer, like_first, one};
use crate::call::Call;
use crate::{ElementType, Problem};

pub(super) fn output_shapes(call: &Call<'_>) -> Answer {
    let op_type = call.op_type;
    if op_type.starts_with("Reduce") && op_type.len() > "Reduce".len() {
        return like_first(call, reduced(call)?);
    }
    match op_type {
        "ArgMax" | "ArgMin" => {
            let shape = call.shape(0)?;
            let axis = call.axis(call.int("axis", 0), shape.len())?;
            one((ElementType::Int64, without(shape, &[axis], call.int("keepdims", 1) != 0)))
        }
        "BatchNormalization" => {
            let input = call.input(0)?;
            let channels = input.shape.get(1).copied().unwrap_or(1);
            let mut types = vec![(input.element_type, input.shape.clone())];
            types.resize(call.n_outputs.clamp(1, 5), (input.element_type, vec![channels]));
            Ok(Some(types))
        }
        "LayerNormalization" => {
            let input = call.input(0)?;
            let axis = call.axis(call.int("axis", -1), input.shape.len())?;
            let mut statistics = input.shape.clone();
            statistics[axis..].iter_mut().for_each(|extent| *extent = 1);
            let mut types = vec![(input.element_type, input.shape.clone())];
            types.resize(call.n_outputs.clamp(1, 3), (ElementType::Float32, statistics));
            Ok(Some(types))
        }
        "SkipLayerNormalization" | "SkipSimplifiedLayerNormalization" => {
            let input = call.input(0)?;
            let statistics = (ElementType::Float32, vec![1]);
            let whole = (input.element_type, input.shape.clone());
            Ok(Some(vec![whole.clone(), statistics.clone(), statistics, whole]))
        }
        "TopK" => {
            let input = call.input(0)?;
            let axis = call.axis(call.int("axis", -1), input.shape.len())?;
            let k = match call.attributes.contains_key("k") {
                true => Some(call.int("k", 0)),
                false => call
                    .input_ints(1, "how many elements are taken is known only in a run")?
                    .and_then(|k| k.first().copied()),
            };
            let mut shape = input.shape.clone();
            shape[axis] = k.ok_or(Problem::MissingInput(1))?;
            Ok(Some(vec![(input.element_type, shape.clone()), (ElementType::Int64, shape)]))
        }
        _ => Ok(None),
    }
}

fn reduced(call: &Call<'_>) -> Result<Vec<i64>, Problem> {
    let shape = call.shape(0)?;
    let axes = call.ints_or_input("axes", 1, "the axes are known only in a run")?;
    let keep = call.int("keepdims", 1) != 0;
    match axes {
        Some(axes) if !axes.is_empty() => Ok(without(shape, &call.axes(axes, shape.len())?, keep)),
        _ if call.int("noop_with_empty_axes", 0) != 0 => Ok(shape.to_vec()),
        _ => Ok(without(shape, &(0..shape.len()).collect::<Vec<_>>(), keep)),
    }
}

/// A shape without some axes, or with an extent of 1 there.
fn without(shape: &[i64], axes: &[usize], keep: bool) -> Vec<i64> {
    let extents = shape.iter().enumerate();
    if keep {
        extents.map(|(axis, extent)| if axes.contains(&axis) { 1 } else { *extent }).collect()
    } else {
        extents.filter(|(axis, _)| !axes.contains(axis)).map(|(_, extent)| *extent).collect()
    }
}
