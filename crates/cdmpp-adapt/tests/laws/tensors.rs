//! What holds for any two tensors, and what is refused.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use cdmpp_adapt::candle::candle_core::{DType, Device, Result, Tensor};
use cdmpp_adapt::candle::{cmd, cmd_within, coral, median_bandwidths, mmd};
use expect_test::{Expect, expect};
use proptest::prelude::*;

type Discrepancy = fn(&Tensor, &Tensor) -> Result<Tensor>;

const DISCREPANCIES: [(&str, Discrepancy); 5] = [
    ("cmd", |source, target| cmd(source, target, 5)),
    ("cmd_within", |source, target| cmd_within(source, target, 4, 10.0)),
    ("mmd", |source, target| mmd(source, target, &[0.3, 1.0, 3.0])),
    ("mmd of the median", |source, target| mmd(source, target, &median_bandwidths(source, target)?)),
    ("coral", coral),
];

fn value(discrepancy: Discrepancy, source: &Tensor, target: &Tensor) -> f64 {
    discrepancy(source, target).unwrap().to_scalar().unwrap()
}

/// Up to eight rows of `d` columns.
fn set(d: usize) -> impl Strategy<Value = Tensor> {
    let element = prop_oneof![-5.0..5.0_f64, Just(0.0), Just(1.0)];
    prop::collection::vec(element, d..=8 * d).prop_map(move |mut values| {
        values.truncate(values.len() / d * d);
        let n = values.len() / d;
        Tensor::from_vec(values, (n, d), &Device::Cpu).unwrap()
    })
}

/// Two sets of one width and their own numbers of rows.
fn sets() -> impl Strategy<Value = (Tensor, Tensor)> {
    (1..5_usize).prop_flat_map(|d| (set(d), set(d)))
}

proptest! {
    #[test]
    fn a_discrepancy_is_a_kind_of_distance((source, target) in sets()) {
        for (name, discrepancy) in DISCREPANCIES {
            let forth = value(discrepancy, &source, &target);
            let back = value(discrepancy, &target, &source);
            prop_assert!(forth >= -1e-12, "{}: {} is below 0", name, forth);
            prop_assert!((forth - back).abs() <= 1e-9 * forth.max(1.0), "{}: {} is not {}", name, forth, back);
            prop_assert!(value(discrepancy, &source, &source).abs() < 1e-12, "{}", name);
        }
    }

    #[test]
    fn the_order_and_the_repetition_of_rows_do_not_matter((source, target) in sets()) {
        let n = source.dim(0).unwrap();
        let reversed = source.index_select(&Tensor::from_iter((0..n as u32).rev(), &Device::Cpu).unwrap(), 0).unwrap();
        let doubled = Tensor::cat(&[&source, &source], 0).unwrap();
        for (name, discrepancy) in DISCREPANCIES {
            let expected = value(discrepancy, &source, &target);
            let found = value(discrepancy, &reversed, &target);
            prop_assert!((found - expected).abs() <= 1e-9 * expected.max(1.0), "{}: {} is not {}", name, found, expected);
            // Twice the rows are the same distribution; but a covariance divides by n − 1, and a median counts pairs.
            if !["coral", "mmd of the median"].contains(&name) {
                let found = value(discrepancy, &doubled, &target);
                prop_assert!((found - expected).abs() <= 1e-9 * expected.max(1.0), "{}: {} is not {}", name, found, expected);
            }
        }
    }

    #[test]
    fn cmd_does_not_depend_on_scale_or_origin((source, target) in sets(), factor in 0.01..100.0_f64, shift in -10.0..10.0_f64) {
        let moved = |set: &Tensor| set.affine(factor, shift).unwrap();
        let (expected, found) = (cmd(&source, &target, 5).unwrap(), cmd(&moved(&source), &moved(&target), 5).unwrap());
        let (expected, found) = (expected.to_scalar::<f64>().unwrap(), found.to_scalar::<f64>().unwrap());
        prop_assert!((found - expected).abs() < 1e-6, "{} is not {}", found, expected);
    }

    #[test]
    fn bounds_hold_whatever_the_values((source, target) in sets(), outlier in prop_oneof![Just(1e3), Just(-1e5), Just(1e15)]) {
        // One row far from all others.
        let d = target.dim(1).unwrap();
        let row = (Tensor::zeros((1, d), DType::F64, &Device::Cpu).unwrap() + outlier).unwrap();
        let target = Tensor::cat(&[&target, &row], 0).unwrap();
        // After the bound, a column's means differ by at most 1 and its higher moments by at most 1 / 2 each.
        let found = value(|source, target| cmd(source, target, 5), &source, &target);
        prop_assert!((0.0..=3.0 * (d as f64).sqrt()).contains(&found), "cmd: {}", found);
        // A row that far leaves no digits for the distances between the others.
        if outlier < 1e6 {
            let found = value(|source, target| mmd(source, target, &[0.5, 5.0]), &source, &target);
            prop_assert!((-1e-3..=2.0).contains(&found), "mmd: {}", found);
        }
    }
}

#[test]
fn shifted_sets_are_the_farther_the_more_they_are_shifted_but_for_coral() {
    let source = Tensor::new(&[[0.0, 1.0], [2.0, -1.0], [1.0, 0.5]], &Device::Cpu).unwrap();
    let shifted = |by: f64| (&source + by).unwrap();
    for (name, discrepancy) in DISCREPANCIES {
        let [none, near, far] = [0.0, 0.5, 1.0].map(|by| value(discrepancy, &source, &shifted(by)));
        if name == "coral" {
            assert!(none == 0.0 && near < 1e-15 && far < 1e-15, "{near} {far}");
        } else {
            assert!(none.abs() < 1e-15 && near > 1e-3 && far > 1.2 * near, "{name}: {none} {near} {far}");
        }
    }
}

