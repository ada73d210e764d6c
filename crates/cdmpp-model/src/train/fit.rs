//! The training loop.

use std::hash::Hasher as _;
use std::ops::{ControlFlow, Range};

use rand::seq::SliceRandom;
use siphasher::sip::SipHasher13;

use super::examples::{LabelledSamples, Measured};
use super::objective::{Objective, Sums};
use super::samples::Samples;
use super::{Epoch, OnEpoch, Outcome, StopReason, TrainConfig, TrainState, Validation};
use crate::engine::Answer;
use crate::feature_input::FeatureInput;
use crate::hardware_input::HardwareInput;
use crate::loss::sample_loss;
use crate::metrics::median;
use crate::predictor::{Fitted, Identity};
use crate::prior_input::PriorInput;
use crate::variables::generator;
use crate::{LabelTransform, ModelError, Predictor, Query};

/// Samples validated at a time; bounds memory.
const VALIDATION_BATCH: usize = 1024;

/// Trains a model.
///
/// On an untrained model, the scaling of features and hardware and the label transform are fitted to `training`; on a
/// trained one they stay. After every epoch the running mean of the parameters is measured on `validation`, which
/// touches nothing else; the best is kept. Without validation samples the last is kept.
///
/// Samples of one program share its encoding if they refer to the same [`CompactAst`](cdmpp_ir::CompactAst) (not to
/// equal ones): an epoch then costs as much as there are programs, not samples. Slices of samples are in memory;
/// [`Samples::read_by`] trains on more.
///
/// # Errors
/// [`ModelError::Config`], also if there is no training sample; [`ModelError::Input`] for a sample that cannot be used
/// (a latency of zero, a program without a store); [`ModelError::Schema`]; [`ModelError::Diverged`]; and
/// [`ModelError::Tensor`], also if a variable of the encoder never receives a gradient. The model is then what it was
/// before.
pub fn fit<'t, 'v>(
    model: &mut Predictor,
    training: impl Into<Samples<'t>>,
    validation: impl Into<Samples<'v>>,
    config: &TrainConfig,
    on_epoch: &mut OnEpoch<'_>,
) -> Result<Outcome, ModelError> {
    run(model, &training.into(), &validation.into(), config, None, on_epoch)
}

/// Continues an interrupted [`fit`] from its state; with the same model, samples and settings the result is the same as
/// without the interruption.
///
/// # Errors
/// Those of [`fit`], and [`ModelError::Config`] if the state belongs to another training.
pub fn resume<'t, 'v>(
    model: &mut Predictor,
    training: impl Into<Samples<'t>>,
    validation: impl Into<Samples<'v>>,
    config: &TrainConfig,
    state: TrainState,
    on_epoch: &mut OnEpoch<'_>,
) -> Result<Outcome, ModelError> {
    run(model, &training.into(), &validation.into(), config, Some(state), on_epoch)
}

fn run(
    model: &mut Predictor,
    training: &Samples<'_>,
    validation: &Samples<'_>,
    config: &TrainConfig,
    state: Option<TrainState>,
    on_epoch: &mut OnEpoch<'_>,
) -> Result<Outcome, ModelError> {
    config.check()?;
    let n_leaves = check_samples(model, TRAINING, training)?;
    check_samples(model, VALIDATION, validation)?;
    let fitted = match &model.fitted {
        Some(fitted) => fitted.clone(),
        None => fit_statistics(model, training, n_leaves)?,
    };
    let before = (model.network.variables.to_flat()?, model.fitted.replace(fitted.clone()));
    let shared = &*model;
    let labelled = LabelledSamples::new(TRAINING, training, &fitted)
        .and_then(|training| Ok((training, LabelledSamples::new(VALIDATION, validation, &fitted)?)));
    let result = labelled.and_then(|labelled| {
        let mut training = Training::new(shared, &fitted, config, labelled, state)?;
        let reason = training.run(on_epoch)?;
        Ok((reason, training.state))
    });
    match result {
        Ok((reason, state)) => {
            model.network.variables.set_flat(&state.best)?;
            let progress = state.progress;
            Ok(Outcome {
                reason,
                epochs: progress.epoch,
                best_epoch: progress.best_epoch,
                validation_loss: progress.best_loss,
            })
        }
        Err(error) => {
            model.network.variables.set_flat(&before.0)?;
            model.fitted = before.1;
            Err(error)
        }
    }
}

/// What errors call samples.
const TRAINING: &str = "training sample";
const VALIDATION: &str = "validation sample";

