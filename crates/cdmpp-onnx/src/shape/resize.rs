//! Operators that resample images.

use super::{Answer, like_first};
use crate::call::Call;
use crate::numbers::Numbers;
use crate::{Attribute, Problem};

pub(super) fn output_shapes(call: &Call<'_>) -> Answer {
    match call.op_type {
        "Resize" | "Upsample" => like_first(call, resized(call)?),
        "GridSample" => {
            let ([batch, channels, ..], [_, image @ .., _]) = (call.shape(0)?, call.shape(1)?) else {
                return Err(call.wrong_input(1, "must have a batch and coordinates"));
            };
            like_first(call, [&[*batch, *channels], image].concat())
        }
        "AffineGrid" => {
            let size = call.input_ints(1, "the size is known only in a run")?.ok_or(Problem::MissingInput(1))?;
            let [batch, _, image @ ..] = size else { return Err(call.wrong_input(1, "must give batch and channels")) };
            like_first(call, [&[*batch], image, &[image.len() as i64]].concat())
        }
        "RoiAlign" => {
            let ([_, channels, ..], [n, ..]) = (call.shape(0)?, call.shape(1)?) else {
                return Err(call.wrong_input(1, "must have two axes"));
            };
            like_first(call, vec![*n, *channels, call.int("output_height", 1), call.int("output_width", 1)])
        }
        _ => Ok(None),
    }
}

fn resized(call: &Call<'_>) -> Result<Vec<i64>, Problem> {
    let shape = call.shape(0)?;
    // The inputs are (X, scales) before version 11, (X, roi, scales, sizes) since.
    let scales_at = if call.inputs.len() <= 2 { 1 } else { 2 };
    let axes = match call.ints("axes") {
        Some(axes) => axes.iter().map(|axis| call.axis(*axis, shape.len())).collect::<Result<_, _>>()?,
        None => (0..shape.len()).collect::<Vec<_>>(),
    };
    let numbers = |place: usize| call.optional(place).and_then(|input| input.numbers.as_ref());
    let scales = match call.attributes.get("scales") {
        Some(Attribute::Floats(scales)) => Some(scales.clone()),
        Some(Attribute::Ints(scales)) => Some(scales.iter().map(|scale| *scale as f64).collect()),
        _ => numbers(scales_at).map(Numbers::floats),
    };
    let mut result = shape.to_vec();
    if let Some(scales) = scales.filter(|scales| !scales.is_empty()) {
        if scales.len() != axes.len() {
            return Err(Problem::Attribute { attribute: "scales", rule: "has another number of axes than the input" });
        }
        for (axis, scale) in axes.iter().zip(scales) {
            result[*axis] = (shape[*axis] as f64 * scale).floor() as i64;
        }
        return Ok(result);
    }
    let sizes = call.input_ints(3, "the size is known only in a run")?.filter(|sizes| !sizes.is_empty());
    match sizes {
        Some(sizes) if sizes.len() == axes.len() => {
            for (axis, size) in axes.iter().zip(sizes) {
                result[*axis] = *size;
            }
            Ok(result)
        }
        _ => Err(Problem::Unknown { output: 0, dimension: 0, why: "the scale is known only in a run" }),
    }
}
