//! A model that was trained on some hardware learns another from a few measurements.

use std::error::Error;
use std::ops::ControlFlow;
use std::time::Duration;

use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::CompactAst;
use cdmpp_model::train::{
    AdaptConfig, AlignedLayer, Compared, FineTuneConfig, Labelled, Samples, StopReason, Tuned, TuningEpoch, adapt,
    fine_tune, fit,
};
use cdmpp_model::{ModelError, Prediction, Predictor, Query, Sample};
use expect_test::{Expect, expect};

use crate::report;
use crate::synthetic::{asts, bytes, hardware, latency, quick, samples, small, untrained};

/// The target runs everything this much slower than its clock says.
const SLOWER: f64 = 2.5;

/// A model trained on three hardware, and a fourth.
struct Case {
    asts: Vec<CompactAst>,
    hardware: Vec<HardwareSpec>,
    target: HardwareSpec,
}

impl Case {
    fn new() -> Self {
        let target = HardwareSpec::new("target", [("clock_mhz", 2000.0), ("cache_mb", 16.0)]).unwrap();
        Self { asts: asts(60), hardware: hardware(), target }
    }

    fn source(&self) -> Vec<Sample<'_>> {
        samples(&self.asts, &self.hardware)
    }

    /// All programs on the target.
    fn queries(&self) -> Vec<Query<'_>> {
        self.asts.iter().map(|ast| Query { ast, hardware: &self.target }).collect()
    }

    /// The measured ones of them.
    fn measured(&self, n: usize) -> Vec<Sample<'_>> {
        let measure = |query: Query<'_>| latency(query).mul_f64(SLOWER);
        self.queries()[..n].iter().map(|query| Sample { query: *query, latency: measure(*query) }).collect()
    }

    fn model(&self) -> Predictor {
        let mut model = untrained(&small(), 0);
        let mut settings = quick(30);
        settings.optimizer.learning_rate = 0.01;
        settings.optimizer.average_decay = 0.9;
        fit(&mut model, &self.source(), &[], &settings, &mut |_| ControlFlow::Continue(())).unwrap();
        model
    }

    /// The mean error on the target, of programs that are not measured.
    fn error(&self, model: &Predictor, n_measured: usize) -> f64 {
        let unseen = &self.queries()[n_measured..];
        let predicted = model.predict(unseen).unwrap();
        let error = |(query, predicted): (&Query<'_>, Prediction)| {
            let measured = latency(*query).as_secs_f64() * SLOWER;
            (predicted.latency.as_secs_f64() - measured).abs() / measured
        };
        unseen.iter().zip(predicted).map(error).sum::<f64>() / unseen.len() as f64
    }
}

fn groups(n: usize) -> Vec<usize> {
    (0..n).map(|i| i / 2).collect()
}

fn settings() -> FineTuneConfig {
    let mut config = FineTuneConfig { epochs: 12, batch_size: 16, folds: 3, ..FineTuneConfig::default() };
    config.optimizer.learning_rate = 3e-3;
    config.optimizer.average_decay = 0.9;
    config
}

fn go_on(_: &TuningEpoch) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// How far apart the means and the mean squares are.
fn moments(source: &[f32], target: &[f32], width: usize) -> Result<Compared, Box<dyn Error + Send + Sync>> {
    let mean = |rows: &[f32], power: i32, column: usize| {
        rows.iter().skip(column).step_by(width).map(|x| x.powi(power)).sum::<f32>() / (rows.len() / width) as f32
    };
    let mut found =
        Compared { value: 0.0, source_gradient: vec![0.0; source.len()], target_gradient: vec![0.0; target.len()] };
    for (column, power) in (0..width).flat_map(|column| [(column, 1), (column, 2)]) {
        let apart = mean(source, power, column) - mean(target, power, column);
        found.value += f64::from(apart * apart);
        let sides = [(source, &mut found.source_gradient, 2.0), (target, &mut found.target_gradient, -2.0)];
        for (rows, gradient, sign) in sides {
            let each = sign * apart * power as f32 / (rows.len() / width) as f32;
            let slopes = gradient.iter_mut().zip(rows).skip(column).step_by(width);
            slopes.for_each(|(slope, x)| *slope += each * x.powi(power - 1));
        }
    }
    Ok(found)
}

