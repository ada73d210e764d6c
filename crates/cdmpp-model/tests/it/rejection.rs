//! What is refused, and with which words.

use std::time::Duration;

use cdmpp_ir::{CompactAst, Featurizer, Leaves};
use cdmpp_model::train::{TrainConfig, fit};
use cdmpp_model::{LabelKind, ModelError, Predictor, PredictorConfig, Query, Sample};
use expect_test::{Expect, expect};

use crate::report;
use crate::synthetic::{
    DIM, Synthetic, ast, asts, bytes, columns, hardware, proceed, queries, quick, samples, small, trained, untrained,
};

#[test]
fn every_width_has_bounds() {
    let widths: [fn(&mut PredictorConfig) -> &mut usize; 7] = [
        |config| &mut config.transformer.d_model,
        |config| &mut config.transformer.n_heads,
        |config| &mut config.transformer.d_ff,
        |config| &mut config.transformer.embed_dim,
        |config| &mut config.transformer.pool_hidden[1],
        |config| &mut config.hardware_hidden[0],
        |config| &mut config.head_hidden[0],
    ];
    for width in widths {
        for value in [0, 65_537, usize::MAX] {
            let mut config = PredictorConfig::paper();
            *width(&mut config) = value;
            let error = Predictor::new(&config, &Synthetic, &columns(), 0).unwrap_err();
            assert_eq!(report(&error), "model must have widths between 1 and 65536");
        }
    }
}

#[test]
fn every_rule_of_the_predictor() {
    let check = |change: &dyn Fn(&mut PredictorConfig), expected: Expect| {
        let mut config = PredictorConfig::default();
        config.check().unwrap();
        change(&mut config);
        expected.assert_eq(&report(&config.check().unwrap_err()));
        let error = Predictor::new(&config, &Synthetic, &columns(), 0).unwrap_err();
        assert!(matches!(error, ModelError::Config { .. }));
    };
    check(&|config| config.transformer.n_heads = 5, expect!["model.transformer.d_model must be a multiple of n_heads"]);
    check(
        &|config| config.transformer.dropout = 1.0,
        expect!["model.transformer.dropout must be at least 0 and below 1"],
    );
    check(
        &|config| config.transformer.dropout = f64::NAN,
        expect!["model.transformer.dropout must be at least 0 and below 1"],
    );
    PredictorConfig::paper().check().unwrap();
}

