//! What training minimises, computed by the engine or by candle.

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

impl<'a> Objective<'a> {
    pub(crate) fn new(model: &'a Predictor, fitted: &'a Fitted, config: &'a TrainConfig) -> Result<Self, ModelError> {
        Ok(if model.network.is_native() {
            Self::Native(Box::new(Engine::new(&model.identity, fitted, config)))
        } else {
            Self::Candle(Autograd::new(&model.network, fitted, config, &model.device)?)
        })
    }

    /// Writes the gradient of the mean loss of some programs' samples, and gives the sum of their losses.
    pub(crate) fn gradient(
        &mut self,
        parameters: &[f32],
        examples: &Examples<'_>,
        programs: &[u32],
        step: usize,
        gradient: &mut [f32],
    ) -> Result<f64, ModelError> {
        match self {
            Self::Native(engine) => Ok(engine.gradient(parameters, examples, programs, step, gradient)),
            Self::Candle(autograd) => autograd.gradient(parameters, examples, programs, step, gradient),
        }
    }

    /// Writes the gradient of a blend, and gives its loss without the discrepancy.
    pub(crate) fn blend(
        &mut self,
        parameters: &[f32],
        examples: &Examples<'_>,
        blend: &Blend<'_>,
        step: usize,
        gradient: &mut [f32],
    ) -> Result<f64, ModelError> {
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
