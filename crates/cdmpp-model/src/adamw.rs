//! AdamW with clipping, warm-up and a cosine schedule, over all parameters as one flat vector.

use std::ops::Range;

use cdmpp_kernel::{AdamWState, AdamWStep, adamw};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::check_rules;
use crate::{ModelError, Rule};

/// The parameters that a thread moves at a time.
const CHUNK: usize = 1 << 15;

/// The settings of the optimiser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimizerConfig {
    /// The highest learning rate, reached after the warm-up.
    pub learning_rate: f64,
    /// The share of all steps over which the learning rate rises linearly from 0.
    pub warm_up: f64,
    /// The learning rate at the end of the cosine decay, as a share of the highest.
    pub final_rate: f64,
    /// The decoupled weight decay of matrices; biases and norms do not decay.
    pub weight_decay: f64,
    /// The decay of the running mean of gradients.
    pub beta1: f64,
    /// The decay of the running mean of squared gradients.
    pub beta2: f64,
    /// The largest norm of the gradient of all parameters together; a longer one is shortened.
    pub clip_norm: f64,
    /// The decay of the running mean of the parameters, which is what is validated and kept; 0 keeps the last ones.
    pub average_decay: f64,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            learning_rate: 2e-3,
            warm_up: 0.05,
            final_rate: 0.02,
            weight_decay: 0.3,
            beta1: 0.9,
            beta2: 0.98,
            clip_norm: 1.0,
            average_decay: 0.998,
        }
    }
}

impl OptimizerConfig {
    pub(crate) fn check(&self) -> Result<(), ModelError> {
        let rules = [
            (self.learning_rate > 0.0, "training.optimizer.learning_rate", Rule::Positive),
            ((0.0..1.0).contains(&self.warm_up), "training.optimizer.warm_up", Rule::AtLeastAndBelow(0.0, 1.0)),
            ((0.0..=1.0).contains(&self.final_rate), "training.optimizer.final_rate", Rule::Between(0.0, 1.0)),
            (self.weight_decay >= 0.0, "training.optimizer.weight_decay", Rule::NotNegative),
            ((0.0..1.0).contains(&self.beta1), "training.optimizer.beta1", Rule::AtLeastAndBelow(0.0, 1.0)),
            ((0.0..1.0).contains(&self.beta2), "training.optimizer.beta2", Rule::AtLeastAndBelow(0.0, 1.0)),
            (self.clip_norm > 0.0, "training.optimizer.clip_norm", Rule::Positive),
            (
                (0.0..1.0).contains(&self.average_decay),
                "training.optimizer.average_decay",
                Rule::AtLeastAndBelow(0.0, 1.0),
            ),
        ];
        check_rules(rules)
    }

    /// The learning rate of a step, counted from 0.
    pub(crate) fn rate(&self, step: usize, n_steps: usize) -> f64 {
        let warm_up = (self.warm_up * n_steps as f64).max(1.0);
        let step = step as f64;
        if step + 1.0 < warm_up {
            return self.learning_rate * (step + 1.0) / warm_up;
        }
        let progress = ((step - warm_up) / (n_steps as f64 - warm_up).max(1.0)).clamp(0.0, 1.0);
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * progress).cos());
        self.learning_rate * (self.final_rate + (1.0 - self.final_rate) * cosine)
    }
}

/// The optimiser's memory; saved with the training state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AdamW {
    /// Running mean of gradients.
    pub(crate) first: Vec<f32>,
    /// Running mean of squared gradients.
    pub(crate) second: Vec<f32>,
    /// Running mean of parameters.
    pub(crate) average: Vec<f32>,
    /// Steps taken.
    pub(crate) step: usize,
}

impl AdamW {
    pub(crate) fn new(parameters: &[f32]) -> Self {
        let n = parameters.len();
        Self { first: vec![0.0; n], second: vec![0.0; n], average: parameters.to_vec(), step: 0 }
    }

    /// The memory of other parameters, which `f` takes from that of these.
    pub(crate) fn map(&self, f: impl Fn(&[f32]) -> Vec<f32>) -> Self {
        let Self { first, second, average, step } = self;
        Self { first: f(first), second: f(second), average: f(average), step: *step }
    }

    /// Takes over the memory of other parameters, which `f` writes to that of these.
    pub(crate) fn take_over(&mut self, other: &Self, f: impl Fn(&[f32], &mut [f32])) {
        f(&other.first, &mut self.first);
        f(&other.second, &mut self.second);
        f(&other.average, &mut self.average);
        self.step = other.step;
    }

