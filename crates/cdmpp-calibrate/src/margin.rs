//! How far intervals must reach to hold as often as they should.

use crate::error::{CalibrateError, check_lengths, check_level};

/// What ranks are rounded by, relative to themselves: 0.9 times 10 is 9, whatever the last bit says.
const SLACK: f64 = 1e-10;

/// How far an interval reaches beyond its forecast.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Margin {
    /// So far, in units of scores.
    Finite(f64),
    /// Without end, because what there is does not suffice for the level.
    Unbounded(Reason),
}

/// Why an interval has no bounds.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// ⌈(n + 1) · level⌉ is above n, so that not even the largest score is large enough.
    TooFew {
        /// How many points there are.
        n_points: usize,
        /// How many the level needs.
        n_needed: usize,
    },
    /// The question is so unlike the points that its own weight leaves less than the level to them.
    Unlike {
        /// The share of the points in all weights.
        share: f64,
    },
    /// A stream missed so often that its level has come to 1 or more.
    Level {
        /// The level.
        level: f64,
    },
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooFew { n_points, n_needed } => {
                write!(f, "the level needs {n_needed} calibration points, and there are {n_points}")
            }
            Self::Unlike { share } => {
                write!(f, "the calibration points have {share:.3} of all weights, less than the level")
            }
            Self::Level { level } => {
                write!(f, "the stream's level is {level:.3}: only an interval without bounds reaches it")
            }
        }
    }
}

/// How many calibration points a level needs for a finite interval: 9 for 0.9, 19 for 0.95.
///
/// # Errors
/// If the level is not between 0 and 1.
///
/// # Examples
/// ```
/// use cdmpp_calibrate::points_needed;
///
/// assert_eq!(points_needed(0.9)?, 9);
/// assert_eq!(points_needed(0.95)?, 19);
/// # Ok::<(), cdmpp_calibrate::CalibrateError>(())
/// ```
pub fn points_needed(level: f64) -> Result<usize, CalibrateError> {
    check_level(level)?;
    // The smallest n with (n + 1) · level ≤ n.
    Ok(((level / (1.0 - level)) * (1.0 - SLACK)).ceil() as usize)
}

/// The margin by which a new case, exchangeable with those of the scores, lies within its interval in at least the share
/// `level` of all draws: the k-th smallest of n scores, k = ⌈(n + 1) · level⌉.
///
/// Over many draws of the n points the coverage of one margin is distributed as Beta(k, n + 1 − k): with 39 points and a
/// level of 0.9 its standard deviation is 0.047.
///
/// # Errors
/// If the level is not between 0 and 1, or a score is not finite.
///
/// # Complexity
/// O(n) time and memory.
///
/// # Examples
/// ```
/// use cdmpp_calibrate::{Margin, Reason, margin};
///
/// let scores = [0.3, 0.1, 0.2, 0.9, 0.5, 0.4, 0.8, 0.6, 0.7];
/// assert_eq!(margin(&scores, 0.5)?, Margin::Finite(0.5));
/// assert_eq!(margin(&scores, 0.9)?, Margin::Finite(0.9));
/// assert_eq!(margin(&scores, 0.95)?, Margin::Unbounded(Reason::TooFew { n_points: 9, n_needed: 19 }));
/// # Ok::<(), cdmpp_calibrate::CalibrateError>(())
/// ```
///
/// # References
/// Lei et al., *Distribution-Free Predictive Inference for Regression*, 2018, algorithm 2; Vovk, *Conditional Validity of
/// Inductive Conformal Predictors*, 2012, on the Beta law.
pub fn margin(scores: &[f64], level: f64) -> Result<Margin, CalibrateError> {
    check_level(level)?;
    check_scores(scores)?;
    let rank = rank(scores.len(), level);
    if rank > scores.len() {
        return Ok(too_few(scores.len(), level));
    }
    let mut scores = scores.to_vec();
    Ok(Margin::Finite(*scores.select_nth_unstable_by(rank - 1, f64::total_cmp).1))
}

