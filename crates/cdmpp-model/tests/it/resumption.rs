//! Interrupted and resumed is the same as uninterrupted.

use std::ops::ControlFlow;
use std::time::Duration;

use cdmpp_model::Sample;
use cdmpp_model::train::{Outcome, StopReason, TrainConfig, TrainState, fit, resume};
use expect_test::expect;

use crate::report;
use crate::synthetic::{asts, bytes, hardware, proceed, quick, samples, small, untrained};

/// Trains on the first samples, validates on the last. Under a patience, these measure the opposite of what training
/// teaches, so that validation soon gets worse.
fn with_samples<R>(config: &TrainConfig, f: impl FnOnce(&[Sample<'_>], &[Sample<'_>]) -> R) -> R {
    let (asts, hardware) = (asts(9), hardware());
    let mut samples = samples(&asts, &hardware);
    if config.patience > 0 {
        let opposite = |sample: &mut Sample<'_>| {
            sample.latency = Duration::from_secs_f64(1e-9 / sample.latency.as_secs_f64());
        };
        samples[21..].iter_mut().for_each(opposite);
    }
    f(&samples[..21], &samples[21..])
}

fn uninterrupted(config: &TrainConfig) -> (Outcome, Vec<u8>) {
    with_samples(config, |training, validation| {
        let mut model = untrained(&small(), 0);
        let outcome = fit(&mut model, training, validation, config, &mut |_| proceed()).unwrap();
        (outcome, bytes(&model))
    })
}

/// Stops after an epoch, writes the state, and goes on with a new model from the file.
fn interrupted(config: &TrainConfig, after: usize) -> (Outcome, Outcome, Vec<u8>) {
    with_samples(config, |training, validation| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("training.safetensors");
        let mut model = untrained(&small(), 0);
        let first = fit(&mut model, training, validation, config, &mut |epoch| {
            epoch.state.save(&path).unwrap();
            if epoch.number == after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
        let state = TrainState::load(&path).unwrap();
        assert_eq!(state.epoch(), after);
        // The first values of the variables come from the state, not from the seed.
        let mut model = untrained(&small(), 77);
        let second = resume(&mut model, training, validation, config, state, &mut |_| proceed()).unwrap();
        (first, second, bytes(&model))
    })
}

#[test]
fn any_epoch_may_be_interrupted() {
    let config = quick(4);
    let (outcome, expected) = uninterrupted(&config);
    for after in 1..=4 {
        let (first, second, found) = interrupted(&config, after);
        // There is nothing left to interrupt in the last epoch.
        let reason = if after == 4 { StopReason::Finished } else { StopReason::Interrupted };
        assert_eq!((first.reason, first.epochs), (reason, after));
        assert_eq!(second, outcome, "after epoch {after}");
        assert!(found == expected, "after epoch {after}");
    }
}

#[test]
fn early_stopping_ends_in_the_same_epoch() {
    let mut config = TrainConfig { patience: 2, ..quick(12) };
    config.optimizer.learning_rate = 0.02;
    config.optimizer.average_decay = 0.0;
    let (outcome, expected) = uninterrupted(&config);
    assert_eq!(outcome.reason, StopReason::EarlyStopping);
    assert_eq!(outcome.epochs, outcome.best_epoch + 2);
    for after in 1..=outcome.epochs {
        let (_, second, found) = interrupted(&config, after);
        assert_eq!(second, outcome, "after epoch {after}");
        assert!(found == expected, "after epoch {after}");
    }
}

#[test]
fn an_interrupted_model_can_be_used_and_go_on_itself() {
    let config = quick(3);
    let (outcome, expected) = uninterrupted(&config);
    with_samples(&config, |training, validation| {
        let mut model = untrained(&small(), 0);
        let mut state = None;
        let first = fit(&mut model, training, validation, &config, &mut |epoch| {
            state = Some(epoch.state.clone());
            ControlFlow::Break(())
        })
        .unwrap();
        assert_eq!((first.reason, first.best_epoch), (StopReason::Interrupted, 1));
        assert_eq!(model.predict(&[training[0].query]).unwrap().len(), 1);
        let second = resume(&mut model, training, validation, &config, state.unwrap(), &mut |_| proceed()).unwrap();
        assert_eq!(second, outcome);
        assert!(bytes(&model) == expected);
    });
}

#[test]
fn a_state_belongs_to_its_training() {
    let (asts, hardware) = (asts(6), hardware());
    let all = samples(&asts, &hardware);
    let (training, validation) = all.split_at(12);
    let config = quick(2);
    let mut model = untrained(&small(), 0);
    let mut state = None;
    let stop = &mut |epoch: &cdmpp_model::train::Epoch<'_>| {
        state = Some(epoch.state.clone());
        ControlFlow::Break(())
    };
    fit(&mut model, training, validation, &config, stop).unwrap();
    let state = state.unwrap();

    let mut later = training.to_vec();
    later[3].latency *= 2;
    let mut moved = training.to_vec();
    moved.swap(0, 11);
    let wider = {
        let mut config = small();
        config.head_hidden.push(4);
        config
    };
    let other = TrainConfig { batch_size: 9, ..config.clone() };
    let refused = [
        resume(&mut untrained(&small(), 0), &later, validation, &config, state.clone(), &mut |_| proceed()),
        resume(&mut untrained(&small(), 0), &moved, validation, &config, state.clone(), &mut |_| proceed()),
        resume(&mut untrained(&small(), 0), training, &validation[1..], &config, state.clone(), &mut |_| proceed()),
        resume(&mut untrained(&small(), 0), training, validation, &other, state.clone(), &mut |_| proceed()),
        resume(&mut untrained(&wider, 0), training, validation, &config, state.clone(), &mut |_| proceed()),
    ];
    let said: Vec<String> = refused.into_iter().map(|refused| report(&refused.unwrap_err())).collect();
    expect![[r#"
        the training state belongs to another training: the samples differ
        the training state belongs to another training: the samples differ
        the training state belongs to another training: the samples differ
        the training state belongs to another training: `training.batch_size` was 8 and is 9
        the training state belongs to another training: the model has another shape"#]]
    .assert_eq(&said.join("\n"));
    resume(&mut untrained(&small(), 0), training, validation, &config, state, &mut |_| proceed()).unwrap();
}
