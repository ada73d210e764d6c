//! Intervals around predicted latencies that hold as often as they say, whatever the model behind the predictions is.
//!
//! A model predicts ŷ; some cases are measured that it did not learn from. How far the measured times are off,
//! s = |ln y − ln ŷ|, says how far a new one may be: with q the k-th smallest of n scores, k = ⌈(n + 1) · level⌉, the
//! interval from ŷ · e⁻ᵠ to ŷ · eᵠ holds in at least the share `level` of cases. Nothing is asked of the model or of its
//! errors but that old cases and new ones come from the same source, in no particular order (they are *exchangeable*). If
//! k is above n there are too few points for any finite interval: the answer is an infinite one, and [why](Reason).
//!
//! | question | what to use |
//! |---|---|
//! | one time, a time with a spread, or two quantiles are predicted | [`Forecast`] |
//! | intervals by group, hardware and kind of operator, kept in a file | [`Calibration`] |
//! | a margin from a list of scores | [`margin`] |
//! | another mix of cases than was measured | [`weighted_margin`] |
//! | new hardware with a few measurements | [`FewShot`] |
//! | a stream that drifts, such as an autotuner's | [`Stream`] |
//! | how good intervals are | [`coverage`], [`width`](width()), [`winkler_score`], [`calibration_curve`], [`risk_coverage`] |
//!
//! Times are seconds, as `f64`; scores, margins and spreads are differences of natural logarithms, so that an interval is a
//! factor around its forecast. The crate knows numbers only: no model, no tensor, no program.
//!
//! # Examples
//! ```
//! use cdmpp_calibrate::{Calibration, Forecast, Point, Sides, coverage};
//!
//! // Fifty predictions of a model and what was measured: up to 30 % off, either way.
//! let truth = |i: u32| 1e-3 * f64::from(i) * (0.3 * f64::from(i * 7 % 11 * 2) / 10.0 - 0.3).exp();
//! let predicted = |i: u32| Forecast::point(1e-3 * f64::from(i));
//! let mut points = Vec::new();
//! for i in 1..=50 {
//!     points.push(Point { forecast: predicted(i)?, measured: truth(i), group: &["a100", "dense"] });
//! }
//! let calibration = Calibration::fit(points, Sides::Both, 0)?;
//!
//! let (mut intervals, mut measured) = (Vec::new(), Vec::new());
//! for i in 51..=150 {
//!     let answer = calibration.interval(&predicted(i)?, &["a100", "dense"], 0.9)?;
//!     intervals.push(answer.interval);
//!     measured.push(truth(i));
//! }
//! assert!(coverage(&intervals, &measured)? >= 0.9);
//! assert!(intervals[0].width() < 2.0);
//! # Ok::<(), cdmpp_calibrate::CalibrateError>(())
//! ```
//!
//! # What it does not promise
//!
//! Coverage is an average over cases and over draws of the calibration points. It is no promise for one case, nor for a
//! group that did not answer itself, nor for one draw: with 39 points and 90 % wanted, seven draws in ten cover between
//! 85 % and 95 %. Cases of another kind than the calibration points are not covered at all, and points that the model was
//! fitted to, stopped by or chosen by are no calibration points.
//!
//! # References
//!
//! Lei et al., *Distribution-Free Predictive Inference for Regression*, 2018; Romano et al., *Conformalized Quantile
//! Regression*, 2019; Tibshirani et al., *Conformal Prediction Under Covariate Shift*, 2019; Gibbs and Candès, *Adaptive
//! Conformal Inference Under Distribution Shift*, 2021; Vovk et al., *Algorithmic Learning in a Random World*, 2005. The
//! items name the places.

// The README's example runs with the tests.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

mod calibration;
mod error;
mod few_shot;
mod forecast;
mod interval;
mod margin;
mod metrics;
mod stream;

pub use calibration::{Calibrated, Calibration, Point};
pub use error::CalibrateError;
pub use few_shot::FewShot;
pub use forecast::{Forecast, Sides};
pub use interval::Interval;
pub use margin::{Margin, Reason, margin, points_needed, weighted_margin};
pub use metrics::{CurvePoint, RiskPoint, calibration_curve, coverage, risk_coverage, width, winkler_score};
pub use stream::Stream;
