//! Gradient descent, step by step.

use std::ops::Range;

use cdmpp_kernel::square_sum;

use crate::adamw::AdamW;
use crate::blend::Blend;
use crate::examples::Examples;
use crate::objective::{Objective, Sums};
use crate::{ModelError, OptimizerConfig};

/// Descent on an objective: the parameters that a step may change, and the optimiser's memory of them.
#[derive(Debug)]
pub(crate) struct Descent<'a> {
    pub(crate) objective: Box<dyn Objective + 'a>,
    pub(crate) parameters: Vec<f32>,
    pub(crate) optimizer: AdamW,
    config: &'a OptimizerConfig,
    /// The numbers that decay: those of matrices only.
    decayed: Vec<Range<usize>>,
    gradient: Vec<f32>,
    tether: Option<Tether>,
}

/// What holds parameters where they started.
#[derive(Debug)]
pub(crate) struct Tether {
    /// The parameters at the start.
    pub(crate) start: Vec<f32>,
    /// 1 for a parameter that stays, else 0.
    pub(crate) frozen: Vec<f32>,
    /// The share of the way back that a step goes, at a learning rate of 1.
    pub(crate) pull: f64,
}

impl<'a> Descent<'a> {
    /// From what was taken of all parameters.
    pub(crate) fn new(
        objective: Box<dyn Objective + 'a>,
        parameters: Vec<f32>,
        optimizer: AdamW,
        config: &'a OptimizerConfig,
    ) -> Self {
        let decayed = objective.matrices();
        Self { objective, parameters, optimizer, config, decayed, gradient: Vec::new(), tether: None }
    }

    /// The same, held where it started.
    pub(crate) fn tethered(mut self, tether: Tether) -> Self {
        self.decayed.retain(|matrix| tether.frozen[matrix.start] == 0.0);
        Self { tether: Some(tether), ..self }
    }

    /// Goes one step of some `n_steps` in an epoch; gives the loss and the learning rate.
    pub(crate) fn step(
        &mut self,
        epoch: usize,
        n_steps: usize,
        examples: &Examples<'_>,
        blend: &Blend<'_>,
    ) -> Result<(f64, f64), ModelError> {
        let Self { objective, parameters, optimizer, config, decayed, gradient, tether } = self;
        let step = optimizer.step;
        let Sums { loss, mut squares } = objective.gradient(parameters, examples, blend, step, gradient)?;
        let rate = config.rate(step, n_steps);
        if !loss.is_finite() {
            return Err(ModelError::Diverged { epoch, what: "the loss" });
        }
        if let Some(Tether { start, frozen, pull }) = tether {
            gradient.iter_mut().zip(&*frozen).for_each(|(g, frozen)| *g *= 1.0 - frozen);
            squares = square_sum(gradient);
            let back = (rate * *pull) as f32;
            parameters.iter_mut().zip(&*start).for_each(|(x, start)| *x += back * (start - *x));
        }
        if !squares.is_finite() {
            return Err(ModelError::Diverged { epoch, what: "the gradient" });
        }
        optimizer.update(config, rate, parameters, (gradient, squares.sqrt()), decayed);
        if let Some(Tether { start, frozen, .. }) = tether {
            // Rounding moves a running mean of equal numbers.
            let average = optimizer.average.iter_mut().zip(&*start).zip(&*frozen);
            average.filter(|(_, frozen)| **frozen != 0.0).for_each(|((x, start), _)| *x = *start);
        }
        Ok((loss, rate))
    }
}