/// Gives the number of leaves of all programs.
pub(crate) fn check_samples(model: &Predictor, what: &'static str, samples: &Samples<'_>) -> Result<usize, ModelError> {
    let mut n_leaves = 0;
    samples.for_each(what, |program, ast| {
        n_leaves += ast.n_leaves();
        let first = samples.of(program)[0];
        let query = Query { ast, hardware: samples.hardware[first.hardware as usize] };
        model.check_queries(what, std::iter::once(query)).map_err(|error| match error {
            ModelError::Input { what, problem, .. } => ModelError::Input { what, index: first.index as usize, problem },
            other => other,
        })
    })?;
    match samples.entries().iter().filter(|entry| entry.latency.is_zero()).map(|entry| entry.index as usize).min() {
        Some(index) => {
            let problem = "the latency is 0 (or below half a nanosecond)".to_owned();
            Err(ModelError::Input { what, index, problem })
        }
        None => Ok(n_leaves),
    }
}

/// Fits everything that is fitted beside the variables, on the training samples alone.
fn fit_statistics(model: &Predictor, training: &Samples<'_>, n_leaves: usize) -> Result<Fitted, ModelError> {
    let Identity { config, dim, hardware_columns, .. } = &model.identity;
    // Errors and sums of floats are in the order of the samples.
    let (prior, mut seconds) = PriorInput::fit(config, TRAINING, training)?;
    for entry in training.entries() {
        let unit = &mut seconds[entry.index as usize];
        *unit = entry.latency.as_secs_f64() / *unit;
    }
    let labels = LabelTransform::fit(config.label, &seconds).ok_or(NO_SAMPLE)?;
    drop(seconds);
    let blocks = |visit: &mut dyn FnMut(&[f32])| {
        training.for_each(TRAINING, |_, ast| {
            visit(ast.features());
            Ok(())
        })
    };
    Ok(Fitted {
        features: FeatureInput::fit_to(*dim, config.feature_bins, n_leaves, blocks)?,
        hardware: HardwareInput::fit(hardware_columns, &training.hardware),
        prior,
        labels,
    })
}

const NO_SAMPLE: ModelError = ModelError::Config { field: "training", rule: "needs at least one sample" };

/// Training under way.
struct Training<'a, 't, 'v> {
    model: &'a Predictor,
    fitted: &'a Fitted,
    config: &'a TrainConfig,
    objective: Objective<'a>,
    training: LabelledSamples<'a, 't>,
    validation: LabelledSamples<'a, 'v>,
    /// Of what a step changes, the numbers that decay: those of matrices only.
    decayed: Vec<Range<usize>>,
    /// The steps of all epochs.
    n_steps: usize,
    gradient: Vec<f32>,
    state: TrainState,
}

impl<'a, 't, 'v> Training<'a, 't, 'v> {
    /// At the start, or where `state` was left.
    fn new(
        model: &'a Predictor,
        fitted: &'a Fitted,
        config: &'a TrainConfig,
        (training, validation): (LabelledSamples<'a, 't>, LabelledSamples<'a, 'v>),
        state: Option<TrainState>,
    ) -> Result<Self, ModelError> {
        if training.n_samples() == 0 {
            return Err(NO_SAMPLE);
        }
        let mut hasher = fingerprint_of(model, fitted);
        training.hash(&mut hasher)?;
        validation.hash(&mut hasher)?;
        let fingerprint = hasher.finish();
        let variables = &model.network.variables;
        let state = match state {
            Some(state) if !state.belongs_to(config, fingerprint, variables.n_parameters()) => {
                let rule = "belongs to other samples, settings or another model";
                return Err(ModelError::config("the training state", rule));
            }
            Some(state) => state,
            None => TrainState::new(variables.to_flat()?, config, fingerprint),
        };
        let objective = Objective::new(model, fitted, config)?;
        let programs: Vec<u32> = (0..training.n_programs() as u32).collect();
        let n_batches = training.batches(&programs, config.batch_size).len();
        Ok(Self {
            model,
            fitted,
            config,
            decayed: objective.matrices(),
            objective,
            training,
            validation,
            n_steps: config.epochs * n_batches,
            gradient: Vec::new(),
            state,
        })
    }

