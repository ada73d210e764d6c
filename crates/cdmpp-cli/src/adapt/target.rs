//! What a model is adapted to.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Context, Result};
use cdmpp::data::{Split, SplitBy, split};

use crate::measured::Measured;
use crate::near::check_names;

/// What the model is to be made right on.
#[derive(Debug, clap::Args)]
#[group(required = true)]
pub(super) struct TargetArgs {
    /// The new hardware, which MODEL was not trained on
    #[arg(long, value_name = "NAME")]
    on: Option<String>,
    /// New networks, instead of new hardware: all programs of theirs, on all hardware; other programs of their tasks are
    /// left out
    #[arg(long, value_name = "A,B", value_delimiter = ',', conflicts_with = "on")]
    on_networks: Vec<String>,
}

impl TargetArgs {
    pub(super) fn target(&self) -> Target {
        self.on.clone().map_or_else(|| Target::Networks(self.on_networks.clone()), Target::Hardware)
    }
}

/// What is new.
#[derive(Debug, serde::Serialize)]
pub(super) enum Target {
    #[serde(rename = "on")]
    Hardware(String),
    #[serde(rename = "on_networks")]
    Networks(Vec<String>),
}

impl Target {
    /// The networks that are told apart in a report; `None` for all.
    pub(super) fn networks(&self) -> Option<&[String]> {
        match self {
            Self::Hardware(_) => None,
            Self::Networks(names) => Some(names),
        }
    }

    /// Source and target, as indices of measurements.
    pub(super) fn split(&self, measured: &Measured) -> Result<(Vec<usize>, Vec<usize>)> {
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
            split(&keys, &by, 0.0, 0).with_context(|| format!("there is no source beside the measurements {self}"))?;
        Ok((train, test))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hardware(name) => write!(f, "on `{name}`"),
            Self::Networks(names) => write!(f, "of the networks `{}`", names.join("`, `")),
        }
    }
}
