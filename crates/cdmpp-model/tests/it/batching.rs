//! A batch predicts as its members alone do.

use cdmpp_model::Query;
use proptest::prelude::*;

use crate::synthetic::{ast, asts, hardware, trained};

fn assert_close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-5 * expected + 1e-9, "{found} s is not {expected} s");
}

#[test]
fn a_batch_predicts_as_its_members_alone_do() {
    let (model, asts, hardware) = (trained(), asts(12), hardware());
    let long = ast(99, 50);
    let mut queries: Vec<Query<'_>> = asts
        .iter()
        .chain([&long])
        .flat_map(|ast| hardware.iter().map(move |hardware| Query { ast, hardware }))
        .collect();
    // The same query twice, by the same reference and by an equal program.
    let copy = asts[3].clone();
    queries.extend([queries[4], Query { ast: &copy, hardware: &hardware[1] }]);
    let together = model.predict(&queries).unwrap();
    for (query, together) in queries.iter().zip(&together) {
        assert_close(model.predict(&[*query]).unwrap()[0].latency.as_secs_f64(), together.latency.as_secs_f64());
    }
    assert_eq!(together[4], together[queries.len() - 2]);
    assert_close(together[3 * 3 + 1].latency.as_secs_f64(), together[queries.len() - 1].latency.as_secs_f64());
}

#[test]
fn embeddings_are_in_the_order_of_the_queries() {
    let (model, asts, hardware) = (trained(), asts(6), hardware());
    let queries: Vec<Query<'_>> =
        [5, 0, 3, 0, 1].into_iter().map(|i| Query { ast: &asts[i], hardware: &hardware[0] }).collect();
    let z = model.embed(&queries).unwrap();
    assert_eq!((z.n(), z.width), (5, model.config().transformer.embed_dim));
    let z: Vec<&[f32]> = z.rows().collect();
    assert_eq!(z[1], z[3]);
    for (query, z) in queries.iter().zip(&z) {
        let alone = model.embed(&[*query]).unwrap();
        let alone: Vec<&[f32]> = alone.rows().collect();
        assert!(alone[0].iter().zip(*z).all(|(a, b)| (a - b).abs() <= 1e-5 * (1.0 + b.abs())));
    }
}

/// More queries than are predicted at a time.
#[test]
fn many_queries_keep_their_order() {
    let (model, asts, hardware) = (trained(), asts(4), hardware());
    let queries: Vec<Query<'_>> =
        (0..2_500).map(|i| Query { ast: &asts[i * i % 4], hardware: &hardware[i % 3] }).collect();
    let predicted = model.predict(&queries).unwrap();
    let one_of_each = model.predict(&queries[..12]).unwrap();
    assert_eq!(predicted.len(), queries.len());
    // i² mod 4 and i mod 3 repeat after 12.
    for (i, found) in predicted.iter().enumerate() {
        assert_close(found.latency.as_secs_f64(), one_of_each[i % 12].latency.as_secs_f64());
    }
}

#[test]
fn nothing_asked_nothing_answered() {
    let model = trained();
    assert!(model.predict(&[]).unwrap().is_empty());
    let none = model.embed(&[]).unwrap();
    assert_eq!((none.n(), none.width), (0, model.config().transformer.embed_dim));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_order_of_queries_does_not_matter(
        leaves in prop::collection::vec(1..6_usize, 1..10), seed: u64,
    ) {
        let model = trained_once();
        let hardware = hardware();
        let asts: Vec<_> = leaves.iter().enumerate().map(|(i, n)| ast(seed.wrapping_add(i as u64), *n)).collect();
        let queries: Vec<Query<'_>> = asts.iter().enumerate().map(|(i, ast)| Query { ast, hardware: &hardware[i % 3] }).collect();
        let reversed: Vec<Query<'_>> = queries.iter().rev().copied().collect();
        let forwards = model.predict(&queries).unwrap();
        let backwards = model.predict(&reversed).unwrap();
        for (found, expected) in backwards.iter().rev().zip(&forwards) {
            assert_close(found.latency.as_secs_f64(), expected.latency.as_secs_f64());
        }
    }
}

fn trained_once() -> &'static cdmpp_model::Predictor {
    static MODEL: std::sync::LazyLock<cdmpp_model::Predictor> = std::sync::LazyLock::new(trained);
    &MODEL
}
