//! Intervals of a stream whose cases drift.

use crate::Margin;
use crate::error::{CalibrateError, check_level};
use crate::margin::{Reason, margin};

/// The level at which to ask for the next interval of a stream, so that in the long run intervals hold as often as they
/// should, however the stream drifts: such as that of an autotuner, whose candidates get better and better.
///
/// After every case αₜ₊₁ = αₜ + rate · (α − missₜ), where α is 1 − the wanted level and missₜ is 1 or 0: a miss makes the next
/// intervals wider, a hit narrower. After T cases the share of misses is off α by at most
/// (max(α, 1 − α) + rate) / (rate · T), whatever the cases are; for that, a case counts as a miss where αₜ is 1 or more.
///
/// *Deviation.* Where αₜ is 1 or more the published rule answers the empty set; [`margin`](Self::margin) answers the
/// smallest score instead.
///
/// # Examples
/// ```
/// use cdmpp_calibrate::Stream;
///
/// let mut stream = Stream::new(0.9, 0.05)?;
/// stream.observe(false);
/// assert!(stream.level() > 0.94);
/// stream.observe(true);
/// assert!(stream.level() < 0.945);
/// assert_eq!(stream.coverage(), Some(0.5));
/// # Ok::<(), cdmpp_calibrate::CalibrateError>(())
/// ```
///
/// # References
/// Gibbs and Candès, *Adaptive Conformal Inference Under Distribution Shift*, 2021: equation 2 and proposition 4.1, with
/// rates of 0.005 for slow drifts; a larger one follows faster and scatters more.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Stream {
    wanted: f64,
    rate: f64,
    level: f64,
    n: u64,
    n_hits: u64,
}

impl Stream {
    /// Starts at the wanted level.
    ///
    /// # Errors
    /// If the level is not between 0 and 1, or the rate is not above 0 and at most 1.
    pub fn new(level: f64, rate: f64) -> Result<Self, CalibrateError> {
        check_level(level)?;
        if rate > 0.0 && rate <= 1.0 {
            Ok(Self { wanted: level, rate, level, n: 0, n_hits: 0 })
        } else {
            Err(CalibrateError::Rate { rate })
        }
    }

    /// 1 − αₜ, the level of the next interval. It may be 0 or less, or 1 or more.
    #[must_use]
    pub fn level(&self) -> f64 {
        self.level
    }

    /// The margin of the next interval, by the scores of what was measured so far.
    ///
    /// # Errors
    /// If a score is not finite.
    ///
    /// # Complexity
    /// O(n) time and memory for n scores.
    pub fn margin(&self, scores: &[f64]) -> Result<Margin, CalibrateError> {
        if self.level >= 1.0 {
            return Ok(Margin::Unbounded(Reason::Level { level: self.level }));
        }
        margin(scores, self.level.max(f64::MIN_POSITIVE))
    }

    /// Takes in whether the latest interval held.
    pub fn observe(&mut self, hit: bool) {
        let miss = if hit { 0.0 } else { 1.0 };
        self.level -= self.rate * ((1.0 - self.wanted) - miss);
        self.n += 1;
        self.n_hits += u64::from(hit);
    }

    /// The share of intervals that held so far.
    #[must_use]
    pub fn coverage(&self) -> Option<f64> {
        (self.n > 0).then(|| self.n_hits as f64 / self.n as f64)
    }
}

/// The format that is written and read.
const VERSION: u32 = 1;

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    wanted: f64,
    rate: f64,
    level: f64,
    n: u64,
    n_hits: u64,
}

impl From<Stream> for Stored {
    fn from(Stream { wanted, rate, level, n, n_hits }: Stream) -> Self {
        Self { version: VERSION, wanted, rate, level, n, n_hits }
    }
}

impl TryFrom<Stored> for Stream {
    type Error = CalibrateError;

    fn try_from(stored: Stored) -> Result<Self, CalibrateError> {
        let Stored { version, wanted, rate, level, n, n_hits } = stored;
        if version != VERSION {
            return Err(CalibrateError::Version { found: version, expected: VERSION });
        }
        if !level.is_finite() {
            return Err(CalibrateError::Level { level });
        }
        Ok(Self { level, n, n_hits: n_hits.min(n), ..Self::new(wanted, rate)? })
    }
}
