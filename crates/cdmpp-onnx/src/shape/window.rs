//! Convolutions and pools: windows that move over an image.

use super::{Answer, like_first, one};
use crate::call::Call;
use crate::{ElementType, Problem};

pub(super) fn output_shapes(call: &Call<'_>) -> Answer {
    match call.op_type {
        "Conv" | "FusedConv" => like_first(call, conv(call, 0, 1)?),
        "ConvInteger" => one((ElementType::Int32, conv(call, 0, 1)?)),
        "QLinearConv" => one((call.input(7)?.element_type, conv(call, 0, 3)?)),
        "ConvTranspose" => like_first(call, conv_transpose(call)?),
        "MaxPool" => {
            let input = call.input(0)?;
            let shape = pool(call)?;
            Ok(Some(vec![(input.element_type, shape.clone()), (ElementType::Int64, shape)]))
        }
        "AveragePool" | "LpPool" => like_first(call, pool(call)?),
        "GlobalAveragePool" | "GlobalMaxPool" | "GlobalLpPool" | "QLinearGlobalAveragePool" => {
            let mut shape = call.shape(0)?.to_vec();
            shape.iter_mut().skip(2).for_each(|extent| *extent = 1);
            like_first(call, shape)
        }
        "MaxRoiPool" => {
            let pooled = call.ints("pooled_shape").ok_or(Problem::MissingAttribute("pooled_shape"))?;
            let (input, rois) = (call.shape(0)?, call.shape(1)?);
            let (Some(channels), Some(n)) = (input.get(1), rois.first()) else {
                return Err(call.wrong_input(1, "must have two axes"));
            };
            like_first(call, [&[*n, *channels], pooled].concat())
        }
        "ReorderInput" => like_first(call, reorder_input(call)?),
        "ReorderOutput" => {
            let mut shape = call.shape(0)?.to_vec();
            if shape.len() < 2 {
                return Err(call.wrong_input(0, "must have at least two axes"));
            }
            shape[1] = call.int("channels", shape[1]);
            if call.int("channels_last", 0) != 0 {
                let channels = shape.remove(1);
                shape.push(channels);
            }
            like_first(call, shape)
        }
        _ => Ok(None),
    }
}

/// A layout of the next multiple of eight channels; wider blocks are chosen by a fusion, which makes this operator.
fn reorder_input(call: &Call<'_>) -> Result<Vec<i64>, Problem> {
    let mut shape = call.shape(0)?.to_vec();
    if shape.len() < 2 {
        return Err(call.wrong_input(0, "must have at least two axes"));
    }
    if call.int("channels_last", 0) != 0 {
        let channels = shape.pop().unwrap_or(1);
        shape.insert(1, channels);
    }
    shape[1] = shape[1].div_euclid(8) * 8 + if shape[1] % 8 == 0 { 0 } else { 8 };
    Ok(shape)
}

/// The attributes of a window, one entry an axis.
struct Window {
    kernel: Vec<i64>,
    strides: Vec<i64>,
    dilations: Vec<i64>,
    /// First all beginnings, then all ends.
    pads: Vec<i64>,
}

impl Window {
    fn of(call: &Call<'_>, kernel: Vec<i64>) -> Result<Self, Problem> {
        let rank = kernel.len();
        let list = |name: &'static str, default: i64, n: usize| match call.ints(name) {
            None => Ok(vec![default; n]),
            Some(values) if values.len() == n => Ok(values.to_vec()),
            Some(_) => Err(Problem::Attribute { attribute: name, rule: "has another number of axes than the window" }),
        };
        let window = Self {
            strides: list("strides", 1, rank)?,
            dilations: list("dilations", 1, rank)?,
            pads: list("pads", 0, 2 * rank)?,
            kernel,
        };
        let positive = |values: &[i64]| values.iter().all(|value| (1..1 << 31).contains(value));
        if !positive(&window.strides) || !positive(&window.dilations) || !positive(&window.kernel) {
            return Err(Problem::Attribute { attribute: "strides", rule: "and dilations and kernel must be positive" });
        }
        if !window.pads.iter().all(|pad| (-(1 << 31)..1 << 31).contains(pad)) {
            return Err(Problem::Attribute { attribute: "pads", rule: "must be 32-bit numbers" });
        }
        Ok(window)
    }

    /// The extent that the window covers on one axis.
    fn span(&self, axis: usize) -> i64 {
        (self.kernel[axis] - 1) * self.dilations[axis] + 1
    }

    /// The number of places of the window on each axis.
    fn places(&self, call: &Call<'_>, input: &[i64]) -> Result<Vec<i64>, Problem> {
        let rank = self.kernel.len();
        let ceil = call.int("ceil_mode", 0) != 0;
        let extent = |axis: usize| {
            let (size, stride, span) = (input[axis], self.strides[axis], self.span(axis));
            match call.text("auto_pad", "NOTSET") {
                "SAME_UPPER" | "SAME_LOWER" => Ok((size + stride - 1) / stride),
                "VALID" => Ok((size - span).div_euclid(stride) + 1),
                _ => {
                    let padded = size + self.pads[axis] + self.pads[axis + rank];
                    let room = padded - span;
                    let mut n = room.div_euclid(stride) + 1;
                    if ceil && room.rem_euclid(stride) != 0 && n * stride < size + self.pads[axis] {
                        // A last window that starts within the image, not in the padding behind it.
                        n += 1;
                    }
                    Ok(n)
                }
            }
        };
        let places = (0..rank).map(extent).collect::<Result<Vec<i64>, Problem>>()?;
        if places.iter().any(|n| *n < 1) {
            return Err(call.wrong_input(0, "the window is larger than the image"));
        }
        Ok(places)
    }
}

