//! An interval of times.

/// The times from `lower` to `upper`, both included.
///
/// In a file an infinite bound is `null`.
///
/// # Units
/// Seconds.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Interval {
    /// At least 0.
    pub lower: f64,
    /// May be infinite.
    pub upper: f64,
}

impl Interval {
    /// All times: what is known when nothing is known.
    pub const EVERYTHING: Self = Self { lower: 0.0, upper: f64::INFINITY };

    /// Whether a time lies in the interval.
    #[must_use]
    pub fn contains(&self, seconds: f64) -> bool {
        self.lower <= seconds && seconds <= self.upper
    }

    /// The upper bound over the lower: 1 for a single time, infinite where a bound is missing.
    ///
    /// # Examples
    /// ```
    /// use cdmpp_calibrate::Interval;
    ///
    /// assert_eq!(Interval { lower: 0.5, upper: 2.0 }.width(), 4.0);
    /// assert_eq!(Interval { lower: 0.0, upper: 2.0 }.width(), f64::INFINITY);
    /// ```
    #[must_use]
    pub fn width(&self) -> f64 {
        if self.lower > 0.0 { self.upper / self.lower } else { f64::INFINITY }
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Stored {
    lower: f64,
    upper: Option<f64>,
}

impl From<Stored> for Interval {
    fn from(stored: Stored) -> Self {
        Self { lower: stored.lower, upper: stored.upper.unwrap_or(f64::INFINITY) }
    }
}

impl From<Interval> for Stored {
    fn from(interval: Interval) -> Self {
        Self { lower: interval.lower, upper: interval.upper.is_finite().then_some(interval.upper) }
    }
}
