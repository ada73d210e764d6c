//! The gradient of a batch by candle's autograd: for encoders of one's own, and for other devices than the CPU.

use std::ops::Range;
use std::thread::ScopedJoinHandle;

use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor, Var};
use cdmpp_ir::CompactAst;
use cdmpp_kernel::square_sum;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::hybrid_loss::{hybrid_loss, log_latency};
use super::network::Network;
use crate::ModelError;
use crate::blend::{AlignedLayer, Alignment, Blend, Compared, Discrepancy};
use crate::draws::{generator, standard_normal};
use crate::examples::Examples;
use crate::fitted::Fitted;
use crate::objective::{Objective, StepConfig, Sums};

/// A network under a loss, with everything that stays fixed meanwhile.
#[derive(Debug)]
pub(crate) struct Autograd<'a> {
    /// One of its own: a step sets its variables.
    network: Network,
    fitted: &'a Fitted,
    config: StepConfig,
    device: Device,
    /// One thread for every shard.
    ///
    /// candle spreads each matrix product over rayon's current pool. Ours are small: with the shards contending for one
    /// pool of two threads, an epoch takes four times as long as with one thread each.
    pools: Vec<ThreadPool>,
    /// Of every variable, whether it ever got a gradient.
    reached: Vec<bool>,
}

/// The samples of some programs on their way through the network.
struct Pass {
    z: Tensor,
    hidden: Tensor,
    predicted: Tensor,
    /// Of every sample, its program and its hardware.
    pairs: Vec<(u32, u32)>,
    labels: Tensor,
    logs: Tensor,
}

impl<'a> Autograd<'a> {
    pub(crate) fn new(
        network: Network,
        fitted: &'a Fitted,
        config: StepConfig,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let pool = |_| ThreadPoolBuilder::new().num_threads(1).build();
        let pools = (0..config.n_shards).map(pool).collect::<Result<_, _>>().map_err(candle_core::Error::wrap)?;
        let reached = vec![false; network.variables.all().len()];
        Ok(Self { network, fitted, config, device: device.clone(), pools, reached })
    }

    /// Writes the gradient of the mean loss of some programs' samples: the programs are dealt to shards, and the shards'
    /// gradients are added in order.
    fn in_shards(
        &mut self,
        examples: &Examples<'_>,
        programs: &[u32],
        step: usize,
        gradient: &mut [f32],
    ) -> Result<Sums, ModelError> {
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
        let mut total = 0.0;
        gradient.fill(0.0);
        for result in results {
            let (loss, grads) = result?;
            total += loss;
            self.add(&grads, gradient)?;
        }
        let n = examples.n_samples_of(programs).max(1);
        let scale = 1.0 / n as f32;
        gradient.iter_mut().for_each(|g| *g *= scale);
        Ok(Sums { loss: total / n as f64, squares: square_sum(gradient) })
    }

    /// Writes the gradient of a blend; the loss is that without the discrepancy, which looks at the whole batch: it is
    /// not cut into shards.
    fn whole(
        &mut self,
        examples: &Examples<'_>,
        blend: &Blend<'_>,
        step: usize,
        gradient: &mut [f32],
    ) -> Result<Sums, ModelError> {
        let mut rng = generator(self.config.seed, &format!("dropout {step} 0"));
        let pass = self.pass(examples, &blend.programs().collect::<Vec<_>>(), &mut rng)?;
        let (mut loss, mut start) = (0.0_f32, 0);
        let mut objective = Tensor::new(0.0_f32, &self.device)?;
        for (programs, weight) in blend.parts {
            let n = examples.n_samples_of(programs);
            let mean = (self.losses(&pass, start, n)? * (weight / n.max(1) as f64))?;
            loss += mean.to_scalar::<f32>()?;
            objective = (objective + mean)?;
            start += n;
        }
        if let Some(Alignment { discrepancy, layer, weight, source, target }) = &blend.alignment {
            let side = |programs: &[u32]| {
                let rows = blend.programs().enumerate().filter(|(_, program)| programs.contains(program));
                let rows: Vec<u32> = rows.map(|(row, _)| row as u32).collect();
                let pairs = || pass.pairs.iter().enumerate().filter(|(_, (row, _))| rows.contains(row));
                match layer {
                    AlignedLayer::Program => pass.z.index_select(&Tensor::new(rows, &self.device)?, 0),
                    AlignedLayer::Pair => {
                        let pairs: Vec<u32> = pairs().map(|(pair, _)| pair as u32).collect();
                        pass.hidden.index_select(&Tensor::new(pairs, &self.device)?, 0)
                    }
                }
            };
            objective = (objective + (between(discrepancy, &side(source)?, &side(target)?)? * *weight)?)?;
        }
        let grads = objective.backward()?;
        gradient.fill(0.0);
        self.add(&grads, gradient)?;
        Ok(Sums { loss: loss.into(), squares: square_sum(gradient) })
    }

