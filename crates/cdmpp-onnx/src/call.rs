//! One operator with its inputs, as shape inference sees it.

use std::collections::BTreeMap;

use crate::model::Weight;
use crate::numbers::Numbers;
use crate::shaped::Value;
use crate::{Attribute, ElementType, Problem};

/// A type and a shape.
pub(crate) type Typed = (ElementType, Vec<i64>);

/// An operator with its inputs.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) op_type: &'a str,
    pub(crate) domain: &'a str,
    pub(crate) attributes: &'a BTreeMap<String, Attribute>,
    pub(crate) tensor: Option<&'a Weight>,
    pub(crate) inputs: &'a [Option<&'a Value>],
    pub(crate) n_outputs: usize,
}

impl<'a> Call<'a> {
    /// An input that must be there.
    pub(crate) fn input(&self, place: usize) -> Result<&'a Value, Problem> {
        self.optional(place).ok_or(Problem::MissingInput(place))
    }

    /// An input that may be left out.
    pub(crate) fn optional(&self, place: usize) -> Option<&'a Value> {
        self.inputs.get(place).copied().flatten()
    }

    pub(crate) fn shape(&self, place: usize) -> Result<&'a [i64], Problem> {
        Ok(&self.input(place)?.shape)
    }

    /// The complaint about an input.
    pub(crate) fn wrong_input(&self, place: usize, rule: &'static str) -> Problem {
        Problem::Input { input: place, shape: self.shape(place).unwrap_or_default().to_vec(), rule }
    }

    pub(crate) fn int(&self, name: &'static str, default: i64) -> i64 {
        match self.attributes.get(name) {
            Some(Attribute::Int(value)) => *value,
            _ => default,
        }
    }

    pub(crate) fn ints(&self, name: &'static str) -> Option<&'a [i64]> {
        match self.attributes.get(name) {
            Some(Attribute::Ints(values)) => Some(values),
            _ => None,
        }
    }

    pub(crate) fn text(&self, name: &'static str, default: &'static str) -> &'a str {
        match self.attributes.get(name) {
            Some(Attribute::Text(value)) => value,
            _ => default,
        }
    }

    /// The integers of an input that shapes depend on; `None` if it is left out.
    pub(crate) fn input_ints(&self, place: usize, why: &'static str) -> Result<Option<&'a [i64]>, Problem> {
        let Some(input) = self.optional(place) else { return Ok(None) };
        match input.numbers.as_ref().and_then(Numbers::ints) {
            Some(values) => Ok(Some(values)),
            None if input.shape.contains(&0) => Ok(Some(&[])),
            None => Err(Problem::Unknown { output: 0, dimension: 0, why }),
        }
    }

    /// Integers that older versions have as an attribute and newer ones as an input.
    pub(crate) fn ints_or_input(
        &self,
        name: &'static str,
        place: usize,
        why: &'static str,
    ) -> Result<Option<&'a [i64]>, Problem> {
        match self.ints(name) {
            Some(values) => Ok(Some(values)),
            None => self.input_ints(place, why),
        }
    }

    /// An axis of an input, counted from the end if negative.
    pub(crate) fn axis(&self, axis: i64, rank: usize) -> Result<usize, Problem> {
        axis_of(axis, rank).ok_or(Problem::Attribute { attribute: "axis", rule: "is not an axis of the input" })
    }

    /// Axes, without repetition, ascending.
    pub(crate) fn axes(&self, axes: &[i64], rank: usize) -> Result<Vec<usize>, Problem> {
        let mut found = Vec::with_capacity(axes.len());
        for axis in axes {
            found.push(self.axis(*axis, rank)?);
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

/// An axis counted from the front.
pub(crate) fn axis_of(axis: i64, rank: usize) -> Option<usize> {
    let rank = i64::try_from(rank).ok()?;
    usize::try_from(if axis < 0 { axis + rank } else { axis }).ok().filter(|axis| (*axis as i64) < rank)
}

/// The shape of an element-wise result.
pub(crate) fn broadcast(a: &[i64], b: &[i64]) -> Result<Vec<i64>, Problem> {
    let rank = a.len().max(b.len());
    let extent = |shape: &[i64], axis: usize| {
        let missing = rank - shape.len();
        if axis < missing { 1 } else { shape[axis - missing] }
    };
    (0..rank)
        .map(|axis| match (extent(a, axis), extent(b, axis)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            _ => Err(Problem::Mismatch(a.to_vec(), b.to_vec())),
        })
        .collect()
}
