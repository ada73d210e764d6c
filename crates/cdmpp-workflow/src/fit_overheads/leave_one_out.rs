//! Overheads put to the test on networks that they were not fitted to.

use std::collections::BTreeMap;

use crate::error::{At, Result};
use cdmpp_replay::{FitConfig, Overheads};
use serde::{Deserialize, Serialize};

use super::OnHardware;
use crate::quantiles::Quantiles;
use crate::replay::replay_with;

/// The test of all networks on all hardware.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LeaveOneOut {
    /// By hardware.
    pub by_hardware: BTreeMap<String, OverheadErrors>,
    /// Of all hardware.
    pub overall: OverheadErrors,
    /// The networks.
    pub networks: Vec<TestedNetwork>,
}

/// Absolute relative errors of the replay of measured programs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OverheadErrors {
    /// Without overheads.
    pub without: Option<Quantiles>,
    /// With overheads that were fitted to other architectures.
    pub fitted_on_others: Option<Quantiles>,
}

/// A network that was replayed with overheads of others.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TestedNetwork {
    /// The network.
    pub network: String,
    /// The hardware.
    pub hardware: String,
    /// The median of the measured whole, in seconds.
    pub measured_s: f64,
    /// Replayed without overheads.
    pub without_s: f64,
    /// Replayed with overheads that were fitted to other architectures.
    pub with_s: f64,
    /// The relative errors.
    pub without: f64,
    /// With overheads that were fitted to other architectures.
    pub fitted_on_others: f64,
    /// The overheads.
    pub overheads: Overheads,
    /// Whether there were networks enough to fit to; if not, `with_s` is without overheads too.
    pub fitted: bool,
}

impl LeaveOneOut {
    pub(super) fn test(all: &[OnHardware<'_>], config: &FitConfig) -> Result<Self> {
        let mut networks = Vec::new();
        for on in all {
            // The networks of one architecture are tested with the same overheads.
            let mut fits: BTreeMap<&str, Option<Overheads>> = BTreeMap::new();
            for of in &on.networks {
                let architecture = of.network.architecture();
                if !fits.contains_key(architecture) {
                    let n_others = on.architectures().filter(|other| *other != architecture).count();
                    let fit = (n_others > 1).then(|| on.fit(config, |other| other != architecture)).transpose();
                    let fit = fit.at(|| format!("on `{}`", on.hardware))?;
                    fits.insert(architecture, fit.map(|fit| fit.overheads));
                }
                let fit = fits[architecture].clone();
                let fitted = fit.is_some();
                let overheads = fit.unwrap_or_default();
                let replayed = |overheads: &Overheads| -> Result<f64> {
                    let tasks = overheads.added_to(&of.network.tasks)?;
                    Ok(replay_with(of.network, &tasks, &of.latencies, overheads)?.makespan().as_secs_f64())
                };
                let (without_s, with_s) = (replayed(&Overheads::default())?, replayed(&overheads)?);
                networks.push(TestedNetwork {
                    network: of.network.title(),
                    hardware: on.hardware.to_owned(),
                    measured_s: of.whole_s,
                    without_s,
                    with_s,
                    without: without_s / of.whole_s - 1.0,
                    fitted_on_others: with_s / of.whole_s - 1.0,
                    overheads,
                    fitted,
                });
            }
        }
        let part = |hardware: Option<&str>| {
            let tested = || networks.iter().filter(|tested| hardware.is_none_or(|name| tested.hardware == name));
            OverheadErrors {
                without: Quantiles::of(tested().map(|tested| tested.without)),
                fitted_on_others: Quantiles::of(tested().map(|tested| tested.fitted_on_others)),
            }
        };
        let by_hardware = all.iter().map(|on| (on.hardware.to_owned(), part(Some(on.hardware)))).collect();
        Ok(Self { by_hardware, overall: part(None), networks })
    }
}
