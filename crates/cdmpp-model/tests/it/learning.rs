//! A handful of programs is learned by heart, and always in the same way.

use cdmpp_model::train::{StopReason, TrainConfig, fit};
use cdmpp_model::{LabelKind, Metrics, PredictorConfig, Scored};

use crate::synthetic::{ast, asts, bytes, hardware, latency, proceed, queries, quick, samples, small, untrained};

#[test]
fn a_handful_of_programs_is_overfitted() {
    let (asts, hardware) = (asts(6), hardware());
    let samples = samples(&asts, &hardware);
    for label in [LabelKind::Log, LabelKind::BoxCox] {
        let mut config = PredictorConfig { label, ..small() };
        config.transformer.dropout = 0.0;
        let mut model = untrained(&config, 1);
        let mut settings = TrainConfig { batch_size: 18, n_shards: 1, ..quick(250) };
        settings.optimizer.learning_rate = 0.01;
        settings.optimizer.weight_decay = 0.0;
        settings.optimizer.average_decay = 0.9;
        let (mut first, mut last) = (None, 0.0);
        let outcome = fit(&mut model, &samples, &[], &settings, &mut |epoch| {
            first.get_or_insert(epoch.train_loss);
            last = epoch.train_loss;
            proceed()
        })
        .unwrap();
        assert_eq!((outcome.reason, outcome.epochs, outcome.best_epoch), (StopReason::Finished, 250, 250));
        assert!(last < 0.2 * first.unwrap(), "the loss went from {first:?} to {last}");

        let predicted = model.predict(&queries(&samples)).unwrap();
        let scored: Vec<Scored<'_>> = samples
            .iter()
            .zip(&predicted)
            .map(|(sample, predicted)| Scored {
                task: "all",
                hardware: sample.query.hardware.name(),
                measured_s: sample.latency.as_secs_f64(),
                predicted_s: predicted.latency.as_secs_f64(),
            })
            .collect();
        let metrics = Metrics::of(&scored);
        assert!(metrics.mape < 0.05, "{label:?}: {metrics:?}");
        assert_eq!(metrics.n, 18);
    }
}

#[test]
fn what_is_learned_carries_over_to_unseen_programs() {
    let (training, unseen, hardware) = (asts(60), (200..220).map(|i| ast(i, 3)).collect::<Vec<_>>(), hardware());
    let (training, unseen) = (samples(&training, &hardware), samples(&unseen, &hardware));
    let mut model = untrained(&small(), 0);
    let mut settings = TrainConfig { batch_size: 32, ..quick(40) };
    settings.optimizer.learning_rate = 0.01;
    settings.optimizer.average_decay = 0.9;
    let mut losses = Vec::new();
    let outcome = fit(&mut model, &training, &unseen, &settings, &mut |epoch| {
        losses.push(epoch.validation.unwrap());
        proceed()
    })
    .unwrap();
    let best = losses.iter().min_by(|a, b| a.loss.total_cmp(&b.loss)).unwrap();
    assert_eq!(outcome.validation_loss, Some(best.loss));
    assert_eq!(losses[outcome.best_epoch - 1], *best);
    assert!(best.median_ape < 0.5 * losses[0].median_ape, "{:?} {best:?}", losses[0]);

    // What validation reported is what the model predicts now.
    let predicted = model.predict(&queries(&unseen)).unwrap();
    let error = |(sample, predicted): (&cdmpp_model::Sample<'_>, &cdmpp_model::Prediction)| {
        let measured = latency(sample.query).as_secs_f64();
        (predicted.latency.as_secs_f64() - measured).abs() / measured
    };
    let mape = unseen.iter().zip(&predicted).map(error).sum::<f64>() / unseen.len() as f64;
    assert!((mape - best.mape).abs() < 1e-3 * best.mape, "{mape} is not {}", best.mape);
}

fn checkpoint(model_seed: u64, config: &TrainConfig) -> Vec<u8> {
    let (asts, hardware) = (asts(10), hardware());
    let samples = samples(&asts, &hardware);
    let mut model = untrained(&small(), model_seed);
    fit(&mut model, &samples[6..], &samples[..6], config, &mut |_| proceed()).unwrap();
    bytes(&model)
}

#[test]
fn the_same_seeds_give_the_same_bytes_and_others_give_others() {
    for n_shards in [1, 2, 3] {
        let config = TrainConfig { n_shards, ..quick(3) };
        let first = checkpoint(4, &config);
        assert_eq!(first, checkpoint(4, &config), "{n_shards} shards");
        assert_ne!(first, checkpoint(5, &config));
        assert_ne!(first, checkpoint(4, &TrainConfig { seed: 1, ..config }));
    }
}

#[test]
fn without_validation_the_last_epoch_is_kept() {
    let (asts, hardware) = (asts(5), hardware());
    let samples = samples(&asts, &hardware);
    let mut model = untrained(&small(), 0);
    let outcome = fit(&mut model, &samples, &[], &quick(3), &mut |epoch| {
        assert!(epoch.is_best && epoch.validation.is_none() && epoch.train_loss > 0.0);
        assert!((epoch.number, epoch.n_epochs) == (epoch.state.epoch(), 3));
        proceed()
    })
    .unwrap();
    assert_eq!((outcome.epochs, outcome.best_epoch, outcome.validation_loss), (3, 3, None));
}
