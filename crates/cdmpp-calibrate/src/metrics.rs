//! How good intervals are.

use crate::Interval;
use crate::error::{CalibrateError, check_lengths, check_level, ln_seconds};
use crate::few_shot::median;

/// One level of a calibration curve.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct CurvePoint {
    /// How often the intervals should hold.
    pub level: f64,
    /// How often they do.
    pub coverage: f64,
    /// Their [`width`]; in a file, `null` where it is infinite.
    #[serde(deserialize_with = "infinite_if_null")]
    pub width: f64,
}

/// One point of a risk–coverage curve.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct RiskPoint {
    /// The share of cases that are answered: the most certain ones.
    pub answered: f64,
    /// The mean error of these.
    pub risk: f64,
}

/// The share of measured times that lie in their intervals.
///
/// # Units
/// Seconds.
///
/// # Errors
/// If there are no intervals, more than times, or fewer.
///
/// # Examples
/// ```
/// use cdmpp_calibrate::{Interval, coverage};
///
/// let intervals = [Interval { lower: 1.0, upper: 2.0 }; 4];
/// assert_eq!(coverage(&intervals, &[1.0, 1.5, 2.0, 2.5])?, 0.75);
/// # Ok::<(), cdmpp_calibrate::CalibrateError>(())
/// ```
pub fn coverage(intervals: &[Interval], measured: &[f64]) -> Result<f64, CalibrateError> {
    check_cases(intervals, measured)?;
    let n_hits = intervals.iter().zip(measured).filter(|(interval, seconds)| interval.contains(**seconds)).count();
    Ok(n_hits as f64 / intervals.len() as f64)
}

/// The median of upper over lower bound: 1 at best, infinite if half of the intervals lack a bound.
///
/// # Errors
/// If there are no intervals.
///
/// # Complexity
/// O(n log n).
///
/// # Examples
/// ```
/// use cdmpp_calibrate::{Interval, width};
///
/// let [narrow, wide] = [1.5, 4.0].map(|upper| Interval { lower: 1.0, upper });
/// assert_eq!(width(&[narrow, wide, Interval::EVERYTHING])?, 4.0);
/// # Ok::<(), cdmpp_calibrate::CalibrateError>(())
/// ```
pub fn width(intervals: &[Interval]) -> Result<f64, CalibrateError> {
    median(intervals.iter().map(Interval::width).collect()).ok_or(CalibrateError::NoCases)
}

/// The mean interval score of Winkler, on logarithms: ln u − ln l, and for a measured time outside, 2 / (1 − level) times
/// how far outside it is. The smaller the better: neither wide intervals nor missed times pay. Infinite if a bound is
/// missing.
///
/// # Units
/// Times in seconds; the score is a difference of natural logarithms, since latencies differ by orders of magnitude.
///
/// # Errors
/// If there are no intervals, more than times, or fewer, a time is not positive and finite, or the level is not between 0
/// and 1.
///
/// # Examples
/// ```
/// use cdmpp_calibrate::{Interval, winkler_score};
///
/// let interval = Interval { lower: 1.0, upper: 2.0 };
/// let [inside, outside] = [1.5, 4.0].map(|seconds| winkler_score(&[interval], &[seconds], 0.9));
/// assert!((inside? - 2.0_f64.ln()).abs() < 1e-12);
/// assert!((outside? - 21.0 * 2.0_f64.ln()).abs() < 1e-12);
/// # Ok::<(), cdmpp_calibrate::CalibrateError>(())
/// ```
///
/// # References
/// Winkler, *A Decision-Theoretic Approach to Interval Estimation*, 1972; Gneiting and Raftery, *Strictly Proper Scoring
/// Rules, Prediction, and Estimation*, 2007, equation 43.
pub fn winkler_score(intervals: &[Interval], measured: &[f64], level: f64) -> Result<f64, CalibrateError> {
    check_level(level)?;
    check_cases(intervals, measured)?;
    let mut sum = 0.0;
    for (interval, seconds) in intervals.iter().zip(measured) {
        let (ln, lower, upper) = (ln_seconds(*seconds)?, interval.lower.ln(), interval.upper.ln());
        sum += upper - lower + 2.0 / (1.0 - level) * ((lower - ln).max(0.0) + (ln - upper).max(0.0));
    }
    Ok(sum / intervals.len() as f64)
}

