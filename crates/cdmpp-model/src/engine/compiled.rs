//! The built-in network, ready to predict.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::CompactAst;
use cdmpp_kernel::{Finish, Packed, matmul};
use rayon::prelude::*;

use super::compaction::compact;
use super::forward::{Network, Trace};
use super::group::{Group, group};
use super::grouping::{Asked, Grouping, LEAVES};
use super::inputs::Inputs;
use super::known_hardware::{KnownHardware, without_hardware};
use super::layout::Layout;
use super::reading::Reading;
use super::room;
use super::weights::{PackedLinear, pack_forward};
use crate::Query;
use crate::backend::Answer;
use crate::fitted::{Fitted, Identity};
use crate::input::HardwareInput;
use crate::input::{N_VALUES, Roofline};

/// Queries that are sorted together; bounds memory.
const QUERIES: usize = 1 << 14;

/// Hardware that is remembered.
const HARDWARE: usize = 64;

/// The built-in network with fixed parameters, its weights packed; shared by any number of threads.
///
/// Once its buffers have grown, it allocates nothing.
#[derive(Debug)]
pub(crate) struct Compiled {
    n_heads: usize,
    reading: Reading,
    /// The inputs that come from the prior, if there is one.
    prior: Option<Inputs>,
    hardware_input: HardwareInput,
    /// Of the parameters that count.
    layout: Layout,
    parameters: Vec<f32>,
    weights: Vec<PackedLinear>,
    /// Of the head's first layer, what does not read the hardware alone.
    first: Packed,
    hardware: RwLock<Vec<Arc<KnownHardware>>>,
    groupings: Mutex<Vec<Grouping>>,
    buffers: Mutex<Vec<(Trace, HeadBuffers)>>,
}

/// What the head works with.
#[derive(Debug, Default)]
struct HeadBuffers {
    /// What the head's first layer reads of a query: the program's embedding, that times the hardware's, what comes from
    /// the prior.
    joined: Vec<f32>,
    /// The values of one prior.
    values: Vec<f32>,
    /// What the head's first layer gives.
    first: Vec<f32>,
    /// What the others give.
    hidden: Vec<Vec<f32>>,
}

impl Compiled {
    /// Packs the weights among all parameters.
    pub(crate) fn new(identity: &Identity, fitted: &Fitted, parameters: &[f32]) -> Self {
        let reading = Reading::new(identity, fitted);
        let (layout, compaction) = compact(identity, &reading.inputs.places);
        let own = compaction.take(parameters);
        let prior = fitted.prior.values().map(|values| Inputs::new(values, N_VALUES));
        let priors = prior.as_ref().map_or(&[][..], |prior| &prior.places);
        Self {
            n_heads: identity.config.transformer.n_heads,
            hardware_input: fitted.hardware.clone(),
            reading,
            weights: pack_forward(&layout, &own),
            first: without_hardware(&own, &layout.head[0], layout.skip.n_out, priors),
            prior,
            parameters: own,
            layout,
            hardware: RwLock::default(),
            groupings: Mutex::default(),
            buffers: Mutex::default(),
        }
    }

