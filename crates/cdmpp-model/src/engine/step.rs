//! The loss of a batch and its gradient.

use std::ops::Range;

use cdmpp_kernel::square_sum;
use rayon::prelude::*;

use super::alignment::Rows;
use super::compaction::{Compaction, compact};
use super::forward::Network;
use super::layout::{Layout, Linear};
use super::reading::Reading;
use super::shard::{Fixed, Shard};
use super::weights::{PackedLinear, pack};
use crate::ModelError;
use crate::blend::Blend;
use crate::draws::generator;
use crate::examples::{Examples, Labelled};
use crate::fitted::{Fitted, Identity};
use crate::loss::sample_loss;
use crate::objective::{Objective, StepConfig, Sums};

/// The numbers that a thread adds up at a time.
const CHUNK: usize = 1 << 14;

/// The built-in network in training: what stays over all steps, and buffers.
///
/// Its results depend on the number of shards, not on the threads that run them.
#[derive(Debug)]
pub(crate) struct Engine<'a> {
    fitted: &'a Fitted,
    config: StepConfig,
    n_heads: usize,
    fixed: Fixed,
    /// Of the parameters that count, which are the only ones here.
    layout: Layout,
    compaction: Compaction,
    weights: Vec<PackedLinear>,
    shards: Vec<Shard>,
}

impl<'a> Engine<'a> {
    pub(crate) fn new(identity: &Identity, fitted: &'a Fitted, config: StepConfig) -> Self {
        let reading = Reading::new(identity, fitted);
        let (layout, compaction) = compact(identity, &reading.inputs.places);
        Self {
            fitted,
            n_heads: identity.config.transformer.n_heads,
            fixed: Fixed {
                reading,
                dropout: identity.config.transformer.dropout,
                hardware_noise: config.hardware_noise,
            },
            compaction,
            layout,
            weights: Vec::new(),
            shards: (0..config.n_shards).map(|_| Shard::default()).collect(),
            config,
        }
    }
}

impl Objective for Engine<'_> {
    fn take(&self, all: &[f32]) -> Vec<f32> {
        self.compaction.take(all)
    }

    fn put(&self, own: &[f32], all: &mut [f32]) {
        self.compaction.put(own, all);
    }

    fn matrices(&self) -> Vec<Range<usize>> {
        let mut places: Vec<_> = self.layout.linears.iter().map(Linear::weight).collect();
        places.sort_unstable_by_key(|place| place.start);
        places
    }

    /// A discrepancy looks at the whole batch: all programs pass the network once for it, without a way back, and then
    /// again with its slopes.
    fn gradient(
        &mut self,
        parameters: &[f32],
        examples: &Examples<'_>,
        blend: &Blend<'_>,
        step: usize,
        gradient: &mut Vec<f32>,
    ) -> Result<Sums, ModelError> {
        gradient.resize(parameters.len(), 0.0);
        let Self { fitted, config, n_heads, fixed, layout, weights, shards, .. } = self;
        pack(layout, parameters, weights);
        let mut shares = vec![None; examples.asts.len()];
        for (programs, weight) in blend.parts {
            let share = weight / examples.n_samples_of(programs).max(1) as f64;
            programs.iter().for_each(|program| shares[*program as usize] = Some(share));
        }
        let judge = |program: u32, sample: &Labelled, label: f32| match shares[program as usize] {
            Some(share) => {
                let (loss, slope) = sample_loss(&config.loss, &fitted.labels, label, sample);
                (share * loss, (share * slope) as f32)
            }
            None => (0.0, 0.0),
        };
        let network = Network { layout, parameters, weights, n_heads: *n_heads };
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
        Ok(Sums { loss: shards.iter().map(|shard| shard.loss).sum(), squares: add_up(shards, gradient) })
    }

    /// All are reached, as the tests show.
    fn check_cover(&self) -> Result<(), ModelError> {
        Ok(())
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

/// Adds up the gradients of the shards, in their order; gives the sum of squares of the result.
fn add_up(shards: &mut [Shard], gradient: &mut Vec<f32>) -> f64 {
    let Some((first, others)) = shards.split_first_mut() else { return 0.0 };
    std::mem::swap(gradient, &mut first.backward.gradient);
    // Parts of a fixed length, so that the sum does not depend on the number of threads.
    let parts = gradient.par_chunks_mut(CHUNK).enumerate().map(|(i, sums)| {
        for other in &*others {
            let part = &other.backward.gradient[i * CHUNK..][..sums.len()];
            sums.iter_mut().zip(part).for_each(|(sum, g)| *sum += g);
        }
        square_sum(sums)
    });
    parts.collect::<Vec<f64>>().into_iter().sum()
}