/// How often intervals hold at each of some levels, and how wide they are.
///
/// `interval(case, level)` is asked for every case and level; [`Calibration::interval`](crate::Calibration::interval) may
/// be behind it.
///
/// # Errors
/// If there are no measured times, a level is not between 0 and 1, or `interval` fails.
///
/// # Complexity
/// O(n log n) for n measured times, and n calls, for each level.
///
/// # Examples
/// ```
/// use cdmpp_calibrate::{Forecast, Margin, Sides, calibration_curve};
///
/// let forecast = Forecast::point(1.0)?;
/// let measured = [1.1, 0.8, 1.4, 1.0];
/// let curve = calibration_curve(&measured, &[0.5, 0.9], |_, level| {
///     Ok(forecast.widened(Margin::Finite(0.3 * level), Sides::Both))
/// })?;
/// assert_eq!(curve.iter().map(|point| point.coverage).collect::<Vec<_>>(), [0.5, 0.75]);
/// # Ok::<(), cdmpp_calibrate::CalibrateError>(())
/// ```
pub fn calibration_curve(
    measured: &[f64],
    levels: &[f64],
    mut interval: impl FnMut(usize, f64) -> Result<Interval, CalibrateError>,
) -> Result<Vec<CurvePoint>, CalibrateError> {
    let mut point = |level: f64| {
        check_level(level)?;
        let intervals = (0..measured.len()).map(|case| interval(case, level)).collect::<Result<Vec<_>, _>>()?;
        Ok(CurvePoint { level, coverage: coverage(&intervals, measured)?, width: width(&intervals)? })
    };
    levels.iter().map(|level| point(*level)).collect()
}

/// The mean error of the most certain cases, for every share of cases: what is gained by leaving the others unanswered. A
/// good uncertainty makes it rise from left to right.
///
/// Cases of equal uncertainty come in together, as one point.
///
/// # Units
/// Errors of any unit, uncertainties of any other: only their order counts, and the width of an interval will do.
///
/// # Errors
/// If there are no errors, more than uncertainties, or fewer, or one of them is NaN.
///
/// # Complexity
/// O(n log n).
///
/// # Examples
/// ```
/// use cdmpp_calibrate::risk_coverage;
///
/// let curve = risk_coverage(&[0.1, 0.4, 0.1, 0.2], &[1.0, 3.0, 1.0, 2.0])?;
/// let answered: Vec<f64> = curve.iter().map(|point| point.answered).collect();
/// assert_eq!(answered, [0.5, 0.75, 1.0]);
/// assert!((curve[2].risk - 0.2).abs() < 1e-12);
/// # Ok::<(), cdmpp_calibrate::CalibrateError>(())
/// ```
///
/// # References
/// El-Yaniv and Wiener, *On the Foundations of Noise-Free Selective Classification*, 2010.
pub fn risk_coverage(errors: &[f64], uncertainties: &[f64]) -> Result<Vec<RiskPoint>, CalibrateError> {
    check_lengths(("errors", errors.len()), ("uncertainties", uncertainties.len()))?;
    if errors.is_empty() {
        return Err(CalibrateError::NoCases);
    }
    if let Some(place) = errors.iter().zip(uncertainties).position(|(error, by)| error.is_nan() || by.is_nan()) {
        return Err(CalibrateError::Score { place, score: f64::NAN });
    }
    let mut cases: Vec<(f64, f64)> = uncertainties.iter().copied().zip(errors.iter().copied()).collect();
    cases.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (n, mut n_answered, mut sum) = (cases.len() as f64, 0, 0.0);
    let point = |equal: &[(f64, f64)]| {
        n_answered += equal.len();
        sum += equal.iter().map(|(_, error)| error).sum::<f64>();
        RiskPoint { answered: n_answered as f64 / n, risk: sum / n_answered as f64 }
    };
    Ok(cases.chunk_by(|a, b| a.0 == b.0).map(point).collect())
}

fn check_cases(intervals: &[Interval], measured: &[f64]) -> Result<(), CalibrateError> {
    check_lengths(("intervals", intervals.len()), ("measured times", measured.len()))?;
    if intervals.is_empty() { Err(CalibrateError::NoCases) } else { Ok(()) }
}

fn infinite_if_null<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(<Option<f64> as serde::Deserialize>::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
}
