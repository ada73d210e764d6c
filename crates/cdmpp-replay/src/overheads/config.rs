//! How a fit weighs what it is given.

use super::{Overheads, Term};
use crate::ReplayError;

/// How [`fit_overheads`](super::fit_overheads) weighs what it is given.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields, default))]
pub struct FitConfig {
    /// The relative error that is ordinary for the replay of a network with the right overheads.
    pub noise: f64,
    /// Overheads that are ordinary. Each term is drawn towards zero as a normal prior of this deviation draws it, so
    /// that a few networks cannot make a term huge that they hardly tell; many networks overrule it.
    pub ordinary: Overheads,
    /// What a lane's start-up is drawn with, in seconds, since the names of lanes are not known beforehand.
    pub ordinary_start_up_s: f64,
    /// What may be fitted.
    pub terms: Vec<Term>,
}

impl Default for FitConfig {
    /// All terms; 5 % of noise; ordinary are 30 µs of launch gap or hidden launch, a hand-over of 0.3 ns a byte (3.3
    /// GB/s), a slowdown of 30 %, and a start-up of 0.3 ms.
    fn default() -> Self {
        let ordinary = Overheads {
            launch_gap_s: 30e-6,
            hidden_launch_s: 30e-6,
            hand_over_s_per_byte: 0.3e-9,
            slowdown: 0.3,
            ..Overheads::default()
        };
        Self { noise: 0.05, ordinary, ordinary_start_up_s: 0.3e-3, terms: Term::ALL.to_vec() }
    }
}

impl FitConfig {
    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// If a number is not positive and finite, or `ordinary` names lanes.
    pub fn check(&self) -> Result<(), ReplayError> {
        let Overheads { launch_gap_s, hidden_launch_s, hand_over_s_per_byte, slowdown, start_up_s } = &self.ordinary;
        let numbers = [
            ("noise", self.noise),
            ("ordinary.launch_gap_s", *launch_gap_s),
            ("ordinary.hidden_launch_s", *hidden_launch_s),
            ("ordinary.hand_over_s_per_byte", *hand_over_s_per_byte),
            ("ordinary.slowdown", *slowdown),
            ("ordinary_start_up_s", self.ordinary_start_up_s),
        ];
        for (field, value) in numbers {
            if !(value > 0.0 && value.is_finite()) {
                return Err(ReplayError::Config { field, rule: "must be finite and above 0", value });
            }
        }
        if let Some(value) = start_up_s.values().next() {
            let rule = "must be empty: the lanes are those of the networks";
            return Err(ReplayError::Config { field: "ordinary.start_up_s", rule, value: *value });
        }
        Ok(())
    }
}
