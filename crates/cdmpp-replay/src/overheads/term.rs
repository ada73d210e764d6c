//! The parts of overheads, and what a fit says of them.

use std::fmt;

use super::Overheads;

/// A part of [`Overheads`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Term {
    /// [`Overheads::launch_gap_s`].
    LaunchGap,
    /// [`Overheads::hidden_launch_s`].
    HiddenLaunch,
    /// [`Overheads::hand_over_s_per_byte`].
    HandOver,
    /// [`Overheads::slowdown`].
    Slowdown,
    /// [`Overheads::start_up_s`].
    StartUp,
}

impl Term {
    pub(super) const ALL: [Self; 5] =
        [Self::LaunchGap, Self::HiddenLaunch, Self::HandOver, Self::Slowdown, Self::StartUp];

    /// Its value; for a start-up that of a lane.
    pub(super) fn value_in(self, overheads: &Overheads, lane: Option<&String>) -> f64 {
        match self {
            Self::LaunchGap => overheads.launch_gap_s,
            Self::HiddenLaunch => overheads.hidden_launch_s,
            Self::HandOver => overheads.hand_over_s_per_byte,
            Self::Slowdown => overheads.slowdown,
            Self::StartUp => lane.and_then(|lane| overheads.start_up_s.get(lane)).copied().unwrap_or(0.0),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::LaunchGap => "launch gap",
            Self::HiddenLaunch => "hidden launch",
            Self::HandOver => "hand-over",
            Self::Slowdown => "slowdown",
            Self::StartUp => "start-up",
        })
    }
}

/// What [`fit_overheads`](super::fit_overheads) found.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct OverheadFit {
    /// The overheads, with zero for what was not kept.
    pub overheads: Overheads,
    /// All terms that the networks could tell.
    pub terms: Vec<FittedTerm>,
    /// How many networks there were.
    pub n_networks: usize,
    /// How many names they have.
    pub n_names: usize,
}

/// A term of an [`OverheadFit`]; a start-up for each lane.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct FittedTerm {
    /// Which.
    pub term: Term,
    /// The lane of a start-up.
    pub lane: Option<String>,
    /// Its value beside the terms that were kept, in seconds, seconds a byte, or as a share.
    pub value: f64,
    /// How far the value would go with other networks: the standard error by the jackknife over names.
    pub standard_error: f64,
    /// Whether it is in the overheads. What does not bring networks closer that were left out of the fit is not.
    pub kept: bool,
}
