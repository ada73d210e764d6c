//! Operators that move elements: transposition, concatenation, gathers, blocks.

use super::{Answer, like_first, one};
use crate::call::Call;
use crate::numbers::Numbers;
use crate::{ElementType, Problem};

pub(super) fn output_shapes(call: &Call<'_>) -> Answer {
    match call.op_type {
        "Transpose" => {
            let shape = call.shape(0)?;
            let rank = shape.len();
            let backwards: Vec<i64> = (0..rank as i64).rev().collect();
            let perm = call.ints("perm").unwrap_or(&backwards);
            if perm.len() != rank || call.axes(perm, rank)?.len() != rank {
                return Err(Problem::Attribute { attribute: "perm", rule: "is no order of the input's axes" });
            }
            let axis = |axis: &i64| call.axis(*axis, rank).map(|axis| shape[axis]);
            like_first(call, perm.iter().map(axis).collect::<Result<_, _>>()?)
        }
        "Concat" => {
            let mut shape = call.shape(0)?.to_vec();
            let axis = call.axis(call.int("axis", 0), shape.len())?;
            for place in 1..call.inputs.len() {
                let other = call.shape(place)?;
                let fits = |at: usize| at == axis || shape.get(at) == other.get(at);
                if other.len() != shape.len() || !(0..shape.len()).all(fits) {
                    return Err(Problem::Mismatch(shape, other.to_vec()));
                }
                shape[axis] = shape[axis].saturating_add(other[axis]);
            }
            like_first(call, shape)
        }
        "Gather" => {
            let (shape, indices) = (call.shape(0)?, call.shape(1)?);
            let axis = call.axis(call.int("axis", 0), shape.len())?;
            like_first(call, [&shape[..axis], indices, &shape[axis + 1..]].concat())
        }
        "GatherElements" => like_first(call, call.shape(1)?.to_vec()),
        "GatherND" => {
            let (shape, indices) = (call.shape(0)?, call.shape(1)?);
            let batch = usize::try_from(call.int("batch_dims", 0)).unwrap_or(usize::MAX);
            let (Some(depth), Some(rows)) = (indices.last(), indices.get(..indices.len().saturating_sub(1))) else {
                return Err(call.wrong_input(1, "must have an axis"));
            };
            let depth = usize::try_from(*depth).ok().and_then(|depth| depth.checked_add(batch));
            let rest = depth.and_then(|depth| shape.get(depth..));
            let rest = rest.ok_or_else(|| call.wrong_input(1, "has more coordinates than the input has axes"))?;
            like_first(call, [rows, rest].concat())
        }
        "DepthToSpace" | "SpaceToDepth" => {
            let block = call.int("blocksize", 1).clamp(1, 1 << 20);
            let [batch, channels, height, width] = call.shape(0)? else {
                return Err(call.wrong_input(0, "must have four axes"));
            };
            let shape = if call.op_type == "DepthToSpace" {
                vec![*batch, channels / (block * block), height.saturating_mul(block), width.saturating_mul(block)]
            } else {
                vec![*batch, channels.saturating_mul(block * block), height / block, width / block]
            };
            like_first(call, shape)
        }
        "OneHot" => {
            let depth = call.input_ints(1, "the depth is known only in a run");
            let depth = match depth {
                Ok(depth) => depth.and_then(|depth| depth.first().copied()),
                // The depth may be a float.
                Err(problem) => match call.input(1)?.numbers.as_ref().map(Numbers::floats) {
                    Some(floats) => floats.first().map(|depth| *depth as i64),
                    None => return Err(problem),
                },
            };
            let mut shape = call.shape(0)?.to_vec();
            let axis = call.axis(call.int("axis", -1), shape.len() + 1)?;
            shape.insert(axis, depth.ok_or(Problem::MissingInput(1))?);
            one((call.input(2)?.element_type, shape))
        }
        "NonZero" => Err(Problem::Unknown { output: 0, dimension: 1, why: "it depends on the data" }),
        "Compress" | "Unique" | "NonMaxSuppression" => {
            Err(Problem::Unknown { output: 0, dimension: 0, why: "it depends on the data" })
        }
        "Multinomial" => {
            let n = call.int("sample_size", 1);
            one((
                ElementType::from_code(call.int("dtype", 6)).unwrap_or(ElementType::Int32),
                vec![call.shape(0)?.first().copied().unwrap_or(1), n],
            ))
        }
        "Col2Im" => {
            const WHY: &str = "the image is known only in a run";
            let image = call.input_ints(1, WHY)?.ok_or(Problem::MissingInput(1))?;
            let block = call.input_ints(2, WHY)?.ok_or(Problem::MissingInput(2))?;
            let [batch, channels, _] = call.shape(0)? else { return Err(call.wrong_input(0, "must have three axes")) };
            let block = block.iter().fold(1_i64, |n, extent| n.saturating_mul(*extent)).max(1);
            like_first(call, [&[*batch, channels / block], image].concat())
        }
        _ => Ok(None),
    }
}
