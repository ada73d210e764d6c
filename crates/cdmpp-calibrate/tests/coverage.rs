//! Intervals hold as often as they say: simulations with a seed, and the tolerance that their size allows.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use cdmpp_calibrate::{
    Calibration, FewShot, Forecast, Interval, Margin, Point, Sides, Stream, calibration_curve, coverage, margin,
    weighted_margin,
};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

fn generator() -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(15)
}

/// About normal, with a standard deviation of 1.
fn noise(generator: &mut impl Rng) -> f64 {
    (0..12).map(|_| generator.random::<f64>()).sum::<f64>() - 6.0
}

/// The share of Beta(36, 4) below x: that at least 36 of 39 even draws are.
fn beta_36_4(x: f64) -> f64 {
    let binomial = [(36, 9139.0), (37, 741.0), (38, 39.0), (39, 1.0)];
    binomial.iter().map(|(k, ways)| ways * x.powi(*k) * (1.0 - x).powi(39 - k)).sum()
}

#[test]
fn with_39_points_coverage_follows_the_beta_law() {
    let mut generator = generator();
    // The factor between measured and predicted is even on the logarithmic scale, within e: the share of all cases that a
    // margin covers is the margin.
    let mut draw = || -> f64 {
        let forecast = Forecast::point(1e-3).unwrap();
        let point = |residual: f64| Point { forecast, measured: 1e-3 * residual.exp(), group: &[] };
        let points: Vec<Point<'_>> = (0..39).map(|_| point(generator.random_range(-1.0..1.0))).collect();
        let calibration = Calibration::fit(points, Sides::Both, 0).unwrap();
        let Margin::Finite(margin) = calibration.interval(&forecast, &[], 0.9).unwrap().margin else { panic!() };
        margin
    };
    // The law has a mean of 0.9 and a standard deviation of 0.0469.
    for n in [50, 2000] {
        let mut covered: Vec<f64> = (0..n).map(|_| draw()).collect();
        covered.sort_by(f64::total_cmp);
        let mean = covered.iter().sum::<f64>() / n as f64;
        let deviation = (covered.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
        let root = (n as f64).sqrt();
        // Four standard errors of the mean, and of the deviation for a law with this kurtosis.
        assert!((mean - 0.9).abs() < 4.0 * 0.0469 / root, "{n}: {mean}");
        assert!((deviation - 0.0469).abs() < 4.0 * 0.043 / root, "{n}: {deviation}");
        // Kolmogorov's distance, which one run in a thousand exceeds.
        let distance = covered.iter().enumerate().map(|(i, x)| {
            let law = beta_36_4(*x);
            (law - i as f64 / n as f64).abs().max((i as f64 + 1.0) / n as f64 - law)
        });
        let distance = distance.fold(0.0, f64::max);
        assert!(distance < 1.95 / root, "{n}: {distance}");
    }
}

#[test]
fn every_kind_of_forecast_covers_and_a_spread_makes_intervals_narrower() {
    let mut generator = generator();
    // Half of the cases are ten times as uncertain as the others, and the model knows it.
    let mut case = || {
        let spread = if generator.random() { 0.03 } else { 0.3 };
        (spread, (spread * noise(&mut generator)).exp())
    };
    let cases: Vec<(f64, f64)> = (0..4000).map(|_| case()).collect();
    let kinds: [fn(f64) -> Forecast; 3] = [
        |_| Forecast::point(1.0).unwrap(),
        |spread| Forecast::with_spread(1.0, spread).unwrap(),
        // Quantiles of a model that is too sure of itself.
        |spread| Forecast::quantiles((-0.8 * spread).exp(), (0.8 * spread).exp()).unwrap(),
    ];
    let mut widths = Vec::new();
    for forecast in kinds {
        let (old, new) = cases.split_at(2000);
        let points =
            old.iter().map(|(spread, measured)| Point { forecast: forecast(*spread), measured: *measured, group: &[] });
        let calibration = Calibration::fit(points, Sides::Both, 0).unwrap();
        let measured: Vec<f64> = new.iter().map(|(_, measured)| *measured).collect();
        let curve = calibration_curve(&measured, &[0.5, 0.8, 0.9, 0.95], |case, level| {
            Ok(calibration.interval(&forecast(new[case].0), &[], level)?.interval)
        });
        for point in curve.unwrap() {
            // Four standard errors, of 2,000 old cases and as many new ones.
            let tolerance = 4.0 * (2.0 * point.level * (1.0 - point.level) / 2000.0_f64).sqrt();
            assert!((point.coverage - point.level).abs() < tolerance, "{point:?}");
        }
        let log_width = |spread: f64| calibration.interval(&forecast(spread), &[], 0.9).unwrap().interval.width().ln();
        widths.push(0.5 * (log_width(0.03) + log_width(0.3)));
    }
    assert!(widths[1] < 0.8 * widths[0] && widths[2] < 0.9 * widths[0], "{widths:?}");
}

#[test]
fn groups_cover_each_where_one_margin_does_not() {
    let mut generator = generator();
    let names = ["a100", "t4"];
    let mut cases = |n: usize| -> Vec<(usize, f64)> {
        (0..n).map(|i| (i % 2, ([0.02, 0.4][i % 2] * noise(&mut generator)).exp())).collect()
    };
    let (old, new) = (cases(2000), cases(4000));
    let forecast = Forecast::point(1.0).unwrap();
    let covered = |grouped: bool| {
        let group = |kind: usize| if grouped { &names[kind..=kind] } else { &[] };
        let points = old.iter().map(|(kind, measured)| Point { forecast, measured: *measured, group: group(*kind) });
        let calibration = Calibration::fit(points, Sides::Both, 0).unwrap();
        [0, 1].map(|kind| {
            let measured: Vec<f64> = new.iter().filter(|case| case.0 == kind).map(|case| case.1).collect();
            let interval = calibration.interval(&forecast, group(kind), 0.9).unwrap().interval;
            coverage(&vec![interval; measured.len()], &measured).unwrap()
        })
    };
    let (grouped, plain) = (covered(true), covered(false));
    assert!(grouped.iter().all(|covered| (covered - 0.9).abs() < 0.05), "{grouped:?}");
    assert!(plain[0] > 0.99 && plain[1] < 0.83, "{plain:?}");
}

#[test]
fn weights_restore_coverage_on_a_shifted_workload() {
    let mut generator = generator();
    // Large programs err more; among the old cases they are one in ten, in the new workload nine in ten.
    let mut cases = |n: usize, share_of_large: f64| -> Vec<(bool, f64)> {
        let mut case = || {
            let large = generator.random::<f64>() < share_of_large;
            (large, (if large { 0.4 } else { 0.05 } * noise(&mut generator)).abs())
        };
        (0..n).map(|_| case()).collect()
    };
    let (old, new) = (cases(4000, 0.1), cases(4000, 0.9));
    let weight = |large: bool| if large { 0.9 / 0.1 } else { 0.1 / 0.9 };
    let scores: Vec<f64> = old.iter().map(|case| case.1).collect();
    let weights: Vec<f64> = old.iter().map(|case| weight(case.0)).collect();
    let covered = |margin_of: &dyn Fn(bool) -> Margin| {
        let margins = [false, true].map(|large| {
            let Margin::Finite(margin) = margin_of(large) else { panic!() };
            margin
        });
        new.iter().filter(|case| case.1 <= margins[usize::from(case.0)]).count() as f64 / new.len() as f64
    };
    let weighted = covered(&|large| weighted_margin(&scores, &weights, weight(large), 0.9).unwrap());
    let plain = covered(&|_| margin(&scores, 0.9).unwrap());
    assert!((weighted - 0.9).abs() < 0.04 && plain < 0.6, "{weighted} {plain}");
}

#[test]
fn thirty_shots_cover_new_hardware() {
    let mut generator = generator();
    let mut sum = 0.0;
    let (mut moved_width, mut plain_width) = (0.0, 0.0);
    for _ in 0..200 {
        // All forecasts on the new hardware are off by one factor, of 0.3 to 3.
        let factor = generator.random_range(-1.2..1.2_f64).exp();
        let forecast = Forecast::point(1e-3).unwrap();
        let mut measure = || 1e-3 * factor * (0.1 * noise(&mut generator)).exp();
        let points: Vec<(Forecast, f64)> = (0..30).map(|_| (forecast, measure())).collect();
        let measured: Vec<f64> = (0..100).map(|_| measure()).collect();
        let interval = FewShot::fit(&points, 0.9, Sides::Both).unwrap().interval(&forecast, 0.9).unwrap().interval;
        sum += coverage(&[interval; 100], &measured).unwrap();
        moved_width += interval.width().ln();
        let plain =
            points.iter().map(|(forecast, measured)| Point { forecast: *forecast, measured: *measured, group: &[] });
        let plain = Calibration::fit(plain, Sides::Both, 0).unwrap().interval(&forecast, &[], 0.9).unwrap();
        plain_width += plain.interval.width().ln();
    }
    // Of 20 points a margin of 90 % is the 19th: 19 / 21 on average, with a deviation of 0.063.
    let covered = sum / 200.0;
    assert!((covered - 19.0 / 21.0).abs() < 4.0 * 0.07 / 200.0_f64.sqrt(), "{covered}");
    assert!(moved_width < 0.5 * plain_width, "{moved_width} {plain_width}");
}

#[test]
fn a_stream_follows_a_drift_that_a_fixed_level_does_not() {
    let mut generator = generator();
    // Candidates get less and less like those that calibrated.
    let scores: Vec<f64> = (0..200).map(|_| noise(&mut generator).abs()).collect();
    let forecast = Forecast::point(1.0).unwrap();
    let mut stream = Stream::new(0.9, 0.05).unwrap();
    let (mut intervals, mut fixed, mut measured) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..2000 {
        let seconds = ((1.0 + f64::from(i) / 2000.0) * noise(&mut generator)).exp();
        let interval = forecast.widened(stream.margin(&scores).unwrap(), Sides::Both);
        stream.observe(interval.contains(seconds));
        intervals.push(interval);
        fixed.push(forecast.widened(margin(&scores, 0.9).unwrap(), Sides::Both));
        measured.push(seconds);
    }
    let (followed, fixed) = (coverage(&intervals, &measured).unwrap(), coverage(&fixed, &measured).unwrap());
    assert_eq!(stream.coverage(), Some(followed));
    assert!((followed - 0.9).abs() < 0.02 && fixed < 0.8, "{followed} {fixed}");
    assert!(intervals.contains(&Interval::EVERYTHING), "at times only an interval without bounds is enough");
}
