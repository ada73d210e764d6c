//! The contents of small tensors that shapes are computed from.

use crate::call::{Call, Typed};
use crate::numbers::{MOST, Numbers, n_elements};
use crate::shape::Slice;
use crate::shaped::Value;
use crate::{Attribute, ElementType};

/// The contents of an operator's outputs, where they are few and can be told; the operator's inputs are constant, or it
/// asks for a shape.
pub(crate) fn evaluate(call: &Call<'_>, types: &[Typed]) -> Vec<Option<Numbers>> {
    let is_small = |shape: &[i64]| n_elements(shape).is_some_and(|n| n <= MOST as i64);
    if call.op_type == "Split" {
        let Some(input) = call.optional(0) else { return Vec::new() };
        let pieces = types.iter().scan(0, |start, (_, shape)| {
            let axis = crate::call::axis_of(call.int("axis", 0), shape.len())?;
            let part = (axis, *start, 1, shape[axis]);
            *start += shape[axis];
            Some(if is_small(shape) { picked(input, shape, |at| at[part.0] += part.1) } else { None })
        });
        return pieces.collect();
    }
    let Some((element_type, shape)) = types.first() else { return Vec::new() };
    if !is_small(shape) {
        return Vec::new();
    }
    let numbers = one(call, *element_type, shape);
    // What does not fit its own shape is not known.
    vec![numbers.filter(|numbers| Some(numbers.len() as i64) == n_elements(shape))]
}

fn one(call: &Call<'_>, element_type: ElementType, shape: &[i64]) -> Option<Numbers> {
    let numbers = |place: usize| call.optional(place).and_then(|input| input.numbers.as_ref());
    let n = n_elements(shape)? as usize;
    match call.op_type {
        "Constant" => constant(call),
        "Shape" => {
            let input = &call.optional(0)?.shape;
            let start = call.int("start", 0);
            let rank = input.len() as i64;
            let start = if start < 0 { start + rank } else { start }.clamp(0, rank) as usize;
            Some(Numbers::Ints(input.get(start..start + n)?.to_vec()))
        }
        "Size" => Some(Numbers::Ints(vec![n_elements(&call.optional(0)?.shape)?])),
        "ConstantOfShape" => {
            let fill = call.tensor.and_then(|tensor| tensor.numbers.clone()).unwrap_or(Numbers::Floats(vec![0.0]));
            fill.picked(std::iter::repeat_n(0, n))
        }
        "Range" => {
            let (start, step) = (numbers(0)?, numbers(2)?);
            Some(match (start.ints(), step.ints()) {
                (Some([start]), Some([step])) => {
                    Numbers::Ints((0..n as i64).map(|place| start.wrapping_add(place.wrapping_mul(*step))).collect())
                }
                _ => {
                    let (start, step) = (*start.floats().first()?, *step.floats().first()?);
                    Numbers::Floats((0..n).map(|place| start + place as f64 * step).collect())
                }
            })
        }
        "Identity" | "Reshape" | "Squeeze" | "Unsqueeze" | "Flatten" | "Dropout" => numbers(0).cloned(),
        "Cast" | "CastLike" => cast(numbers(0)?, element_type),
        "Gather" => {
            let (input, indices) = (call.optional(0)?, numbers(1)?.ints()?);
            let axis = crate::call::axis_of(call.int("axis", 0), input.shape.len())?;
            let n_indices = call.optional(1)?.shape.len();
            let size = input.shape[axis];
            gathered(input, shape, |at| {
                let place = at[axis..axis + n_indices].iter().zip(&call.optional(1)?.shape);
                let place = place.fold(0, |sum, (index, extent)| sum * extent + index);
                let index = *indices.get(place as usize)?;
                let index = if index < 0 { index.saturating_add(size) } else { index };
                Some([&at[..axis], &[index], &at[axis + n_indices..]].concat())
            })
        }
        "Slice" => {
            let slice = Slice::of(call).ok()?;
            picked(call.optional(0)?, shape, |at| {
                for (axis, start, step, _) in &slice.parts {
                    at[*axis] = start + at[*axis] * step;
                }
            })
        }
        "Transpose" => {
            let input = call.optional(0)?;
            let backwards: Vec<i64> = (0..shape.len() as i64).rev().collect();
            let perm = call.ints("perm").unwrap_or(&backwards);
            gathered(input, shape, |at| {
                let mut source = vec![0; at.len()];
                for (place, axis) in perm.iter().enumerate() {
                    *source.get_mut(usize::try_from(*axis).ok()?)? = at[place];
                }
                Some(source)
            })
        }
        "Expand" => {
            let input = call.optional(0)?;
            let missing = shape.len().checked_sub(input.shape.len())?;
            gathered(input, shape, |at| Some(clipped(&at[missing..], &input.shape)))
        }
        "Tile" => {
            let input = call.optional(0)?;
            gathered(input, shape, |at| {
                Some(at.iter().zip(&input.shape).map(|(index, extent)| index.rem_euclid((*extent).max(1))).collect())
            })
        }
        "Concat" => concat(call, shape),
        "Clip" => clip(call),
        "OneHot" => one_hot(call, shape),
        "Where" => {
            let condition = broadcast_to(call.optional(0)?, shape)?;
            let (then, otherwise) = (broadcast_to(call.optional(1)?, shape)?, broadcast_to(call.optional(2)?, shape)?);
            let condition = condition.ints()?.to_vec();
            Some(match (then, otherwise) {
                (Numbers::Ints(a), Numbers::Ints(b)) => Numbers::Ints(chosen(&condition, &a, &b)),
                (a, b) => Numbers::Floats(chosen(&condition, &a.floats(), &b.floats())),
            })
        }
        "ReduceProd" | "ReduceSum" | "ReduceMax" | "ReduceMin" if n == 1 => {
            let values = numbers(0)?.ints()?;
            let fold =
                |start: i64, f: fn(i64, i64) -> i64| Some(Numbers::Ints(vec![values.iter().copied().fold(start, f)]));
            match call.op_type {
                "ReduceProd" => fold(1, i64::wrapping_mul),
                "ReduceSum" => fold(0, i64::wrapping_add),
                "ReduceMax" => fold(i64::MIN, i64::max),
                _ => fold(i64::MAX, i64::min),
            }
        }
        "Not" => {
            let values = numbers(0)?.ints()?;
            Some(Numbers::Ints(values.iter().map(|value| i64::from(*value == 0)).collect()))
        }
        _ => unary(call.op_type, numbers(0)?).or_else(|| {
            let (a, b) = (broadcast_to(call.optional(0)?, shape)?, broadcast_to(call.optional(1)?, shape)?);
            if call.inputs.len() == 2 { binary(call, &a, &b) } else { None }
        }),
    }
}

