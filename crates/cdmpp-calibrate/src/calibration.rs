//! Scores by group, from which intervals are made.

use std::collections::BTreeMap;

use crate::error::{CalibrateError, check_level};
use crate::margin::{check_scores, margin_of_sorted, points_needed};
use crate::{Forecast, Interval, Margin, Sides};

/// The format that is written and read.
const VERSION: u32 = 1;

/// The most names of a group.
const MOST_NAMES: usize = 16;

/// A case that was predicted and measured.
///
/// It must have had no part in fitting the model, nor in stopping or choosing it: a model errs less there.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    /// What the model said.
    pub forecast: Forecast,
    /// The measured time, in seconds.
    pub measured: f64,
    /// The names of its group from the widest to the narrowest, such as the hardware and the kind of operator.
    pub group: &'a [&'a str],
}

/// An interval and what it rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Calibrated {
    /// The interval.
    pub interval: Interval,
    /// What the forecast was widened by; where it is unbounded, the reason.
    pub margin: Margin,
    /// How many points the margin was taken from.
    pub n_points: usize,
    /// How many names of the group these points have: 0 where all points had to serve.
    pub depth: usize,
}

/// The scores of calibration points, by group: turns forecasts into intervals of any level.
///
/// A group is a path of names, `["a100", "conv2d"]`, and its parents are the beginnings of the path; the empty path holds
/// all points. A question is answered by the narrowest of its groups that has enough points. In a group that answers itself
/// an interval holds as often as its level says; where a parent answers, it does on average over the parent.
///
/// Of one group a higher level gives an interval that holds the lower ones. Levels that different groups answer need not
/// nest; with [`points_needed`] of the highest level as `n_fewest`, the same group answers all.
///
/// It reads and writes itself by serde, with its version; every other version is refused.
///
/// # Examples
/// ```
/// use cdmpp_calibrate::{Calibration, Forecast, Point, Sides};
///
/// // Predicted and measured on one GPU, where the truth is up to 20 % longer, and on one CPU, up to 2 times as long.
/// let mut points = Vec::new();
/// for i in 1..=20 {
///     let share = f64::from(i) / 20.0;
///     points.push(Point { forecast: Forecast::point(1e-3)?, measured: 1e-3 * (1.0 + 0.2 * share), group: &["gpu"] });
///     points.push(Point { forecast: Forecast::point(1e-3)?, measured: 1e-3 * (1.0 + share), group: &["cpu"] });
/// }
/// let calibration = Calibration::fit(points, Sides::Both, 0)?;
///
/// let forecast = Forecast::point(5e-3)?;
/// let (gpu, cpu) = (calibration.interval(&forecast, &["gpu"], 0.9)?, calibration.interval(&forecast, &["cpu"], 0.9)?);
/// assert!(gpu.interval.width() < cpu.interval.width());
/// // Of a third kind nothing was measured: all points serve.
/// let other = calibration.interval(&forecast, &["npu"], 0.9)?;
/// assert_eq!((other.depth, other.n_points), (0, 40));
/// # Ok::<(), cdmpp_calibrate::CalibrateError>(())
/// ```
///
/// # References
/// Lei et al., *Distribution-Free Predictive Inference for Regression*, 2018, for one group; Vovk et al., *Algorithmic
/// Learning in a Random World*, 2005, section 4.5, for several: Mondrian predictors.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Calibration {
    sides: Sides,
    n_fewest: usize,
    all: Group,
}

/// The scores of a group and of the groups within it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Group {
    /// In order.
    scores: Vec<f64>,
    /// Those that are in no narrower group, in order.
    own: Vec<f64>,
    within: BTreeMap<String, Group>,
}

