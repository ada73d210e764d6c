//! The training loop.

use std::ops::ControlFlow;
use std::time::Duration;

use candle_core::{Device, Tensor, Var};
use rand::seq::SliceRandom;

use super::state::Progress;
use super::step::{Examples, Gradient, gradient, loss_sum};
use super::{Epoch, OnEpoch, Outcome, StopReason, TrainConfig, TrainState, Validation};
use crate::adamw::AdamW;
use crate::hardware_input::HardwareInput;
use crate::metrics::median;
use crate::network::Pairs;
use crate::predictor::Fitted;
use crate::scaling::Scaling;
use crate::variables::generator;
use crate::{LabelTransform, ModelError, Predictor, Query, Sample};

/// Trains a model.
///
/// On an untrained model, the scaling of features and hardware and the label transform are fitted to `training`; on a
/// trained one they stay. After every epoch the running mean of the parameters is measured on `validation`, which
/// touches nothing else; the best is kept. Without validation samples the last is kept.
///
/// # Errors
/// [`ModelError::Config`], [`ModelError::Input`] for a sample that cannot be used (a latency of zero, a program without
/// a store), [`ModelError::Schema`], [`ModelError::Diverged`], and [`ModelError::Tensor`], also if a variable of the
/// encoder never receives a gradient.
pub fn fit(
    model: &mut Predictor,
    training: &[Sample<'_>],
    validation: &[Sample<'_>],
    config: &TrainConfig,
    on_epoch: &mut OnEpoch<'_>,
) -> Result<Outcome, ModelError> {
    run(model, training, validation, config, None, on_epoch)
}

/// Continues an interrupted [`fit`] from its state; with the same model, samples and settings the result is the same as
/// without the interruption.
///
/// # Errors
/// Those of [`fit`], and [`ModelError::Config`] if the state belongs to another training.
pub fn resume(
    model: &mut Predictor,
    training: &[Sample<'_>],
    validation: &[Sample<'_>],
    config: &TrainConfig,
    state: TrainState,
    on_epoch: &mut OnEpoch<'_>,
) -> Result<Outcome, ModelError> {
    run(model, training, validation, config, Some(state), on_epoch)
}

fn run(
    model: &mut Predictor,
    training: &[Sample<'_>],
    validation: &[Sample<'_>],
    config: &TrainConfig,
    state: Option<TrainState>,
    on_epoch: &mut OnEpoch<'_>,
) -> Result<Outcome, ModelError> {
    config.check()?;
    check_samples(model, training)?;
    check_samples(model, validation)?;
    let fitted = match model.fitted.take() {
        Some(fitted) => fitted,
        None => fit_statistics(model, training)?,
    };
    let fitted = model.fitted.insert(fitted).clone();
    let examples = Examples::new(training, &fitted);
    let held_out = Examples::new(validation, &fitted);
    let variables = model.network.variables.all();
    let device = model.device.clone();
    let fingerprint = fingerprint(model, training, validation);
    let mut state = match state {
        Some(state) if state.progress.fingerprint != fingerprint || state.progress.config != *config => {
            return Err(ModelError::config(
                "the training state",
                "belongs to other samples, settings or another model",
            ));
        }
        Some(state) => state,
        None => {
            let parameters = flat(&variables)?;
            TrainState {
                progress: Progress {
                    epoch: 0,
                    best_epoch: 0,
                    best_loss: None,
                    config: config.clone(),
                    fingerprint,
                    step: 0,
                },
                best: parameters.clone(),
                optimizer: AdamW::new(&parameters),
                parameters,
            }
        }
    };
    let decays: Vec<bool> =
        variables.iter().flat_map(|(_, var)| std::iter::repeat_n(var.rank() >= 2, var.elem_count())).collect();
    let mut order: Vec<u32> = (0..examples.asts.len() as u32).collect();
    let n_steps = config.epochs * examples.batches(&order, config.batch_size).len();
    let mut reached = vec![state.progress.epoch > 0; variables.len()];
    let mut reason = StopReason::Finished;
    for number in state.progress.epoch + 1..=config.epochs {
        order.sort_unstable();
        order.shuffle(&mut generator(config.seed, &format!("order {number}")));
        set(&variables, &state.parameters, &device)?;
        let (mut loss, mut rate) = (0.0, 0.0);
        let batches = examples.batches(&order, config.batch_size);
        for batch in &batches {
            let step = state.optimizer.step;
            let programs = &order[batch.clone()];
            let found = gradient(&model.network, &variables, &fitted, &examples, programs, config, step, &device)?;
            let Gradient { loss: batch_loss, values, reached: now } = found;
            if !batch_loss.is_finite() {
                return Err(ModelError::Diverged { epoch: number, what: "the loss" });
            }
            rate = config.optimizer.rate(step, n_steps);
            let norm = state.optimizer.update(&config.optimizer, rate, &mut state.parameters, &values, &decays);
            if !norm.is_finite() {
                return Err(ModelError::Diverged { epoch: number, what: "the gradient" });
            }
            set(&variables, &state.parameters, &device)?;
            reached.iter_mut().zip(now).for_each(|(ever, now)| *ever |= now);
            loss += batch_loss * programs.iter().map(|i| examples.measured[*i as usize].len()).sum::<usize>() as f64;
        }
        if let Some(place) = reached.iter().position(|reached| !reached) {
            let name = &variables[place].0;
            return Err(candle_core::Error::msg(format!("variable `{name}` received no gradient")).into());
        }
        set(&variables, &state.optimizer.average, &device)?;
        let validated = validate(model, &fitted, &held_out, validation, config)?;
        let validation_loss = validated.map(|validation| validation.loss);
        if validation_loss.is_some_and(|loss| !loss.is_finite()) {
            return Err(ModelError::Diverged { epoch: number, what: "the validation loss" });
        }
        let is_best = match (validation_loss, state.progress.best_loss) {
            (Some(loss), Some(best)) => loss < best,
            _ => true,
        };
        if is_best {
            state.best.copy_from_slice(&state.optimizer.average);
            state.progress.best_epoch = number;
            state.progress.best_loss = validation_loss;
        }
        state.progress.epoch = number;
        state.progress.step = state.optimizer.step;
        let epoch = Epoch {
            number,
            n_epochs: config.epochs,
            learning_rate: rate,
            train_loss: loss / examples.n_samples as f64,
            validation: validated,
            is_best,
            model,
            state: &state,
        };
        if on_epoch(&epoch) == ControlFlow::Break(()) && number < config.epochs {
            reason = StopReason::Interrupted;
            break;
        }
        if config.patience > 0 && number - state.progress.best_epoch >= config.patience {
            reason = StopReason::EarlyStopping;
            break;
        }
    }
    set(&variables, &state.best, &device)?;
    let Progress { epoch, best_epoch, best_loss, .. } = state.progress;
    Ok(Outcome { reason, epochs: epoch, best_epoch, validation_loss: best_loss })
}

fn check_samples(model: &Predictor, samples: &[Sample<'_>]) -> Result<(), ModelError> {
    model.check_queries("sample", samples.iter().map(|sample| sample.query))?;
    match samples.iter().position(|sample| sample.latency.is_zero()) {
        Some(index) => {
            let problem = "the latency is 0 (or below half a nanosecond)".to_owned();
            Err(ModelError::Input { what: "sample", index, problem })
        }
        None => Ok(()),
    }
}

/// Fits everything that is fitted beside the variables, on the training samples alone.
fn fit_statistics(model: &Predictor, training: &[Sample<'_>]) -> Result<Fitted, ModelError> {
    let pairs = Pairs::new(training.iter().map(|sample| sample.query));
    let seconds: Vec<f64> = training.iter().map(|sample| sample.latency.as_secs_f64()).collect();
    let labels = LabelTransform::fit(model.identity.config.label, &seconds)
        .ok_or(ModelError::config("training", "needs at least one sample"))?;
    Ok(Fitted {
        features: Scaling::fit(model.identity.dim, pairs.asts.iter().map(|ast| ast.features())),
        hardware: HardwareInput::fit(&model.identity.hardware_columns, &pairs.hardware),
        labels,
    })
}

/// How good the model is on the validation samples under the current variables.
fn validate(
    model: &Predictor,
    fitted: &Fitted,
    examples: &Examples<'_>,
    samples: &[Sample<'_>],
    config: &TrainConfig,
) -> Result<Option<Validation>, ModelError> {
    if samples.is_empty() {
        return Ok(None);
    }
    let programs: Vec<u32> = (0..examples.asts.len() as u32).collect();
    let mut loss = 0.0;
    for batch in examples.batches(&programs, 1024) {
        let (sum, _) = loss_sum(&model.network, fitted, examples, &programs[batch], config, None, &model.device)?;
        loss += f64::from(sum.to_scalar::<f32>()?);
    }
    let queries: Vec<Query<'_>> = samples.iter().map(|sample| sample.query).collect();
    let predicted = model.predict(&queries)?;
    let error = |(sample, predicted): (&Sample<'_>, Duration)| {
        let measured = sample.latency.as_secs_f64();
        (predicted.as_secs_f64() - measured).abs() / measured
    };
    let mut errors: Vec<f64> = samples.iter().zip(predicted).map(error).collect();
    errors.sort_unstable_by(f64::total_cmp);
    let n = samples.len() as f64;
    Ok(Some(Validation { loss: loss / n, mape: errors.iter().sum::<f64>() / n, median_ape: median(&errors) }))
}

/// All variables as one vector.
fn flat(variables: &[(String, Var)]) -> Result<Vec<f32>, ModelError> {
    let mut values = Vec::new();
    for (_, var) in variables {
        values.extend(var.flatten_all()?.to_vec1::<f32>()?);
    }
    Ok(values)
}

/// Sets all variables from one vector.
fn set(variables: &[(String, Var)], values: &[f32], device: &Device) -> Result<(), ModelError> {
    let mut start = 0;
    for (_, var) in variables {
        let end = start + var.elem_count();
        let part = values.get(start..end).ok_or(ModelError::config("the training state", "is of another model"))?;
        var.set(&Tensor::from_slice(part, var.shape(), device)?)?;
        start = end;
    }
    Ok(())
}

/// A hash of what a training state belongs to: the model's shape, and the samples in their order.
fn fingerprint(model: &Predictor, training: &[Sample<'_>], validation: &[Sample<'_>]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut mix = |value: u64| hash = (hash.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95);
    for (name, var) in model.network.variables.all() {
        name.bytes().for_each(|byte| mix(u64::from(byte)));
        mix(var.elem_count() as u64);
    }
    for sample in training.iter().chain(validation) {
        mix(sample.latency.as_nanos() as u64);
        sample.query.hardware.name().bytes().for_each(|byte| mix(u64::from(byte)));
        mix(sample.query.ast.n_leaves() as u64);
        sample.query.ast.features().iter().step_by(7).for_each(|x| mix(u64::from(x.to_bits())));
    }
    hash
}