fn constant(call: &Call<'_>) -> Option<Numbers> {
    if let Some(tensor) = call.tensor {
        return tensor.numbers.clone();
    }
    call.attributes.iter().find_map(|(name, value)| match (name.as_str(), value) {
        ("value_int", Attribute::Int(value)) => Some(Numbers::Ints(vec![*value])),
        ("value_float", Attribute::Float(value)) => Some(Numbers::Floats(vec![*value])),
        ("value_ints", Attribute::Ints(values)) => Some(Numbers::Ints(values.clone())),
        ("value_floats", Attribute::Floats(values)) => Some(Numbers::Floats(values.clone())),
        _ => None,
    })
}

fn cast(numbers: &Numbers, element_type: ElementType) -> Option<Numbers> {
    match (numbers, element_type) {
        (_, ElementType::Bool) => {
            Some(Numbers::Ints(numbers.floats().iter().map(|value| i64::from(*value != 0.0)).collect()))
        }
        (Numbers::Floats(values), _) if element_type.is_integer() => {
            Some(Numbers::Ints(values.iter().map(|value| *value as i64).collect()))
        }
        (Numbers::Ints(values), _) if element_type.is_integer() => Some(Numbers::Ints(values.clone())),
        (_, ElementType::String) => None,
        _ => Some(Numbers::Floats(numbers.floats())),
    }
}