    /// Adds the gradients of all variables.
    fn add(&mut self, grads: &GradStore, gradient: &mut [f32]) -> candle_core::Result<()> {
        let mut start = 0;
        for ((_, var), reached) in self.network.variables.all().iter().zip(&mut self.reached) {
            let end = start + var.elem_count();
            if let Some(grad) = grads.get(var) {
                *reached = true;
                let grad = grad.flatten_all()?.to_vec1::<f32>()?;
                gradient[start..end].iter_mut().zip(grad).for_each(|(sum, g)| *sum += g);
            }
            start = end;
        }
        Ok(())
    }

    /// The sum of the losses of all samples of some programs, a scalar.
    fn loss(
        &self,
        examples: &Examples<'_>,
        programs: &[u32],
        rng: &mut Xoshiro256PlusPlus,
    ) -> candle_core::Result<Tensor> {
        let pass = self.pass(examples, programs, rng)?;
        self.losses(&pass, 0, pass.pairs.len())
    }

    /// The sum of the losses of a run of pairs, a scalar.
    fn losses(&self, pass: &Pass, start: usize, n: usize) -> candle_core::Result<Tensor> {
        let of = |xs: &Tensor| xs.narrow(0, start, n);
        let predicted = of(&pass.predicted)?;
        let predicted_logs = log_latency(&self.fitted.labels, &predicted)?;
        hybrid_loss(&self.config.loss, (&predicted, &of(&pass.labels)?), (&predicted_logs, &of(&pass.logs)?))
    }

    /// What the network makes of all samples of some programs.
    fn pass(
        &self,
        examples: &Examples<'_>,
        programs: &[u32],
        rng: &mut Xoshiro256PlusPlus,
    ) -> candle_core::Result<Pass> {
        let asts: Vec<&CompactAst> = programs.iter().map(|i| &*examples.asts[*i as usize]).collect();
        let (mut pairs, mut labels, mut logs) = (Vec::new(), Vec::new(), Vec::new());
        let mut priors = Vec::new();
        for (row, program) in programs.iter().enumerate() {
            priors.extend_from_slice(&examples.priors[*program as usize]);
            for sample in examples.labelled[*program as usize] {
                pairs.push((row as u32, sample.hardware));
                labels.push(sample.label);
                logs.push(sample.units.ln() as f32);
            }
        }
        let z = self.network.embed(&asts, &self.fitted.features, Some(rng))?;
        self.jitter(&pairs, examples.hardware.len(), &mut priors, rng);
        let noise = Some((rng, self.config.hardware_noise));
        let h = self.network.embed_hardware(examples.hardware, &self.fitted.hardware, noise)?;
        let hidden = self.network.hidden(&z, &h, &pairs, priors)?;
        let predicted = self.network.read_out(&hidden)?;
        let (labels, logs) = (Tensor::new(labels, &self.device)?, Tensor::new(logs, &self.device)?);
        Ok(Pass { z, hidden, predicted, pairs, labels, logs })
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
}

impl Objective for Autograd<'_> {
    fn take(&self, all: &[f32]) -> Vec<f32> {
        all.to_vec()
    }

    fn put(&self, own: &[f32], all: &mut [f32]) {
        all.copy_from_slice(own);
    }

    fn matrices(&self) -> Vec<Range<usize>> {
        let mut end = 0;
        let place = |(_, var): (String, Var)| {
            let start = end;
            end += var.elem_count();
            (var.rank() >= 2).then_some(start..end)
        };
        self.network.variables.all().into_iter().filter_map(place).collect()
    }

    fn gradient(
        &mut self,
        parameters: &[f32],
        examples: &Examples<'_>,
        blend: &Blend<'_>,
        step: usize,
        gradient: &mut Vec<f32>,
    ) -> Result<Sums, ModelError> {
        gradient.resize(parameters.len(), 0.0);
        self.network.variables.set_flat(parameters)?;
        match (blend.parts, &blend.alignment) {
            ([(programs, weight)], None) if *weight == 1.0 => self.in_shards(examples, programs, step, gradient),
            _ => self.whole(examples, blend, step, gradient),
        }
    }

    fn check_cover(&self) -> Result<(), ModelError> {
        match self.reached.iter().position(|reached| !reached) {
            Some(place) => {
                let name = &self.network.variables.all()[place].0;
                Err(candle_core::Error::msg(format!("variable `{name}` received no gradient")).into())
            }
            None => Ok(()),
        }
    }
}

/// A discrepancy on slices as a scalar of candle's: the sum of the rows times their gradients has those gradients.
fn between(discrepancy: &Discrepancy<'_>, source: &Tensor, target: &Tensor) -> Result<Tensor, ModelError> {
    let rows = |xs: &Tensor| -> candle_core::Result<Vec<f32>> { xs.flatten_all()?.to_vec1::<f32>() };
    let compared = Compared::of(discrepancy, &rows(source)?, &rows(target)?, source.dim(1)?)?;
    let towards = |xs: &Tensor, gradient: Vec<f32>| -> candle_core::Result<Tensor> {
        let gradient = Tensor::from_vec(gradient, xs.shape(), xs.device())?;
        (xs * gradient)?.sum_all()
    };
    Ok((towards(source, compared.source_gradient)? + towards(target, compared.target_gradient)?)?)
}