#[test]
fn a_few_measurements_correct_the_rest() {
    let case = Case::new();
    let (source, measured) = (case.source(), case.measured(12));
    let mut model = case.model();
    let before = case.error(&model, 12);
    let labelled =
        Labelled { source: &Samples::from(&source), measured: &Samples::from(&measured), groups: &groups(12) };
    let mut epochs = Vec::new();
    let tuned = fine_tune(&mut model, &labelled, &settings(), &mut |epoch| {
        epochs.push((epoch.run, epoch.number, epoch.held_out_loss.is_some()));
        assert!(epoch.n_runs == 4 && epoch.train_loss.is_finite());
        ControlFlow::Continue(())
    })
    .unwrap();
    let after = case.error(&model, 12);
    assert!(after < 0.5 * before, "from {before} to {after}");

    let Tuned { held_out_losses, epochs: best, .. } = tuned;
    assert_eq!(held_out_losses.len(), 13);
    assert!(held_out_losses.iter().all(|loss| *loss >= held_out_losses[best]), "{best} of {held_out_losses:?}");
    let runs = (1..=3).flat_map(|run| (1..=12).map(move |number| (run, number, true)));
    assert_eq!(epochs, runs.chain((1..=best).map(|number| (4, number, false))).collect::<Vec<_>>());
}

