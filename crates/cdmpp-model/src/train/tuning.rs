//! The loop behind fine-tuning and adaptation.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use cdmpp_kernel::square_sum;

use super::blend::{AlignedLayer, Alignment, Blend, Discrepancy};
use super::cycle::Cycle;
use super::fine_tune::{FineTuneConfig, Labelled};
use super::fit::check_samples;
use super::folds::folds;
use super::objective::{Objective, Sums};
use super::pool::Pool;
use super::{AdaptConfig, StopReason, TrainConfig};
use crate::adamw::AdamW;
use crate::loss::sample_loss;
use crate::predictor::Fitted;
use crate::{ModelError, Predictor, Query};

/// An epoch of tuning; passed to the caller's closure after each.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TuningEpoch {
    /// The run, from 1: one for each fold that is held out, and the last on all that is measured.
    pub run: usize,
    /// The number of runs.
    pub n_runs: usize,
    /// The epoch within the run, from 1.
    pub number: usize,
    /// The number of epochs of the run.
    pub n_epochs: usize,
    /// The mean loss of its steps, without the discrepancy.
    pub train_loss: f64,
    /// The mean loss of the samples that are held out, if any are.
    pub held_out_loss: Option<f64>,
}

/// Gets every epoch of tuning; [`ControlFlow::Break`] stops, and leaves the model as it was before.
pub type OnTuningEpoch<'f> = dyn FnMut(&TuningEpoch) -> ControlFlow<()> + 'f;

/// How tuning ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Tuned {
    /// Why it ended.
    pub reason: StopReason,
    /// The epochs that the model was trained for; 0 if it is as it was before.
    pub epochs: usize,
    /// The mean loss of held-out samples after each number of epochs, from 0; empty if none were held out.
    pub held_out_losses: Vec<f64>,
}

/// What is asked about the target, and what it is compared by.
pub(crate) struct Target<'a> {
    pub(crate) queries: &'a [Query<'a>],
    pub(crate) discrepancy: &'a Discrepancy<'a>,
    pub(crate) layer: AlignedLayer,
    pub(crate) config: &'a AdaptConfig,
}

/// Tuning under way.
pub(crate) struct Tuning<'a> {
    model: &'a Predictor,
    fitted: &'a Fitted,
    config: &'a FineTuneConfig,
    training: TrainConfig,
    pool: Pool<'a>,
    source: Vec<u32>,
    /// The measured programs, each with its group.
    measured: Vec<(u32, usize)>,
    target: Vec<u32>,
    alignment: Option<Target<'a>>,
    /// The parameters at the start.
    start: Vec<f32>,
    /// 1 for a parameter that stays, else 0.
    frozen: Vec<f32>,
}

/// What a run leaves.
struct Run {
    parameters: Vec<f32>,
    /// The sums of the losses of what was held out, after each number of epochs.
    losses: Vec<f64>,
    is_interrupted: bool,
}

impl<'a> Tuning<'a> {
    pub(crate) fn new(
        model: &'a Predictor,
        labelled: &Labelled<'a>,
        config: &'a FineTuneConfig,
        alignment: Option<Target<'a>>,
    ) -> Result<Self, ModelError> {
        let fitted = model.fitted.as_ref().ok_or(ModelError::NotTrained)?;
        let Labelled { source, measured, groups } = *labelled;
        if groups.len() != measured.len() {
            return Err(ModelError::config("groups", "must be as many as there are measured samples"));
        }
        check_samples(model, "source sample", &source.into())?;
        check_samples(model, "measured sample", &measured.into())?;
        let queries = alignment.as_ref().map_or(&[][..], |target| target.queries);
        model.check_queries("target query", queries.iter().copied())?;
        let mut pool = Pool::new("source sample", source, fitted)?;
        let source = (0..pool.asts.len() as u32).collect();
        let own = Pool::new("measured sample", measured, fitted)?;
        let groups = group_of_programs(labelled, &own)?;
        let measured = pool.extend(own).zip(groups).collect();
        let target = pool.extend(Pool::unmeasured("target query", queries, fitted)?).collect();
        let frozen = frozen(model, &config.frozen)?;
        Ok(Self {
            model,
            fitted,
            config,
            training: config.training(),
            pool,
            source,
            measured,
            target,
            alignment,
            start: model.network.variables.to_flat()?,
            frozen,
        })
    }

    /// Tunes the model; on failure it is what it was before.
    pub(crate) fn run(&self, on_epoch: &mut OnTuningEpoch<'_>) -> Result<Tuned, ModelError> {
        let result = self.runs(on_epoch);
        let parameters = match &result {
            Ok((_, parameters)) => parameters,
            Err(_) => &self.start,
        };
        self.model.network.variables.set_flat(parameters)?;
        Ok(result?.0)
    }

