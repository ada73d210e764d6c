//! What holds for any scores.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use cdmpp_calibrate::{
    Calibration, Forecast, Margin, Point, Reason, Sides, Stream, margin, points_needed, risk_coverage, weighted_margin,
};
use proptest::prelude::*;

fn scores() -> impl Strategy<Value = Vec<f64>> {
    // Some of them equal.
    prop::collection::vec(prop_oneof![-3.0..3.0_f64, (-3..3_i32).prop_map(f64::from)], 0..60)
}

fn level() -> impl Strategy<Value = f64> {
    prop_oneof![0.001..0.999_f64, (1..100_u32).prop_map(|percent| f64::from(percent) / 100.0)]
}

fn forecast() -> impl Strategy<Value = Forecast> {
    let time = || (-20.0..5.0_f64).prop_map(f64::exp);
    let two = (time(), time()).prop_map(|(a, b)| Forecast::quantiles(a.min(b), a.max(b)).unwrap());
    prop_oneof![(time(), 0.1..4.0_f64).prop_map(|(time, spread)| Forecast::with_spread(time, spread).unwrap()), two]
}

fn sides() -> impl Strategy<Value = Sides> {
    prop_oneof![Just(Sides::Both), Just(Sides::Upper), Just(Sides::Lower)]
}

fn size(margin: Margin) -> f64 {
    if let Margin::Finite(margin) = margin { margin } else { f64::INFINITY }
}

