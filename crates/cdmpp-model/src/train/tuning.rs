//! The loop behind fine-tuning and adaptation.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::cycle::Cycle;
use super::descent::{Descent, Tether};
use super::fine_tune::{FineTuneConfig, Labelled};
use super::folds::folds;
use super::held_out::loss_of;
use super::{AdaptConfig, StopReason, TrainConfig};
use crate::adamw::AdamW;
use crate::blend::{AlignedLayer, Alignment, Blend, Discrepancy};
use crate::examples::Pool;
use crate::fitted::Fitted;
use crate::parameters::{Parameters, Variable};
use crate::samples::Samples;
use crate::survey::Survey;
use crate::{InputProblem, ModelError, Predictor};

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
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) samples: &'a Samples<'a>,
    pub(crate) discrepancy: &'a Discrepancy<'a>,
    pub(crate) layer: AlignedLayer,
    pub(crate) config: &'a AdaptConfig,
}

/// Tuning under way.
pub(crate) struct Tuning<'a> {
    model: &'a Predictor,
    fitted: &'a Arc<Fitted>,
    config: &'a FineTuneConfig,
    training: TrainConfig,
    pool: Pool<'a>,
    source: Vec<u32>,
    /// The measured programs, each with its group.
    measured: Vec<(u32, usize)>,
    target: Vec<u32>,
    alignment: Option<Target<'a>>,
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

/// Tunes a model; on failure it is what it was before.
pub(crate) fn tune(
    model: &mut Predictor,
    labelled: &Labelled<'_, '_>,
    config: &FineTuneConfig,
    alignment: Option<Target<'_>>,
    on_epoch: &mut OnTuningEpoch<'_>,
) -> Result<Tuned, ModelError> {
    let fitted = Arc::clone(model.fitted.as_ref().ok_or(ModelError::NotTrained)?);
    let (tuned, parameters) = Tuning::new(model, &fitted, labelled, config, alignment)?.runs(on_epoch)?;
    if let Some(parameters) = parameters {
        *model = model.with_values(&fitted, parameters)?;
    }
    Ok(tuned)
}

impl<'a> Tuning<'a> {
    fn new(
        model: &'a Predictor,
        fitted: &'a Arc<Fitted>,
        labelled: &Labelled<'a, 'a>,
        config: &'a FineTuneConfig,
        alignment: Option<Target<'a>>,
    ) -> Result<Self, ModelError> {
        let Labelled { source, measured, groups } = *labelled;
        if groups.len() != measured.n_samples() {
            return Err(ModelError::Groups { expected: measured.n_samples(), found: groups.len() });
        }
        let mut pool = Pool::new(fitted);
        let mut add = |what, samples: &'a Samples<'a>| {
            let survey = Survey::of(&model.identity, what, samples)?;
            let units = survey.units(what, fitted, samples.n_samples())?;
            Ok::<_, ModelError>(pool.add(what, samples, &units))
        };
        let source = add("source sample", source)?.collect();
        let programs = add("measured sample", measured)?;
        let target = alignment.map(|target| add("target query", target.samples)).transpose()?;
        Ok(Self {
            model,
            fitted,
            config,
            training: config.training(),
            pool,
            source,
            measured: programs.zip(group_of_programs(measured, groups)?).collect(),
            target: target.into_iter().flatten().collect(),
            alignment,
            frozen: frozen(model.parameters(), &config.frozen)?,
        })
    }