    /// The runs with a fold held out, and then that on all samples; gives the parameters in the end.
    fn runs(&self, on_epoch: &mut OnTuningEpoch<'_>) -> Result<(Tuned, Vec<f32>), ModelError> {
        let programs: Vec<u32> = self.measured.iter().map(|(program, _)| *program).collect();
        let groups: Vec<usize> = self.measured.iter().map(|(_, group)| *group).collect();
        let fold_of = folds(&groups, self.config.folds, self.config.seed);
        let n_folds = fold_of.iter().max().map_or(0, |last| last + 1);
        let n_folds = if n_folds < 2 { 0 } else { n_folds };
        let interrupted = |held_out_losses| {
            (Tuned { reason: StopReason::Interrupted, epochs: 0, held_out_losses }, self.start.clone())
        };
        let mut losses = vec![0.0; if n_folds > 0 { self.config.epochs + 1 } else { 0 }];
        for fold in 0..n_folds {
            let part = |is_held_out: bool| {
                let members = programs.iter().zip(&fold_of).filter(move |(_, of)| (**of == fold) == is_held_out);
                members.map(|(program, _)| *program).collect::<Vec<u32>>()
            };
            let run = self.tune((fold + 1, n_folds + 1), self.config.epochs, &part(false), &part(true), on_epoch)?;
            if run.is_interrupted {
                return Ok(interrupted(Vec::new()));
            }
            losses.iter_mut().zip(run.losses).for_each(|(sum, loss)| *sum += loss);
        }
        let n = self.pool.n_samples_of(&programs).max(1) as f64;
        losses.iter_mut().for_each(|loss| *loss /= n);
        let best = (0..losses.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b]));
        let epochs = best.unwrap_or(self.config.epochs);
        let run = self.tune((n_folds + 1, n_folds + 1), epochs, &programs, &[], on_epoch)?;
        if run.is_interrupted {
            return Ok(interrupted(losses));
        }
        let reason = if epochs < self.config.epochs { StopReason::EarlyStopping } else { StopReason::Finished };
        Ok((Tuned { reason, epochs, held_out_losses: losses }, run.parameters))
    }

    /// Trains from the start for so many epochs.
    fn tune(
        &self,
        (run, n_runs): (usize, usize),
        n_epochs: usize,
        measured: &[u32],
        held_out: &[u32],
        on_epoch: &mut OnTuningEpoch<'_>,
    ) -> Result<Run, ModelError> {
        let Self { model, fitted, config, training, .. } = self;
        let mut objective = Objective::new(model, fitted, training)?;
        let cycle = |programs: &[u32], name| Cycle::new(programs.to_vec(), config.seed, name);
        let mut cycles = [cycle(measured, "measured"), cycle(&self.source, "source"), cycle(&self.target, "target")];
        let (start, frozen) = (objective.take(&self.start), objective.take(&self.frozen));
        let mut decayed = objective.matrices();
        decayed.retain(|matrix| frozen[matrix.start] == 0.0);
        let (mut parameters, mut optimizer) = (start.clone(), AdamW::new(&start));
        let (mut gradient, mut tuned) = (Vec::new(), self.start.clone());
        let mut losses = Vec::new();
        let n_held_out = self.pool.n_samples_of(held_out);
        if n_held_out > 0 {
            model.network.variables.set_flat(&self.start)?;
            losses.push(self.loss_of(held_out)?);
        }
        for number in 1..=n_epochs {
            let mut total = 0.0;
            for _ in 0..config.steps_per_epoch {
                let step = optimizer.step;
                let Sums { loss, squares } =
                    self.gradient(&mut objective, (&parameters, &frozen), step, &mut cycles, &mut gradient)?;
                let diverged = |what| ModelError::Diverged { epoch: number, what };
                if !loss.is_finite() {
                    return Err(diverged("the loss"));
                }
                total += loss;
                let rate = training.optimizer.rate(step, config.epochs * config.steps_per_epoch);
                let back = (rate * config.pull) as f32;
                parameters.iter_mut().zip(&start).for_each(|(x, start)| *x += back * (start - *x));
                if !squares.is_finite() {
                    return Err(diverged("the gradient"));
                }
                let gradient = (&*gradient, squares.sqrt());
                optimizer.update(&training.optimizer, rate, &mut parameters, gradient, &decayed);
            }
            // Rounding moves a running mean of equal numbers.
            let average = optimizer.average.iter_mut().zip(&start).zip(&frozen);
            average.filter(|(_, frozen)| **frozen != 0.0).for_each(|((x, start), _)| *x = *start);
            objective.put(&optimizer.average, &mut tuned);
            let mut held_out_loss = None;
            if n_held_out > 0 {
                model.network.variables.set_flat(&tuned)?;
                let loss = self.loss_of(held_out)?;
                losses.push(loss);
                held_out_loss = Some(loss / n_held_out as f64);
            }
            let train_loss = total / config.steps_per_epoch as f64;
            let epoch = TuningEpoch { run, n_runs, number, n_epochs, train_loss, held_out_loss };
            if on_epoch(&epoch) == ControlFlow::Break(()) {
                return Ok(Run { parameters: tuned, losses, is_interrupted: true });
            }
        }
        Ok(Run { parameters: tuned, losses, is_interrupted: false })
    }

    /// Writes the gradient of a step, 0 for what is frozen.
    fn gradient(
        &self,
        objective: &mut Objective<'_>,
        (parameters, frozen): (&[f32], &[f32]),
        step: usize,
        [measured, source, target]: &mut [Cycle; 3],
        gradient: &mut Vec<f32>,
    ) -> Result<Sums, ModelError> {
        let Self { config, pool, alignment, .. } = self;
        let measured = measured.take(pool, config.batch_size);
        let replay = if measured.is_empty() { 1.0 } else { config.replay };
        let is_asked = replay > 0.0 || alignment.is_some();
        let source = if is_asked { source.take(pool, config.batch_size) } else { &[] };
        let target = match alignment {
            Some(Target { config, .. }) => target.take(pool, config.target_batch_size),
            None => &[],
        };
        // From here on, programs are called by their places in the batch.
        let examples = pool.examples(&[measured, source, target].concat());
        let places: Vec<u32> = (0..examples.asts.len() as u32).collect();
        let (measured, rest) = places.split_at(measured.len());
        let (source, target) = rest.split_at(source.len());
        let alignment = alignment.as_ref().map(|Target { discrepancy, layer, config, .. }| {
            let AdaptConfig { weight, warm_up, tuning, .. } = config;
            let rise = warm_up * (tuning.epochs * tuning.steps_per_epoch) as f64;
            let weight = weight * ((step + 1) as f64 / rise.max(1.0)).min(1.0);
            Alignment { discrepancy: *discrepancy, layer: *layer, weight, source, target }
        });
        let blend = Blend { parts: &[(measured, 1.0 - replay), (source, replay)], alignment };
        let Sums { loss, .. } = objective.blend(parameters, &examples, &blend, step, gradient)?;
        gradient.iter_mut().zip(frozen).for_each(|(g, frozen)| *g *= 1.0 - frozen);
        Ok(Sums { loss, squares: square_sum(gradient) })
    }

    /// The sum of the losses of the samples of some programs, by the model as it is.
    fn loss_of(&self, programs: &[u32]) -> Result<f64, ModelError> {
        let Pool { asts, hardware, measured, .. } = &self.pool;
        let samples = || programs.iter().flat_map(|i| measured[*i as usize].iter().map(move |one| (*i as usize, one)));
        let query = |i: usize, column: u32| Query { ast: asts[i], hardware: hardware[column as usize] };
        let queries: Vec<Query<'_>> = samples().map(|(i, one)| query(i, one.hardware)).collect();
        let predicted = self.model.predict(&queries)?;
        let mut sum = 0.0;
        for (index, ((query, predicted), (_, one))) in queries.iter().zip(predicted).zip(samples()).enumerate() {
            let fail = |problem| ModelError::Input { what: "held-out sample", index, problem };
            let unit = self.fitted.prior.append(query.ast, query.hardware, &mut Vec::new()).map_err(fail)?;
            let label = self.fitted.labels.forward(predicted.as_secs_f64() / unit) as f32;
            sum += sample_loss(&self.config.loss, &self.fitted.labels, label, one).0;
        }
        Ok(sum)
    }
}