    /// Shortens the gradient, whose norm is given, if it is too long, and moves the parameters by one step.
    ///
    /// The weights in the ranges `decayed`, ascending and apart, decay.
    pub(crate) fn update(
        &mut self,
        config: &OptimizerConfig,
        rate: f64,
        parameters: &mut [f32],
        (gradient, norm): (&[f32], f64),
        decayed: &[Range<usize>],
    ) {
        self.step += 1;
        let t = self.step as i32;
        let step = AdamWStep {
            step_size: (rate / (1.0 - config.beta1.powi(t))) as f32,
            beta1: config.beta1 as f32,
            beta2: config.beta2 as f32,
            correct2: (1.0 / (1.0 - config.beta2.powi(t))) as f32,
            shorten: if norm > config.clip_norm { (config.clip_norm / norm) as f32 } else { 1.0 },
            shrink: (1.0 - rate * config.weight_decay) as f32,
            // Early on the average follows closely, or the random start would linger in it.
            average: config.average_decay.min((1.0 + self.step as f64) / (10.0 + self.step as f64)) as f32,
        };
        let moments = self.first.par_chunks_mut(CHUNK).zip(self.second.par_chunks_mut(CHUNK));
        let parts = parameters.par_chunks_mut(CHUNK).zip(self.average.par_chunks_mut(CHUNK)).zip(moments);
        parts.zip(gradient.par_chunks(CHUNK)).enumerate().for_each(
            |(i, (((parameters, average), moments), gradient))| {
                let (first, second) = moments;
                let (start, end) = (i * CHUNK, i * CHUNK + gradient.len());
                let here = decayed.iter().filter(|range| range.start < end && range.end > start);
                let here: Vec<_> =
                    here.map(|range| range.start.max(start) - start..range.end.min(end) - start).collect();
                adamw(&step, &here, gradient, AdamWState { parameters, first, second, average });
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    /// PyTorch's algorithm (`torch.optim.AdamW` after `clip_grad_norm_`), step by step:
    /// ```python
    /// import numpy as np
    /// p, m, v = np.array([1.0, -2.0, 0.5]), np.zeros(3), np.zeros(3)
    /// decay = np.array([0.1, 0.1, 0.0])
    /// for t, g in enumerate(([0.3, -0.1, 0.2], [3.0, 4.0, 0.0], [-0.2, 0.0, 0.1]), 1):
    ///     g = np.array(g) * min(1, 2 / np.linalg.norm(g))
    ///     p = p * (1 - 0.01 * decay)
    ///     m, v = 0.9 * m + 0.1 * g, 0.98 * v + 0.02 * g * g
    ///     p = p - 0.01 * (m / (1 - 0.9 ** t)) / (np.sqrt(v / (1 - 0.98 ** t)) + 1e-8)
    ///     print(p)
    /// ```
    #[test]
    fn agrees_with_pytorch() {
        let config = OptimizerConfig {
            weight_decay: 0.1,
            beta1: 0.9,
            beta2: 0.98,
            clip_norm: 2.0,
            average_decay: 0.0,
            ..OptimizerConfig::default()
        };
        let gradients = [[0.3, -0.1, 0.2], [3.0, 4.0, 0.0], [-0.2, 0.0, 0.1]];
        let expected = [
            [0.989_000_000, -1.988_000_001, 0.490_000_001],
            [0.979_204_442, -1.992_987_998, 0.483_267_003],
            [0.972_494_812, -1.996_413_654, 0.475_732_741],
        ];
        let mut parameters = [1.0, -2.0, 0.5];
        let mut optimizer = AdamW::new(&parameters);
        for (gradient, expected) in gradients.iter().zip(expected) {
            let norm = gradient.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
            optimizer.update(&config, 0.01, &mut parameters, (gradient, norm), &[0..1, 1..2]);
            for (found, expected) in parameters.iter().zip(expected) {
                assert!((f64::from(*found) - expected).abs() < 1e-6, "{found} is not {expected}");
            }
            assert_eq!(optimizer.average, parameters);
        }
        assert_eq!(optimizer.step, 3);
    }

    #[test]
    fn the_average_follows_slowly_once_it_is_settled() {
        let config = OptimizerConfig { average_decay: 0.9, weight_decay: 0.0, ..OptimizerConfig::default() };
        let mut parameters = [0.0];
        let mut optimizer = AdamW { step: 1_000, ..AdamW::new(&[1.0]) };
        optimizer.update(&config, 0.0, &mut parameters, (&[0.0], 0.0), &[]);
        assert!((optimizer.average[0] - 0.9).abs() < 1e-6);
        // In the second step of all it takes only (1 + 2) / (10 + 2) of what was.
        let mut optimizer = AdamW { step: 1, ..AdamW::new(&[1.0]) };
        optimizer.update(&config, 0.0, &mut parameters, (&[0.0], 0.0), &[]);
        assert!((optimizer.average[0] - 0.25).abs() < 1e-6);
    }

    #[test]
    fn the_learning_rate_rises_and_falls() {
        let config =
            OptimizerConfig { learning_rate: 1.0, warm_up: 0.3, final_rate: 0.1, ..OptimizerConfig::default() };
        let rates: Vec<String> = (0..=10).map(|step| format!("{:.3}", config.rate(step, 10))).collect();
        expect!["0.333 0.667 1.000 1.000 0.955 0.831 0.650 0.450 0.269 0.145 0.100"].assert_eq(&rates.join(" "));
        // One step, no warm-up, steps beyond the plan.
        let config = OptimizerConfig { warm_up: 0.0, ..config };
        assert_eq!((config.rate(0, 1), config.rate(0, 5), config.rate(9, 5)), (1.0, 1.0, 0.1));
    }
}