/// The margin for a question from another distribution than the scores', where the weight of a case is how much more
/// frequent its like is there than here: the `level` quantile of the weighted scores and of an infinite one with the
/// question's own weight.
///
/// With equal weights it is [`margin`]. Weights are known up to one factor.
///
/// # Errors
/// If the level is not between 0 and 1, a score is not finite, a weight is negative or not finite, or there are more
/// weights than scores, or fewer.
///
/// # Complexity
/// O(n log n) time, O(n) memory.
///
/// # Examples
/// ```
/// use cdmpp_calibrate::{Margin, weighted_margin};
///
/// // Cases like the first three are four times as frequent in the new workload.
/// let scores = [0.9, 0.8, 0.7, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
/// let weights = [4.0, 4.0, 4.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
/// assert_eq!(weighted_margin(&scores, &weights, 1.0, 0.5)?, Margin::Finite(0.7));
/// assert_eq!(weighted_margin(&scores, &[1.0; 9], 1.0, 0.5)?, Margin::Finite(0.5));
/// # Ok::<(), cdmpp_calibrate::CalibrateError>(())
/// ```
///
/// # References
/// Tibshirani et al., *Conformal Prediction Under Covariate Shift*, 2019, equation 7.
pub fn weighted_margin(scores: &[f64], weights: &[f64], own_weight: f64, level: f64) -> Result<Margin, CalibrateError> {
    check_level(level)?;
    check_scores(scores)?;
    check_lengths(("scores", scores.len()), ("weights", weights.len()))?;
    let is_weight = |weight: f64| weight >= 0.0 && weight.is_finite();
    let all = weights.iter().copied().chain([own_weight]);
    if let Some((place, weight)) = all.enumerate().find(|(_, weight)| !is_weight(*weight)) {
        return Err(CalibrateError::Weight { place, weight });
    }
    // By the largest, so that no sum overflows.
    let largest = weights.iter().copied().fold(own_weight, f64::max);
    let mut pairs: Vec<(f64, f64)> =
        scores.iter().zip(weights).map(|(score, weight)| (*score, weight / largest)).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let of_points: f64 = pairs.iter().map(|(_, weight)| weight).sum();
    let total = of_points + own_weight / largest;
    let enough = level * (1.0 - SLACK) * total;
    let mut sum = 0.0;
    let found = pairs.iter().find(|(_, weight)| {
        sum += weight;
        sum >= enough
    });
    Ok(match found {
        Some((score, _)) => Margin::Finite(*score),
        None if largest > 0.0 && own_weight == largest && weights.iter().all(|weight| *weight == largest) => {
            too_few(scores.len(), level)
        }
        None => Margin::Unbounded(Reason::Unlike { share: if total > 0.0 { of_points / total } else { 0.0 } }),
    })
}

/// The margin of scores that are in order and finite, for a valid level.
pub(crate) fn margin_of_sorted(scores: &[f64], level: f64) -> Margin {
    match scores.get(rank(scores.len(), level) - 1) {
        Some(score) => Margin::Finite(*score),
        None => too_few(scores.len(), level),
    }
}

/// # Errors
/// If a score is not finite.
pub(crate) fn check_scores(scores: &[f64]) -> Result<(), CalibrateError> {
    match scores.iter().position(|score| !score.is_finite()) {
        Some(place) => Err(CalibrateError::Score { place, score: scores[place] }),
        None => Ok(()),
    }
}

/// Which of n scores, counted from 1, a level asks for; n + 1 if none is large enough.
fn rank(n: usize, level: f64) -> usize {
    (((n + 1) as f64 * level * (1.0 - SLACK)).ceil() as usize).clamp(1, n + 1)
}

fn too_few(n_points: usize, level: f64) -> Margin {
    let n_needed = points_needed(level).expect("the level was checked");
    Margin::Unbounded(Reason::TooFew { n_points, n_needed })
}
