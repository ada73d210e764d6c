//! The discrepancies by their names.

use cdmpp_adapt::candle::{cmd, coral, median_bandwidths, mmd};
use cdmpp_model::candle_core::{self, Tensor};
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
    pub(crate) fn of(self, source: &Tensor, target: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Self::Cmd => cmd(source, target, N_MOMENTS),
            Self::Mmd => mmd(source, target, &median_bandwidths(source, target)?),
            Self::Coral => coral(source, target),
        }
    }
}
