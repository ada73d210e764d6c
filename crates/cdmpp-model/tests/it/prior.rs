//! The roofline as a starting point: what it is worth, and when there is none.

use std::time::Duration;

use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::{CompactAst, Work};
use cdmpp_model::train::fit;
use cdmpp_model::{PredictorConfig, Prior, Query, Sample};
use expect_test::expect;

use crate::report;
use crate::synthetic::{ast, bytes, proceed, queries, quick, small, untrained};

/// Programs whose features say nothing; their work is all there is to know.
fn programs(n: u32) -> Vec<CompactAst> {
    let work = |i: u32| Work {
        operations: 1e6 * 2_f64.powi(i as i32 % 7),
        footprint_bytes: 1e4,
        accessed_bytes: 1e6,
        n_blocks: 8.0,
        n_threads: 32.0,
    };
    (0..n).map(|i| ast(7, 2).with_work(work(i))).collect()
}

fn spec(name: &str, gflops: f64) -> HardwareSpec {
    HardwareSpec::new(name, [("clock_mhz", 1000.0), ("peak_fp32_gflops", gflops)]).unwrap()
}

/// A tenth of the peak, everywhere.
fn samples<'a>(programs: &'a [CompactAst], hardware: &'a [HardwareSpec]) -> Vec<Sample<'a>> {
    let pairs = programs.iter().flat_map(|ast| hardware.iter().map(move |hardware| Query { ast, hardware }));
    let seconds = |Query { ast, hardware }: Query<'_>| {
        ast.work().unwrap().operations / (1e8 * hardware.value("peak_fp32_gflops").unwrap())
    };
    pairs.map(|query| Sample { query, latency: Duration::from_secs_f64(seconds(query)) }).collect()
}

fn config(prior: Prior) -> PredictorConfig {
    PredictorConfig { prior, ..small() }
}

/// The largest error of the logarithm, on work and hardware beyond those of training.
fn worst_error(prior: Prior) -> f64 {
    let (training, hardware) = (programs(5), [spec("a", 1.0), spec("b", 2.0)]);
    let mut model = untrained(&config(prior), 0);
    fit(&mut model, &samples(&training, &hardware), &[], &quick(20), &mut |_| proceed()).unwrap();
    let (all, faster) = (programs(7), [spec("c", 64.0)]);
    let unseen = samples(&all, &faster);
    let predicted = model.predict(&queries(&unseen)).unwrap();
    let errors = unseen
        .iter()
        .zip(predicted)
        .map(|(sample, predicted)| (predicted.latency.as_secs_f64() / sample.latency.as_secs_f64()).ln().abs());
    errors.fold(0.0, f64::max)
}

#[test]
fn a_constant_efficiency_carries_over_to_other_hardware() {
    let (with, without) = (worst_error(Prior::Roofline), worst_error(Prior::None));
    assert!(with < 0.5 && without > 2.0 * with, "{with} with the roofline, {without} without");
}

#[test]
fn without_any_work_the_prior_is_no_prior() {
    let (asts, hardware) = ([ast(1, 1), ast(2, 3)], [spec("a", 1.0)]);
    let query = |ast| Query { ast, hardware: &hardware[0] };
    let samples: Vec<Sample<'_>> =
        asts.iter().map(|ast| Sample { query: query(ast), latency: Duration::from_micros(7) }).collect();
    let mut model = untrained(&config(Prior::Roofline), 0);
    fit(&mut model, &samples, &[], &quick(1), &mut |_| proceed()).unwrap();
    // A program with work is no other to it.
    let with_work = programs(1).remove(0);
    let without = ast(7, 2);
    let predicted = model.predict(&[query(&with_work), query(&without)]).unwrap();
    assert_eq!(predicted[0], predicted[1]);
}

#[test]
fn a_sample_or_query_without_what_the_roofline_needs_is_refused() {
    let (asts, hardware) = (programs(3), [spec("a", 1.0)]);
    let samples = samples(&asts, &hardware);
    let (bare, unknown) = (ast(7, 2), HardwareSpec::new("bare", [("clock_mhz", 1.0)]).unwrap());
    let strange = Sample { query: Query { ast: &bare, hardware: &hardware[0] }, latency: Duration::from_micros(7) };
    let mixed = [samples.as_slice(), &[strange]].concat();

    let mut model = untrained(&config(Prior::Roofline), 0);
    let before = model.parameters().n_parameters();
    let error = fit(&mut model, &mixed, &[], &quick(1), &mut |_| proceed()).unwrap_err();
    expect!["training sample 3: the work of the program is unknown, which the model's roofline needs"]
        .assert_eq(&report(&error));
    let error = fit(&mut model, &samples, &[strange], &quick(1), &mut |_| proceed()).unwrap_err();
    expect!["validation sample 0: the work of the program is unknown, which the model's roofline needs"]
        .assert_eq(&report(&error));
    assert_eq!(model.parameters().n_parameters(), before);

    fit(&mut model, &samples, &[], &quick(1), &mut |_| proceed()).unwrap();
    let query = Query { ast: &asts[0], hardware: &unknown };
    let error = model.predict(&[samples[0].query, query]).unwrap_err();
    expect![
        "query 1: the hardware `bare` has neither peak_fp32_gflops nor memory_bandwidth_gbs, of which the model's roofline needs one"
    ]
    .assert_eq(&report(&error));
    // Without a prior the same samples train and predict.
    let mut model = untrained(&config(Prior::None), 0);
    fit(&mut model, &mixed, &[], &quick(1), &mut |_| proceed()).unwrap();
    model.predict(&[query]).unwrap();
    assert!(!bytes(&model).is_empty());
}