#[test]
fn an_adapted_model_has_its_domains_nearer_to_each_other() {
    let case = Case::new();
    let (source, measured) = (case.source(), case.measured(12));
    // Other programs are the target here: the second half, which is not in the source.
    let (known, unknown) = source.split_at(90);
    let unknown: Vec<Query<'_>> = unknown.iter().map(|sample| sample.query).collect();
    let on_target = case.queries();
    for (layer, source, target) in
        [(AlignedLayer::Program, known, unknown.as_slice()), (AlignedLayer::Pair, &source, &on_target)]
    {
        let mut model = case.model();
        let queries: Vec<Query<'_>> = source.iter().map(|sample| sample.query).collect();
        let embed = |model: &Predictor, queries: &[Query<'_>]| match layer {
            AlignedLayer::Program => model.embed(queries).unwrap(),
            AlignedLayer::Pair => model.embed_pairs(queries).unwrap(),
        };
        let apart = |model: &Predictor| {
            let (source, target) = (embed(model, &queries), embed(model, target));
            moments(&source.values, &target.values, source.width).unwrap().value
        };
        let before = apart(&model);
        let (source, target) = (Samples::from(source), Samples::from(target));
        assert_eq!(AlignedLayer::between(&source, &target), layer);
        let config = AdaptConfig { weight: 1.0, tuning: settings(), ..AdaptConfig::default() };
        let (groups, none, measured) = (groups(12), Samples::from(&[] as &[Sample<'_>]), Samples::from(&measured));
        let labelled = [
            Labelled { source: &source, measured: &none, groups: &[] },
            Labelled { source: &source, measured: &measured, groups: &groups },
        ];
        let mut unmoved = case.model();
        let unaligned = AdaptConfig { weight: 0.0, ..config.clone() };
        adapt(&mut unmoved, &labelled[0], &target, &moments, &unaligned, &mut go_on).unwrap();
        let tuned = adapt(&mut model, &labelled[0], &target, &moments, &config, &mut go_on).unwrap();
        let after = apart(&model);
        assert!(after < 0.5 * before.min(apart(&unmoved)), "{layer:?}: from {before} to {after}");
        assert_eq!((tuned.reason, tuned.epochs, tuned.held_out_losses.len()), (StopReason::Finished, 12, 0));

        let mut model = case.model();
        let tuned = adapt(&mut model, &labelled[1], &target, &moments, &config, &mut go_on).unwrap();
        assert_eq!(tuned.held_out_losses.len(), 13);
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
    let case = Case::new();
    let (source, measured, queries) = (case.source(), case.measured(8), case.queries());
    let trained = bytes(&case.model());
    let run = |measured: &[Sample<'_>], groups: &[usize], seed: u64, n_shards: usize| {
        let mut model = case.model();
        assert_eq!(bytes(&model), trained);
        let labelled = Labelled { source: &Samples::from(&source), measured: &Samples::from(measured), groups };
        let tuning = FineTuneConfig { seed, n_shards, folds: 2, epochs: 3, ..settings() };
        let config = AdaptConfig { tuning, ..AdaptConfig::default() };
        adapt(&mut model, &labelled, &Samples::from(&queries), &moments, &config, &mut go_on).unwrap();
        bytes(&model)
    };
    for n_shards in [1, 2, 3] {
        let first = run(&measured, &groups(8), 1, n_shards);
        assert_eq!(first, run(&measured, &groups(8), 1, n_shards));
        assert_ne!(first, run(&measured, &groups(8), 2, n_shards));
        assert_ne!(first, trained);
    }
}

#[test]
fn frozen_variables_stay_and_others_move() {
    let case = Case::new();
    let (source, measured) = (case.source(), case.measured(8));
    let values = |model: &Predictor| -> Vec<(String, Vec<f32>)> {
        model.parameters().iter().map(|(name, _, values)| (name.to_owned(), values.to_vec())).collect()
    };
    let mut model = case.model();
    let before = values(&model);
    let mut config =
        FineTuneConfig { frozen: vec!["encoder".to_owned(), "head.0.bias".to_owned()], folds: 0, ..settings() };
    config.optimizer.weight_decay = 0.1;
    let labelled =
        Labelled { source: &Samples::from(&source), measured: &Samples::from(&measured), groups: &groups(8) };
    fine_tune(&mut model, &labelled, &config, &mut go_on).unwrap();
    for ((name, before), (_, after)) in before.iter().zip(values(&model)) {
        let is_frozen = name.starts_with("encoder.") || name == "head.0.bias";
        assert_eq!(before == &after, is_frozen, "{name}");
    }
}

#[test]
fn a_pull_keeps_parameters_near_their_start() {
    let case = Case::new();
    let measured = case.measured(8);
    let flat = |model: &Predictor| -> Vec<f32> {
        model.parameters().iter().flat_map(|(_, _, values)| values.to_vec()).collect()
    };
    let start = flat(&case.model());
    let moved = |pull: f64| {
        let mut model = case.model();
        let config = FineTuneConfig { pull, replay: 0.0, folds: 0, ..settings() };
        let labelled = Labelled {
            source: &Samples::from(&[] as &[Sample<'_>]),
            measured: &Samples::from(&measured),
            groups: &groups(8),
        };
        fine_tune(&mut model, &labelled, &config, &mut go_on).unwrap();
        flat(&model).iter().zip(&start).map(|(x, start)| f64::from(x - start).powi(2)).sum::<f64>().sqrt()
    };
    let (free, held) = (moved(0.0), moved(100.0));
    assert!(held > 0.0 && held < 0.7 * free, "{held} is not below {free}");
}

#[test]
fn a_model_that_held_out_tasks_do_not_improve_stays_as_it_is() {
    let case = Case::new();
    let mut model = case.model();
    let before = bytes(&model);
    // Latencies that contradict each other from task to task: what one teaches is wrong for the others.
    let mut measured = case.measured(8);
    for (i, sample) in measured.iter_mut().enumerate() {
        sample.latency = latency(sample.query).mul_f64(if i % 2 == 0 { 60.0 } else { 1.0 / 60.0 });
    }
    let groups: Vec<usize> = (0..8).collect();
    let labelled =
        Labelled { source: &Samples::from(&[] as &[Sample<'_>]), measured: &Samples::from(&measured), groups: &groups };
    let mut config = FineTuneConfig { replay: 0.0, folds: 8, epochs: 4, ..settings() };
    config.optimizer.learning_rate = 0.05;
    let tuned = fine_tune(&mut model, &labelled, &config, &mut go_on).unwrap();
    assert_eq!((tuned.reason, tuned.epochs), (StopReason::EarlyStopping, 0), "{:?}", tuned.held_out_losses);
    assert_eq!(bytes(&model), before);
}

#[test]
fn an_interrupted_or_failed_tuning_leaves_the_model_as_it_was() {
    let case = Case::new();
    let (source, measured, queries) = (case.source(), case.measured(8), case.queries());
    let mut model = case.model();
    let before = bytes(&model);
    let labelled =
        Labelled { source: &Samples::from(&source), measured: &Samples::from(&measured), groups: &groups(8) };
    for (run, number) in [(1, 2), (4, 1)] {
        let config = FineTuneConfig { epochs: 3, ..settings() };
        let tuned = fine_tune(&mut model, &labelled, &config, &mut |epoch| {
            let is_there = (epoch.run, epoch.number) == (run, number);
            if is_there { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
        assert_eq!((tuned.reason, tuned.epochs), (StopReason::Interrupted, 0));
        assert_eq!(bytes(&model), before);
    }
    let fail = |_: &[f32], _: &[f32], _: usize| Err("no discrepancy".into());
    let config = AdaptConfig { tuning: settings(), ..AdaptConfig::default() };
    let error = adapt(&mut model, &labelled, &Samples::from(&queries), &fail, &config, &mut go_on).unwrap_err();
    assert_eq!(report(&error), "the discrepancy between source and target cannot be computed\nno discrepancy");
    assert_eq!(bytes(&model), before);

    let nowhere = |source: &[f32], target: &[f32], width: usize| {
        let mut found = moments(source, target, width)?;
        found.source_gradient.fill(f32::NAN);
        Ok(found)
    };
    let error = adapt(&mut model, &labelled, &Samples::from(&queries), &nowhere, &config, &mut go_on).unwrap_err();
    assert_eq!(report(&error), "training diverged in epoch 1: the gradient is not finite; lower the learning rate");
    assert_eq!(bytes(&model), before);
}

fn check<T>(answer: Result<T, ModelError>, expect: Expect) {
    expect.assert_eq(&answer.err().map_or("accepted".to_owned(), |error| report(&error)));
}

#[test]
fn what_cannot_be_tuned_on_is_refused() {
    let case = Case::new();
    let (source, measured, queries) = (case.source(), case.measured(4), case.queries());
    let of = |measured: usize, groups: &[usize], config: &FineTuneConfig| {
        let measured = case.measured(measured);
        let labelled = Labelled { source: &Samples::from(&source), measured: &Samples::from(&measured), groups };
        fine_tune(&mut case.model(), &labelled, config, &mut go_on)
    };
    let config = FineTuneConfig { epochs: 1, ..settings() };
    check(of(0, &[], &config), expect!["measured needs at least one sample"]);
    check(of(4, &[0, 1, 2], &config), expect!["there are 3 groups for 4 measured samples"]);
    let frozen = FineTuneConfig { frozen: vec!["head".to_owned(), "head.01".to_owned()], ..config.clone() };
    check(
        of(4, &[0, 1, 2, 3], &frozen),
        expect!["frozen name 1: there is no variable `head.01`, and none below that name"],
    );
    let twice = [measured[0], measured[1], measured[0]];
    let labelled = Labelled { source: &Samples::from(&source), measured: &Samples::from(&twice), groups: &[5, 6, 7] };
    check(
        fine_tune(&mut case.model(), &labelled, &config, &mut go_on),
        expect!["measured sample 2: its program is in group 5, and in group 7"],
    );
    let zero = [Sample { latency: Duration::ZERO, ..measured[0] }];
    let labelled = Labelled { source: &Samples::from(&source), measured: &Samples::from(&zero), groups: &[0] };
    check(
        fine_tune(&mut case.model(), &labelled, &config, &mut go_on),
        expect!["measured sample 0: the latency is 0 (or below half a nanosecond)"],
    );
    let labelled = Labelled {
        source: &Samples::from(&[] as &[Sample<'_>]),
        measured: &Samples::from(&measured),
        groups: &[0, 1, 2, 3],
    };
    check(
        fine_tune(&mut case.model(), &labelled, &config, &mut go_on),
        expect!["tuning.replay must be 0 without samples of the source"],
    );
    let mut untrained = untrained(&small(), 0);
    let labelled =
        Labelled { source: &Samples::from(&source), measured: &Samples::from(&measured), groups: &[0, 1, 2, 3] };
    check(
        fine_tune(&mut untrained, &labelled, &config, &mut go_on),
        expect!["the model is not trained: call train::fit or load a checkpoint"],
    );

    let config = AdaptConfig { tuning: config, ..AdaptConfig::default() };
    let labelled = Labelled {
        source: &Samples::from(&[] as &[Sample<'_>]),
        measured: &Samples::from(&measured),
        groups: &[0, 1, 2, 3],
    };
    check(
        adapt(&mut case.model(), &labelled, &Samples::from(&queries), &moments, &config, &mut go_on),
        expect!["source needs at least one sample to compare the target with"],
    );
    let labelled = Labelled { source: &Samples::from(&source), ..labelled };
    check(
        adapt(&mut case.model(), &labelled, &Samples::from(&[] as &[Query<'_>]), &moments, &config, &mut go_on),
        expect!["target needs at least one query to compare the source with"],
    );
    let mut flat = small();
    flat.head_hidden.clear();
    let mut flat = crate::synthetic::untrained(&flat, 0);
    check(
        adapt(&mut flat, &labelled, &Samples::from(&queries), &moments, &config, &mut go_on),
        expect!["adaptation.layer must be `program`: the head has no hidden layer"],
    );
}

#[test]
fn settings_out_of_range_are_refused() {
    let tuning = |change: &dyn Fn(&mut FineTuneConfig)| {
        let mut config = FineTuneConfig::default();
        change(&mut config);
        config.check()
    };
    check(tuning(&|_| {}), expect!["accepted"]);
    check(tuning(&|config| config.epochs = 0), expect!["tuning.epochs must be at least 1"]);
    check(tuning(&|config| config.steps_per_epoch = 0), expect!["tuning.steps_per_epoch must be at least 1"]);
    check(tuning(&|config| config.replay = 1.0), expect!["tuning.replay must be at least 0 and below 1"]);
    check(tuning(&|config| config.replay = f64::NAN), expect!["tuning.replay must be at least 0 and below 1"]);
    check(tuning(&|config| config.pull = -1.0), expect!["tuning.pull must not be negative"]);
    check(tuning(&|config| config.batch_size = 0), expect!["training.batch_size must be at least 1"]);
    let adaptation = |change: &dyn Fn(&mut AdaptConfig)| {
        let mut config = AdaptConfig::default();
        change(&mut config);
        config.check()
    };
    check(adaptation(&|_| {}), expect!["accepted"]);
    check(adaptation(&|config| config.weight = f64::NAN), expect!["adaptation.weight must not be negative"]);
    check(adaptation(&|config| config.warm_up = 1.5), expect!["adaptation.warm_up must be between 0 and 1"]);
    check(
        adaptation(&|config| config.target_batch_size = 0),
        expect!["adaptation.target_batch_size must be at least 1"],
    );
    check(adaptation(&|config| config.tuning.epochs = 0), expect!["tuning.epochs must be at least 1"]);
    let text = serde_json::to_string(&AdaptConfig::default()).unwrap();
    assert_eq!(serde_json::from_str::<AdaptConfig>(&text).unwrap(), AdaptConfig::default());
    assert!(serde_json::from_str::<AdaptConfig>(r#"{"tunings": {}}"#).is_err());
}
