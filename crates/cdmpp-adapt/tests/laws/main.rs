//! What holds for any two sets, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(feature = "candle")]
mod tensors;

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use cdmpp_adapt::{AdaptError, Discrepancy, cmd, cmd_within, coral, median_bandwidths, mmd};
use expect_test::{Expect, expect};
use proptest::prelude::*;

type Function = fn(&[f32], &[f32], usize) -> Result<Discrepancy, AdaptError>;

const DISCREPANCIES: [(&str, Function); 5] = [
    ("cmd", |source, target, width| cmd(source, target, width, 5)),
    ("cmd_within", |source, target, width| cmd_within(source, target, width, 4, 10.0)),
    ("mmd", |source, target, width| mmd(source, target, width, &[0.3, 1.0, 3.0])),
    ("mmd of the median", |source, target, width| {
        mmd(source, target, width, &median_bandwidths(source, target, width)?)
    }),
    ("coral", coral),
];

/// Two sets of rows of one width.
#[derive(Clone, Debug)]
struct Sets {
    source: Vec<f32>,
    target: Vec<f32>,
    width: usize,
}

impl Sets {
    fn value(&self, discrepancy: Function) -> f64 {
        discrepancy(&self.source, &self.target, self.width).unwrap().value
    }

    fn swapped(&self) -> Self {
        Self { source: self.target.clone(), target: self.source.clone(), width: self.width }
    }

    fn with_source(&self, source: Vec<f32>) -> Self {
        Self { source, ..self.clone() }
    }
}

/// Up to eight rows.
fn set(width: usize) -> impl Strategy<Value = Vec<f32>> {
    let element = prop_oneof![-5.0..5.0_f32, Just(0.0), Just(1.0)];
    prop::collection::vec(element, width..=8 * width).prop_map(move |mut values| {
        values.truncate(values.len() / width * width);
        values
    })
}

/// Two sets of one width and their own numbers of rows.
fn sets() -> impl Strategy<Value = Sets> {
    let sets = |width| (set(width), set(width), Just(width));
    (1..5_usize).prop_flat_map(sets).prop_map(|(source, target, width)| Sets { source, target, width })
}

proptest! {
    #[test]
    fn a_discrepancy_is_a_kind_of_distance(sets in sets()) {
        for (name, discrepancy) in DISCREPANCIES {
            let (forth, back) = (sets.value(discrepancy), sets.swapped().value(discrepancy));
            prop_assert!(forth >= -1e-12, "{}: {} is below 0", name, forth);
            prop_assert!((forth - back).abs() <= 1e-9 * forth.max(1.0), "{}: {} is not {}", name, forth, back);
            let same = sets.with_source(sets.target.clone());
            prop_assert!(same.value(discrepancy).abs() < 1e-12, "{}", name);
        }
    }

    #[test]
    fn the_gradients_of_swapped_sets_are_swapped(sets in sets()) {
        for (name, discrepancy) in DISCREPANCIES {
            let forth = discrepancy(&sets.source, &sets.target, sets.width).unwrap();
            let back = discrepancy(&sets.target, &sets.source, sets.width).unwrap();
            let sides = [(&forth.source_gradient, &back.target_gradient), (&forth.target_gradient, &back.source_gradient)];
            for (forth, back) in sides {
                let largest = forth.iter().fold(1e-6_f32, |largest, slope| largest.max(slope.abs()));
                for (forth, back) in forth.iter().zip(back) {
                    prop_assert!((forth - back).abs() <= 1e-5 * largest, "{}: {} is not {}", name, forth, back);
                }
            }
        }
    }

    #[test]
    fn the_order_and_the_repetition_of_rows_do_not_matter(sets in sets()) {
        let reversed = sets.source.chunks(sets.width).rev().flatten().copied().collect();
        let doubled = sets.source.repeat(2);
        let (reversed, doubled) = (sets.with_source(reversed), sets.with_source(doubled));
        for (name, discrepancy) in DISCREPANCIES {
            let expected = sets.value(discrepancy);
            let found = reversed.value(discrepancy);
            prop_assert!((found - expected).abs() <= 1e-9 * expected.max(1.0), "{}: {} is not {}", name, found, expected);
            // Twice the rows are the same distribution; but a covariance divides by n − 1, and a median counts pairs.
            if !["coral", "mmd of the median"].contains(&name) {
                let found = doubled.value(discrepancy);
                prop_assert!((found - expected).abs() <= 1e-9 * expected.max(1.0), "{}: {} is not {}", name, found, expected);
            }
        }
    }

    #[test]
    fn cmd_does_not_depend_on_scale_or_origin(sets in sets(), factor in 0.01..100.0_f32, shift in -10.0..10.0_f32) {
        let moved = |set: &[f32]| -> Vec<f32> { set.iter().map(|x| factor * (x + shift)).collect() };
        let moved = Sets { source: moved(&sets.source), target: moved(&sets.target), width: sets.width };
        let [expected, found] = [&sets, &moved].map(|sets| sets.value(|s, t, width| cmd(s, t, width, 5)));
        // What is moved is rounded to single precision.
        prop_assert!((found - expected).abs() < 1e-4, "{} is not {}", found, expected);
    }

    #[test]
    fn bounds_hold_whatever_the_values(mut sets in sets(), outlier in prop_oneof![Just(1e3_f32), Just(-1e5), Just(1e15)]) {
        // One row far from all others.
        sets.target.resize(sets.target.len() + sets.width, outlier);
        // After the bound, a column's means differ by at most 1 and its higher moments by at most 1 / 2 each.
        let found = sets.value(|s, t, width| cmd(s, t, width, 5));
        prop_assert!((0.0..=3.0 * (sets.width as f64).sqrt()).contains(&found), "cmd: {}", found);
        let found = sets.value(|s, t, width| mmd(s, t, width, &[0.5, 5.0]));
        prop_assert!((-1e-12..=2.0).contains(&found), "mmd: {}", found);
    }
}

