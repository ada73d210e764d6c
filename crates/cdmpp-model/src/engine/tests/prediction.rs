//! Predictions against those of candle.

use super::*;
use crate::backend::Answer;

/// A trained model, as far as prediction knows.
fn predictor(config: &PredictorConfig) -> (Predictor, Vec<CompactAst>, Vec<HardwareSpec>) {
    // Every number up to 64, one beyond what is computed together, and some of the same.
    let leaves: Vec<usize> = (1..=64).chain([300]).chain((0..25).map(|i| [1, 4, 2, 1, 7][i % 5])).collect();
    let case = Case::new(config, &leaves, 1);
    let parameters = case.parameters();
    let Case { model, fitted, asts, hardware, .. } = case;
    let model = model.with_values(&Arc::new(fitted), parameters).unwrap();
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
    let labels = by_candle(model).predict(queries, fitted, priors).unwrap();
    labels.into_iter().zip(units).map(|(label, unit)| Answer { label, unit }).collect()
}

fn answers(model: &Predictor, queries: &[Query<'_>]) -> Vec<Answer> {
    let Predictor { identity, fitted, parameters, backend } = model;
    let fitted = fitted.as_ref().unwrap();
    backend.answers(Parts { identity, fitted, parameters }, queries).unwrap()
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
            assert_same_answers(&answers(&model, queries), &expected);
            let seconds = model.predict(queries).unwrap();
            for (found, answer) in seconds.iter().zip(expected) {
                let expected = answer.unit * fitted.labels.inverse(f64::from(answer.label));
                let error = (found.latency.as_secs_f64() - expected).abs();
                assert!(error < 1e-4 * expected + 1e-9, "{found:?} is not {expected} s");
            }
        }
        let network = by_candle(&model);
        let flat = |xs: candle_core::Tensor| xs.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let asts: Vec<&CompactAst> = all.iter().map(|query| query.ast).collect();
        let z = network.embed(&asts, &fitted.features, None).unwrap();
        assert_same(&model.embed(&all).unwrap().values, &flat(z.clone()));

        let pairs = model.embed_pairs(&all).unwrap();
        assert_eq!(pairs.width, config.head_hidden.last().copied().unwrap_or_default());
        if pairs.width > 0 {
            let (mut priors, specs) = (Vec::new(), all.iter().map(|query| query.hardware).collect::<Vec<_>>());
            for query in &all {
                fitted.prior.append(query.ast, query.hardware, &mut priors).unwrap();
            }
            let h = network.embed_hardware(&specs, &fitted.hardware, None).unwrap();
            let rows: Vec<(u32, u32)> = (0..all.len() as u32).map(|i| (i, i)).collect();
            assert_same(&pairs.values, &flat(network.hidden(&z, &h, &rows, priors).unwrap()));
        }
    }
}

#[test]
fn a_query_is_answered_the_same_whatever_stands_beside_it() {
    let (model, asts, hardware) = predictor(&configs()[0]);
    let queries: Vec<Query<'_>> =
        (0..500).map(|i| Query { ast: &asts[i % asts.len()], hardware: &hardware[i % 7 % 3] }).collect();
    let together = model.predict(&queries).unwrap();
    for (query, expected) in queries.iter().zip(&together) {
        assert_eq!(&model.predict(&[*query]).unwrap()[0], expected);
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    assert_eq!(pool.install(|| model.predict(&queries)).unwrap(), together);
}

#[test]
fn other_parameters_give_other_answers_and_leave_clones_alone() {
    let (model, asts, hardware) = predictor(&configs()[0]);
    let queries = [Query { ast: &asts[0], hardware: &hardware[0] }];
    let before = model.predict(&queries).unwrap();
    let zeros = vec![0.0; model.parameters.n_parameters()];
    let other = model.with_values(model.fitted.as_ref().unwrap(), zeros).unwrap();
    assert_eq!(answers(&other, &queries)[0].label, 0.0);
    assert_eq!(model.clone().predict(&queries).unwrap(), before);
}

/// More hardware than is remembered.
#[test]
fn any_number_of_hardware_is_predicted() {
    let (model, asts, _) = predictor(&configs()[0]);
    let hardware: Vec<HardwareSpec> = (0..150)
        .map(|i| HardwareSpec::new("new", [("clock", 1e3 + f64::from(i)), ("memory_bandwidth_gbs", 2.0)]).unwrap())
        .collect();
    let queries: Vec<Query<'_>> = hardware.iter().map(|hardware| Query { ast: &asts[1], hardware }).collect();
    let expected = answers_of_candle(&model, &queries);
    for _ in 0..2 {
        assert_same_answers(&answers(&model, &queries), &expected);
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
