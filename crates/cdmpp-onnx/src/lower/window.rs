//! Windows over images, and images with a margin.

use cdmpp_ir::{BinaryOp, Body, BufferId, ExprId};

use super::nest::{affine, load, over, scratch, within};
use crate::{Attribute, Operator, Problem};

/// A window that moves over an image; one entry an axis of the image.
pub(super) struct Window {
    pub(super) kernel: Vec<i64>,
    pub(super) strides: Vec<i64>,
    pub(super) dilations: Vec<i64>,
    /// The margin before the image.
    pub(super) before: Vec<i64>,
    /// The extent that all windows together cover, margins included.
    pub(super) covered: Vec<i64>,
}

impl Window {
    /// The window of an operator on an image, which gives a result of some extents.
    pub(super) fn of(op: &Operator, kernel: &[i64], image: &[i64], result: &[i64]) -> Result<Self, Problem> {
        let rank = kernel.len();
        if image.len() != rank || result.len() != rank {
            return Err(Problem::Mismatch(image.to_vec(), result.to_vec()));
        }
        let list = |name: &'static str, default: i64, n: usize| match op.attributes.get(name) {
            None => Ok(vec![default; n]),
            Some(Attribute::Ints(values)) if values.len() == n => Ok(values.clone()),
            Some(_) => Err(Problem::Attribute { attribute: name, rule: "has another number of axes than the window" }),
        };
        let (strides, dilations) = (list("strides", 1, rank)?, list("dilations", 1, rank)?);
        let pads = list("pads", 0, 2 * rank)?;
        let all = strides.iter().chain(&dilations).chain(kernel);
        if !all.clone().all(|value| (1..1 << 30).contains(value)) || !pads.iter().all(|pad| pad.abs() < 1 << 30) {
            return Err(Problem::Attribute {
                attribute: "strides",
                rule: "and pads, dilations, kernel are out of range",
            });
        }
        let covered: Vec<i64> = (0..rank)
            .map(|axis| (result[axis] - 1).saturating_mul(strides[axis]) + (kernel[axis] - 1) * dilations[axis] + 1)
            .collect();
        let before = (0..rank).map(|axis| {
            let missing = (covered[axis] - image[axis]).max(0);
            match op.text("auto_pad") {
                Some("SAME_UPPER") => missing / 2,
                Some("SAME_LOWER") => (missing + 1) / 2,
                _ => pads[axis],
            }
        });
        Ok(Self { before: before.collect(), kernel: kernel.to_vec(), strides, dilations, covered })
    }

    /// Whether all windows lie in the image.
    pub(super) fn is_inside(&self, image: &[i64]) -> bool {
        self.before.iter().all(|before| *before == 0) && self.covered.iter().zip(image).all(|(n, size)| n <= size)
    }

    /// Where an element of a window lies in the covered extent.
    pub(super) fn at(&self, body: &mut Body<'_>, places: &[ExprId], inner: &[ExprId]) -> Vec<ExprId> {
        let mut at = Vec::with_capacity(places.len());
        for (axis, (place, inner)) in places.iter().zip(inner).enumerate() {
            let place = affine(body, *place, self.strides[axis], 0);
            at.push(if self.kernel[axis] == 1 {
                place
            } else {
                let inner = affine(body, *inner, self.dilations[axis], 0);
                body.add(place, inner)
            });
        }
        at
    }
}

/// Copies an image with its margin, as compilers do before they move windows over it; an image that needs none stays.
/// `outer` and `inner` are the axes before and behind the image, which starts at `image.0`.
pub(super) fn with_margin(
    body: &mut Body<'_>,
    window: &Window,
    x: BufferId,
    image: (usize, &[i64]),
    margin: f64,
) -> BufferId {
    let (start, extents) = image;
    if window.is_inside(extents) {
        return x;
    }
    let source = body.buffer_of(x).clone();
    let mut shape = source.shape.clone();
    shape[start..start + extents.len()].copy_from_slice(&window.covered);
    let padded = scratch(body, "padded", source.dtype, &shape);
    over(body, &shape, &mut |body, at| {
        let mut from = at.to_vec();
        let mut condition = None;
        for axis in 0..extents.len() {
            from[start + axis] = affine(body, at[start + axis], 1, -window.before[axis]);
            let reaches_out = window.before[axis] > 0 || window.covered[axis] - window.before[axis] > extents[axis];
            if reaches_out {
                let inside = within(body, from[start + axis], extents[axis]);
                condition = Some(match condition {
                    Some(other) => body.binary(BinaryOp::And, other, inside),
                    None => inside,
                });
            }
        }
        let value = load(body, x, &from, source.dtype);
        let value = match condition {
            Some(condition) => {
                let outside = super::nest::number(body, margin, source.dtype);
                body.choose(condition, value, outside)
            }
            None => value,
        };
        body.store(padded, at, value);
    });
    padded
}
