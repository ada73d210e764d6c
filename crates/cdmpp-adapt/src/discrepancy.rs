//! The answer of a discrepancy.

use crate::AdaptError;

/// How far apart two sets are, and how that changes with every element of them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Discrepancy {
    /// The discrepancy.
    pub value: f64,
    /// The slope of the value along each element of the source: as many numbers, in the same order.
    pub source_gradient: Vec<f32>,
    /// The slope of the value along each element of the target: as many numbers, in the same order.
    pub target_gradient: Vec<f32>,
}

impl Discrepancy {
    /// Rounds the gradients.
    ///
    /// # Errors
    /// If the value or a slope is too large for a number, or has become undefined on the way.
    pub(crate) fn new(value: f64, to_source: &[f64], to_target: &[f64]) -> Result<Self, AdaptError> {
        let rounded = |slopes: &[f64]| -> Vec<f32> { slopes.iter().map(|slope| *slope as f32).collect() };
        let (source_gradient, target_gradient) = (rounded(to_source), rounded(to_target));
        let mut slopes = source_gradient.iter().chain(&target_gradient);
        if value.is_finite() && slopes.all(|slope| slope.is_finite()) {
            Ok(Self { value, source_gradient, target_gradient })
        } else {
            Err(AdaptError::Overflow)
        }
    }
}