    /// Answers queries; large numbers of them in threads of rayon's current pool. Every program must have a leaf. A
    /// query without the prior that the model needs gets no unit.
    pub(crate) fn answer(&self, queries: &[Query<'_>], answers: &mut [Answer]) {
        for (queries, answers) in queries.chunks(QUERIES).zip(answers.chunks_mut(QUERIES)) {
            let mut grouping = take(&self.groupings);
            grouping.sort(queries, |spec| self.known(spec));
            let Grouping { firsts, groups, asked, n_groups, hardware, .. } = &mut grouping;
            let ast = |program: u32| queries[firsts[program as usize] as usize].ast;
            let answer = |(group, asked): (&Group, &mut Asked)| {
                let ast_of_row = |row: u32| ast(group.members[row as usize]);
                self.with_embeddings(group, ast, |z, head| self.read_out(z, ast_of_row, asked, hardware, head));
            };
            match (&groups[..*n_groups], &mut asked[..*n_groups]) {
                // A pool of threads is slow to wake.
                ([group], [asked]) => answer((group, asked)),
                (groups, asked) => groups.par_iter().zip(asked).for_each(answer),
            }
            for Asked { slots, answers: found } in &asked[..*n_groups] {
                slots.iter().zip(found).for_each(|(slot, answer)| answers[slot.query as usize] = *answer);
            }
            hardware.clear();
            give_back(&self.groupings, grouping);
        }
    }

    /// Embeds programs, in threads of rayon's current pool. Every program must have a leaf.
    ///
    /// # Shapes
    /// `(n, embed_dim)`
    pub(crate) fn embed(&self, asts: &[&CompactAst]) -> Vec<f32> {
        let (mut order, mut groups): (Vec<u32>, _) = ((0..asts.len() as u32).collect(), Vec::new());
        group(&mut order, |i| asts[i as usize].n_leaves(), LEAVES, &mut groups);
        let e = self.embed_dim();
        let one = |group: &Group| {
            let mut z = Vec::new();
            self.with_embeddings(group, |i| asts[i as usize], |found, _| z.extend_from_slice(found));
            z
        };
        let parts: Vec<Vec<f32>> = groups.par_iter().map(one).collect();
        let mut all = vec![0.0; asts.len() * e];
        for (group, z) in groups.iter().zip(parts) {
            for (member, z) in group.members.iter().zip(z.chunks_exact(e)) {
                all[*member as usize * e..][..e].copy_from_slice(z);
            }
        }
        all
    }

    /// What the head's last layer reads of queries, row by row, and the first query without the prior that the model
    /// needs. Every program must have a leaf.
    ///
    /// # Shapes
    /// `(n, pair_dim)`
    pub(crate) fn embed_pairs(&self, queries: &[Query<'_>]) -> (Vec<f32>, Option<usize>) {
        let mut grouping = Grouping::default();
        grouping.sort(queries, |spec| self.known(spec));
        let width = self.pair_dim();
        let (mut all, mut missing) = (vec![0.0; queries.len() * width], None);
        let Grouping { firsts, groups, asked, n_groups, hardware, .. } = &mut grouping;
        let ast = |program: u32| queries[firsts[program as usize] as usize].ast;
        for (group, asked) in groups[..*n_groups].iter().zip(&mut asked[..*n_groups]) {
            let ast_of_row = |row: u32| ast(group.members[row as usize]);
            self.with_embeddings(group, ast, |z, head| {
                self.read_out(z, ast_of_row, asked, hardware, head);
                let read = self.layout.head.len() - 1;
                let hidden = match read {
                    0 => &[][..],
                    1 => &head.first[..],
                    _ => &head.hidden[read - 2][..],
                };
                for (i, (slot, answer)) in asked.slots.iter().zip(&asked.answers).enumerate() {
                    if answer.unit.is_nan() {
                        let index = slot.query as usize;
                        missing = Some(missing.map_or(index, |first: usize| first.min(index)));
                    }
                    let row = &mut all[slot.query as usize * width..][..width];
                    row.copy_from_slice(&hidden[i * width..][..width]);
                }
            });
        }
        (all, missing)
    }

    /// Calls `f` with the embeddings of a group's programs and buffers for the head.
    fn with_embeddings<'a>(
        &self,
        group: &Group,
        ast: impl Fn(u32) -> &'a CompactAst,
        f: impl FnOnce(&[f32], &mut HeadBuffers),
    ) {
        let (mut trace, mut head) = take(&self.buffers);
        self.reading.write(group, ast, &mut trace);
        self.network().embed(group, &mut trace);
        let z = trace.pool.last().map_or(&[][..], Vec::as_slice);
        f(&z[..group.n_programs() * self.embed_dim()], &mut head);
        give_back(&self.buffers, (trace, head));
    }

    /// Answers what is asked of programs with embeddings `z`.
    fn read_out<'a>(
        &self,
        z: &[f32],
        ast: impl Fn(u32) -> &'a CompactAst,
        asked: &mut Asked,
        hardware: &[Arc<KnownHardware>],
        buffers: &mut HeadBuffers,
    ) {
        let (e, head) = (self.embed_dim(), &self.layout.head);
        let (n, width, n_joined) = (asked.slots.len(), head[0].n_out, self.first.k());
        let HeadBuffers { joined, values, first, hidden } = buffers;
        let (joined, first) = (room(joined, n * n_joined), room(first, n * width));
        asked.answers.clear();
        let rows = joined.chunks_exact_mut(n_joined).zip(first.chunks_exact_mut(width));
        for (slot, (joined, first)) in asked.slots.iter().zip(rows) {
            let (known, z) = (&hardware[slot.hardware as usize], &z[slot.row as usize * e..][..e]);
            let (to_z, rest) = joined.split_at_mut(e);
            let (to_product, to_prior) = rest.split_at_mut(e);
            to_z.copy_from_slice(z);
            to_product.iter_mut().zip(z).zip(&known.h).for_each(|((to, z), h)| *to = z * h);
            first.copy_from_slice(&known.bias);
            let unit = match &self.prior {
                Some(inputs) => prior(inputs, ast(slot.row), known, values, to_prior),
                None => 1.0,
            };
            asked.answers.push(Answer { label: 0.0, unit });
        }
        let finish = if head.len() > 1 { Finish::AddRelu } else { Finish::Add };
        matmul(n, joined, &self.first, finish, first);
        self.network().mlp(&head[1..], n, first, hidden);
        let labels = hidden.last().map_or(&*first, Vec::as_slice);
        asked.answers.iter_mut().zip(labels).for_each(|(answer, label)| answer.label = *label);
    }

