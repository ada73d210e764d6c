//! The discrepancies by their names.

use cdmpp_adapt::{AdaptError, Discrepancy, cmd, coral, median_bandwidths, mmd};
use cdmpp_model::train::Compared;
use serde::{Deserialize, Serialize};

/// The moments that central moment discrepancies compare, as published.
const N_MOMENTS: usize = 5;

/// How far apart two sets of embeddings are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DiscrepancyName {
    /// Central moments.
    Cmd,
    /// Kernel means.
    Mmd,
    /// Covariances.
    Coral,
}

impl DiscrepancyName {
    /// Between the rows of source and target.
    pub(crate) fn between(self, source: &[f32], target: &[f32], width: usize) -> Result<Compared, AdaptError> {
        let found = match self {
            Self::Cmd => cmd(source, target, width, N_MOMENTS)?,
            Self::Mmd => mmd(source, target, width, &median_bandwidths(source, target, width)?)?,
            Self::Coral => coral(source, target, width)?,
        };
        let Discrepancy { value, source_gradient, target_gradient, .. } = found;
        Ok(Compared { value, source_gradient, target_gradient })
    }
}