fn unary(op_type: &str, numbers: &Numbers) -> Option<Numbers> {
    if let Numbers::Ints(values) = numbers {
        let f: fn(i64) -> i64 = match op_type {
            "Neg" => i64::wrapping_neg,
            "Abs" => i64::wrapping_abs,
            "Sign" => i64::signum,
            _ => return None,
        };
        return Some(Numbers::Ints(values.iter().copied().map(f).collect()));
    }
    let f: fn(f64) -> f64 = match op_type {
        "Neg" => |x| -x,
        "Abs" => f64::abs,
        "Floor" => f64::floor,
        "Ceil" => f64::ceil,
        "Round" => f64::round_ties_even,
        "Sqrt" => f64::sqrt,
        "Exp" => f64::exp,
        "Log" => f64::ln,
        "Reciprocal" => f64::recip,
        _ => return None,
    };
    Some(Numbers::Floats(numbers.floats().into_iter().map(f).collect()))
}

fn binary(call: &Call<'_>, a: &Numbers, b: &Numbers) -> Option<Numbers> {
    if let (Numbers::Ints(a), Numbers::Ints(b)) = (a, b) {
        let pairs = a.iter().zip(b);
        let f: fn(i64, i64) -> Option<i64> = match call.op_type {
            "Add" => |a, b| a.checked_add(b),
            "Sub" => |a, b| a.checked_sub(b),
            "Mul" => |a, b| a.checked_mul(b),
            "Div" => |a, b| a.checked_div(b),
            "Mod" if call.int("fmod", 0) != 0 => |a, b| a.checked_rem(b),
            // The sign of the divisor.
            "Mod" => {
                |a, b| a.checked_rem(b).map(|rest| if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest })
            }
            "Min" => |a, b| Some(a.min(b)),
            "Max" => |a, b| Some(a.max(b)),
            "Pow" => |a, b| a.checked_pow(u32::try_from(b).ok()?),
            "Equal" => |a, b| Some(i64::from(a == b)),
            "Greater" => |a, b| Some(i64::from(a > b)),
            "GreaterOrEqual" => |a, b| Some(i64::from(a >= b)),
            "Less" => |a, b| Some(i64::from(a < b)),
            "LessOrEqual" => |a, b| Some(i64::from(a <= b)),
            "And" => |a, b| Some(i64::from(a != 0 && b != 0)),
            "Or" => |a, b| Some(i64::from(a != 0 || b != 0)),
            _ => return None,
        };
        return pairs.map(|(a, b)| f(*a, *b)).collect::<Option<_>>().map(Numbers::Ints);
    }
    let (a, b) = (a.floats(), b.floats());
    let pairs = a.iter().zip(&b);
    let truth: Option<fn(f64, f64) -> bool> = match call.op_type {
        "Equal" => Some(|a, b| a == b),
        "Greater" => Some(|a, b| a > b),
        "GreaterOrEqual" => Some(|a, b| a >= b),
        "Less" => Some(|a, b| a < b),
        "LessOrEqual" => Some(|a, b| a <= b),
        _ => None,
    };
    if let Some(truth) = truth {
        return Some(Numbers::Ints(pairs.map(|(a, b)| i64::from(truth(*a, *b))).collect()));
    }
    let f: fn(f64, f64) -> f64 = match call.op_type {
        "Add" => |a, b| a + b,
        "Sub" => |a, b| a - b,
        "Mul" => |a, b| a * b,
        "Div" => |a, b| a / b,
        "Pow" => f64::powf,
        "Min" => f64::min,
        "Max" => f64::max,
        _ => return None,
    };
    // Models compute in single precision; a quotient that is rounded up must not be above it here.
    Some(Numbers::Floats(pairs.map(|(a, b)| f64::from(f(*a, *b) as f32)).collect()))
}

fn concat(call: &Call<'_>, shape: &[i64]) -> Option<Numbers> {
    let axis = crate::call::axis_of(call.int("axis", 0), shape.len())?;
    let outer = usize::try_from(n_elements(&shape[..axis])?).ok()?;
    let (mut ints, mut floats) = (Vec::new(), Vec::new());
    for row in 0..outer {
        for input in call.inputs {
            let numbers = input.as_ref()?.numbers.as_ref()?;
            let n = numbers.len() / outer;
            match numbers {
                Numbers::Ints(values) => ints.extend_from_slice(&values[row * n..(row + 1) * n]),
                Numbers::Floats(values) => floats.extend_from_slice(&values[row * n..(row + 1) * n]),
            }
        }
    }
    match (ints.is_empty(), floats.is_empty()) {
        (_, true) => Some(Numbers::Ints(ints)),
        (true, false) => Some(Numbers::Floats(floats)),
        _ => None,
    }
}

