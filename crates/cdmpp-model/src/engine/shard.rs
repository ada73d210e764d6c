//! One thread's part of a batch.

use rand_xoshiro::Xoshiro256PlusPlus;

use super::alignment::Rows;
use super::backward::Backward;
use super::dropout::Dropout;
use super::forward::{Network, Trace};
use super::group::{Group, group};
use super::reading::Reading;
use super::room;
use crate::blend::AlignedLayer;
use crate::draws::standard_normal;
use crate::examples::{Examples, Labelled};

/// Leaves that pass the network together: what they leave for the backward pass stays in the cache.
const LEAVES: usize = 512;

/// What stays the same over all steps.
#[derive(Debug)]
pub(crate) struct Fixed {
    pub(crate) reading: Reading,
    pub(crate) dropout: f64,
    /// The deviation of the noise on the numbers of hardware, in training.
    pub(crate) hardware_noise: f64,
}

/// The loss of a measurement of a program, and its slope at the predicted label.
pub(crate) type Judge<'f> = dyn Fn(u32, &Labelled, f32) -> (f64, f32) + Sync + 'f;

/// The buffers of one thread.
#[derive(Debug, Default)]
pub(crate) struct Shard {
    /// The programs of its part.
    pub(crate) programs: Vec<u32>,
    pub(crate) backward: Backward,
    /// The sum of the losses of its samples.
    pub(crate) loss: f64,
    groups: Vec<Group>,
    trace: Trace,
    /// The inputs of the hardware, `(m, n_inputs)`.
    hardware: Vec<f32>,
    /// What every layer of the hardware branch gives.
    hardware_hidden: Vec<Vec<f32>>,
    hardware_grad: Vec<f32>,
    /// For every hardware, the noise on the inputs that come from the prior; empty without noise.
    prior_noise: Vec<f32>,
    /// For every sample, its program within the group and its hardware.
    pairs: Vec<(usize, usize)>,
    joined: Vec<f32>,
    head: Vec<Vec<f32>>,
    /// What a discrepancy compares, by the row that it goes to.
    pub(crate) seen: Vec<(usize, Vec<f32>)>,
}

impl Shard {
    /// Computes the gradient of the losses of its programs, and their sum.
    ///
    /// `slopes` are those of something else than the losses, at the rows that it compares; they add to the gradient.
    pub(crate) fn descend(
        &mut self,
        network: &Network<'_>,
        fixed: &Fixed,
        examples: &Examples<'_>,
        rng: &mut Xoshiro256PlusPlus,
        judge: &Judge<'_>,
        slopes: Option<(&Rows, &[f32])>,
    ) {
        let gradient = room(&mut self.backward.gradient, network.layout.n_parameters);
        gradient.fill(0.0);
        self.loss = 0.0;
        let m = examples.hardware.len();
        room(&mut self.hardware_grad, m * network.embed_dim()).fill(0.0);
        let n_groups = self.begin(network, fixed, examples, rng);
        let mut dropout = Dropout::new(Some(rng), fixed.dropout);
        for i in 0..n_groups {
            let group = std::mem::take(&mut self.groups[i]);
            self.forward(network, fixed, examples, &group, &mut dropout);
            self.judge(examples, &group, judge);
            self.back(network, &group, &dropout, slopes);
            self.groups[i] = group;
        }
        let n = m * network.embed_dim();
        room(&mut self.backward.current, n).copy_from_slice(&self.hardware_grad[..n]);
        self.backward.mlp(network, &network.layout.hardware, m, &self.hardware, &self.hardware_hidden);
    }

    /// Computes what a discrepancy compares, by the draws of [`descend`](Self::descend) with a generator of the same state.
    pub(crate) fn look(
        &mut self,
        network: &Network<'_>,
        fixed: &Fixed,
        examples: &Examples<'_>,
        rng: &mut Xoshiro256PlusPlus,
        rows: &Rows,
    ) {
        self.seen.clear();
        let n_groups = self.begin(network, fixed, examples, rng);
        let mut dropout = Dropout::new(Some(rng), fixed.dropout);
        for i in 0..n_groups {
            let group = std::mem::take(&mut self.groups[i]);
            self.forward(network, fixed, examples, &group, &mut dropout);
            let values = match rows.layer {
                AlignedLayer::Program => last(&self.trace.pool),
                AlignedLayer::Pair => before_last(&self.head),
            };
            let seen = rows.of_group(&group, &self.pairs);
            self.seen.extend(seen.map(|(row, place)| (row, values[place * rows.width..][..rows.width].to_vec())));
            self.groups[i] = group;
        }
    }

    /// Embeds the hardware and groups the programs; gives the number of groups.
    fn begin(
        &mut self,
        network: &Network<'_>,
        fixed: &Fixed,
        examples: &Examples<'_>,
        rng: &mut Xoshiro256PlusPlus,
    ) -> usize {
        self.embed_hardware(network, examples, rng, fixed.hardware_noise);
        let n_leaves = |program| examples.asts[program as usize].n_leaves();
        group(&mut self.programs, n_leaves, LEAVES, &mut self.groups)
    }

    fn embed_hardware(
        &mut self,
        network: &Network<'_>,
        examples: &Examples<'_>,
        rng: &mut Xoshiro256PlusPlus,
        noise: f64,
    ) {
        self.hardware.clear();
        self.hardware.extend_from_slice(examples.hardware_inputs);
        if noise > 0.0 {
            let known = self.hardware.iter_mut().filter(|x| **x != 0.0);
            known.for_each(|x| *x += (noise * standard_normal(rng)) as f32);
        }
        self.prior_noise.clear();
        if noise > 0.0 {
            let n = examples.hardware.len() * (network.joined_width() - 3 * network.embed_dim());
            self.prior_noise.extend((0..n).map(|_| (noise * standard_normal(rng)) as f32));
        }
        network.mlp(&network.layout.hardware, examples.hardware.len(), &self.hardware, &mut self.hardware_hidden);
    }