    fn run(&mut self, on_epoch: &mut OnEpoch<'_>) -> Result<StopReason, ModelError> {
        let Self { model, config, .. } = *self;
        loop {
            // Asked before an epoch and not after it: what was interrupted here must end here when it is resumed.
            let progress = &self.state.progress;
            if progress.epoch >= config.epochs {
                return Ok(StopReason::Finished);
            }
            if config.patience > 0 && progress.epoch - progress.best_epoch >= config.patience {
                return Ok(StopReason::EarlyStopping);
            }
            let number = progress.epoch + 1;
            let (train_loss, learning_rate) = self.descend(number)?;
            model.network.variables.set_flat(&self.state.optimizer.average)?;
            let validation = self.validate(number)?;
            let is_best = self.state.finish_epoch(number, validation.map(|validation| validation.loss));
            let epoch = Epoch {
                number,
                n_epochs: config.epochs,
                learning_rate,
                train_loss,
                validation,
                is_best,
                model,
                state: &self.state,
            };
            if on_epoch(&epoch) == ControlFlow::Break(()) && number < config.epochs {
                return Ok(StopReason::Interrupted);
            }
        }
    }

    /// Goes once over the training samples; gives their mean loss and the last learning rate.
    fn descend(&mut self, number: usize) -> Result<(f64, f64), ModelError> {
        let Self { config, training, objective, gradient, decayed, n_steps, .. } = self;
        let mut order: Vec<u32> = (0..training.n_programs() as u32).collect();
        order.shuffle(&mut generator(config.seed, &format!("order {number}")));
        let diverged = |what| ModelError::Diverged { epoch: number, what };
        let (mut total, mut rate) = (0.0, 0.0);
        let state = &mut self.state;
        let mut parameters = objective.take(&state.parameters);
        let mut optimizer = state.optimizer.map(|xs| objective.take(xs));
        for batch in training.batches(&order, config.batch_size) {
            let step = optimizer.step;
            let programs = &mut order[batch];
            // In ascending order: that of a file, if they lie in one.
            programs.sort_unstable();
            let examples = training.examples(programs)?;
            let Sums { loss, squares } = objective.gradient(&parameters, &examples, step, gradient)?;
            if !loss.is_finite() {
                return Err(diverged("the loss"));
            }
            if !squares.is_finite() {
                return Err(diverged("the gradient"));
            }
            total += loss;
            rate = config.optimizer.rate(step, *n_steps);
            optimizer.update(&config.optimizer, rate, &mut parameters, (gradient, squares.sqrt()), decayed);
        }
        objective.put(&parameters, &mut state.parameters);
        state.optimizer.take_over(&optimizer, |own, all| objective.put(own, all));
        objective.check_cover()?;
        Ok((total / training.n_samples() as f64, rate))
    }

    /// How good the current variables are on the validation samples.
    fn validate(&self, number: usize) -> Result<Option<Validation>, ModelError> {
        let validation = &self.validation;
        if validation.n_samples() == 0 {
            return Ok(None);
        }
        let programs: Vec<u32> = (0..validation.n_programs() as u32).collect();
        let (mut loss, mut errors) = (0.0, Vec::with_capacity(validation.n_samples()));
        for batch in validation.batches(&programs, VALIDATION_BATCH) {
            let programs = &programs[batch];
            let asts = validation.read(programs)?;
            let measured = || programs.iter().flat_map(|program| validation.measured(*program));
            let mut queries = Vec::with_capacity(VALIDATION_BATCH);
            for (ast, program) in asts.iter().zip(programs) {
                let query = |measured: &Measured| Query {
                    ast,
                    hardware: validation.samples.hardware[measured.hardware as usize],
                };
                queries.extend(validation.measured(*program).iter().map(query));
            }
            for (Answer { label, .. }, measured) in
                self.model.answers(self.fitted, &queries)?.into_iter().zip(measured())
            {
                loss += sample_loss(&self.config.loss, &self.fitted.labels, label, measured).0;
                let predicted = self.fitted.labels.inverse(f64::from(label));
                errors.push((predicted - measured.units).abs() / measured.units);
            }
        }
        if !loss.is_finite() {
            return Err(ModelError::Diverged { epoch: number, what: "the validation loss" });
        }
        errors.sort_unstable_by(f64::total_cmp);
        let n = validation.n_samples() as f64;
        Ok(Some(Validation { loss: loss / n, mape: errors.iter().sum::<f64>() / n, median_ape: median(&errors) }))
    }
}

/// Starts a hash of what a training state belongs to: what the model is, but not the values of its variables.
fn fingerprint_of(model: &Predictor, fitted: &Fitted) -> SipHasher13 {
    let mut hasher = SipHasher13::new();
    let json = serde_json::to_vec(&(&model.identity, fitted)).expect("structs of numbers and names have a JSON form");
    hasher.write(&json);
    for (name, var) in model.network.variables.iter() {
        hasher.write(format!("{name} {:?}", var.dims()).as_bytes());
    }
    hasher
}
