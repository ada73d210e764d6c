//! Margins and measures against numpy's.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use cdmpp_calibrate::{
    Forecast, Interval, Margin, Reason, Sides, coverage, margin, risk_coverage, weighted_margin, width, winkler_score,
};

// Made by numpy 2.4.6, with these lines:
// ```python
// import numpy as np
// i = np.arange(40.0)
// measured = np.exp(np.sin(3 * i))
// predicted = np.exp(np.cos(2 * i) / 2)
// spread = 0.5 + i % 7 / 7
// absolute = np.abs(np.log(measured / predicted))
// scaled = absolute / spread
// outside = np.maximum(np.log(0.8 * predicted / measured), np.log(measured / (1.3 * predicted)))
// above = np.log(measured / predicted)
//
// def margin(scores, level):
//     return np.sort(scores)[int(np.ceil((len(scores) + 1) * level)) - 1]
//
// def weighted(scores, own, level):
//     weights, scores = np.append(1 + i % 5, own), np.append(scores, np.inf)
//     return np.quantile(scores, level, weights=weights, method="inverted_cdf")
//
// for scores in absolute, scaled, outside, above:
//     print([margin(scores, level) for level in (0.3, 0.5, 0.9)], weighted(scores, 3, 0.8))
// print(weighted(absolute, 40, 0.8))  # inf
// q = margin(absolute, 0.8)
// ln, lower, upper = np.log(measured), np.log(predicted) - q, np.log(predicted) + q
// print(np.mean((lower <= ln) & (ln <= upper)), np.exp(2 * q),
//       np.mean(upper - lower + 2 / 0.2 * (np.maximum(lower - ln, 0) + np.maximum(ln - upper, 0))))
// risk = np.cumsum(absolute[np.argsort(spread)]) / np.arange(1, 41)
// print([risk[np.sum(spread <= s) - 1] for s in np.unique(spread)])
// ```
const ABSOLUTE: [f64; 4] = [0.43521861475885054, 0.6262175742824627, 1.2871948850806347, 0.9504101195259971];
const SCALED: [f64; 4] = [0.4903902264350253, 0.7970041854504071, 1.5365740588642784, 1.2096128793967236];
const OUTSIDE: [f64; 4] = [0.21207506344464083, 0.3638533098149716, 1.0640513337664248, 0.7272665682117873];
const ABOVE: [f64; 4] = [-0.49480720403791395, 0.028658409723914202, 1.0945143132356772, 0.6403357251197677];
const COVERAGE: f64 = 0.825;
const WIDTH: f64 = 10.705232955240751;
const WINKLER: f64 = 2.6085192969669793;
const RISKS: [f64; 7] = [
    0.610771525546768,
    0.6693894594422561,
    0.6840878429662597,
    0.7041616990736351,
    0.7092374443464607,
    0.7053441231875763,
    0.687973525762501,
];

fn cases(case: impl Fn(f64) -> f64) -> Vec<f64> {
    (0..40).map(|i| case(f64::from(i))).collect()
}

fn measured() -> Vec<f64> {
    cases(|i| (3.0 * i).sin().exp())
}

fn predicted() -> Vec<f64> {
    cases(|i| (0.5 * (2.0 * i).cos()).exp())
}

fn spreads() -> Vec<f64> {
    cases(|i| 0.5 + i % 7.0 / 7.0)
}

fn scores(sides: Sides, forecast: impl Fn(usize, f64) -> Forecast) -> Vec<f64> {
    let pairs = measured().into_iter().zip(predicted()).enumerate();
    pairs.map(|(i, (measured, predicted))| forecast(i, predicted).score(measured, sides).unwrap()).collect()
}

fn absolute() -> Vec<f64> {
    scores(Sides::Both, |_, seconds| Forecast::point(seconds).unwrap())
}

fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
}

fn finite(margin: Margin) -> f64 {
    let Margin::Finite(margin) = margin else { panic!("{margin:?}") };
    margin
}

#[test]
fn margins_are_those_of_numpy() {
    let spreads = spreads();
    let weights = cases(|i| 1.0 + i % 5.0);
    let kinds = [
        (absolute(), ABSOLUTE),
        (scores(Sides::Both, |i, seconds| Forecast::with_spread(seconds, spreads[i]).unwrap()), SCALED),
        (scores(Sides::Both, |_, seconds| Forecast::quantiles(0.8 * seconds, 1.3 * seconds).unwrap()), OUTSIDE),
        (scores(Sides::Upper, |_, seconds| Forecast::point(seconds).unwrap()), ABOVE),
    ];
    for (scores, expected) in kinds {
        for (level, expected) in [0.3, 0.5, 0.9].into_iter().zip(expected) {
            assert_near(finite(margin(&scores, level).unwrap()), expected);
        }
        assert_near(finite(weighted_margin(&scores, &weights, 3.0, 0.8).unwrap()), expected[3]);
    }
    let unlike = weighted_margin(&absolute(), &weights, 40.0, 0.8).unwrap();
    assert_eq!(unlike, Margin::Unbounded(Reason::Unlike { share: 0.75 }));
}

#[test]
fn measures_are_those_of_numpy() {
    let margin = margin(&absolute(), 0.8).unwrap();
    let widened = |seconds| Forecast::point(seconds).unwrap().widened(margin, Sides::Both);
    let intervals: Vec<Interval> = predicted().into_iter().map(widened).collect();
    // One measured time is a bound of its own interval, up to rounding.
    let slightly_wider: Vec<Interval> = intervals
        .iter()
        .map(|interval| Interval { lower: interval.lower * (1.0 - 1e-12), upper: interval.upper * (1.0 + 1e-12) })
        .collect();
    assert_near(coverage(&slightly_wider, &measured()).unwrap(), COVERAGE);
    assert_near(width(&intervals).unwrap(), WIDTH);
    assert_near(winkler_score(&intervals, &measured(), 0.8).unwrap(), WINKLER);
    let curve = risk_coverage(&absolute(), &spreads()).unwrap();
    assert_eq!(curve.len(), RISKS.len());
    for (point, expected) in curve.iter().zip(RISKS) {
        assert_near(point.risk, expected);
    }
    assert_eq!(curve[6].answered, 1.0);
}
