//! What can be wrong with a question for intervals.

/// An interval, or a measure of intervals, cannot be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrateError {
    /// The caller's time is none: zero, negative, infinite or NaN.
    #[error("a latency must be positive and finite, not {seconds}")]
    Seconds {
        /// The time.
        seconds: f64,
    },
    /// The caller's lower quantile is above the upper one.
    #[error("the lower quantile, {lower} s, is above the upper one, {upper} s")]
    Crossed {
        /// The lower quantile, in seconds.
        lower: f64,
        /// The upper quantile, in seconds.
        upper: f64,
    },
    /// The caller's spread is none.
    #[error("a spread must be positive and finite, not {spread}")]
    Spread {
        /// The spread.
        spread: f64,
    },
    /// The caller's level is no share of cases that an interval can hold in.
    #[error("a level must be between 0 and 1, not {level}")]
    Level {
        /// The level.
        level: f64,
    },
    /// The caller's step of a stream's level is none.
    #[error("a rate must be above 0 and at most 1, not {rate}")]
    Rate {
        /// The rate.
        rate: f64,
    },
    /// The caller, or the file, has a score that is no number.
    #[error("score {place}: must be finite, not {score}")]
    Score {
        /// Which of the scores, from 0.
        place: usize,
        /// The score.
        score: f64,
    },
    /// The caller's weight is negative, infinite or NaN.
    #[error("weight {place}: must be finite and not negative, not {weight}")]
    Weight {
        /// Which of the weights, from 0; the number of scores for that of the question.
        place: usize,
        /// The weight.
        weight: f64,
    },
    /// The caller's, or the file's, path of group names has no end in sight.
    #[error("a group has {n_names} names, more than {n_most}")]
    Group {
        /// How many names it has.
        n_names: usize,
        /// How many it may have.
        n_most: usize,
    },
    /// The caller's lists do not belong together.
    #[error("{n_left} {left} and {n_right} {right} do not belong together")]
    Lengths {
        /// What the first list holds.
        left: &'static str,
        /// How many.
        n_left: usize,
        /// What the second list holds.
        right: &'static str,
        /// How many.
        n_right: usize,
    },
    /// The caller asks for the mean or the median of nothing.
    #[error("there are no cases to judge by")]
    NoCases,
    /// The file was written by another version of this crate.
    #[error("the calibration has format {found}; this version reads {expected}")]
    Version {
        /// The version in the file.
        found: u32,
        /// The version that is read.
        expected: u32,
    },
}

/// Answers the logarithm of a time.
///
/// # Errors
/// If it is not positive and finite.
pub(crate) fn ln_seconds(seconds: f64) -> Result<f64, CalibrateError> {
    if seconds > 0.0 && seconds.is_finite() { Ok(seconds.ln()) } else { Err(CalibrateError::Seconds { seconds }) }
}

/// # Errors
/// If it is not between 0 and 1.
pub(crate) fn check_level(level: f64) -> Result<(), CalibrateError> {
    if level > 0.0 && level < 1.0 { Ok(()) } else { Err(CalibrateError::Level { level }) }
}

/// # Errors
/// If one list is longer than the other.
pub(crate) fn check_lengths(
    (left, n_left): (&'static str, usize),
    (right, n_right): (&'static str, usize),
) -> Result<(), CalibrateError> {
    if n_left == n_right { Ok(()) } else { Err(CalibrateError::Lengths { left, n_left, right, n_right }) }
}
