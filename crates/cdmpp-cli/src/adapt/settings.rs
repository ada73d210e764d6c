//! The settings of adaptation, from a TOML file and the command line.

use std::path::Path;

use anyhow::{Context, Result};
use cdmpp::data::CleanConfig;
use cdmpp::model::train::AdaptConfig;
use serde::{Deserialize, Serialize};

use crate::settings::{parse_toml, read};

/// Everything that can be set, as the report repeats it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) adaptation: AdaptConfig,
    pub(crate) cleaning: CleanConfig,
}

impl Settings {
    /// Reads a file; what it does not name has its default.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        parse_toml(&read(path)?, &path.display().to_string())
    }

    /// Checks the ranges of everything.
    pub(crate) fn check(&self) -> Result<()> {
        self.adaptation.check().context("settings")?;
        self.cleaning.check().context("settings")
    }
}
