//! The discrepancies by their names.

use cdmpp::adapt::{AdaptError, Discrepancy as Found, cmd, coral, median_bandwidths, mmd};
use cdmpp::model::train::Compared;
use serde::Serialize;

/// The moments that central moment discrepancies compare, as published.
const N_MOMENTS: usize = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Discrepancy {
    /// Central moments
    Cmd,
    /// Kernel means
    Mmd,
    /// Covariances
    Coral,
    /// No discrepancy
    None,
}

impl Discrepancy {
    /// Between the rows of source and target; `None` if there is no discrepancy.
    pub(super) fn between(self, source: &[f32], target: &[f32], width: usize) -> Result<Option<Compared>, AdaptError> {
        let found = match self {
            Self::Cmd => cmd(source, target, width, N_MOMENTS)?,
            Self::Mmd => mmd(source, target, width, &median_bandwidths(source, target, width)?)?,
            Self::Coral => coral(source, target, width)?,
            Self::None => return Ok(None),
        };
        let Found { value, source_gradient, target_gradient, .. } = found;
        Ok(Some(Compared { value, source_gradient, target_gradient }))
    }
}
