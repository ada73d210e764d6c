//! The gradient of a batch, by shards.

use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor, Var};
use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::CompactAst;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::TrainConfig;
use crate::loss::hybrid_loss;
use crate::network::Network;
use crate::predictor::Fitted;
use crate::variables::generator;
use crate::{ModelError, Sample};

/// Samples gathered by program, with their labels.
#[derive(Debug)]
pub(crate) struct Examples<'a> {
    pub(crate) asts: Vec<&'a CompactAst>,
    pub(crate) hardware: Vec<&'a HardwareSpec>,
    /// For every program, its measurements.
    pub(crate) measured: Vec<Vec<Measured>>,
    pub(crate) n_samples: usize,
}

/// A measurement of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// The index of the hardware.
    hardware: u32,
    /// The transformed latency.
    label: f32,
    /// The natural logarithm of the latency in seconds.
    log: f32,
}

impl<'a> Examples<'a> {
    pub(crate) fn new(samples: &[Sample<'a>], fitted: &Fitted) -> Self {
        let pairs = crate::network::Pairs::new(samples.iter().map(|sample| sample.query));
        let mut measured = vec![Vec::new(); pairs.asts.len()];
        for (sample, (ast, hardware)) in samples.iter().zip(&pairs.pairs) {
            let seconds = sample.latency.as_secs_f64();
            let label = fitted.labels.forward(seconds) as f32;
            measured[*ast as usize].push(Measured { hardware: *hardware, label, log: seconds.ln() as f32 });
        }
        Self { asts: pairs.asts, hardware: pairs.hardware, measured, n_samples: samples.len() }
    }

    /// Cuts programs into runs of at least `batch_size` samples (the last run may have fewer).
    pub(crate) fn batches(&self, programs: &[u32], batch_size: usize) -> Vec<std::ops::Range<usize>> {
        let (mut batches, mut start, mut n) = (Vec::new(), 0, 0);
        for (i, program) in programs.iter().enumerate() {
            n += self.measured[*program as usize].len();
            if n >= batch_size || i + 1 == programs.len() {
                batches.push(start..i + 1);
                (start, n) = (i + 1, 0);
            }
        }
        batches
    }
}

/// The sum of the losses of some programs' samples, and their number.
pub(crate) fn loss_sum(
    network: &Network,
    fitted: &Fitted,
    examples: &Examples<'_>,
    programs: &[u32],
    config: &TrainConfig,
    mut rng: Option<&mut Xoshiro256PlusPlus>,
    device: &Device,
) -> candle_core::Result<(Tensor, usize)> {
    let asts: Vec<&CompactAst> = programs.iter().map(|i| examples.asts[*i as usize]).collect();
    let (mut pairs, mut labels, mut logs) = (Vec::new(), Vec::new(), Vec::new());
    for (row, program) in programs.iter().enumerate() {
        for measured in &examples.measured[*program as usize] {
            pairs.push((row as u32, measured.hardware));
            labels.push(measured.label);
            logs.push(measured.log);
        }
    }
    let n = pairs.len();
    let z = network.embed(&asts, &fitted.features, rng.as_deref_mut())?;
    let h =
        network.embed_hardware(&examples.hardware, &fitted.hardware, rng.map(|rng| (rng, config.hardware_noise)))?;
    let predicted = network.labels(&z, &h, &pairs)?;
    let predicted_logs = fitted.labels.log_latency(&predicted)?;
    let (labels, logs) = (Tensor::new(labels, device)?, Tensor::new(logs, device)?);
    Ok((hybrid_loss(&config.loss, (&predicted, &labels), (&predicted_logs, &logs))?, n))
}

/// The mean loss of a batch and its gradient.
pub(crate) struct Gradient {
    pub(crate) loss: f64,
    /// Beside the flat parameters.
    pub(crate) values: Vec<f32>,
    /// Which variables got a gradient.
    pub(crate) reached: Vec<bool>,
}

/// Computes the gradient of a batch: its programs are dealt to shards, one thread each, and the shards' gradients are
/// added in order.
pub(crate) fn gradient(
    network: &Network,
    variables: &[(String, Var)],
    fitted: &Fitted,
    examples: &Examples<'_>,
    programs: &[u32],
    config: &TrainConfig,
    step: usize,
    device: &Device,
) -> Result<Gradient, ModelError> {
    let shard = |i: usize, programs: &[u32]| -> candle_core::Result<(f64, usize, GradStore)> {
        let mut rng = generator(config.seed, &format!("dropout {step} {i}"));
        let (loss, n) = loss_sum(network, fitted, examples, programs, config, Some(&mut rng), device)?;
        Ok((f64::from(loss.to_scalar::<f32>()?), n, loss.backward()?))
    };
    let size = programs.len().div_ceil(config.n_shards).max(1);
    let results: Vec<_> = std::thread::scope(|scope| {
        let mut parts = programs.chunks(size).enumerate();
        let first = parts.next();
        let others: Vec<_> = parts.map(|(i, part)| scope.spawn(move || shard(i, part))).collect();
        let mut results: Vec<_> = first.map(|(i, part)| shard(i, part)).into_iter().collect();
        for handle in others {
            results.push(handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        results
    });
    let n_parameters = variables.iter().map(|(_, var)| var.elem_count()).sum();
    let mut total = Gradient { loss: 0.0, values: vec![0.0; n_parameters], reached: vec![false; variables.len()] };
    let mut n = 0;
    for result in results {
        let (loss, n_shard, grads) = result?;
        total.loss += loss;
        n += n_shard;
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
    let scale = 1.0 / n.max(1) as f32;
    total.loss *= f64::from(scale);
    total.values.iter_mut().for_each(|g| *g *= scale);
    Ok(total)
}
