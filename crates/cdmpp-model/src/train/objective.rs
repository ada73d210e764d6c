//! The loss of a batch and its gradient.

use std::thread::ScopedJoinHandle;

use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor};
use cdmpp_ir::CompactAst;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use super::TrainConfig;
use super::examples::Examples;
use crate::ModelError;
use crate::loss::hybrid_loss;
use crate::network::Network;
use crate::predictor::Fitted;
use crate::variables::{generator, standard_normal};

/// A pool of one thread for every shard.
///
/// candle spreads each matrix product over rayon's current pool. Ours are small: with the shards contending for one
/// pool of two threads, an epoch takes four times as long as with one thread each.
pub(crate) fn pools(n_shards: usize) -> Result<Vec<ThreadPool>, ThreadPoolBuildError> {
    (0..n_shards).map(|_| ThreadPoolBuilder::new().num_threads(1).build()).collect()
}

/// What training minimises: a network under a loss, with everything that stays fixed meanwhile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Objective<'a> {
    pub(crate) network: &'a Network,
    pub(crate) fitted: &'a Fitted,
    pub(crate) config: &'a TrainConfig,
    pub(crate) device: &'a Device,
}

/// A forward pass over all samples of some programs.
#[derive(Debug)]
pub(crate) struct Forward {
    /// The predicted labels, `(n)`: program by program, each with its measurements in order.
    pub(crate) labels: Tensor,
    /// The sum of the losses, a scalar.
    pub(crate) loss: Tensor,
}

/// The gradient of a batch.
#[derive(Debug)]
pub(crate) struct Gradient {
    /// The sum of the losses.
    pub(crate) loss: f64,
    /// The number of samples.
    pub(crate) n_samples: usize,
    /// The gradient of the mean loss, beside the flat parameters.
    pub(crate) values: Vec<f32>,
    /// Which variables got a gradient.
    pub(crate) reached: Vec<bool>,
}

impl Objective<'_> {
    /// Predicts and judges the samples of some programs; with `rng` as in training, without as in prediction (and
    /// without gradients).
    pub(crate) fn forward(
        &self,
        examples: &Examples<'_>,
        programs: &[u32],
        mut rng: Option<&mut Xoshiro256PlusPlus>,
    ) -> candle_core::Result<Forward> {
        let asts: Vec<&CompactAst> = programs.iter().map(|i| examples.asts[*i as usize]).collect();
        let (mut pairs, mut labels, mut logs) = (Vec::new(), Vec::new(), Vec::new());
        let mut priors = Vec::new();
        for (row, program) in programs.iter().enumerate() {
            priors.extend_from_slice(&examples.priors[*program as usize]);
            for measured in &examples.measured[*program as usize] {
                pairs.push((row as u32, measured.hardware));
                labels.push(measured.label);
                logs.push(measured.units.ln() as f32);
            }
        }
        let z = self.network.embed(&asts, &self.fitted.features, rng.as_deref_mut())?;
        if let Some(rng) = rng.as_deref_mut() {
            self.jitter(&pairs, examples.hardware.len(), &mut priors, rng);
        }
        let noise = rng.map(|rng| (rng, self.config.hardware_noise));
        let h = self.network.embed_hardware(&examples.hardware, &self.fitted.hardware, noise)?;
        let predicted = self.network.labels(&z, &h, &pairs, priors)?;
        let predicted_logs = self.fitted.labels.log_latency(&predicted)?;
        let (labels, logs) = (Tensor::new(labels, self.device)?, Tensor::new(logs, self.device)?);
        let loss = hybrid_loss(&self.config.loss, (&predicted, &labels), (&predicted_logs, &logs))?;
        Ok(Forward { labels: predicted, loss })
    }

    /// Adds noise to the inputs from the prior, the same for all programs of a hardware: together these inputs tell one
    /// hardware from another as its numbers do.
    fn jitter(&self, pairs: &[(u32, u32)], n_hardware: usize, priors: &mut [f32], rng: &mut Xoshiro256PlusPlus) {
        let deviation = self.config.hardware_noise as f32;
        let width = priors.len() / pairs.len().max(1);
        if width == 0 || deviation == 0.0 {
            return;
        }
        let noise: Vec<f32> = (0..n_hardware * width).map(|_| deviation * standard_normal(rng) as f32).collect();
        for (row, (_, hardware)) in priors.chunks_exact_mut(width).zip(pairs) {
            let noise = &noise[*hardware as usize * width..][..width];
            row.iter_mut().zip(noise).filter(|(x, _)| **x != 0.0).for_each(|(x, noise)| *x += noise);
        }
    }

    /// Computes the gradient of a batch: its programs are dealt to shards, one of the [`pools`] each, and the shards'
    /// gradients are added in order.
    pub(crate) fn gradient(
        &self,
        pools: &[ThreadPool],
        examples: &Examples<'_>,
        programs: &[u32],
        step: usize,
    ) -> Result<Gradient, ModelError> {
        let shard = |i: usize, programs: &[u32]| -> candle_core::Result<(f64, GradStore)> {
            let mut rng = generator(self.config.seed, &format!("dropout {step} {i}"));
            let loss = self.forward(examples, programs, Some(&mut rng))?.loss;
            Ok((f64::from(loss.to_scalar::<f32>()?), loss.backward()?))
        };
        let size = programs.len().div_ceil(pools.len()).max(1);
        let results: Vec<_> = std::thread::scope(|scope| {
            let parts = programs.chunks(size).zip(pools).enumerate();
            let threads: Vec<_> =
                parts.map(|(i, (part, pool))| scope.spawn(move || pool.install(|| shard(i, part)))).collect();
            let join = |thread: ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            threads.into_iter().map(join).collect()
        });
        let variables = self.network.variables.all();
        let mut total = Gradient {
            loss: 0.0,
            n_samples: programs.iter().map(|i| examples.measured[*i as usize].len()).sum(),
            values: vec![0.0; self.network.variables.n_parameters()],
            reached: vec![false; variables.len()],
        };
        for result in results {
            let (loss, grads) = result?;
            total.loss += loss;
            let mut start = 0;
            for ((_, var), reached) in variables.iter().zip(&mut total.reached) {
                let end = start + var.elem_count();
                if let Some(grad) = grads.get(var) {
                    *reached = true;
                    let grad = grad.flatten_all()?.to_vec1::<f32>()?;
                    total.values[start..end].iter_mut().zip(grad).for_each(|(sum, g)| *sum += g);
                }
                start = end;
            }
        }
        let scale = 1.0 / total.n_samples.max(1) as f32;
        total.values.iter_mut().for_each(|g| *g *= scale);
        Ok(total)
    }
}
