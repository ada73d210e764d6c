//! Predictions against those of candle.

use super::*;

/// A trained model, as far as prediction knows.
fn predictor(config: &PredictorConfig) -> (Predictor, Vec<CompactAst>, Vec<HardwareSpec>) {
    // Every number up to 64, one beyond what is computed together, and some of the same.
    let leaves: Vec<usize> = (1..=64).chain([300]).chain((0..25).map(|i| [1, 4, 2, 1, 7][i % 5])).collect();
    let Case { mut model, fitted, asts, hardware, .. } = Case::new(config, &leaves, 1);
    model.fitted = Some(fitted);
    let mut rng = generator(8, "parameters");
    let mut parameters = model.variables().to_flat().unwrap();
    parameters.iter_mut().for_each(|x| *x += rng.random_range(-0.1..0.1));
    model.variables().set_flat(&parameters).unwrap();
    (model, asts, hardware)
}

/// The answers without the engine.
fn answers_of_candle(model: &Predictor, queries: &[Query<'_>]) -> Vec<Answer> {
    let (fitted, mut priors) = (model.fitted.as_ref().unwrap(), Vec::new());
    let unit = |query: &Query<'_>| fitted.prior.append(query.ast, query.hardware, &mut priors).unwrap();
    let units: Vec<f64> = queries.iter().map(unit).collect();
    if queries.is_empty() {
        return Vec::new();
    }
    let labels = model.network.predict(queries, fitted, priors).unwrap();
    labels.into_iter().zip(units).map(|(label, unit)| Answer { label, unit }).collect()
}

#[track_caller]
fn assert_same_answers(found: &[Answer], expected: &[Answer]) {
    let labels = |answers: &[Answer]| answers.iter().map(|answer| answer.label).collect::<Vec<_>>();
    assert_same(&labels(found), &labels(expected));
    assert!(found.iter().zip(expected).all(|(found, expected)| found.unit == expected.unit));
}

#[track_caller]
fn assert_same(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() < 2e-5 * (1.0 + expected.abs()), "{i}: {found} is not {expected}");
    }
}

#[test]
fn predictions_are_those_of_candle() {
    for config in configs() {
        let (model, asts, hardware) = predictor(&config);
        let fitted = model.fitted.as_ref().unwrap();
        let copies = hardware.clone();
        let all: Vec<Query<'_>> = (0..1000)
            .map(|i| Query {
                ast: &asts[i * 7 % asts.len()],
                hardware: &if i % 2 == 0 { &hardware } else { &copies }[i % 3],
            })
            .collect();
        // One, a few, a program on all hardware, and as many as take several threads.
        for queries in [&all[..1], &all[3..8], &[all[0], all[90], all[180]], &all, &[]] {
            let expected = answers_of_candle(&model, queries);
            assert_same_answers(&model.answers(fitted, queries).unwrap(), &expected);
            let seconds = model.predict(queries).unwrap();
            for (found, answer) in seconds.iter().zip(expected) {
                let expected = answer.unit * fitted.labels.inverse(f64::from(answer.label));
                let error = (found.as_secs_f64() - expected).abs();
                assert!(error < 1e-4 * expected + 1e-9, "{found:?} is not {expected} s");
            }
        }
        let found = model.embed(&all).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let asts: Vec<&CompactAst> = all.iter().map(|query| query.ast).collect();
        let expected = model.network.embed(&asts, &fitted.features, None).unwrap();
        assert_same(&found, &expected.flatten_all().unwrap().to_vec1::<f32>().unwrap());
    }
}

#[test]
fn a_query_is_answered_the_same_whatever_stands_beside_it() {
    let (model, asts, hardware) = predictor(&configs()[0]);
    let queries: Vec<Query<'_>> =
        (0..500).map(|i| Query { ast: &asts[i % asts.len()], hardware: &hardware[i % 7 % 3] }).collect();
    let together = model.predict(&queries).unwrap();
    for (query, expected) in queries.iter().zip(&together) {
        assert_eq!(model.predict(&[*query]).unwrap(), [*expected]);
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    assert_eq!(pool.install(|| model.predict(&queries)).unwrap(), together);
}

#[test]
fn a_variable_that_is_set_counts() {
    let (model, asts, hardware) = predictor(&configs()[0]);
    let queries = [Query { ast: &asts[0], hardware: &hardware[0] }];
    let before = model.predict(&queries).unwrap();
    let (_, var) = model.variables().all().into_iter().find(|(name, _)| name == "head.2.bias").unwrap();
    var.set(&(var.as_tensor() + 0.5).unwrap()).unwrap();
    assert!(model.predict(&queries).unwrap() > before);
    let flat = model.variables().to_flat().unwrap();
    model.variables().set_flat(&vec![0.0; flat.len()]).unwrap();
    assert_eq!(model.answers(model.fitted.as_ref().unwrap(), &queries).unwrap()[0].label, 0.0);
}

/// More hardware than is remembered.
#[test]
fn any_number_of_hardware_is_predicted() {
    let (model, asts, _) = predictor(&configs()[0]);
    let hardware: Vec<HardwareSpec> = (0..150)
        .map(|i| HardwareSpec::new("new", [("clock", 1e3 + f64::from(i)), ("memory_bandwidth_gbs", 2.0)]).unwrap())
        .collect();
    let queries: Vec<Query<'_>> = hardware.iter().map(|hardware| Query { ast: &asts[1], hardware }).collect();
    let fitted = model.fitted.as_ref().unwrap();
    let expected = answers_of_candle(&model, &queries);
    for _ in 0..2 {
        assert_same_answers(&model.answers(fitted, &queries).unwrap(), &expected);
    }
    // The one embedding that they share is what each would have computed.
    let together = model.predict(&queries).unwrap();
    for (query, expected) in queries.iter().zip(together) {
        assert_eq!(model.predict(&[*query]).unwrap(), [expected]);
    }
}

const _: () = {
    const fn is_shared_and_sent<T: Send + Sync>() {}
    is_shared_and_sent::<Predictor>();
};

#[test]
fn threads_share_a_predictor() {
    let (model, asts, hardware) = predictor(&configs()[0]);
    let queries: Vec<Query<'_>> =
        (0..200).map(|i| Query { ast: &asts[i % asts.len()], hardware: &hardware[i % 3] }).collect();
    let expected = model.predict(&queries).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(model.predict(&queries).unwrap(), expected));
        }
    });
}
