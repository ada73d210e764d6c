//! Images at another resolution.

use cdmpp_ir::{BinaryOp, Body, DataType, ExprId};

use super::conv_blocked::{block, blocked_param, over_blocks};
use super::formula::{math, with};
use super::movement::clamped;
use super::nest::{data_type, index, input, load, number, output, over, result, store, tensor, wide, wrong};
use crate::{Operator, Problem};

/// How many elements of the image an element of the result is made of, along one axis.
fn n_taps(op: &Operator) -> i64 {
    match op.text("mode") {
        Some("linear" | "bilinear") => 2,
        Some("cubic" | "bicubic") => 4,
        _ => 1,
    }
}

/// Where an element of the result lies in the image, as a float: the centre of its area.
fn position(body: &mut Body<'_>, at: ExprId, from: i64, to: i64, by_centre: bool) -> ExprId {
    let at = body.cast(DataType::F32, at);
    let ratio = from as f64 / to as f64;
    if by_centre {
        let centre = with(body, BinaryOp::Add, at, 0.5);
        let scaled = with(body, BinaryOp::Mul, centre, ratio);
        with(body, BinaryOp::Sub, scaled, 0.5)
    } else {
        with(body, BinaryOp::Mul, at, ratio)
    }
}

/// The weighted sum of the neighbours of a place, axis by axis; `element` reads the image.
fn interpolated(
    op: &Operator,
    body: &mut Body<'_>,
    places: &[(ExprId, i64, i64)],
    chosen: &mut Vec<ExprId>,
    element: &mut dyn FnMut(&mut Body<'_>, &[ExprId]) -> ExprId,
) -> ExprId {
    let Some(((at, from, to), rest)) = places.split_first() else { return element(body, chosen) };
    if from == to {
        chosen.push(*at);
        let value = interpolated(op, body, rest, chosen, element);
        chosen.pop();
        return value;
    }
    let taps = n_taps(op);
    if taps == 1 {
        // The nearest element: a quotient of integers where the result is a multiple.
        let place = if to % from == 0 {
            let times = index(body, to / from);
            body.binary(BinaryOp::FloorDiv, *at, times)
        } else {
            let (from, to) = (index(body, *from), index(body, *to));
            let scaled = body.mul(*at, from);
            body.binary(BinaryOp::FloorDiv, scaled, to)
        };
        chosen.push(place);
        let value = interpolated(op, body, rest, chosen, element);
        chosen.pop();
        return value;
    }
    let by_centre = op.text("coordinate_transformation_mode").is_none_or(|mode| mode.contains("half_pixel"));
    let position = position(body, *at, *from, *to, by_centre);
    let floor = math(body, "floor", position);
    let share = body.sub(position, floor);
    let first = body.cast(DataType::I64, floor);
    let mut sum = None;
    for tap in 0..taps {
        let place = super::nest::affine(body, first, 1, tap - (taps - 1) / 2);
        chosen.push(clamped(body, place, *from));
        let value = interpolated(op, body, rest, chosen, element);
        chosen.pop();
        let weight = weight(body, share, tap, taps);
        let term = body.mul(value, weight);
        sum = Some(match sum {
            Some(sum) => body.add(sum, term),
            None => term,
        });
    }
    sum.unwrap_or_else(|| number(body, 0.0, DataType::F32))
}

/// The weight of a neighbour: linear, or a cubic polynomial of its distance.
fn weight(body: &mut Body<'_>, share: ExprId, tap: i64, taps: i64) -> ExprId {
    let distance = with(body, BinaryOp::Sub, share, (tap - (taps - 1) / 2) as f64);
    let negative = with(body, BinaryOp::Mul, distance, -1.0);
    let size = body.binary(BinaryOp::Max, distance, negative);
    if taps == 2 {
        let one = number(body, 1.0, DataType::F32);
        return body.sub(one, size);
    }
    let (a, b, c, d) = if (1..=2).contains(&tap) { (1.25, -2.25, 0.0, 1.0) } else { (-0.75, 3.75, -6.0, 3.0) };
    let mut value = with(body, BinaryOp::Mul, size, a);
    for term in [b, c, d] {
        value = with(body, BinaryOp::Add, value, term);
        if term != d {
            value = body.mul(value, size);
        }
    }
    value
}

pub(super) fn plain(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let (from, to) = (tensor(op, 0)?.shape.clone(), result(op)?.shape.clone());
    if from.len() != to.len() || from.contains(&0) {
        return Err(Problem::Mismatch(from, to));
    }
    let n_resized = from.iter().zip(&to).filter(|(from, to)| from != to).count();
    if n_resized > 3 {
        return Err(Problem::FormNotSupported("more than three axes of another extent"));
    }
    let (x, y) = (input(body, op, 0)?, output(body, op)?);
    // Only weights are computed: the nearest element is copied in its own type.
    let own = data_type(tensor(op, 0)?)?;
    let dtype = if n_taps(op) == 1 { own } else { DataType::F32 };
    over(body, &to, &mut |body, at| {
        let places: Vec<_> = (0..to.len()).map(|axis| (at[axis], from[axis], to[axis])).collect();
        let value = interpolated(op, body, &places, &mut Vec::new(), &mut |body, at| load(body, x, at, dtype));
        store(body, y, at, value);
    });
    Ok(())
}

pub(super) fn blocked(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let (from, to) = (tensor(op, 0)?.shape.clone(), result(op)?.shape.clone());
    let ([_, _, image @ ..], [batch, channels, places @ ..]) = (&from[..], &to[..]) else {
        return Err(wrong(op, 0, "must have a batch and channels"));
    };
    if image.len() != places.len() || image.len() > 3 {
        return Err(Problem::Mismatch(from, to));
    }
    let b = block(&[*channels]);
    let (x, y) = (blocked_param(body, "x0", tensor(op, 0)?, b)?, blocked_param(body, "y", result(op)?, b)?);
    let own = data_type(tensor(op, 0)?)?;
    let dtype = if n_taps(op) == 1 { own } else { DataType::F32 };
    over_blocks(body, &[&[*batch, channels / b], places].concat(), b, &mut |body, at, lane| {
        let axes: Vec<_> = (0..places.len()).map(|axis| (at[axis + 2], image[axis], places[axis])).collect();
        let value = interpolated(op, body, &axes, &mut Vec::new(), &mut |body, place| {
            load(body, x, &[&at[..2], place, &[lane]].concat(), dtype)
        });
        store(body, y, &[at, &[lane]].concat(), value);
    });
    Ok(())
}

/// Elements at places that a tensor names as floats, between four neighbours.
pub(super) fn grid_sample(op: &Operator, body: &mut Body<'_>) -> Result<(), Problem> {
    let ([_, _, h, w], [_, _, _, 2]) = (&tensor(op, 0)?.shape[..], &tensor(op, 1)?.shape[..]) else {
        return Err(Problem::FormNotSupported("images of another number of axes than two"));
    };
    let (x, grid, y) = (input(body, op, 0)?, input(body, op, 1)?, output(body, op)?);
    let dtype = wide(data_type(tensor(op, 0)?)?);
    let taps = if op.text("mode") == Some("nearest") { 1 } else { 2 };
    over(body, &result(op)?.shape, &mut |body, at| {
        let [n, c, i, j] = at else { return };
        let mut sum = None;
        for tap in 0..taps * taps {
            let (mut place, mut weight) = (Vec::new(), number(body, 1.0, DataType::F32));
            for (axis, size, tap) in [(1, *h, tap / taps), (0, *w, tap % taps)] {
                let axis = index(body, axis);
                let coordinate = load(body, grid, &[*n, *i, *j, axis], DataType::F32);
                let shifted = with(body, BinaryOp::Add, coordinate, 1.0);
                let position = with(body, BinaryOp::Mul, shifted, size as f64 / 2.0);
                let floor = math(body, "floor", position);
                let share = body.sub(position, floor);
                let first = body.cast(DataType::I64, floor);
                let next = super::nest::affine(body, first, 1, tap);
                place.push(clamped(body, next, size));
                let distance = with(body, BinaryOp::Sub, share, (1 - tap) as f64);
                weight = body.mul(weight, distance);
            }
            let value = load(body, x, &[*n, *c, place[0], place[1]], dtype);
            let weight = body.cast(dtype, weight);
            let term = body.mul(value, weight);
            sum = Some(match sum {
                Some(sum) => body.add(sum, term),
                None => term,
            });
        }
        if let Some(sum) = sum {
            store(body, y, at, sum);
        }
    });
    Ok(())
}