#[test]
fn shifted_sets_are_the_farther_the_more_they_are_shifted_but_for_coral() {
    let source = [0.0, 1.0, 2.0, -1.0, 1.0, 0.5];
    for (name, discrepancy) in DISCREPANCIES {
        let [none, near, far] =
            [0.0, 0.5, 1.0].map(|by| discrepancy(&source, &source.map(|x| x + by), 2).unwrap().value);
        if name == "coral" {
            assert!(none == 0.0 && near < 1e-15 && far < 1e-15, "{near} {far}");
        } else {
            assert!(none.abs() < 1e-15 && near > 1e-3 && far > 1.2 * near, "{name}: {none} {near} {far}");
        }
    }
}

#[test]
fn rounding_far_from_the_origin_does_not_swallow_a_difference() {
    let (source, target) = ([0.0, 1.0, 2.0, -1.0, 1.0, 0.5], [0.5, 1.0, 2.5, -1.0]);
    for (name, discrepancy) in DISCREPANCIES {
        if name == "cmd_within" {
            continue;
        }
        let here = discrepancy(&source, &target, 2).unwrap().value;
        let there = discrepancy(&source.map(|x| x + 4096.0), &target.map(|x| x + 4096.0), 2).unwrap().value;
        assert!((here - there).abs() < 1e-9 * here, "{name}: {here} {there}");
    }
}

#[test]
fn bandwidths_surround_the_median_distance() {
    let bandwidths = |source: &[f32], target: &[f32]| median_bandwidths(source, target, 1).unwrap();
    // Distances of 1, 2, 3, 5, 6 and 8.
    assert_eq!(bandwidths(&[0.0, 2.0], &[3.0, 8.0]), [2.5, 5.0 * FRAC_1_SQRT_2, 5.0, 5.0 * SQRT_2, 10.0]);
    // Repeated rows: six distances of 0, and four of 7.
    assert_eq!(bandwidths(&[1.0, 1.0, 1.0], &[1.0, 8.0])[2], 7.0);
    assert_eq!(bandwidths(&[4.0], &[4.0, 4.0])[2], 1.0);
    assert_eq!(bandwidths(&[4.0], &[6.0])[2], 2.0);
}

fn check<T>(answer: Result<T, AdaptError>, expect: Expect) {
    expect.assert_eq(&answer.err().map_or("accepted".to_owned(), |error| error.to_string()));
}

#[test]
fn refused_sets() {
    let (rows, none, odd, bad) = ([0.0; 6], [], [0.0; 4], [0.0, 0.0, 0.0, 1.0, f32::NAN, 0.0]);
    for (_, discrepancy) in DISCREPANCIES {
        check(discrepancy(&rows, &rows, 3), expect!["accepted"]);
        check(discrepancy(&rows, &odd, 3), expect!["target: 4 values do not make rows of 3"]);
        check(discrepancy(&rows, &rows, 0), expect!["source: 6 values do not make rows of 0"]);
        check(discrepancy(&none, &rows, 3), expect!["source: there are no rows"]);
        check(discrepancy(&rows, &none, 3), expect!["target: there are no rows"]);
        check(discrepancy(&rows, &bad, 3), expect!["target, row 1, column 1: must be finite, not NaN"]);
        check(discrepancy(&[f32::INFINITY], &[0.0], 1), expect!["source, row 0, column 0: must be finite, not inf"]);
    }
    check(median_bandwidths(&none, &rows, 3), expect!["source: there are no rows"]);
    check(median_bandwidths(&rows, &bad, 3), expect!["target, row 1, column 1: must be finite, not NaN"]);
}

#[test]
fn refused_settings() {
    let rows = [0.0, 1.0];
    let interval = |interval| cmd_within(&rows, &rows, 2, 5, interval);
    check(cmd(&rows, &rows, 2, 0), expect!["the number of moments must be at least 1"]);
    check(cmd(&rows, &rows, 2, 1), expect!["accepted"]);
    check(cmd_within(&rows, &rows, 2, 0, 1.0), expect!["the number of moments must be at least 1"]);
    check(interval(0.0), expect!["the width of the interval must be positive and finite, not 0"]);
    check(interval(f64::NAN), expect!["the width of the interval must be positive and finite, not NaN"]);

    let bandwidths = |bandwidths: &[f64]| mmd(&rows, &rows, 2, bandwidths);
    check(bandwidths(&[]), expect!["there must be a bandwidth"]);
    for (bandwidth, text) in [(-2.0, "-2"), (f64::INFINITY, "inf"), (f64::NAN, "NaN")] {
        let message = bandwidths(&[1.0, bandwidth]).unwrap_err().to_string();
        assert_eq!(message, format!("a bandwidth must be positive and finite, and so must its square: not {text}"));
    }
    assert_eq!(bandwidths(&[1e-200]).unwrap_err(), AdaptError::Bandwidth { bandwidth: 1e-200 });
}

#[test]
fn what_is_too_large_for_a_number_is_an_error() {
    // A covariance of 10⁷⁶, whose slope is no single-precision number.
    check(coral(&[-1e38, 1e38], &[0.0, 0.0], 1), expect!["the discrepancy or its gradient is too large for a number"]);
    check(
        cmd_within(&[-1e38, 1e38], &[0.0, 0.0], 1, 30, 1.0),
        expect!["the discrepancy or its gradient is too large for a number"],
    );
}