/// Batch, channels and image of an input.
fn image<'a>(call: &Call<'a>, place: usize) -> Result<(i64, i64, &'a [i64]), Problem> {
    match call.shape(place)? {
        [batch, channels, image @ ..] if image.iter().all(|extent| *extent < 1 << 40) => Ok((*batch, *channels, image)),
        _ => Err(call.wrong_input(place, "must have a batch and channels")),
    }
}

fn conv(call: &Call<'_>, input: usize, weight: usize) -> Result<Vec<i64>, Problem> {
    let (batch, channels, image) = image(call, input)?;
    let [filters, per_group, kernel @ ..] = call.shape(weight)? else {
        return Err(call.wrong_input(weight, "must have filters and channels"));
    };
    if kernel.len() != image.len() {
        return Err(call.wrong_input(weight, "must have as many axes as the image"));
    }
    // Blocked layouts pad the channels of both.
    let group = call.int("group", 1);
    if per_group.checked_mul(group) != Some(channels) && call.domain != "com.microsoft.nchwc" {
        return Err(call.wrong_input(weight, "and `group` must give the channels of the image"));
    }
    let window = Window::of(call, kernel.to_vec())?;
    Ok([&[batch, *filters], window.places(call, image)?.as_slice()].concat())
}

fn conv_transpose(call: &Call<'_>) -> Result<Vec<i64>, Problem> {
    let (batch, channels, image) = image(call, 0)?;
    let [channels_in, per_group, kernel @ ..] = call.shape(1)? else {
        return Err(call.wrong_input(1, "must have channels and filters"));
    };
    if kernel.len() != image.len() || *channels_in != channels {
        return Err(call.wrong_input(1, "must have the channels and axes of the image"));
    }
    let group = call.int("group", 1);
    let filters =
        per_group.checked_mul(group).ok_or(Problem::Attribute { attribute: "group", rule: "is too large" })?;
    let window = Window::of(call, kernel.to_vec())?;
    let rank = kernel.len();
    if let Some(shape) = call.ints("output_shape") {
        let rule = "has fewer axes than the image";
        let at = shape.len().checked_sub(rank).ok_or(Problem::Attribute { attribute: "output_shape", rule })?;
        return Ok([&[batch, filters], &shape[at..]].concat());
    }
    let extra = call.ints("output_padding").filter(|extra| extra.len() == rank);
    let extent = |axis: usize| {
        let stride = window.strides[axis];
        match call.text("auto_pad", "NOTSET") {
            "SAME_UPPER" | "SAME_LOWER" => image[axis].saturating_mul(stride),
            _ => {
                let pads = window.pads[axis] + window.pads[axis + rank];
                let extra = extra.map_or(0, |extra| extra[axis].clamp(0, 1 << 31));
                (image[axis] - 1).saturating_mul(stride).saturating_add(extra + window.span(axis) - pads)
            }
        }
    };
    let places: Vec<i64> = (0..rank).map(extent).collect();
    if places.iter().any(|n| *n < 1) {
        return Err(call.wrong_input(0, "the padding is larger than the result"));
    }
    Ok([&[batch, filters], places.as_slice()].concat())
}

fn pool(call: &Call<'_>) -> Result<Vec<i64>, Problem> {
    let (batch, channels, image) = image(call, 0)?;
    let kernel = call.ints("kernel_shape").ok_or(Problem::MissingAttribute("kernel_shape"))?;
    if kernel.len() != image.len() {
        return Err(Problem::Attribute {
            attribute: "kernel_shape",
            rule: "has another number of axes than the image",
        });
    }
    let window = Window::of(call, kernel.to_vec())?;
    Ok([&[batch, channels], window.places(call, image)?.as_slice()].concat())
}