proptest! {
    #[test]
    fn a_higher_level_gives_an_interval_that_holds_the_lower_ones(
        scores in scores(), a in level(), b in level(), forecast in forecast(), sides in sides(),
    ) {
        let [narrow, wide] = [a.min(b), a.max(b)].map(|level| margin(&scores, level).unwrap());
        prop_assert!(size(narrow) <= size(wide));
        let (narrow, wide) = (forecast.widened(narrow, sides), forecast.widened(wide, sides));
        prop_assert!(wide.lower <= narrow.lower && narrow.lower <= narrow.upper && narrow.upper <= wide.upper);
    }

    #[test]
    fn a_margin_holds_for_its_share_of_the_scores(scores in scores(), level in level()) {
        let n = scores.len() as f64;
        let margin = size(margin(&scores, level).unwrap());
        let n_within = scores.iter().filter(|score| **score <= margin).count() as f64;
        let n_below = scores.iter().filter(|score| **score < margin).count() as f64;
        // With a new score that is larger than all, at least the share; without the margin itself, less.
        prop_assert!(n_within + f64::from(margin.is_infinite()) >= level * (n + 1.0) - 1e-6);
        prop_assert!(n_below < level * (n + 1.0));
    }

    #[test]
    fn points_needed_are_the_fewest(level in level()) {
        let n = points_needed(level).unwrap();
        prop_assert!(matches!(margin(&vec![0.0; n], level).unwrap(), Margin::Finite(_)));
        let fewer = Margin::Unbounded(Reason::TooFew { n_points: n - 1, n_needed: n });
        prop_assert_eq!(margin(&vec![0.0; n - 1], level).unwrap(), fewer);
    }

    #[test]
    fn the_order_of_scores_does_not_matter(scores in scores().prop_shuffle(), level in level()) {
        let mut sorted = scores.clone();
        sorted.sort_by(f64::total_cmp);
        prop_assert_eq!(margin(&scores, level).unwrap(), margin(&sorted, level).unwrap());
    }

    #[test]
    fn equal_weights_are_none(scores in scores(), level in level(), weight in 1e-6..1e6_f64) {
        let weights = vec![weight; scores.len()];
        prop_assert_eq!(weighted_margin(&scores, &weights, weight, level).unwrap(), margin(&scores, level).unwrap());
    }

    #[test]
    fn weights_count_like_repetitions(pairs in prop::collection::vec((-3.0..3.0_f64, 0..4_usize), 0..20), level in level()) {
        let (scores, counts): (Vec<f64>, Vec<usize>) = pairs.iter().copied().unzip();
        let repeated: Vec<f64> = pairs.iter().flat_map(|(score, count)| vec![*score; *count]).collect();
        let weights: Vec<f64> = counts.iter().map(|count| *count as f64).collect();
        let (found, expected) = (weighted_margin(&scores, &weights, 1.0, level).unwrap(), margin(&repeated, level).unwrap());
        prop_assert_eq!(size(found), size(expected));
    }

    #[test]
    fn a_time_is_in_the_interval_when_its_score_is_within_the_margin(
        forecast in forecast(), measured in (-20.0..5.0_f64).prop_map(f64::exp), margin in -2.0..6.0_f64, sides in sides(),
    ) {
        let score = forecast.score(measured, sides).unwrap();
        let interval = forecast.widened(Margin::Finite(margin), sides);
        if score < margin - 1e-9 {
            prop_assert!(interval.contains(measured));
        }
        // Where quantiles would cross the interval is a single time instead of none.
        if score > margin + 1e-9 && interval.lower < interval.upper {
            prop_assert!(!interval.contains(measured));
        }
    }

    #[test]
    fn one_group_is_no_group(residuals in prop::collection::vec(-3.0..3.0_f64, 0..60), level in level(), sides in sides()) {
        let forecast = Forecast::point(1e-3).unwrap();
        let fit = |group: &[&str]| {
            let point = |residual: &f64| Point { forecast, measured: 1e-3 * residual.exp(), group };
            Calibration::fit(residuals.iter().map(point), sides, 0).unwrap()
        };
        let (grouped, plain) = (fit(&["a100", "dense"]), fit(&[]));
        let found = grouped.interval(&forecast, &["a100", "dense"], level).unwrap();
        let expected = plain.interval(&forecast, &[], level).unwrap();
        prop_assert_eq!((found.interval, found.margin), (expected.interval, expected.margin));
        prop_assert_eq!(margin(plain.scores(), level).unwrap(), expected.margin);
    }

    #[test]
    fn a_calibration_comes_back_from_its_file(
        points in prop::collection::vec((-3.0..3.0_f64, 0..3_usize, 0..3_usize), 0..40), level in level(),
    ) {
        let groups: [[&[&str]; 3]; 3] = [[&[], &["a"], &["b"]], [&["a", "x"], &["a", "y"], &["b", "x"]], [&["c", "x", "1"], &["a"], &[]]];
        let forecast = Forecast::point(2.0).unwrap();
        let points = points.iter().map(|(residual, i, j)| Point { forecast, measured: residual.exp(), group: groups[*i][*j] });
        let calibration = Calibration::fit(points, Sides::Both, 2).unwrap();
        let back: Calibration = serde_json::from_str(&serde_json::to_string(&calibration).unwrap()).unwrap();
        prop_assert_eq!(&back, &calibration);
        let ask = |calibration: &Calibration| calibration.interval(&forecast, &["a", "x"], level).unwrap();
        prop_assert_eq!(ask(&back), ask(&calibration));
    }

    #[test]
    fn a_stream_holds_its_bound_whatever_happens(
        hits in prop::collection::vec(any::<bool>(), 1..400), level in 0.05..0.95_f64, rate in 0.001..1.0_f64,
    ) {
        let mut stream = Stream::new(level, rate).unwrap();
        for hit in &hits {
            // An interval without bounds holds, and none at all does not.
            let hit = stream.level() >= 1.0 || (*hit && stream.level() > 0.0);
            stream.observe(hit);
        }
        let off = (stream.coverage().unwrap() - level).abs();
        prop_assert!(off <= (level.max(1.0 - level) + rate) / (rate * hits.len() as f64) + 1e-9, "{}", off);
    }

    #[test]
    fn risk_at_full_coverage_is_the_mean_error(cases in prop::collection::vec((0.0..2.0_f64, 0..5_i32), 1..50)) {
        let (errors, uncertainties): (Vec<f64>, Vec<f64>) = cases.iter().map(|(error, by)| (*error, f64::from(*by))).unzip();
        let curve = risk_coverage(&errors, &uncertainties).unwrap();
        let last = curve.last().unwrap();
        prop_assert_eq!(last.answered, 1.0);
        prop_assert!((last.risk - errors.iter().sum::<f64>() / errors.len() as f64).abs() < 1e-12);
        prop_assert!(curve.windows(2).all(|pair| pair[0].answered < pair[1].answered));
    }
}
