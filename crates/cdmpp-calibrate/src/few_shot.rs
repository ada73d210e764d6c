//! New hardware of which a few points are measured.

use crate::error::CalibrateError;
use crate::margin::points_needed;
use crate::{Calibrated, Calibration, Forecast, Point, Sides};

/// The format that is written and read.
const VERSION: u32 = 1;

/// A model's forecasts moved by one factor to where a few measurements lie, with intervals from the other measurements.
///
/// On hardware that a model has never seen its forecasts are often off by a factor that all programs share. The median of
/// the first points' ln y − ln ŷ is that factor's logarithm; the scores of the remaining points, after the move, give the
/// margin. No point does both: one that the factor was fitted to is nearer to it than a new one will be.
///
/// With [`points_needed`] points or fewer all go to the margin and the factor is 1: 9 points suffice for an interval of
/// 90 %, 19 for one of 95 %. Of more points the factor gets a third, as long as enough are left.
///
/// # Examples
/// ```
/// use cdmpp_calibrate::{FewShot, Forecast, Sides};
///
/// // A model that says 1 ms where 3 ms are measured, a little more or less.
/// let forecast = Forecast::point(1e-3)?;
/// let points: Vec<(Forecast, f64)> = (0..30).map(|i| (forecast, 3e-3 + 1e-5 * f64::from(i % 7 - 3))).collect();
/// let few_shot = FewShot::fit(&points, 0.9, Sides::Both)?;
/// assert_eq!(few_shot.n_moved_by(), 10);
/// let interval = few_shot.interval(&forecast, 0.9)?.interval;
/// assert!(interval.contains(3e-3) && interval.width() < 1.03);
/// # Ok::<(), cdmpp_calibrate::CalibrateError>(())
/// ```
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct FewShot {
    ln_factor: f64,
    n_moved_by: usize,
    calibration: Calibration,
}

impl FewShot {
    /// Takes a factor and scores from forecasts and measured times, in an order that does not depend on how far off they
    /// are: shuffled, or as they were drawn.
    ///
    /// The level decides how many points the margin must have; intervals of other levels may be asked for later.
    ///
    /// # Units
    /// Seconds.
    ///
    /// # Errors
    /// If the level is not between 0 and 1, or a time is not positive and finite.
    ///
    /// # Complexity
    /// O(n log n) for n points.
    pub fn fit(points: &[(Forecast, f64)], level: f64, sides: Sides) -> Result<Self, CalibrateError> {
        let n_left = points.len().saturating_sub(points_needed(level)?);
        let (first, rest) = points.split_at(n_left.min(points.len() / 3));
        let middle = |forecast: &Forecast| Forecast::point(forecast.ln_middle().exp());
        let residual = |(forecast, measured): &(Forecast, f64)| middle(forecast)?.score(*measured, Sides::Upper);
        let residuals = first.iter().map(residual).collect::<Result<Vec<f64>, _>>()?;
        let ln_factor = median(residuals).unwrap_or(0.0);
        let moved = |(forecast, measured): &(Forecast, f64)| {
            Ok(Point { forecast: forecast.times(ln_factor.exp())?, measured: *measured, group: &[] })
        };
        let rest = rest.iter().map(moved).collect::<Result<Vec<_>, CalibrateError>>()?;
        Ok(Self { ln_factor, n_moved_by: first.len(), calibration: Calibration::fit(rest, sides, 0)? })
    }

    /// The interval of a forecast that holds in at least the share `level` of cases.
    ///
    /// # Errors
    /// If the level is not between 0 and 1, or the moved forecast is no time.
    pub fn interval(&self, forecast: &Forecast, level: f64) -> Result<Calibrated, CalibrateError> {
        self.calibration.interval(&forecast.times(self.factor())?, &[], level)
    }

    /// What forecasts are multiplied by.
    #[must_use]
    pub fn factor(&self) -> f64 {
        self.ln_factor.exp()
    }

    /// How many points the factor was taken from; all others went to the margin.
    #[must_use]
    pub fn n_moved_by(&self) -> usize {
        self.n_moved_by
    }

    /// The scores of the points that the margin is taken from.
    #[must_use]
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }
}

/// The middle value, or the mean of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[middle]),
        _ => Some(0.5 * (values[middle - 1] + values[middle])),
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    ln_factor: f64,
    n_moved_by: usize,
    calibration: Calibration,
}

impl From<FewShot> for Stored {
    fn from(FewShot { ln_factor, n_moved_by, calibration }: FewShot) -> Self {
        Self { version: VERSION, ln_factor, n_moved_by, calibration }
    }
}

impl TryFrom<Stored> for FewShot {
    type Error = CalibrateError;

    fn try_from(stored: Stored) -> Result<Self, CalibrateError> {
        let Stored { version, ln_factor, n_moved_by, calibration } = stored;
        if version != VERSION {
            return Err(CalibrateError::Version { found: version, expected: VERSION });
        }
        Forecast::point(ln_factor.exp())?;
        Ok(Self { ln_factor, n_moved_by, calibration })
    }
}