    /// Predicts the labels of a group's samples: the last of `head`.
    fn forward(
        &mut self,
        network: &Network<'_>,
        fixed: &Fixed,
        examples: &Examples<'_>,
        group: &Group,
        dropout: &mut Dropout<'_>,
    ) {
        let e = network.embed_dim();
        fixed.reading.write(group, |program| &*examples.asts[program as usize], &mut self.trace);
        self.pairs.clear();
        for (i, program) in group.members.iter().enumerate() {
            let measured = examples.labelled[*program as usize];
            self.pairs.extend(measured.iter().map(|measured| (i, measured.hardware as usize)));
        }
        network.encode(group, &mut self.trace, dropout);
        let width = network.joined_width();
        let joined = room(&mut self.joined, self.pairs.len() * width);
        let (z, h) = (last(&self.trace.pool), last(&self.hardware_hidden));
        let priors = group.members.iter().flat_map(|program| priors_of(examples, *program, width - 3 * e));
        for (((program, hardware), prior), joined) in self.pairs.iter().zip(priors).zip(joined.chunks_exact_mut(width))
        {
            let (z, h) = (&z[program * e..][..e], &h[hardware * e..][..e]);
            let (first, rest) = joined.split_at_mut(e);
            let (second, rest) = rest.split_at_mut(e);
            let (third, fourth) = rest.split_at_mut(e);
            fourth.copy_from_slice(prior);
            if !self.prior_noise.is_empty() {
                let noise = &self.prior_noise[hardware * fourth.len()..][..fourth.len()];
                fourth.iter_mut().zip(noise).filter(|(x, _)| **x != 0.0).for_each(|(x, noise)| *x += noise);
            }
            first.copy_from_slice(z);
            second.copy_from_slice(h);
            third.iter_mut().zip(z.iter().zip(h)).for_each(|(product, (z, h))| *product = z * h);
        }
        network.mlp(&network.layout.head, self.pairs.len(), &self.joined, &mut self.head);
    }

    /// Adds up the losses of a group, and writes their slopes where the backward pass starts.
    fn judge(&mut self, examples: &Examples<'_>, group: &Group, judge: &Judge<'_>) {
        let slopes = room(&mut self.backward.current, self.pairs.len());
        let of = |program: u32| examples.labelled[program as usize].iter().map(move |measured| (program, measured));
        let measured = group.members.iter().copied().flat_map(of);
        for ((slope, label), (program, measured)) in slopes.iter_mut().zip(last(&self.head)).zip(measured) {
            let (loss, at) = judge(program, measured, *label);
            self.loss += loss;
            *slope = at;
        }
    }

    fn back(&mut self, network: &Network<'_>, group: &Group, dropout: &Dropout<'_>, slopes: Option<(&Rows, &[f32])>) {
        let (e, width) = (network.embed_dim(), network.joined_width());
        let of_layer = |layer| slopes.filter(|(rows, _)| rows.layer == layer);
        let head = &network.layout.head;
        match of_layer(AlignedLayer::Pair) {
            Some((rows, slopes)) => {
                let (inner, outer) = head.split_at(head.len() - 1);
                let (hidden, labels) = self.head.split_at(inner.len());
                let entry = last(hidden);
                self.backward.mlp(network, outer, self.pairs.len(), entry, labels);
                self.backward.add(rows, slopes, rows.of_group(group, &self.pairs));
                self.backward.rectifier(&entry[..self.pairs.len() * rows.width]);
                self.backward.mlp(network, inner, self.pairs.len(), &self.joined, hidden);
            }
            None => self.backward.mlp(network, head, self.pairs.len(), &self.joined, &self.head),
        }
        let (z, h) = (last(&self.trace.pool), last(&self.hardware_hidden));
        self.backward.pass_back(group.n_programs() * e, |joined, z_grad| {
            z_grad.fill(0.0);
            for ((program, hardware), joined) in self.pairs.iter().zip(joined.chunks_exact(width)) {
                let (by_z, rest) = joined.split_at(e);
                let (by_h, by_product) = rest.split_at(e);
                let (z, h) = (&z[program * e..][..e], &h[hardware * e..][..e]);
                let z_grad = &mut z_grad[program * e..][..e];
                let h_grad = &mut self.hardware_grad[hardware * e..][..e];
                for i in 0..e {
                    z_grad[i] += by_z[i] + by_product[i] * h[i];
                    h_grad[i] += by_h[i] + by_product[i] * z[i];
                }
            }
        });
        if let Some((rows, slopes)) = of_layer(AlignedLayer::Program) {
            self.backward.add(rows, slopes, rows.of_group(group, &self.pairs));
        }
        self.backward.encoder(network, group, &self.trace, dropout);
    }
}

/// The inputs that come from the prior, `width` for each measurement of a program.
fn priors_of<'a>(examples: &'a Examples<'_>, program: u32, width: usize) -> impl Iterator<Item = &'a [f32]> {
    let priors = &examples.priors[program as usize];
    (0..examples.labelled[program as usize].len()).map(move |i| &priors[i * width..][..width])
}

/// What the last layer gave.
fn last(hidden: &[Vec<f32>]) -> &[f32] {
    hidden.last().map_or(&[], Vec::as_slice)
}

/// What the last layer read.
fn before_last(hidden: &[Vec<f32>]) -> &[f32] {
    hidden.split_last().map_or(&[], |(_, before)| last(before))
}
