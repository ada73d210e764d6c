//! Exact order statistics, fallbacks, files, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use cdmpp_calibrate::{
    CalibrateError, Calibration, FewShot, Forecast, Interval, Margin, Point, Reason, Sides, Stream, calibration_curve,
    coverage, margin, points_needed, risk_coverage, weighted_margin, width, winkler_score,
};
use expect_test::{Expect, expect};

fn point(seconds: f64) -> Forecast {
    Forecast::point(seconds).unwrap()
}

/// One second was predicted, and `e` to each of these measured.
fn fit(groups: &[(&[&str], &[f64])], n_fewest: usize) -> Calibration {
    let points = groups.iter().flat_map(|(group, residuals)| {
        residuals.iter().map(|residual| Point { forecast: point(1.0), measured: residual.exp(), group })
    });
    Calibration::fit(points, Sides::Both, n_fewest).unwrap()
}

#[test]
fn a_margin_is_an_order_statistic() {
    // (n, level, the rank of the score, or the number of points that are missing)
    let table = [
        (0, 0.5, Err(1)),
        (1, 0.5, Ok(1)),
        (1, 0.51, Err(2)),
        (8, 0.9, Err(9)),
        (9, 0.9, Ok(9)),
        (10, 0.9, Ok(10)),
        (18, 0.9, Ok(18)),
        (19, 0.9, Ok(18)),
        (18, 0.95, Err(19)),
        (19, 0.95, Ok(19)),
        (39, 0.9, Ok(36)),
        (99, 0.9, Ok(90)),
        (99, 0.99, Ok(99)),
        (98, 0.99, Err(99)),
        (99, 0.1, Ok(10)),
        (99, 1e-300, Ok(1)),
        (999, 0.7, Ok(700)),
    ];
    for (n, level, expected) in table {
        let scores: Vec<f64> = (1..=n).rev().map(|rank| rank as f64).collect();
        let expected = match expected {
            Ok(rank) => Margin::Finite(f64::from(rank)),
            Err(n_needed) => Margin::Unbounded(Reason::TooFew { n_points: n, n_needed }),
        };
        assert_eq!(margin(&scores, level).unwrap(), expected, "{n} points, {level}");
        assert_eq!(weighted_margin(&scores, &vec![0.3; n], 0.3, level).unwrap(), expected, "{n} points, {level}");
    }
}

#[test]
fn reasons_in_words() {
    let check = |reason: Reason, expect: Expect| expect.assert_eq(&reason.to_string());
    check(
        Reason::TooFew { n_points: 4, n_needed: 9 },
        expect!["the level needs 9 calibration points, and there are 4"],
    );
    check(
        Reason::Unlike { share: 0.25 },
        expect!["the calibration points have 0.250 of all weights, less than the level"],
    );
    check(
        Reason::Level { level: 1.02 },
        expect!["the stream's level is 1.020: only an interval without bounds reaches it"],
    );
}

#[test]
fn points_that_weigh_nothing_do_not_count() {
    assert_eq!(weighted_margin(&[1.0, 2.0, 9.0], &[1.0, 1.0, 0.0], 0.0, 0.9).unwrap(), Margin::Finite(2.0));
    let nothing = Margin::Unbounded(Reason::Unlike { share: 0.0 });
    assert_eq!(weighted_margin(&[1.0, 2.0], &[0.0, 0.0], 0.0, 0.5).unwrap(), nothing);
    assert_eq!(weighted_margin(&[1.0, 2.0], &[0.0, 0.0], 1.0, 0.5).unwrap(), nothing);
    assert_eq!(weighted_margin(&[1.0], &[f64::MAX], f64::MAX, 0.5).unwrap(), Margin::Finite(1.0));
}

