//! What a model is adapted to.

use std::collections::BTreeSet;
use std::fmt;

use crate::error::{At, Result};
use cdmpp_data::{Split, SplitBy, split};

use crate::measured::Measured;
use crate::near::check_names;
use serde::{Deserialize, Serialize};

/// What a model is adapted to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AdaptTarget {
    /// New hardware, by its name.
    #[serde(rename = "on")]
    Hardware(String),
    /// New networks: all programs of theirs, on all hardware; other programs of their tasks are left out.
    #[serde(rename = "on_networks")]
    Networks(Vec<String>),
}

impl AdaptTarget {
    /// The networks that are told apart in a report; `None` for all.
    pub(crate) fn networks(&self) -> Option<&[String]> {
        match self {
            Self::Hardware(_) => None,
            Self::Networks(names) => Some(names),
        }
    }

    /// Source and target, as indices of measurements.
    pub(crate) fn split(&self, measured: &Measured) -> Result<(Vec<usize>, Vec<usize>)> {
        let keys = measured.dataset.keys();
        let by = match self {
            Self::Hardware(name) => {
                let known: BTreeSet<&str> = keys.iter().map(|key| key.hardware).collect();
                check_names("hardware", [name.as_str()], &known, "the records")?;
                SplitBy::Hardware(vec![name.clone()])
            }
            Self::Networks(names) => {
                let known: BTreeSet<&str> =
                    keys.iter().flat_map(|key| key.networks.keys().map(String::as_str)).collect();
                check_names("network", names.iter().map(String::as_str), &known, "the records")?;
                SplitBy::Networks(names.clone())
            }
        };
        // Validation is by folds of what is measured.
        let Split { train, test, .. } =
            split(&keys, &by, 0.0, 0).at(|| format!("there is no source beside the measurements {self}"))?;
        Ok((train, test))
    }
}

impl fmt::Display for AdaptTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hardware(name) => write!(f, "on `{name}`"),
            Self::Networks(names) => write!(f, "of the networks `{}`", names.join("`, `")),
        }
    }
}
