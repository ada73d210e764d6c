//! Parts of tensors: slices, splits, padding, repetition.

use super::{Answer, like_first};
use crate::Problem;
use crate::call::Call;

pub(super) fn output_shapes(call: &Call<'_>) -> Answer {
    match call.op_type {
        "Slice" => like_first(call, Slice::of(call)?.shape(call.shape(0)?)),
        "Split" => split(call),
        "Pad" => {
            let pads = call.ints_or_input("pads", 1, "the padding is known only in a run")?;
            let pads = pads.ok_or(Problem::MissingAttribute("pads"))?;
            let shape = call.shape(0)?;
            let axes = match call.input_ints(3, "the axes are known only in a run")? {
                Some(axes) => axes.iter().map(|axis| call.axis(*axis, shape.len())).collect::<Result<_, _>>()?,
                None => (0..shape.len()).collect::<Vec<_>>(),
            };
            if pads.len() != 2 * axes.len() {
                return Err(Problem::Attribute {
                    attribute: "pads",
                    rule: "has another number of axes than the input",
                });
            }
            let mut padded = shape.to_vec();
            for (place, axis) in axes.iter().enumerate() {
                padded[*axis] = padded[*axis].saturating_add(pads[place]).saturating_add(pads[place + axes.len()]);
            }
            like_first(call, padded)
        }
        "Tile" => {
            let repeats = call.input_ints(1, "the repetitions are known only in a run")?;
            let repeats = repeats.ok_or(Problem::MissingInput(1))?;
            let shape = call.shape(0)?;
            if repeats.len() != shape.len() {
                return Err(Problem::Mismatch(shape.to_vec(), repeats.to_vec()));
            }
            like_first(call, shape.iter().zip(repeats).map(|(extent, n)| extent.saturating_mul(*n)).collect())
        }
        "CenterCropPad" => {
            let target = call.input_ints(1, "the shape is known only in a run")?.ok_or(Problem::MissingInput(1))?;
            let mut shape = call.shape(0)?.to_vec();
            let axes = match call.ints("axes") {
                Some(axes) => axes.iter().map(|axis| call.axis(*axis, shape.len())).collect::<Result<_, _>>()?,
                None => (0..shape.len()).collect::<Vec<_>>(),
            };
            for (axis, extent) in axes.iter().zip(target) {
                shape[*axis] = *extent;
            }
            like_first(call, shape)
        }
        _ => Ok(None),
    }
}

/// One piece an output.
fn split(call: &Call<'_>) -> Answer {
    let input = call.input(0)?;
    let axis = call.axis(call.int("axis", 0), input.shape.len())?;
    let size = input.shape[axis];
    let sizes = match call.ints_or_input("split", 1, "the sizes are known only in a run")? {
        Some(sizes) => sizes.to_vec(),
        None => {
            let n = (call.n_outputs as i64).max(1);
            let step = (size + n - 1) / n;
            (0..n).map(|piece| (size - piece * step).clamp(0, step)).collect()
        }
    };
    if sizes.iter().try_fold(0_i64, |sum, size| sum.checked_add(*size)) != Some(size) {
        return Err(call.wrong_input(0, "the pieces are not the whole"));
    }
    let piece = |size: &i64| {
        let mut shape = input.shape.clone();
        shape[axis] = *size;
        (input.element_type, shape)
    };
    Ok(Some(sizes.iter().map(piece).collect()))
}

/// A slice: for each axis the first index, the step and the number of elements.
pub(crate) struct Slice {
    /// Axis, first index, step, number.
    pub(crate) parts: Vec<(usize, i64, i64, i64)>,
}

impl Slice {
    pub(crate) fn of(call: &Call<'_>) -> Result<Self, Problem> {
        const WHY: &str = "the slice is known only in a run";
        let shape = call.shape(0)?;
        let starts = call.ints_or_input("starts", 1, WHY)?.ok_or(Problem::MissingInput(1))?;
        let ends = call.ints_or_input("ends", 2, WHY)?.ok_or(Problem::MissingInput(2))?;
        let axes = call.ints_or_input("axes", 3, WHY)?;
        let steps = call.input_ints(4, WHY)?;
        let n = starts.len();
        if ends.len() != n || axes.is_some_and(|axes| axes.len() != n) || steps.is_some_and(|steps| steps.len() != n) {
            return Err(Problem::Rule("starts, ends, axes and steps must be of one length"));
        }
        let mut parts = Vec::with_capacity(n);
        for place in 0..n {
            let axis = call.axis(axes.map_or(place as i64, |axes| axes[place]), shape.len())?;
            let (size, step) = (shape[axis], steps.map_or(1, |steps| steps[place]));
            let from_front = |index: i64| if index < 0 { index.saturating_add(size) } else { index };
            let (start, end) = (from_front(starts[place]), from_front(ends[place]));
            let (start, end) = match step {
                1.. => (start.clamp(0, size), end.clamp(0, size)),
                0 => return Err(Problem::Rule("a step must not be zero")),
                _ => (start.clamp(0, (size - 1).max(0)), end.clamp(-1, size - 1)),
            };
            let room = if step > 0 { end - start } else { start - end };
            let n = if room <= 0 { 0 } else { (room - 1) / step.saturating_abs() + 1 };
            parts.push((axis, start, step, n));
        }
        Ok(Self { parts })
    }

    pub(crate) fn shape(&self, shape: &[i64]) -> Vec<i64> {
        let mut shape = shape.to_vec();
        for (axis, _, _, n) in &self.parts {
            shape[*axis] = *n;
        }
        shape
    }
}