#[test]
fn a_group_with_too_few_points_asks_its_parent() {
    let ten: Vec<f64> = (1..=10).map(|i| f64::from(i) / 100.0).collect();
    let three = [1.0, 2.0, 3.0];
    let groups: [(&[&str], &[f64]); 4] =
        [(&["a100", "conv2d"], &ten), (&["a100", "dense"], &three), (&["t4", "dense"], &three), (&[], &[7.0])];
    let calibration = fit(&groups, 0);
    assert_eq!(calibration.n_points(&[]), 17);
    assert_eq!(calibration.n_points(&["a100"]), 13);
    assert_eq!(calibration.n_points(&["h100"]), 0);
    // (group, level, depth of what answers, its points)
    let table: [(&[&str], f64, usize, usize); 8] = [
        (&["a100", "conv2d"], 0.9, 2, 10),
        (&["a100", "conv2d", "3x3"], 0.9, 2, 10),
        (&["a100", "dense"], 0.9, 1, 13),
        (&["a100", "dense"], 0.75, 2, 3),
        (&["a100", "softmax"], 0.9, 1, 13),
        (&["t4", "dense"], 0.9, 0, 17),
        (&["h100", "conv2d"], 0.9, 0, 17),
        (&[], 0.9, 0, 17),
    ];
    for (group, level, depth, n_points) in table {
        let answer = calibration.interval(&point(1.0), group, level).unwrap();
        assert_eq!((answer.depth, answer.n_points), (depth, n_points), "{group:?}, {level}");
        assert!(answer.interval.upper.is_finite());
    }
    // Where not even all points suffice there is no bound.
    let answer = calibration.interval(&point(1.0), &["a100", "conv2d"], 0.99).unwrap();
    assert_eq!(answer.interval, Interval::EVERYTHING);
    assert_eq!(answer.margin, Margin::Unbounded(Reason::TooFew { n_points: 17, n_needed: 99 }));
    // More points may be asked for than the level needs.
    let answer = fit(&groups, 12).interval(&point(1.0), &["a100", "conv2d"], 0.9).unwrap();
    assert_eq!((answer.depth, answer.n_points), (1, 13));
    let nothing = Calibration::fit([], Sides::Both, 0).unwrap().interval(&point(1.0), &["a100"], 0.5).unwrap();
    assert_eq!(nothing.margin, Margin::Unbounded(Reason::TooFew { n_points: 0, n_needed: 1 }));
}

#[test]
fn one_sided_intervals_have_one_bound() {
    let margin = Margin::Finite(2.0_f64.ln());
    let upper = point(1.0).widened(margin, Sides::Upper);
    assert!(upper.lower == 0.0 && (upper.upper - 2.0).abs() < 1e-12);
    let lower = point(1.0).widened(margin, Sides::Lower);
    assert!((lower.lower - 0.5).abs() < 1e-12 && lower.upper == f64::INFINITY);
    // A bound that is too careful comes back.
    let quantiles = Forecast::quantiles(1.0, 4.0).unwrap();
    let narrower = quantiles.widened(Margin::Finite(-(2.0_f64.ln())), Sides::Upper);
    assert!((narrower.upper - 2.0).abs() < 1e-12);
    // Quantiles that would cross meet in the middle.
    let crossed = quantiles.widened(Margin::Finite(-5.0), Sides::Both);
    assert!((crossed.lower - 2.0).abs() < 1e-12 && crossed.lower == crossed.upper);
}

#[test]
fn a_few_shots_are_divided() {
    let points: Vec<(Forecast, f64)> = (0..60).map(|i| (point(1.0), 3.0 + 0.01 * f64::from(i % 5))).collect();
    for (n, level, n_moved_by) in
        [(0, 0.9, 0), (9, 0.9, 0), (10, 0.9, 1), (12, 0.9, 3), (30, 0.9, 10), (30, 0.95, 10), (21, 0.95, 2)]
    {
        let few_shot = FewShot::fit(&points[..n], level, Sides::Both).unwrap();
        assert_eq!(few_shot.n_moved_by(), n_moved_by, "{n}, {level}");
        assert_eq!(few_shot.calibration().n_points(&[]), n - n_moved_by);
        let bounded = few_shot.interval(&point(1.0), level).unwrap().interval.upper.is_finite();
        assert_eq!(bounded, n >= points_needed(level).unwrap());
    }
    assert!((FewShot::fit(&points, 0.9, Sides::Both).unwrap().factor() - 3.02).abs() < 1e-12);
}

