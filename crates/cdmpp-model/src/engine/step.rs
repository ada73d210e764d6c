//! The loss of a batch and its gradient.

use std::collections::HashMap;

use rayon::prelude::*;

use super::alignment::Rows;
use super::compaction::Compaction;
use super::forward::Network;
use super::inputs::Inputs;
use super::layout::Layout;
use super::shard::{Fixed, Shard};
use super::weights::{PackedLinear, pack};
use crate::ModelError;
use crate::feature_input::FeatureInput;
use crate::hardware_input::HardwareInput;
use crate::loss::sample_loss;
use crate::positional::Positions;
use crate::predictor::{Fitted, Identity};
use crate::train::{Blend, Examples, Measured, TrainConfig};
use crate::variables::generator;

/// The numbers that a thread adds up at a time.
const CHUNK: usize = 1 << 14;

/// The positions that are computed in advance.
const KNOWN_POSITIONS: u32 = 512;

/// The built-in network in training: what stays over all steps, and buffers.
///
/// Its results depend on the number of shards, not on the threads that run them.
#[derive(Debug)]
pub(crate) struct Engine<'a> {
    fitted: &'a Fitted,
    config: &'a TrainConfig,
    n_heads: usize,
    fixed: Fixed,
    /// Of the parameters that count.
    layout: Layout,
    compaction: Compaction,
    parameters: Vec<f32>,
    weights: Vec<PackedLinear>,
    shards: Vec<Shard>,
}

impl<'a> Engine<'a> {
    pub(crate) fn new(identity: &Identity, fitted: &'a Fitted, config: &'a TrainConfig) -> Self {
        let Identity { config: shape, dim, hardware_columns, .. } = identity;
        let t = &shape.transformer;
        let inputs = Inputs::new(&fitted.features, *dim);
        let n_hardware = HardwareInput::width(hardware_columns.len());
        let all = Layout::new(shape, FeatureInput::width(*dim, shape.feature_bins), n_hardware);
        let layout = Layout::new(shape, inputs.len(), n_hardware);
        Self {
            fitted,
            config,
            n_heads: t.n_heads,
            compaction: Compaction::new(&all, &layout, &inputs.places),
            parameters: vec![0.0; layout.n_parameters],
            fixed: Fixed {
                inputs,
                positions: t.positional_encoding.then(|| Positions::new(t.d_model, KNOWN_POSITIONS)),
                dropout: t.dropout,
                hardware_noise: config.hardware_noise,
            },
            layout,
            weights: Vec::new(),
            shards: (0..config.n_shards).map(|_| Shard::default()).collect(),
        }
    }

    /// Writes the gradient of the mean loss of some programs' samples, and gives the sum of their losses.
    pub(crate) fn gradient(
        &mut self,
        parameters: &[f32],
        examples: &Examples<'_>,
        programs: &[u32],
        step: usize,
        gradient: &mut [f32],
    ) -> f64 {
        let Self { fitted, config, n_heads, fixed, layout, compaction, parameters: own, weights, shards } = self;
        compaction.take(parameters, own);
        pack(layout, own, weights);
        let share = 1.0 / examples.n_samples_of(programs).max(1) as f64;
        let judge = |_, measured: &Measured, label: f32| {
            let (loss, slope) = sample_loss(&config.loss, &fitted.labels, label, measured);
            (loss, (slope * share) as f32)
        };
        let network = Network { layout, parameters: own, weights, n_heads: *n_heads };
        deal(examples, programs, shards);
        shards.par_iter_mut().enumerate().for_each(|(i, shard)| {
            let mut rng = generator(config.seed, &format!("dropout {step} {i}"));
            shard.descend(&network, fixed, examples, &mut rng, &judge, None);
        });
        let loss = shards.iter().map(|shard| shard.loss).sum();
        compaction.put(sum(shards), gradient);
        loss
    }

    /// Writes the gradient of a blend, and gives its loss without the discrepancy.
    ///
    /// A discrepancy looks at the whole batch: all programs pass the network once for it, without a way back, and then
    /// again with its slopes.
    pub(crate) fn blend(
        &mut self,
        parameters: &[f32],
        examples: &Examples<'_>,
        blend: &Blend<'_>,
        step: usize,
        gradient: &mut [f32],
    ) -> Result<f64, ModelError> {
        let Self { fitted, config, n_heads, fixed, layout, compaction, parameters: own, weights, shards } = self;
        compaction.take(parameters, own);
        pack(layout, own, weights);
        let mut shares = HashMap::new();
        for (programs, weight) in blend.parts {
            let share = weight / examples.n_samples_of(programs).max(1) as f64;
            shares.extend(programs.iter().map(|program| (*program, share)));
        }
        let judge = |program: u32, measured: &Measured, label: f32| match shares.get(&program) {
            Some(share) => {
                let (loss, slope) = sample_loss(&config.loss, &fitted.labels, label, measured);
                (share * loss, (share * slope) as f32)
            }
            None => (0.0, 0.0),
        };
        let network = Network { layout, parameters: own, weights, n_heads: *n_heads };
        deal(examples, &blend.programs().collect::<Vec<_>>(), shards);
        let draws = |i: usize| generator(config.seed, &format!("dropout {step} {i}"));
        let slopes = match &blend.alignment {
            Some(alignment) => {
                let rows = Rows::new(layout, examples, alignment);
                let look = |(i, shard): (usize, &mut Shard)| {
                    shard.look(&network, fixed, examples, &mut draws(i), &rows);
                };
                shards.par_iter_mut().enumerate().for_each(look);
                let slopes = rows.compare(alignment, shards.iter().flat_map(|shard| &shard.seen))?;
                Some((rows, slopes))
            }
            None => None,
        };
        let slopes = slopes.as_ref().map(|(rows, slopes)| (rows, slopes.as_slice()));
        shards.par_iter_mut().enumerate().for_each(|(i, shard)| {
            shard.descend(&network, fixed, examples, &mut draws(i), &judge, slopes);
        });
        compaction.put(sum(shards), gradient);
        Ok(shards.iter().map(|shard| shard.loss).sum())
    }
}

/// Deals programs to shards in the order of their leaves and back again, so that all have about as much to do.
fn deal(examples: &Examples<'_>, programs: &[u32], shards: &mut [Shard]) {
    let mut order = programs.to_vec();
    order.sort_unstable_by_key(|program| (examples.asts[*program as usize].n_leaves(), *program));
    shards.iter_mut().for_each(|shard| shard.programs.clear());
    let n = shards.len();
    for (i, program) in order.into_iter().enumerate() {
        let place = i % (2 * n);
        shards[place.min(2 * n - 1 - place)].programs.push(program);
    }
}

/// Adds up the gradients of the shards, in their order.
fn sum(shards: &mut [Shard]) -> &[f32] {
    let Some((first, others)) = shards.split_first_mut() else { return &[] };
    first.backward.gradient.par_chunks_mut(CHUNK).enumerate().for_each(|(i, sums)| {
        for other in &*others {
            let part = &other.backward.gradient[i * CHUNK..][..sums.len()];
            sums.iter_mut().zip(part).for_each(|(sum, g)| *sum += g);
        }
    });
    &first.backward.gradient
}
