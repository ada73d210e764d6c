//! What a model says of one case, and how far from it the truth is.

use crate::error::{CalibrateError, ln_seconds};
use crate::{Interval, Margin};

/// Which bounds an interval has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sides {
    /// A lower and an upper bound.
    #[default]
    Both,
    /// An upper bound: the time is at most so long.
    Upper,
    /// A lower bound: the time is at least so long.
    Lower,
}

/// What a model says of the latency of one case: one time, a time with a spread, or two quantiles.
///
/// A forecast becomes an interval by a [`Margin`], which it is widened by on the logarithmic scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Logarithms of seconds.
    lower: f64,
    upper: f64,
    /// What a margin is multiplied by.
    spread: f64,
}

impl Forecast {
    /// A single predicted time ŷ.
    ///
    /// # Units
    /// Seconds.
    ///
    /// # Errors
    /// If the time is not positive and finite.
    ///
    /// # References
    /// Lei et al., *Distribution-Free Predictive Inference for Regression*, 2018: the score is |ln y − ln ŷ|.
    pub fn point(seconds: f64) -> Result<Self, CalibrateError> {
        Self::with_spread(seconds, 1.0)
    }

    /// A predicted time ŷ and how uncertain it is, as a number of any unit: twice as large where the logarithm is expected
    /// to be off by twice as much, such as the standard deviation of an ensemble's logarithms.
    ///
    /// # Units
    /// Seconds; the spread is on the scale of natural logarithms.
    ///
    /// # Errors
    /// If the time or the spread is not positive and finite.
    ///
    /// # References
    /// Lei et al., 2018, section 5.2, locally weighted: the score is |ln y − ln ŷ| / spread.
    pub fn with_spread(seconds: f64, spread: f64) -> Result<Self, CalibrateError> {
        let ln = ln_seconds(seconds)?;
        if !(spread > 0.0 && spread.is_finite()) {
            return Err(CalibrateError::Spread { spread });
        }
        Ok(Self { lower: ln, upper: ln, spread })
    }

    /// Two predicted quantiles, such as those of 5 % and 95 %.
    ///
    /// # Units
    /// Seconds.
    ///
    /// # Errors
    /// If one is not positive and finite, or the lower one is above the upper.
    ///
    /// # References
    /// Romano et al., *Conformalized Quantile Regression*, 2019, equation 6, on logarithms: the score is the larger of
    /// ln lower − ln y and ln y − ln upper, and negative inside.
    pub fn quantiles(lower: f64, upper: f64) -> Result<Self, CalibrateError> {
        let (ln_lower, ln_upper) = (ln_seconds(lower)?, ln_seconds(upper)?);
        if lower > upper {
            return Err(CalibrateError::Crossed { lower, upper });
        }
        Ok(Self { lower: ln_lower, upper: ln_upper, spread: 1.0 })
    }

    /// How far outside the forecast a measured time is, in spreads; negative between two quantiles, and on the good side
    /// of a one-sided bound.
    ///
    /// # Units
    /// `measured` in seconds; the score is a difference of natural logarithms, over the spread.
    ///
    /// # Errors
    /// If the time is not positive and finite.
    ///
    /// # Examples
    /// ```
    /// use cdmpp_calibrate::{Forecast, Sides};
    ///
    /// let forecast = Forecast::point(1.0)?;
    /// assert_eq!(forecast.score(0.5, Sides::Both)?, 2.0_f64.ln());
    /// assert_eq!(forecast.score(0.5, Sides::Upper)?, -2.0_f64.ln());
    /// # Ok::<(), cdmpp_calibrate::CalibrateError>(())
    /// ```
    pub fn score(&self, measured: f64, sides: Sides) -> Result<f64, CalibrateError> {
        let ln = ln_seconds(measured)?;
        let (below, above) = ((self.lower - ln) / self.spread, (ln - self.upper) / self.spread);
        Ok(match sides {
            Sides::Both => below.max(above),
            Sides::Upper => above,
            Sides::Lower => below,
        })
    }

    /// The forecast widened by a margin: all times whose score is at most the margin.
    ///
    /// A negative margin draws two quantiles together. Where they would cross, the interval is the one time in their middle:
    /// more than the empty set, so that it holds at least as often.
    ///
    /// # Examples
    /// ```
    /// use cdmpp_calibrate::{Forecast, Margin, Sides};
    ///
    /// // The margin allows a factor of 2.
    /// let interval = Forecast::point(1.0)?.widened(Margin::Finite(2.0_f64.ln()), Sides::Both);
    /// assert!((interval.lower - 0.5).abs() < 1e-12 && (interval.upper - 2.0).abs() < 1e-12);
    /// # Ok::<(), cdmpp_calibrate::CalibrateError>(())
    /// ```
    #[must_use]
    pub fn widened(&self, margin: Margin, sides: Sides) -> Interval {
        let Margin::Finite(margin) = margin else {
            return Interval::EVERYTHING;
        };
        let (lower, upper) = (self.lower - margin * self.spread, self.upper + margin * self.spread);
        let middle = self.ln_middle();
        match sides {
            Sides::Both => Interval { lower: lower.min(middle).exp(), upper: upper.max(middle).exp() },
            Sides::Upper => Interval { lower: 0.0, upper: upper.exp() },
            Sides::Lower => Interval { lower: lower.exp(), upper: f64::INFINITY },
        }
    }

    /// The forecast, a number of times as long.
    ///
    /// # Errors
    /// If a time would not be positive and finite.
    pub fn times(&self, factor: f64) -> Result<Self, CalibrateError> {
        let by = ln_seconds(factor)?;
        let moved = Self { lower: self.lower + by, upper: self.upper + by, ..*self };
        ln_seconds(moved.lower.exp()).and(ln_seconds(moved.upper.exp())).map(|_| moved)
    }

    /// The logarithm of the time in the middle.
    pub(crate) fn ln_middle(&self) -> f64 {
        0.5 * (self.lower + self.upper)
    }
}
