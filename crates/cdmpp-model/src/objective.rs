//! The seam between training and what computes gradients.

use std::fmt;
use std::ops::Range;

use crate::blend::Blend;
use crate::examples::Examples;
use crate::{LossConfig, ModelError};

/// A network under a loss, with everything that stays fixed over all steps.
pub(crate) trait Objective: fmt::Debug {
    /// Takes those of all parameters, or of numbers beside them, that a step may change.
    fn take(&self, all: &[f32]) -> Vec<f32>;

    /// Puts back what was taken.
    fn put(&self, own: &[f32], all: &mut [f32]);

    /// The places of the weights of matrices among what was taken, in ascending order.
    fn matrices(&self) -> Vec<Range<usize>>;

    /// Writes the gradient of a blend, by what was taken of the parameters; the loss is that without the discrepancy.
    fn gradient(
        &mut self,
        parameters: &[f32],
        examples: &Examples<'_>,
        blend: &Blend<'_>,
        step: usize,
        gradient: &mut Vec<f32>,
    ) -> Result<Sums, ModelError>;

    /// Refuses to go on if a variable never got a gradient.
    fn check_cover(&self) -> Result<(), ModelError>;
}

/// What a step must know of the settings of training.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StepConfig {
    /// The seed of dropout and noise.
    pub(crate) seed: u64,
    /// The parts of a batch that are computed side by side.
    pub(crate) n_shards: usize,
    /// The deviation of the noise on the numbers of hardware.
    pub(crate) hardware_noise: f64,
    pub(crate) loss: LossConfig,
}

/// What a batch adds up to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sums {
    /// The weighted mean of the losses of its samples.
    pub(crate) loss: f64,
    /// The squares of the gradient.
    pub(crate) squares: f64,
}
