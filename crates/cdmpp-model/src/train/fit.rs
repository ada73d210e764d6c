//! Training on samples, epoch by epoch.

use std::hash::Hasher as _;
use std::ops::ControlFlow;
use std::sync::Arc;

use rand::seq::SliceRandom;
use siphasher::sip::SipHasher13;

use super::descent::Descent;
use super::held_out::loss_of;
use super::{Epoch, OnEpoch, Outcome, StopReason, TrainConfig, TrainState, Validation};
use crate::blend::Blend;
use crate::draws::generator;
use crate::examples::Pool;
use crate::fitted::Fitted;
use crate::metrics::median;
use crate::samples::Samples;
use crate::survey::Survey;
use crate::{ModelError, Predictor};

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
/// (a latency of zero, a program without a store); [`ModelError::Schema`]; [`ModelError::Diverged`]; for an encoder of
/// your own also candle's, and an error if a variable of it never receives a gradient. The model is then what it was
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

/// What errors call samples.
const TRAINING: &str = "training sample";
const VALIDATION: &str = "validation sample";

fn run(
    model: &mut Predictor,
    training: &Samples<'_>,
    validation: &Samples<'_>,
    config: &TrainConfig,
    state: Option<TrainState>,
    on_epoch: &mut OnEpoch<'_>,
) -> Result<Outcome, ModelError> {
    config.check()?;
    if training.n_samples() == 0 {
        return Err(ModelError::Empty { what: "training", of: "sample" });
    }
    let identity = &*model.identity;
    let survey = Survey::of(identity, TRAINING, training)?;
    let validation_survey = Survey::of(identity, VALIDATION, validation)?;
    let fitted = match &model.fitted {
        Some(fitted) => Arc::clone(fitted),
        None => Arc::new(survey.fit(identity, TRAINING, training)?),
    };
    let fingerprint = fingerprint(model, &fitted, [&survey, &validation_survey]);
    let state = match state {
        Some(state) => {
            state.check(config, fingerprint, model.parameters.n_parameters())?;
            state
        }
        None => TrainState::new(model.parameters.values().to_vec(), config, fingerprint),
    };
    let (mut pool, mut held_out) = (Pool::new(&fitted), Pool::new(&fitted));
    pool.add(TRAINING, training, &survey.units(TRAINING, &fitted, training.n_samples())?);
    held_out.add(VALIDATION, validation, &validation_survey.units(VALIDATION, &fitted, validation.n_samples())?);
    drop((survey, validation_survey));
    let mut under_way = Training { model, fitted: &fitted, config, pool, held_out, state };
    let reason = under_way.run(on_epoch)?;
    let TrainState { best, progress, .. } = under_way.state;
    *model = model.with_values(&fitted, best)?;
    Ok(Outcome { reason, epochs: progress.epoch, best_epoch: progress.best_epoch, validation_loss: progress.best_loss })
}

/// Training under way.
struct Training<'a> {
    model: &'a Predictor,
    fitted: &'a Arc<Fitted>,
    config: &'a TrainConfig,
    pool: Pool<'a>,
    held_out: Pool<'a>,
    state: TrainState,
}

