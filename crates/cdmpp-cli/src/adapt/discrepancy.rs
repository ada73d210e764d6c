//! The discrepancies by their names.

use cdmpp::adapt::candle::{cmd, coral, median_bandwidths, mmd};
use cdmpp::model::candle_core::{self, Tensor};
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
    pub(super) fn of(self, source: &Tensor, target: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Self::Cmd => cmd(source, target, N_MOMENTS),
            Self::Mmd => mmd(source, target, &median_bandwidths(source, target)?),
            Self::Coral => coral(source, target),
            Self::None => candle_core::bail!("there is no discrepancy"),
        }
    }
}
