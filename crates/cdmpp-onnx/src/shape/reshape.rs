//! Views, and tensors that are made from a shape.

use super::{Answer, like_first, one};
use crate::call::Call;
use crate::numbers::{Numbers, n_elements};
use crate::{ElementType, Problem};

const SHAPE: &str = "the shape is known only in a run";

pub(super) fn output_shapes(call: &Call<'_>) -> Answer {
    match call.op_type {
        "Reshape" => like_first(call, reshape(call)?),
        "Flatten" => {
            let shape = call.shape(0)?;
            // The axis may also be the end.
            let axis = call.int("axis", 1);
            let axis = if axis == shape.len() as i64 { shape.len() } else { call.axis(axis, shape.len())? };
            like_first(call, vec![product(&shape[..axis])?, product(&shape[axis..])?])
        }
        "Squeeze" => {
            let shape = call.shape(0)?;
            let axes = match call.ints_or_input("axes", 1, "the axes are known only in a run")? {
                Some(axes) => call.axes(axes, shape.len())?,
                None => (0..shape.len()).filter(|axis| shape[*axis] == 1).collect(),
            };
            if axes.iter().any(|axis| shape[*axis] != 1) {
                return Err(call.wrong_input(0, "an axis that is squeezed must have an extent of 1"));
            }
            let kept = shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
            like_first(call, kept.map(|(_, extent)| *extent).collect())
        }
        "Unsqueeze" => {
            let shape = call.shape(0)?;
            let axes = call.ints_or_input("axes", 1, "the axes are known only in a run")?;
            let axes = axes.ok_or(Problem::MissingAttribute("axes"))?;
            let rank = shape.len() + axes.len();
            let axes = call.axes(axes, rank)?;
            let mut kept = shape.iter();
            let extents = (0..rank).map(|axis| if axes.contains(&axis) { Some(1) } else { kept.next().copied() });
            let rule = Problem::Attribute { attribute: "axes", rule: "names an axis twice" };
            like_first(call, extents.collect::<Option<_>>().ok_or(rule)?)
        }
        "Expand" => {
            let target = call.input_ints(1, SHAPE)?.ok_or(Problem::MissingInput(1))?;
            like_first(call, crate::call::broadcast(call.shape(0)?, target)?)
        }
        "Shape" => {
            let rank = call.shape(0)?.len() as i64;
            let place = |value: i64| if value < 0 { value + rank } else { value }.clamp(0, rank);
            let (start, end) = (place(call.int("start", 0)), place(call.int("end", rank)));
            one((ElementType::Int64, vec![(end - start).max(0)]))
        }
        "Size" => one((ElementType::Int64, Vec::new())),
        "Constant" => one(constant(call)?),
        "ConstantOfShape" => {
            let shape = call.input_ints(0, SHAPE)?.ok_or(Problem::MissingInput(0))?;
            let element_type = call.tensor.and_then(|tensor| ElementType::from_code(tensor.element_type));
            one((element_type.unwrap_or(ElementType::Float32), shape.to_vec()))
        }
        "Range" => {
            let mut numbers = Vec::new();
            for place in 0..3 {
                let input = call.input(place)?.numbers.as_ref().map(Numbers::floats);
                let why = "start, end and step are known only in a run";
                let number = input.and_then(|input| input.first().copied());
                numbers.push(number.ok_or(Problem::Unknown { output: 0, dimension: 0, why })?);
            }
            let n = ((numbers[1] - numbers[0]) / numbers[2]).ceil();
            if !n.is_finite() {
                return Err(Problem::Rule("the step is zero"));
            }
            like_first(call, vec![n.max(0.0) as i64])
        }
        "EyeLike" => {
            let input = call.input(0)?;
            one((ElementType::from_code(call.int("dtype", 0)).unwrap_or(input.element_type), input.shape.clone()))
        }
        "RandomNormal" | "RandomUniform" => {
            let shape = call.ints("shape").ok_or(Problem::MissingAttribute("shape"))?;
            one((ElementType::from_code(call.int("dtype", 1)).unwrap_or(ElementType::Float32), shape.to_vec()))
        }
        "RandomNormalLike" | "RandomUniformLike" => {
            let input = call.input(0)?;
            one((ElementType::from_code(call.int("dtype", 0)).unwrap_or(input.element_type), input.shape.clone()))
        }
        "BlackmanWindow" | "HannWindow" | "HammingWindow" => {
            let n = call.input_ints(0, SHAPE)?.and_then(|n| n.first().copied()).ok_or(Problem::MissingInput(0))?;
            let element_type = ElementType::from_code(call.int("output_datatype", 1));
            one((element_type.unwrap_or(ElementType::Float32), vec![n]))
        }
        _ => Ok(None),
    }
}

fn product(extents: &[i64]) -> Result<i64, Problem> {
    n_elements(extents).ok_or_else(|| Problem::Shape(extents.to_vec()))
}

fn reshape(call: &Call<'_>) -> Result<Vec<i64>, Problem> {
    let shape = call.shape(0)?;
    let target = call.ints_or_input("shape", 1, SHAPE)?.ok_or(Problem::MissingInput(1))?;
    let copies = call.int("allowzero", 0) == 0;
    let mut result = Vec::with_capacity(target.len());
    let mut inferred = None;
    for (axis, extent) in target.iter().enumerate() {
        result.push(match extent {
            0 if copies => *shape.get(axis).ok_or_else(|| call.wrong_input(0, "has no axis to copy the extent of"))?,
            -1 if inferred.is_none() => {
                inferred = Some(axis);
                1
            }
            extent => *extent,
        });
    }
    let (n, others) = (product(shape)?, product(&result)?);
    if let Some(axis) = inferred {
        if others > 0 && n % others == 0 {
            result[axis] = n / others;
        } else if n != 0 || others != 0 {
            return Err(Problem::Mismatch(shape.to_vec(), target.to_vec()));
        }
    }
    if product(&result)? == n { Ok(result) } else { Err(Problem::Mismatch(shape.to_vec(), target.to_vec())) }
}

/// The value of a `Constant`, in whichever attribute it stands.
fn constant(call: &Call<'_>) -> Result<(ElementType, Vec<i64>), Problem> {
    use crate::Attribute;
    if let Some(tensor) = call.tensor {
        let code = tensor.element_type;
        return Ok((ElementType::from_code(code).ok_or(Problem::ElementType(code))?, tensor.shape.clone()));
    }
    for (name, value) in call.attributes {
        match (name.as_str(), value) {
            ("value_int", _) => return Ok((ElementType::Int64, Vec::new())),
            ("value_float", _) => return Ok((ElementType::Float32, Vec::new())),
            ("value_ints", Attribute::Ints(values)) => return Ok((ElementType::Int64, vec![values.len() as i64])),
            ("value_floats", Attribute::Floats(values)) => {
                return Ok((ElementType::Float32, vec![values.len() as i64]));
            }
            ("value_string", _) => return Ok((ElementType::String, Vec::new())),
            ("value_strings", Attribute::Texts(values)) => return Ok((ElementType::String, vec![values.len() as i64])),
            _ => {}
        }
    }
    Err(Problem::MissingAttribute("value"))
}