    /// The width of what the head's last layer reads; 0 if the head has no hidden layer.
    pub(crate) fn pair_dim(&self) -> usize {
        let head = &self.layout.head;
        if head.len() > 1 { head[head.len() - 1].n_in } else { 0 }
    }

    pub(crate) fn embed_dim(&self) -> usize {
        self.layout.skip.n_out
    }

    fn network(&self) -> Network<'_> {
        let Self { n_heads, layout, parameters, weights, .. } = self;
        Network { layout, parameters, weights, n_heads: *n_heads }
    }

    /// What is computed of a hardware, now or earlier.
    fn known(&self, spec: &HardwareSpec) -> Arc<KnownHardware> {
        let find = |known: &[Arc<KnownHardware>]| known.iter().find(|known| known.spec == *spec).map(Arc::clone);
        if let Some(known) = find(&self.hardware.read().unwrap_or_else(PoisonError::into_inner)) {
            return known;
        }
        let mut inputs = Vec::new();
        self.hardware_input.append(spec, &mut inputs);
        let known = Arc::new(KnownHardware::new(&self.network(), spec, &inputs));
        let mut all = self.hardware.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() == HARDWARE {
            all.clear();
        }
        all.push(Arc::clone(&known));
        known
    }
}

/// Writes the inputs that come from the prior, and gives the unit: not a number if there is no prior.
fn prior(inputs: &Inputs, ast: &CompactAst, known: &KnownHardware, values: &mut Vec<f32>, out: &mut [f32]) -> f64 {
    let Some(roofline) = Roofline::new(ast, known.rates) else {
        out.fill(0.0);
        return f64::NAN;
    };
    values.clear();
    roofline.append(values);
    inputs.write(values, out);
    roofline.seconds()
}

fn take<T: Default>(spare: &Mutex<Vec<T>>) -> T {
    lock(spare).pop().unwrap_or_default()
}

fn give_back<T>(spare: &Mutex<Vec<T>>, one: T) {
    lock(spare).push(one);
}

/// A poisoned lock only means that another thread panicked; what is in the list is whole.
fn lock<T>(spare: &Mutex<T>) -> MutexGuard<'_, T> {
    spare.lock().unwrap_or_else(PoisonError::into_inner)
}
