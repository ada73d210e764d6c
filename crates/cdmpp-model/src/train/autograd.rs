//! The gradient of a batch by candle's autograd: for encoders of one's own, and for other devices than the CPU.

use std::ops::Range;
use std::thread::ScopedJoinHandle;

use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor, Var};
use cdmpp_ir::CompactAst;
use cdmpp_kernel::square_sum;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::TrainConfig;
use super::examples::Examples;
use super::objective::Sums;
use crate::ModelError;
use crate::loss::hybrid_loss;
use crate::network::Network;
use crate::predictor::Fitted;
use crate::variables::{generator, standard_normal};

/// A network under a loss, with everything that stays fixed meanwhile.
#[derive(Debug)]
pub(crate) struct Autograd<'a> {
    network: &'a Network,
    fitted: &'a Fitted,
    config: &'a TrainConfig,
    device: &'a Device,
    /// One thread for every shard.
    ///
    /// candle spreads each matrix product over rayon's current pool. Ours are small: with the shards contending for one
    /// pool of two threads, an epoch takes four times as long as with one thread each.
    pools: Vec<ThreadPool>,
    /// Of every variable, whether it ever got a gradient.
    reached: Vec<bool>,
}

impl<'a> Autograd<'a> {
    pub(crate) fn new(
        network: &'a Network,
        fitted: &'a Fitted,
        config: &'a TrainConfig,
        device: &'a Device,
    ) -> Result<Self, ModelError> {
        let pool = |_| ThreadPoolBuilder::new().num_threads(1).build();
        let pools = (0..config.n_shards).map(pool).collect::<Result<_, _>>().map_err(candle_core::Error::wrap)?;
        Ok(Self { network, fitted, config, device, pools, reached: vec![false; network.variables.iter().len()] })
    }

    /// Writes the gradient of the mean loss of some programs' samples: the programs are dealt to shards, and the shards'
    /// gradients are added in order.
    pub(crate) fn gradient(
        &mut self,
        parameters: &[f32],
        examples: &Examples<'_>,
        programs: &[u32],
        step: usize,
        gradient: &mut [f32],
    ) -> Result<Sums, ModelError> {
        self.network.variables.set_flat(parameters)?;
        let shared = &*self;
        let shard = |i: usize, programs: &[u32]| -> candle_core::Result<(f64, GradStore)> {
            let mut rng = generator(shared.config.seed, &format!("dropout {step} {i}"));
            let loss = shared.loss(examples, programs, &mut rng)?;
            Ok((f64::from(loss.to_scalar::<f32>()?), loss.backward()?))
        };
        let size = programs.len().div_ceil(self.pools.len()).max(1);
        let results: Vec<_> = std::thread::scope(|scope| {
            let parts = programs.chunks(size).zip(&shared.pools).enumerate();
            let threads: Vec<_> =
                parts.map(|(i, (part, pool))| scope.spawn(move || pool.install(|| shard(i, part)))).collect();
            let join = |thread: ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            threads.into_iter().map(join).collect()
        });
        let variables = self.network.variables.iter();
        let mut total = 0.0;
        gradient.fill(0.0);
        for result in results {
            let (loss, grads) = result?;
            total += loss;
            let mut start = 0;
            for ((_, var), reached) in variables.iter().zip(&mut self.reached) {
                let end = start + var.elem_count();
                if let Some(grad) = grads.get(var) {
                    *reached = true;
                    let grad = grad.flatten_all()?.to_vec1::<f32>()?;
                    gradient[start..end].iter_mut().zip(grad).for_each(|(sum, g)| *sum += g);
                }
                start = end;
            }
        }
        let scale = 1.0 / examples.n_samples_of(programs).max(1) as f32;
        gradient.iter_mut().for_each(|g| *g *= scale);
        Ok(Sums { loss: total, squares: square_sum(gradient) })
    }

    /// The places of the parameters that are weights of matrices, in ascending order.
    pub(crate) fn matrices(&self) -> Vec<Range<usize>> {
        let mut end = 0;
        let place = |(_, var): (String, Var)| {
            let start = end;
            end += var.elem_count();
            (var.rank() >= 2).then_some(start..end)
        };
        self.network.variables.iter().into_iter().filter_map(place).collect()
    }

    /// The sum of the losses of all samples of some programs, a scalar.
    fn loss(
        &self,
        examples: &Examples<'_>,
        programs: &[u32],
        rng: &mut Xoshiro256PlusPlus,
    ) -> candle_core::Result<Tensor> {
        let asts: Vec<&CompactAst> = programs.iter().map(|i| &*examples.asts[*i as usize]).collect();
        let (mut pairs, mut labels, mut logs) = (Vec::new(), Vec::new(), Vec::new());
        let mut priors = Vec::new();
        for (row, program) in programs.iter().enumerate() {
            priors.extend_from_slice(&examples.priors[*program as usize]);
            for measured in examples.measured[*program as usize] {
                pairs.push((row as u32, measured.hardware));
                labels.push(measured.label);
                logs.push(measured.units.ln() as f32);
            }
        }
        let z = self.network.embed(&asts, &self.fitted.features, Some(rng))?;
        self.jitter(&pairs, examples.hardware.len(), &mut priors, rng);
        let noise = Some((rng, self.config.hardware_noise));
        let h = self.network.embed_hardware(examples.hardware, &self.fitted.hardware, noise)?;
        let predicted = self.network.labels(&z, &h, &pairs, priors)?;
        let predicted_logs = self.fitted.labels.log_latency(&predicted)?;
        let (labels, logs) = (Tensor::new(labels, self.device)?, Tensor::new(logs, self.device)?);
        hybrid_loss(&self.config.loss, (&predicted, &labels), (&predicted_logs, &logs))
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

    /// Refuses to go on if a variable never got a gradient.
    pub(crate) fn check_cover(&self) -> Result<(), ModelError> {
        match self.reached.iter().position(|reached| !reached) {
            Some(place) => {
                let name = &self.network.variables.iter()[place].0;
                Err(candle_core::Error::msg(format!("variable `{name}` received no gradient")).into())
            }
            None => Ok(()),
        }
    }
}