/// The group of each measured program.
fn group_of_programs(labelled: &Labelled<'_>, measured: &Pool<'_>) -> Result<Vec<usize>, ModelError> {
    let mut groups = BTreeMap::new();
    for (index, (sample, group)) in labelled.measured.iter().zip(labelled.groups).enumerate() {
        let first = *groups.entry(std::ptr::from_ref(sample.query.ast)).or_insert(*group);
        if first != *group {
            let problem = format!("its program is in group {first}, and in group {group}");
            return Err(ModelError::Input { what: "measured sample", index, problem });
        }
    }
    Ok(measured.asts.iter().map(|ast| groups[&std::ptr::from_ref(*ast)]).collect())
}

/// For every parameter 1 if it belongs to a variable of some names or below them, else 0.
fn frozen(model: &Predictor, names: &[String]) -> Result<Vec<f32>, ModelError> {
    let variables = model.network.variables.all();
    let is_of = |variable: &str, name: &str| {
        variable.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    for (index, name) in names.iter().enumerate() {
        if !variables.iter().any(|(variable, _)| is_of(variable, name)) {
            let problem = format!("there is no variable `{name}`, and none below that name");
            return Err(ModelError::Input { what: "frozen name", index, problem });
        }
    }
    let mut frozen = Vec::new();
    for (variable, var) in variables {
        let is_frozen = names.iter().any(|name| is_of(&variable, name));
        frozen.resize(frozen.len() + var.elem_count(), f32::from(u8::from(is_frozen)));
    }
    Ok(frozen)
}