impl Training<'_> {
    fn run(&mut self, on_epoch: &mut OnEpoch<'_>) -> Result<StopReason, ModelError> {
        let Self { model, fitted, config, pool, held_out, state } = self;
        let objective = model.backend.objective(model.parts(fitted), config.step())?;
        let parameters = objective.take(&state.parameters);
        let optimizer = state.optimizer.map(|xs| objective.take(xs));
        let mut descent = Descent::new(objective, parameters, optimizer, &config.optimizer);
        let programs: Vec<u32> = (0..pool.n_programs()).collect();
        let n_steps = config.epochs * pool.batches(&programs, config.batch_size).len();
        loop {
            // Asked before an epoch and not after it: what was interrupted here must end here when it is resumed.
            let progress = &state.progress;
            if progress.epoch >= config.epochs {
                return Ok(StopReason::Finished);
            }
            if config.patience > 0 && progress.epoch - progress.best_epoch >= config.patience {
                return Ok(StopReason::EarlyStopping);
            }
            let number = progress.epoch + 1;
            let (train_loss, learning_rate) = epoch_of(&mut descent, pool, config, (number, n_steps))?;
            let Descent { objective, parameters, optimizer, .. } = &descent;
            objective.put(parameters, &mut state.parameters);
            state.optimizer.take_over(optimizer, |own, all| objective.put(own, all));
            objective.check_cover()?;
            let candidate = model.with_values(fitted, state.optimizer.average.clone())?;
            let validation = validate(&candidate, fitted, held_out, config, number)?;
            let is_best = state.finish_epoch(number, validation.map(|validation| validation.loss));
            let epoch = Epoch {
                number,
                n_epochs: config.epochs,
                learning_rate,
                train_loss,
                validation,
                is_best,
                model: &candidate,
                state,
            };
            if on_epoch(&epoch) == ControlFlow::Break(()) && number < config.epochs {
                return Ok(StopReason::Interrupted);
            }
        }
    }
}

/// Goes once over all training samples; gives their mean loss and the last learning rate.
fn epoch_of(
    descent: &mut Descent<'_>,
    pool: &Pool<'_>,
    config: &TrainConfig,
    (number, n_steps): (usize, usize),
) -> Result<(f64, f64), ModelError> {
    let mut order: Vec<u32> = (0..pool.n_programs()).collect();
    order.shuffle(&mut generator(config.seed, &format!("order {number}")));
    let (mut total, mut n_samples, mut rate) = (0.0, 0, 0.0);
    for batch in pool.batches(&order, config.batch_size) {
        let programs = &mut order[batch];
        // In ascending order: that of a file, if they lie in one.
        programs.sort_unstable();
        let examples = pool.examples(programs)?;
        let places: Vec<u32> = (0..programs.len() as u32).collect();
        let n = examples.n_samples_of(&places);
        let blend = Blend { parts: &[(&places, 1.0)], alignment: None };
        let loss;
        (loss, rate) = descent.step(number, n_steps, &examples, &blend)?;
        total += loss * n as f64;
        n_samples += n;
    }
    Ok((total / n_samples.max(1) as f64, rate))
}

/// How good a model is on the validation samples.
fn validate(
    model: &Predictor,
    fitted: &Fitted,
    held_out: &Pool<'_>,
    config: &TrainConfig,
    number: usize,
) -> Result<Option<Validation>, ModelError> {
    let programs: Vec<u32> = (0..held_out.n_programs()).collect();
    if programs.is_empty() {
        return Ok(None);
    }
    let mut errors = Vec::with_capacity(held_out.n_samples_of(&programs));
    let loss = loss_of(model, fitted, (held_out, &programs), &config.loss, |error| errors.push(error))?;
    if !loss.is_finite() {
        return Err(ModelError::Diverged { epoch: number, what: "the validation loss" });
    }
    errors.sort_unstable_by(f64::total_cmp);
    let n = errors.len() as f64;
    Ok(Some(Validation { loss: loss / n, mape: errors.iter().sum::<f64>() / n, median_ape: median(&errors) }))
}

/// A hash of what a training state belongs to: what the model is, but not the values of its parameters; and the samples.
fn fingerprint(model: &Predictor, fitted: &Fitted, surveys: [&Survey; 2]) -> u64 {
    let mut hasher = SipHasher13::new();
    let json = serde_json::to_vec(&(&*model.identity, fitted)).expect("structs of numbers and names have a JSON form");
    hasher.write(&json);
    for (name, shape, _) in model.parameters.iter() {
        hasher.write(format!("{name} {shape:?}").as_bytes());
    }
    surveys.into_iter().for_each(|survey| hasher.write_u64(survey.digest()));
    hasher.finish()
}