    /// The runs with a fold held out, and then that on all samples; gives the parameters in the end, if they are others.
    fn runs(&self, on_epoch: &mut OnTuningEpoch<'_>) -> Result<(Tuned, Option<Vec<f32>>), ModelError> {
        let programs: Vec<u32> = self.measured.iter().map(|(program, _)| *program).collect();
        let groups: Vec<usize> = self.measured.iter().map(|(_, group)| *group).collect();
        let fold_of = folds(&groups, self.config.folds, self.config.seed);
        let n_folds = fold_of.iter().max().map_or(0, |last| last + 1);
        let n_folds = if n_folds < 2 { 0 } else { n_folds };
        let interrupted =
            |held_out_losses| (Tuned { reason: StopReason::Interrupted, epochs: 0, held_out_losses }, None);
        let mut losses = vec![0.0; if n_folds > 0 { self.config.epochs + 1 } else { 0 }];
        for fold in 0..n_folds {
            let part = |is_held_out: bool| {
                let members = programs.iter().zip(&fold_of).filter(move |(_, of)| (**of == fold) == is_held_out);
                members.map(|(program, _)| *program).collect::<Vec<u32>>()
            };
            let run = self.run((fold + 1, n_folds + 1), self.config.epochs, &part(false), &part(true), on_epoch)?;
            if run.is_interrupted {
                return Ok(interrupted(Vec::new()));
            }
            losses.iter_mut().zip(run.losses).for_each(|(sum, loss)| *sum += loss);
        }
        let n = self.pool.n_samples_of(&programs).max(1) as f64;
        losses.iter_mut().for_each(|loss| *loss /= n);
        let best = (0..losses.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b]));
        let epochs = best.unwrap_or(self.config.epochs);
        let run = self.run((n_folds + 1, n_folds + 1), epochs, &programs, &[], on_epoch)?;
        if run.is_interrupted {
            return Ok(interrupted(losses));
        }
        let reason = if epochs < self.config.epochs { StopReason::EarlyStopping } else { StopReason::Finished };
        Ok((Tuned { reason, epochs, held_out_losses: losses }, Some(run.parameters)))
    }

    /// Trains from the start for so many epochs.
    fn run(
        &self,
        (run, n_runs): (usize, usize),
        n_epochs: usize,
        measured: &[u32],
        held_out: &[u32],
        on_epoch: &mut OnTuningEpoch<'_>,
    ) -> Result<Run, ModelError> {
        let Self { model, fitted, config, training, pool, .. } = self;
        let objective = model.backend.objective(model.parts(fitted), training.step())?;
        let mut tuned = model.parameters.values().to_vec();
        let start = objective.take(&tuned);
        let tether = Tether { start: start.clone(), frozen: objective.take(&self.frozen), pull: config.pull };
        let optimizer = AdamW::new(&start);
        let mut descent = Descent::new(objective, start, optimizer, &training.optimizer).tethered(tether);
        let cycle = |programs: &[u32], name| Cycle::new(programs.to_vec(), config.seed, name);
        let mut cycles = [cycle(measured, "measured"), cycle(&self.source, "source"), cycle(&self.target, "target")];
        let n_held_out = pool.n_samples_of(held_out);
        let mut losses = Vec::new();
        if n_held_out > 0 {
            losses.push(self.held_out_loss(model, held_out, 0)?);
        }
        for number in 1..=n_epochs {
            let mut total = 0.0;
            for _ in 0..config.steps_per_epoch {
                total += self.step(&mut descent, number, &mut cycles)?;
            }
            descent.objective.put(&descent.optimizer.average, &mut tuned);
            let mut held_out_loss = None;
            if n_held_out > 0 {
                let loss = self.held_out_loss(&model.with_values(fitted, tuned.clone())?, held_out, number)?;
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

    /// Goes one step on the next samples of each kind; gives the loss.
    fn step(
        &self,
        descent: &mut Descent<'_>,
        number: usize,
        [measured, source, target]: &mut [Cycle; 3],
    ) -> Result<f64, ModelError> {
        let Self { config, pool, alignment, .. } = self;
        let n_samples_of = |program| pool.labelled(program).len();
        let measured = measured.take(n_samples_of, config.batch_size);
        let replay = if measured.is_empty() { 1.0 } else { config.replay };
        let is_asked = replay > 0.0 || alignment.is_some();
        let source = if is_asked { source.take(n_samples_of, config.batch_size) } else { &[] };
        let target = match alignment {
            Some(Target { config, .. }) => target.take(n_samples_of, config.target_batch_size),
            None => &[],
        };
        // From here on, programs are called by their places in the batch.
        let examples = pool.examples(&[measured, source, target].concat())?;
        let places: Vec<u32> = (0..examples.asts.len() as u32).collect();
        let (measured, rest) = places.split_at(measured.len());
        let (source, target) = rest.split_at(source.len());
        let n_steps = config.epochs * config.steps_per_epoch;
        let alignment = alignment.as_ref().map(|Target { discrepancy, layer, config, .. }| {
            let rise = config.warm_up * n_steps as f64;
            let weight = config.weight * ((descent.optimizer.step + 1) as f64 / rise.max(1.0)).min(1.0);
            Alignment { discrepancy: *discrepancy, layer: *layer, weight, source, target }
        });
        let blend = Blend { parts: &[(measured, 1.0 - replay), (source, replay)], alignment };
        Ok(descent.step(number, n_steps, &examples, &blend)?.0)
    }

    /// The sum of the losses of the samples of some programs.
    fn held_out_loss(&self, model: &Predictor, programs: &[u32], epoch: usize) -> Result<f64, ModelError> {
        let loss = loss_of(model, self.fitted, (&self.pool, programs), &self.config.loss, |_| {})?;
        if !loss.is_finite() {
            return Err(ModelError::Diverged { epoch, what: "the loss of held-out samples" });
        }
        Ok(loss)
    }
}

/// The group of each program of some samples, from the groups of the samples.
fn group_of_programs(samples: &Samples<'_>, groups: &[usize]) -> Result<Vec<usize>, ModelError> {
    let (mut found, mut wrong) = (Vec::with_capacity(samples.n_programs()), None);
    for program in 0..samples.n_programs() {
        let mut indices = samples.of(program).iter().map(|entry| entry.index as usize);
        let first = groups[indices.next().expect("a program has a sample")];
        if let Some(index) = indices.find(|index| groups[*index] != first)
            && wrong.as_ref().is_none_or(|(known, _)| index < *known)
        {
            wrong = Some((index, InputProblem::TwoGroups { first, second: groups[index] }));
        }
        found.push(first);
    }
    match wrong {
        Some((index, problem)) => Err(ModelError::input("measured sample", index, problem)),
        None => Ok(found),
    }
}

/// For every parameter 1 if it belongs to a variable of some names or below them, else 0.
fn frozen(parameters: &Parameters, names: &[String]) -> Result<Vec<f32>, ModelError> {
    let is_of = |variable: &str, name: &str| {
        variable.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    for (index, name) in names.iter().enumerate() {
        if !parameters.variables().iter().any(|variable| is_of(&variable.name, name)) {
            return Err(ModelError::UnknownVariable { index, name: name.clone() });
        }
    }
    let mut frozen = vec![0.0; parameters.n_parameters()];
    for Variable { name: variable, place, .. } in parameters.variables() {
        if names.iter().any(|name| is_of(variable, name)) {
            frozen[place.clone()].fill(1.0);
        }
    }
    Ok(frozen)
}
