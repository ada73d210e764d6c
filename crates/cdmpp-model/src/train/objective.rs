//! What training minimises, computed by the engine or by candle.

use std::ops::Range;

use super::TrainConfig;
use super::autograd::Autograd;
use super::blend::Blend;
use super::examples::Examples;
use crate::engine::Engine;
use crate::predictor::Fitted;
use crate::{ModelError, Predictor};

/// A network under a loss, with everything that stays fixed meanwhile.
#[derive(Debug)]
pub(crate) enum Objective<'a> {
    /// The built-in network on the CPU.
    Native(Box<Engine<'a>>),
    /// Everything else.
    Candle(Autograd<'a>),
}

/// What a batch adds up to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sums {
    /// The losses of its samples.
    pub(crate) loss: f64,
    /// The squares of the gradient.
    pub(crate) squares: f64,
}

impl<'a> Objective<'a> {
    pub(crate) fn new(model: &'a Predictor, fitted: &'a Fitted, config: &'a TrainConfig) -> Result<Self, ModelError> {
        Ok(if model.network.is_native() {
            Self::Native(Box::new(Engine::new(&model.identity, fitted, config)))
        } else {
            Self::Candle(Autograd::new(&model.network, fitted, config, &model.device)?)
        })
    }

    /// Takes those of all parameters, or of numbers beside them, that a step may change.
    pub(crate) fn take(&self, all: &[f32]) -> Vec<f32> {
        match self {
            Self::Native(engine) => engine.compaction.take(all),
            Self::Candle(_) => all.to_vec(),
        }
    }

    /// Puts back what was taken.
    pub(crate) fn put(&self, own: &[f32], all: &mut [f32]) {
        match self {
            Self::Native(engine) => engine.compaction.put(own, all),
            Self::Candle(_) => all.copy_from_slice(own),
        }
    }

    /// The places of the weights of matrices among what was taken, in ascending order.
    pub(crate) fn matrices(&self) -> Vec<Range<usize>> {
        match self {
            Self::Native(engine) => engine.matrices(),
            Self::Candle(autograd) => autograd.matrices(),
        }
    }

    /// Writes the gradient of the mean loss of all examples, by what was taken of the parameters.
    pub(crate) fn gradient(
        &mut self,
        parameters: &[f32],
        examples: &Examples<'_>,
        step: usize,
        gradient: &mut Vec<f32>,
    ) -> Result<Sums, ModelError> {
        gradient.resize(parameters.len(), 0.0);
        let programs: Vec<u32> = (0..examples.asts.len() as u32).collect();
        match self {
            Self::Native(engine) => Ok(engine.gradient(parameters, examples, &programs, step, gradient)),
            Self::Candle(autograd) => autograd.gradient(parameters, examples, &programs, step, gradient),
        }
    }

    /// Writes the gradient of a blend, by what was taken of the parameters; the loss is that without the discrepancy.
    pub(crate) fn blend(
        &mut self,
        parameters: &[f32],
        examples: &Examples<'_>,
        blend: &Blend<'_>,
        step: usize,
        gradient: &mut Vec<f32>,
    ) -> Result<Sums, ModelError> {
        gradient.resize(parameters.len(), 0.0);
        match self {
            Self::Native(engine) => engine.blend(parameters, examples, blend, step, gradient),
            Self::Candle(autograd) => autograd.blend(parameters, examples, blend, step, gradient),
        }
    }

    /// Refuses to go on if a variable never got a gradient. The engine reaches all of them, as its tests show.
    pub(crate) fn check_cover(&self) -> Result<(), ModelError> {
        match self {
            Self::Native(_) => Ok(()),
            Self::Candle(autograd) => autograd.check_cover(),
        }
    }
}
