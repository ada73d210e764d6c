//! What a network adds to the latencies of its programs.

mod config;
mod fit;
mod path;
mod solve;
mod term;

use std::collections::BTreeMap;
use std::time::Duration;

pub use self::config::FitConfig;
pub use self::fit::{MeasuredNetwork, fit_overheads};
pub use self::term::{FittedTerm, OverheadFit, Term};
use crate::{ReplayError, TaskGraph};

/// What a network adds to the time of its programs on one hardware, and what it hides of it.
///
/// A program that is timed alone runs in a loop: its operands are in the cache, its lane is warm, and the timer sees its
/// launch. Inside a network its operands come from elsewhere, the clock may be lower, and the launch hides behind the
/// program before. For a program that took `l` seconds alone and has operands and results of `b` bytes,
///
/// ```text
/// (l − hidden_launch_s) · (1 + slowdown) + hand_over_s_per_byte · b
/// ```
///
/// is its latency in a network, and nothing if `l` is not above `hidden_launch_s`: then no program ran at all, only a
/// timer. Before each that is left the lane needs `launch_gap_s`, and the lane itself is there after `start_up_s`.
///
/// All numbers are at least 0; the default is none.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields, default))]
pub struct Overheads {
    /// Seconds between two programs of a lane.
    pub launch_gap_s: f64,
    /// Seconds of a program's own time that a network hides.
    pub hidden_launch_s: f64,
    /// Seconds a byte of operands and results.
    pub hand_over_s_per_byte: f64,
    /// The share by which programs are slower in a network.
    pub slowdown: f64,
    /// Seconds until a lane is there, by its name; 0 for the others.
    pub start_up_s: BTreeMap<String, f64>,
}

impl Overheads {
    /// Checks that the numbers make sense.
    ///
    /// # Errors
    /// If one is negative or not finite.
    pub fn check(&self) -> Result<(), ReplayError> {
        let start_ups = self.start_up_s.values().map(|value| ("start_up_s", *value));
        let others = [
            ("launch_gap_s", self.launch_gap_s),
            ("hidden_launch_s", self.hidden_launch_s),
            ("hand_over_s_per_byte", self.hand_over_s_per_byte),
            ("slowdown", self.slowdown),
        ];
        for (field, value) in others.into_iter().chain(start_ups) {
            if !(0.0..f64::INFINITY).contains(&value) {
                return Err(ReplayError::Config { field, rule: "must be finite and at least 0", value });
            }
        }
        Ok(())
    }

    /// The seconds that a program takes inside a network, by what it took alone and by the bytes of its operands and
    /// results (0 if they are not known).
    ///
    /// # Examples
    /// ```
    /// use cdmpp_replay::Overheads;
    ///
    /// let overheads = Overheads { hidden_launch_s: 5e-6, slowdown: 0.1, ..Overheads::default() };
    /// assert!((overheads.latency_s(25e-6, 0) - 22e-6).abs() < 1e-12);
    /// assert_eq!(overheads.latency_s(4e-6, 0), 0.0);
    /// ```
    #[must_use]
    pub fn latency_s(&self, alone_s: f64, bytes: u64) -> f64 {
        // What is no latency stays none, so that the replay can refuse it.
        if alone_s <= self.hidden_launch_s && alone_s >= 0.0 {
            return 0.0;
        }
        (alone_s - self.hidden_launch_s) * (1.0 + self.slowdown) + self.hand_over_s_per_byte * bytes as f64
    }

    /// A graph with the launch gaps and start-ups added to those that it has.
    ///
    /// # Errors
    /// If the numbers do not [check](Self::check).
    pub fn added_to(&self, graph: &TaskGraph) -> Result<TaskGraph, ReplayError> {
        self.check()?;
        let seconds = |value: f64| Duration::try_from_secs_f64(value).unwrap_or(Duration::MAX);
        let mut graph = graph.clone();
        for lane in graph.lane_ids() {
            let start_up = self.start_up_s.get(graph.lane_name(lane)).copied().unwrap_or(0.0);
            let sum = |before: Duration, more: f64| before.saturating_add(seconds(more));
            graph.set_launch_gap(lane, sum(graph.launch_gap(lane), self.launch_gap_s))?;
            graph.set_start_up(lane, sum(graph.start_up(lane), start_up))?;
        }
        Ok(graph)
    }
}