#[test]
fn rounding_far_from_the_origin_does_not_swallow_a_difference() {
    let source = Tensor::new(&[[0.0_f32, 1.0], [2.0, -1.0], [1.0, 0.5]], &Device::Cpu).unwrap();
    let target = Tensor::new(&[[0.5_f32, 1.0], [2.5, -1.0]], &Device::Cpu).unwrap();
    let far = |set: &Tensor| (set + 4096.0).unwrap();
    for discrepancy in [|s: &Tensor, t: &Tensor| cmd(s, t, 5), |s: &Tensor, t: &Tensor| mmd(s, t, &[1.0]), coral] {
        let [here, there] = [discrepancy(&source, &target), discrepancy(&far(&source), &far(&target))]
            .map(|answer| answer.unwrap().to_scalar::<f32>().unwrap());
        assert!((here - there).abs() < 1e-3 * here, "{here} {there}");
    }
}

#[test]
fn bandwidths_surround_the_median_distance() {
    let set = |values: &[f64]| Tensor::from_slice(values, (values.len(), 1), &Device::Cpu).unwrap();
    let bandwidths = |source: &[f64], target: &[f64]| median_bandwidths(&set(source), &set(target)).unwrap();
    // Distances of 1, 2, 3, 5, 6 and 8.
    assert_eq!(bandwidths(&[0.0, 2.0], &[3.0, 8.0]), [2.5, 5.0 * FRAC_1_SQRT_2, 5.0, 5.0 * SQRT_2, 10.0]);
    // Repeated rows: six distances of 0, and four of 7.
    assert_eq!(bandwidths(&[1.0, 1.0, 1.0], &[1.0, 8.0])[2], 7.0);
    assert_eq!(bandwidths(&[4.0], &[4.0, 4.0])[2], 1.0);
    assert_eq!(bandwidths(&[4.0], &[6.0])[2], 2.0);
}

#[test]
fn what_is_not_finite_stays_so() {
    let source = Tensor::new(&[[0.0, 1.0], [2.0, -1.0]], &Device::Cpu).unwrap();
    for bad in [f64::NAN, f64::INFINITY] {
        let target = Tensor::new(&[[0.0, 1.0], [bad, -1.0]], &Device::Cpu).unwrap();
        for (name, discrepancy) in DISCREPANCIES {
            if name != "mmd of the median" {
                assert!(value(discrepancy, &source, &target).is_nan(), "{name}");
            }
        }
    }
}

fn check<T>(answer: Result<T>, expect: Expect) {
    let text = answer.err().map_or("accepted".to_owned(), |error| error.to_string());
    // Where backtraces are on, candle appends one.
    expect.assert_eq(text.lines().next().unwrap());
}

#[test]
fn refused_questions() {
    let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F64, &Device::Cpu).unwrap();
    let (three, four, none, flat) = (zeros(&[2, 3]), zeros(&[2, 4]), zeros(&[0, 3]), zeros(&[3]));
    check(cmd(&three, &four, 5), expect!["shape mismatch in cmd, lhs: [2, 3], rhs: [2, 4]"]);
    check(cmd_within(&three, &four, 5, 1.0), expect!["shape mismatch in cmd, lhs: [2, 3], rhs: [2, 4]"]);
    check(mmd(&three, &four, &[1.0]), expect!["shape mismatch in mmd, lhs: [2, 3], rhs: [2, 4]"]);
    check(median_bandwidths(&three, &four), expect!["shape mismatch in median_bandwidths, lhs: [2, 3], rhs: [2, 4]"]);
    check(coral(&three, &four), expect!["shape mismatch in coral, lhs: [2, 3], rhs: [2, 4]"]);

    check(cmd(&none, &three, 5), expect!["empty tensor for cmd"]);
    check(cmd_within(&three, &none, 5, 1.0), expect!["empty tensor for cmd"]);
    check(mmd(&three, &none, &[1.0]), expect!["empty tensor for mmd"]);
    check(median_bandwidths(&none, &three), expect!["empty tensor for median_bandwidths"]);
    check(coral(&none, &none), expect!["empty tensor for coral"]);
    check(coral(&zeros(&[2, 0]), &zeros(&[2, 0])), expect!["empty tensor for coral"]);

    check(cmd(&flat, &three, 5), expect!["unexpected rank, expected: 2, got: 1 ([3])"]);
    check(mmd(&three, &flat, &[1.0]), expect!["unexpected rank, expected: 2, got: 1 ([3])"]);

    check(cmd(&three, &three, 0), expect!["cmd: the number of moments must be at least 1"]);
    check(cmd(&three, &three, 1), expect!["accepted"]);
    check(cmd_within(&three, &three, 0, 1.0), expect!["cmd: the number of moments must be at least 1"]);
    check(
        cmd_within(&three, &three, 5, 0.0),
        expect!["cmd: the width of the interval must be positive and finite, not 0"],
    );
    check(
        cmd_within(&three, &three, 5, f64::NAN),
        expect!["cmd: the width of the interval must be positive and finite, not NaN"],
    );
    check(mmd(&three, &three, &[]), expect!["mmd: there must be a bandwidth"]);
    check(mmd(&three, &three, &[1.0, -2.0]), expect!["mmd: a bandwidth must be positive and finite, not -2"]);
    check(mmd(&three, &three, &[f64::INFINITY]), expect!["mmd: a bandwidth must be positive and finite, not inf"]);
}