impl Calibration {
    /// Takes the scores of points.
    ///
    /// A group answers if it has at least `n_fewest` points, and as many as the level needs. No point at all is no error: then
    /// every interval is unbounded.
    ///
    /// # Errors
    /// If a measured time is not positive and finite, its score overflows, or a group has more than 16 names.
    ///
    /// # Complexity
    /// O(n log n) time and O(n) memory, each times the names of a group.
    pub fn fit<'a>(
        points: impl IntoIterator<Item = Point<'a>>,
        sides: Sides,
        n_fewest: usize,
    ) -> Result<Self, CalibrateError> {
        let mut all = Group::default();
        for (place, point) in points.into_iter().enumerate() {
            let score = point.forecast.score(point.measured, sides)?;
            if !score.is_finite() {
                return Err(CalibrateError::Score { place, score });
            }
            all.add(point.group, &[score])?;
        }
        all.sort();
        Ok(Self { sides, n_fewest, all })
    }

    /// The interval of a forecast that holds in at least the share `level` of cases.
    ///
    /// # Errors
    /// If the level is not between 0 and 1.
    ///
    /// # Complexity
    /// O(log of the number of groups) for each name of the group.
    pub fn interval(&self, forecast: &Forecast, group: &[&str], level: f64) -> Result<Calibrated, CalibrateError> {
        check_level(level)?;
        let n_enough = self.n_fewest.max(points_needed(level)?);
        let (mut serving, mut depth, mut current) = (&self.all, 0, &self.all);
        for (i, name) in group.iter().enumerate() {
            let Some(narrower) = current.within.get(*name) else { break };
            current = narrower;
            if current.scores.len() >= n_enough {
                (serving, depth) = (current, i + 1);
            }
        }
        let margin = margin_of_sorted(&serving.scores, level);
        let interval = forecast.widened(margin, self.sides);
        Ok(Calibrated { interval, margin, n_points: serving.scores.len(), depth })
    }

    /// Which bounds its intervals have.
    #[must_use]
    pub fn sides(&self) -> Sides {
        self.sides
    }

    /// How many points there are in a group and in the groups within it; of all points for the empty path.
    #[must_use]
    pub fn n_points(&self, group: &[&str]) -> usize {
        let found = group.iter().try_fold(&self.all, |current, name| current.within.get(*name));
        found.map_or(0, |group| group.scores.len())
    }

    /// The scores of all points, in order.
    #[must_use]
    pub fn scores(&self) -> &[f64] {
        &self.all.scores
    }
}

impl Group {
    fn add<S: AsRef<str>>(&mut self, path: &[S], scores: &[f64]) -> Result<(), CalibrateError> {
        if path.len() > MOST_NAMES {
            return Err(CalibrateError::Group { n_names: path.len(), n_most: MOST_NAMES });
        }
        let mut current = self;
        current.scores.extend(scores);
        for name in path {
            current = current.within.entry(name.as_ref().to_owned()).or_default();
            current.scores.extend(scores);
        }
        current.own.extend(scores);
        Ok(())
    }

    fn sort(&mut self) {
        self.scores.sort_by(f64::total_cmp);
        self.own.sort_by(f64::total_cmp);
        self.within.values_mut().for_each(Self::sort);
    }

    /// Every group that has scores in no narrower one.
    fn list(&self, path: &mut Vec<String>, into: &mut Vec<StoredGroup>) {
        if !self.own.is_empty() {
            into.push(StoredGroup { group: path.clone(), scores: self.own.clone() });
        }
        for (name, group) in &self.within {
            path.push(name.clone());
            group.list(path, into);
            path.pop();
        }
    }
}

/// What is written: every score once, with its narrowest group.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    sides: Sides,
    n_fewest: usize,
    groups: Vec<StoredGroup>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredGroup {
    group: Vec<String>,
    scores: Vec<f64>,
}

impl From<Calibration> for Stored {
    fn from(calibration: Calibration) -> Self {
        let mut groups = Vec::new();
        calibration.all.list(&mut Vec::new(), &mut groups);
        Self { version: VERSION, sides: calibration.sides, n_fewest: calibration.n_fewest, groups }
    }
}

impl TryFrom<Stored> for Calibration {
    type Error = CalibrateError;

    fn try_from(stored: Stored) -> Result<Self, CalibrateError> {
        if stored.version != VERSION {
            return Err(CalibrateError::Version { found: stored.version, expected: VERSION });
        }
        let mut all = Group::default();
        for StoredGroup { group, scores } in stored.groups {
            check_scores(&scores)?;
            all.add(&group, &scores)?;
        }
        all.sort();
        Ok(Self { sides: stored.sides, n_fewest: stored.n_fewest, all })
    }
}