#[test]
fn files_come_back_and_others_are_refused() {
    let calibration = fit(&[(&["a100", "dense"], &[1.0, 0.5]), (&["a100"], &[1.0]), (&[], &[2.0])], 3);
    let text = serde_json::to_string(&calibration).unwrap();
    expect![[r#"{"version":1,"sides":"both","n_fewest":3,"groups":[{"group":[],"scores":[2.0]},{"group":["a100"],"scores":[1.0]},{"group":["a100","dense"],"scores":[0.5,1.0]}]}"#]]
        .assert_eq(&text);
    assert_eq!(serde_json::from_str::<Calibration>(&text).unwrap(), calibration);
    let check = |text: &str, expect: Expect| {
        expect.assert_eq(&serde_json::from_str::<Calibration>(text).unwrap_err().to_string());
    };
    check(
        &text.replace("\"version\":1", "\"version\":2"),
        expect!["the calibration has format 2; this version reads 1"],
    );
    let deep = serde_json::to_string(&vec!["x"; 17]).unwrap();
    check(&text.replace("[\"a100\"]", &deep), expect!["a group has 17 names, more than 16"]);
    assert!(serde_json::from_str::<Calibration>(&text.replace("2.0", "null")).is_err());

    let mut stream = Stream::new(0.9, 0.1).unwrap();
    stream.observe(false);
    let text = serde_json::to_string(&stream).unwrap();
    assert_eq!(serde_json::from_str::<Stream>(&text).unwrap(), stream);
    assert!(serde_json::from_str::<Stream>(&text.replace("\"rate\":0.1", "\"rate\":-1.0")).is_err());
    let few_shot = FewShot::fit(&[(point(1.0), 2.0); 12], 0.9, Sides::Upper).unwrap();
    let text = serde_json::to_string(&few_shot).unwrap();
    assert_eq!(serde_json::from_str::<FewShot>(&text).unwrap(), few_shot);
    assert!(serde_json::from_str::<FewShot>(&text.replace("{\"version\":1", "{\"version\":0")).is_err());

    let text = serde_json::to_string(&Interval::EVERYTHING).unwrap();
    assert_eq!(text, r#"{"lower":0.0,"upper":null}"#);
    assert_eq!(serde_json::from_str::<Interval>(&text).unwrap(), Interval::EVERYTHING);
}

fn check<T>(answer: Result<T, CalibrateError>, expect: Expect) {
    expect.assert_eq(&answer.err().map_or("accepted".to_owned(), |error| error.to_string()));
}

#[test]
fn refused_questions() {
    check(Forecast::point(0.0), expect!["a latency must be positive and finite, not 0"]);
    check(Forecast::point(f64::NAN), expect!["a latency must be positive and finite, not NaN"]);
    check(point(1.0).score(-1.0, Sides::Both), expect!["a latency must be positive and finite, not -1"]);
    check(point(1e300).times(1e300), expect!["a latency must be positive and finite, not inf"]);
    check(Forecast::quantiles(2.0, 1.0), expect!["the lower quantile, 2 s, is above the upper one, 1 s"]);
    check(Forecast::with_spread(1.0, 0.0), expect!["a spread must be positive and finite, not 0"]);
    check(margin(&[1.0], 1.0), expect!["a level must be between 0 and 1, not 1"]);
    check(margin(&[1.0, f64::NAN], 0.5), expect!["score 1: must be finite, not NaN"]);
    check(points_needed(0.0), expect!["a level must be between 0 and 1, not 0"]);
    check(Stream::new(0.9, 0.0), expect!["a rate must be above 0 and at most 1, not 0"]);
    check(weighted_margin(&[1.0], &[-1.0], 1.0, 0.5), expect!["weight 0: must be finite and not negative, not -1"]);
    check(
        weighted_margin(&[1.0], &[1.0], f64::INFINITY, 0.5),
        expect!["weight 1: must be finite and not negative, not inf"],
    );
    check(weighted_margin(&[1.0], &[], 1.0, 0.5), expect!["1 scores and 0 weights do not belong together"]);
    check(coverage(&[Interval::EVERYTHING], &[]), expect!["1 intervals and 0 measured times do not belong together"]);
    check(coverage(&[], &[]), expect!["there are no cases to judge by"]);
    check(width(&[]), expect!["there are no cases to judge by"]);
    check(winkler_score(&[], &[], 0.9), expect!["there are no cases to judge by"]);
    check(winkler_score(&[], &[], 2.0), expect!["a level must be between 0 and 1, not 2"]);
    check(risk_coverage(&[], &[]), expect!["there are no cases to judge by"]);
    check(risk_coverage(&[f64::NAN], &[1.0]), expect!["score 0: must be finite, not NaN"]);
    check(calibration_curve(&[], &[0.5], |_, _| Ok(Interval::EVERYTHING)), expect!["there are no cases to judge by"]);
    let tiny = Point { forecast: Forecast::with_spread(1.0, 5e-324).unwrap(), measured: 2.0, group: &[] };
    check(Calibration::fit([tiny], Sides::Both, 0), expect!["score 0: must be finite, not inf"]);
    let deep = Point { forecast: point(1.0), measured: 2.0, group: &["x"; 17] };
    check(Calibration::fit([deep], Sides::Both, 0), expect!["a group has 17 names, more than 16"]);
}