#[test]
fn no_features_and_no_hardware_columns() {
    struct Nothing;
    impl Featurizer for Nothing {
        fn schema(&self) -> &str {
            "test/nothing"
        }
        fn dim(&self) -> usize {
            0
        }
        fn write(&self, _: &Leaves<'_>, _: &mut [f32]) {}
    }
    let error = Predictor::new(&small(), &Nothing, &columns(), 0).unwrap_err();
    expect!["featurizer must have at least one column"].assert_eq(&report(&error));
    let error = Predictor::new(&small(), &Synthetic, &[] as &[&str], 0).unwrap_err();
    expect!["hardware_columns must have at least one column"].assert_eq(&report(&error));
}

#[test]
fn every_rule_of_training() {
    let check = |change: &dyn Fn(&mut TrainConfig), expected: Expect| {
        let mut config = TrainConfig::default();
        config.check().unwrap();
        change(&mut config);
        expected.assert_eq(&report(&config.check().unwrap_err()));
        let (asts, hardware) = (asts(1), hardware());
        let error = fit(&mut untrained(&small(), 0), &samples(&asts, &hardware), &[], &config, &mut |_| proceed());
        assert!(matches!(error, Err(ModelError::Config { .. })));
    };
    check(&|config| config.epochs = 0, expect!["training.epochs must be at least 1"]);
    check(&|config| config.batch_size = 0, expect!["training.batch_size must be at least 1"]);
    check(&|config| config.n_shards = 0, expect!["training.n_shards must be between 1 and 256"]);
    check(&|config| config.n_shards = 257, expect!["training.n_shards must be between 1 and 256"]);
    check(&|config| config.loss.label_weight = -1.0, expect!["training.loss.label_weight must not be negative"]);
    check(&|config| config.loss.ape_weight = f64::NAN, expect!["training.loss.ape_weight must not be negative"]);
    check(&|config| config.loss.huber_delta = 0.0, expect!["training.loss.huber_delta must be positive"]);
    check(
        &|config| (config.loss.label_weight, config.loss.ape_weight) = (0.0, 0.0),
        expect!["training.loss must have a positive weight"],
    );
    check(&|config| config.optimizer.learning_rate = 0.0, expect!["training.optimizer.learning_rate must be positive"]);
    check(
        &|config| config.optimizer.warm_up = 1.0,
        expect!["training.optimizer.warm_up must be at least 0 and below 1"],
    );
    check(
        &|config| config.optimizer.final_rate = 1.5,
        expect!["training.optimizer.final_rate must be between 0 and 1"],
    );
    check(
        &|config| config.optimizer.weight_decay = -0.1,
        expect!["training.optimizer.weight_decay must not be negative"],
    );
    check(&|config| config.optimizer.beta1 = 1.0, expect!["training.optimizer.beta1 must be at least 0 and below 1"]);
    check(&|config| config.optimizer.beta2 = -0.1, expect!["training.optimizer.beta2 must be at least 0 and below 1"]);
    check(&|config| config.optimizer.clip_norm = 0.0, expect!["training.optimizer.clip_norm must be positive"]);
    check(
        &|config| config.optimizer.average_decay = 1.0,
        expect!["training.optimizer.average_decay must be at least 0 and below 1"],
    );
}

#[test]
fn settings_say_which_name_they_do_not_know() {
    let error = serde_json::from_str::<PredictorConfig>(r#"{"transformer": {"layers": 3}}"#).unwrap_err();
    assert!(error.to_string().starts_with("unknown field `layers`, expected one of `d_model`"), "{error}");
    let error = serde_json::from_str::<TrainConfig>(r#"{"epoch": 3}"#).unwrap_err();
    assert!(error.to_string().starts_with("unknown field `epoch`, expected one of `epochs`"), "{error}");
    let config: PredictorConfig = serde_json::from_str(r#"{"label": "box_cox"}"#).unwrap();
    assert_eq!(config, PredictorConfig { label: LabelKind::BoxCox, ..PredictorConfig::default() });
}

/// Trains on good samples and a bad one, validates on it, and asks a trained model for it.
#[track_caller]
fn check_input(bad: &CompactAst, expected: Expect) {
    let (asts, hardware) = (asts(2), hardware());
    let mut all = samples(&asts, &hardware);
    all.push(Sample { query: Query { ast: bad, hardware: &hardware[0] }, latency: Duration::from_micros(1) });
    let fitted = |training: &[Sample<'_>], validation: &[Sample<'_>]| {
        fit(&mut untrained(&small(), 0), training, validation, &quick(1), &mut |_| proceed()).unwrap_err()
    };
    let errors = [
        fitted(&all, &[]),
        fitted(&all[..3], &all),
        trained().predict(&queries(&all)).unwrap_err(),
        trained().embed(&queries(&all)).unwrap_err(),
    ];
    let messages: Vec<String> = errors.iter().map(|error| report(error)).collect();
    assert_eq!(messages[2], messages[3]);
    expected.assert_eq(&messages[..3].join("\n"));
}

#[test]
fn programs_that_cannot_be_read() {
    let with = |schema: &str, dim: usize, features: Vec<f32>| {
        let n = features.len() / dim;
        CompactAst::from_parts(schema, dim, features, vec![1; n], vec![1; n]).unwrap()
    };
    let mut nan = vec![1.0; 3 * DIM];
    nan[DIM + 2] = f32::NAN;
    check_input(
        &with(Synthetic.schema(), DIM, nan),
        expect![[r#"
        training sample 6: feature 2 of leaf 1 is not finite
        validation sample 6: feature 2 of leaf 1 is not finite
        query 6: feature 2 of leaf 1 is not finite"#]],
    );
    let mut infinite = vec![1.0; DIM];
    infinite[0] = f32::INFINITY;
    check_input(
        &with(Synthetic.schema(), DIM, infinite),
        expect![[r#"
        training sample 6: feature 0 of leaf 0 is not finite
        validation sample 6: feature 0 of leaf 0 is not finite
        query 6: feature 0 of leaf 0 is not finite"#]],
    );
    check_input(
        &with(Synthetic.schema(), DIM, Vec::new()),
        expect![[r#"
        training sample 6: the program has no store statement
        validation sample 6: the program has no store statement
        query 6: the program has no store statement"#]],
    );
    check_input(
        &with("test/synthetic/2", DIM, vec![1.0; DIM]),
        expect![[r#"
        the model was trained on features `test/synthetic/1 (6 columns)` and cannot read `test/synthetic/2 (6 columns)`
        the model was trained on features `test/synthetic/1 (6 columns)` and cannot read `test/synthetic/2 (6 columns)`
        the model was trained on features `test/synthetic/1 (6 columns)` and cannot read `test/synthetic/2 (6 columns)`"#]],
    );
    check_input(
        &with(Synthetic.schema(), 7, vec![1.0; 7]),
        expect![[r#"
        the model was trained on features `test/synthetic/1 (6 columns)` and cannot read `test/synthetic/1 (7 columns)`
        the model was trained on features `test/synthetic/1 (6 columns)` and cannot read `test/synthetic/1 (7 columns)`
        the model was trained on features `test/synthetic/1 (6 columns)` and cannot read `test/synthetic/1 (7 columns)`"#]],
    );
}

#[test]
fn labels_that_are_no_latency_and_no_samples_at_all() {
    let (asts, hardware) = (asts(2), hardware());
    let mut samples = samples(&asts, &hardware);
    let good = samples.clone();
    samples[4].latency = Duration::ZERO;
    let error = |model: &mut Predictor, training: &[Sample<'_>], validation: &[Sample<'_>]| {
        report(&fit(model, training, validation, &quick(1), &mut |_| proceed()).unwrap_err())
    };
    expect!["training sample 4: the latency is 0 (or below half a nanosecond)"].assert_eq(&error(
        &mut untrained(&small(), 0),
        &samples,
        &[],
    ));
    expect!["validation sample 4: the latency is 0 (or below half a nanosecond)"].assert_eq(&error(
        &mut untrained(&small(), 0),
        &good,
        &samples,
    ));
    expect!["training needs at least one sample"].assert_eq(&error(&mut untrained(&small(), 0), &[], &good));
    expect!["training needs at least one sample"].assert_eq(&error(&mut trained(), &[], &[]));
}

#[test]
fn an_untrained_model_predicts_nothing() {
    let (asts, hardware) = (asts(1), hardware());
    let queries = queries(&samples(&asts, &hardware));
    let model = untrained(&small(), 0);
    for error in [model.predict(&queries).unwrap_err(), model.embed(&queries).map(drop).unwrap_err()] {
        assert!(matches!(error, ModelError::NotTrained));
        expect!["the model is not trained: call train::fit or load a checkpoint"].assert_eq(&report(&error));
    }
}

/// Training that diverges says so, and leaves the model as it was.
#[test]
fn divergence() {
    let (asts, hardware) = (asts(6), hardware());
    let samples = samples(&asts, &hardware);
    let mut config = quick(9);
    config.optimizer.learning_rate = 1e30;
    let mut model = trained();
    let before = bytes(&model);
    let error = fit(&mut model, &samples, &[], &config, &mut |_| proceed()).unwrap_err();
    assert!(matches!(error, ModelError::Diverged { .. }));
    expect!["training diverged in epoch 1: the loss is not finite; lower the learning rate"].assert_eq(&report(&error));
    assert!(bytes(&model) == before);

    let mut model = untrained(&small(), 0);
    fit(&mut model, &samples, &[], &config, &mut |_| proceed()).unwrap_err();
    assert!(matches!(model.predict(&queries(&samples)), Err(ModelError::NotTrained)));
}

/// Features so far from all training that the prediction overflows.
#[test]
fn a_prediction_that_is_no_time() {
    let (program, hardware) = (ast(0, 1), hardware());
    // Inputs are bounded, so no program makes the network overflow; a damaged weight does.
    let mut content = bytes(&trained());
    let length = u64::from_le_bytes(content[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&content[8..8 + length]).unwrap();
    let last = header.as_object().unwrap().iter().rfind(|(name, array)| {
        name.starts_with("head.") && name.ends_with("bias") && array["shape"] == serde_json::json!([1])
    });
    let start = 8 + length + last.unwrap().1["data_offsets"][0].as_u64().unwrap() as usize;
    content[start..start + 4].copy_from_slice(&f32::INFINITY.to_le_bytes());
    let model = Predictor::from_bytes(&content).unwrap();
    let query = Query { ast: &program, hardware: &hardware[0] };
    let error = model.predict(&[query]).unwrap_err();
    assert!(matches!(error, ModelError::Input { what: "query", index: 0, .. }), "{error}");
    expect!["query 0: the prediction of inf s is not a latency: the program lies far outside the training data"]
        .assert_eq(&report(&error));
}