/// Numbers between two bounds, each of which may be left out.
fn clip(call: &Call<'_>) -> Option<Numbers> {
    let bound = |place: usize| match call.optional(place) {
        None => Some(None),
        Some(bound) => bound.numbers.as_ref().and_then(|numbers| numbers.floats().first().copied()).map(Some),
    };
    let (low, high) = (bound(1)?, bound(2)?);
    let clipped = |value: f64| {
        let value = low.map_or(value, |low| value.max(low));
        high.map_or(value, |high| value.min(high))
    };
    Some(match call.optional(0)?.numbers.as_ref()? {
        Numbers::Ints(values) => Numbers::Ints(values.iter().map(|value| clipped(*value as f64) as i64).collect()),
        Numbers::Floats(values) => Numbers::Floats(values.iter().map(|value| clipped(*value)).collect()),
    })
}

/// A row for each index, with one value where the index points and another elsewhere.
fn one_hot(call: &Call<'_>, shape: &[i64]) -> Option<Numbers> {
    let values = call.optional(2)?.numbers.as_ref()?;
    let indices = call.optional(0)?.numbers.as_ref()?.ints()?;
    let axis = crate::call::axis_of(call.int("axis", -1), shape.len())?;
    let depth = shape[axis];
    let inner = usize::try_from(n_elements(&shape[axis + 1..])?).ok()?;
    let places = (0..usize::try_from(n_elements(shape)?).ok()?).map(|place| {
        let (outer, at, rest) = (place / inner / depth as usize, (place / inner) as i64 % depth, place % inner);
        let index = indices.get(outer * inner + rest).copied().unwrap_or(-1);
        usize::from(at == if index < 0 { index.saturating_add(depth) } else { index })
    });
    values.picked(places)
}

fn chosen<T: Copy>(condition: &[i64], then: &[T], otherwise: &[T]) -> Vec<T> {
    let sides = then.iter().zip(otherwise);
    condition.iter().zip(sides).map(|(holds, (then, otherwise))| if *holds != 0 { *then } else { *otherwise }).collect()
}

/// Indices that stay at 0 where the extent is 1.
fn clipped(at: &[i64], shape: &[i64]) -> Vec<i64> {
    at.iter().zip(shape).map(|(index, extent)| if *extent == 1 { 0 } else { *index }).collect()
}

fn broadcast_to(input: &Value, shape: &[i64]) -> Option<Numbers> {
    let missing = shape.len().checked_sub(input.shape.len())?;
    if input.shape == shape {
        return input.numbers.clone();
    }
    gathered(input, shape, |at| Some(clipped(&at[missing..], &input.shape)))
}

/// The elements of an input at the places that `source` makes of each place of the result.
fn picked(input: &Value, shape: &[i64], source: impl Fn(&mut Vec<i64>)) -> Option<Numbers> {
    gathered(input, shape, |at| {
        let mut at = at.to_vec();
        source(&mut at);
        Some(at)
    })
}

fn gathered(input: &Value, shape: &[i64], source: impl Fn(&[i64]) -> Option<Vec<i64>>) -> Option<Numbers> {
    let numbers = input.numbers.as_ref()?;
    let n = n_elements(shape)?;
    let mut at = vec![0; shape.len()];
    let mut places = Vec::with_capacity(n as usize);
    for _ in 0..n {
        let from = source(&at)?;
        let place = from
            .iter()
            .zip(&input.shape)
            .try_fold(0_i64, |sum, (index, extent)| (0..*extent).contains(index).then(|| sum * extent + index))?;
        places.push(usize::try_from(place).ok()?);
        for axis in (0..shape.len()).rev() {
            at[axis] += 1;
            if at[axis] < shape[axis] {
                break;
            }
            at[axis] = 0;
        }
    }
    numbers.picked(places.into_iter())
}
