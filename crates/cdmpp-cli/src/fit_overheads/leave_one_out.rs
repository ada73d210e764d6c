//! Overheads put to the test on networks that they were not fitted to.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result};
use cdmpp::replay::Overheads;
use serde::Serialize;

use super::OnHardware;
use crate::quantiles::Quantiles;
use crate::replay::replay_with;
use crate::table::time;

/// Wholes that are off by more than this are listed, since most of them are measurements to look at.
const FAR_OFF: f64 = 0.15;

/// The test of all networks on all hardware. Prints as a table.
#[derive(Serialize)]
pub(super) struct LeaveOneOut {
    by_hardware: BTreeMap<String, Part>,
    overall: Part,
    networks: Vec<Tested>,
}

/// Absolute relative errors of the replay of measured programs.
#[derive(Serialize)]
struct Part {
    without: Option<Quantiles>,
    fitted_on_others: Option<Quantiles>,
}

#[derive(Clone, Serialize)]
struct Tested {
    network: String,
    hardware: String,
    measured_s: f64,
    /// Replayed without overheads.
    without_s: f64,
    /// Replayed with overheads that were fitted to other architectures.
    with_s: f64,
    /// The relative errors.
    without: f64,
    fitted_on_others: f64,
    overheads: Overheads,
    /// Whether there were networks enough to fit to; if not, `with_s` is without overheads too.
    fitted: bool,
}

impl LeaveOneOut {
    pub(super) fn test(all: &[OnHardware<'_>]) -> Result<Self> {
        let mut networks = Vec::new();
        for on in all {
            // The networks of one architecture are tested with the same overheads.
            let mut fits: BTreeMap<&str, Option<Overheads>> = BTreeMap::new();
            for of in &on.networks {
                let architecture = of.network.architecture();
                if !fits.contains_key(architecture) {
                    let n_others = on.architectures().filter(|other| *other != architecture).count();
                    let fit = (n_others > 1).then(|| on.fit(|other| other != architecture)).transpose();
                    let fit = fit.with_context(|| format!("on `{}`", on.hardware))?;
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
                networks.push(Tested {
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
            Part {
                without: Quantiles::of(tested().map(|tested| tested.without)),
                fitted_on_others: Quantiles::of(tested().map(|tested| tested.fitted_on_others)),
            }
        };
        let by_hardware = all.iter().map(|on| (on.hardware.to_owned(), part(Some(on.hardware)))).collect();
        Ok(Self { by_hardware, overall: part(None), networks })
    }
}

impl fmt::Display for LeaveOneOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.by_hardware.keys().map(String::len).max().unwrap_or(0).max("hardware".len());
        let columns = ["median", "80%", "90%"].map(|column| format!("{column:>7}")).join(" ");
        writeln!(f, "{:width$}       {:^23}   {:^23}", "", "without overheads", "fitted on others")?;
        writeln!(f, "{:width$}  {:>3}  {columns}   {columns}", "hardware", "n")?;
        let overall = ("all".to_owned(), &self.overall);
        for (name, part) in self.by_hardware.iter().map(|(name, part)| (name.clone(), part)).chain([overall]) {
            let (Some(without), Some(others)) = (&part.without, &part.fitted_on_others) else { continue };
            write!(f, "{name:width$}  {:>3}", without.n)?;
            for Quantiles { median, p80, p90, .. } in [without, others] {
                let cells = [median, p80, p90].map(|share| format!("{:>6.1}%", 100.0 * share)).join(" ");
                write!(f, "  {cells} ")?;
            }
            writeln!(f)?;
        }
        let unfitted = self.networks.iter().filter(|tested| !tested.fitted).count();
        if unfitted > 0 {
            writeln!(f, "{unfitted} of these without overheads: there are too few other architectures to fit to")?;
        }
        let mut far: Vec<&Tested> =
            self.networks.iter().filter(|tested| tested.fitted_on_others.abs() > FAR_OFF).collect();
        far.sort_by(|a, b| b.fitted_on_others.abs().total_cmp(&a.fitted_on_others.abs()));
        if !far.is_empty() {
            writeln!(f, "\noff by more than {:.0}%", 100.0 * FAR_OFF)?;
        }
        for Tested { network, hardware, measured_s, without_s, without, fitted_on_others, .. } in far {
            let (measured, sum) = (time(*measured_s), time(*without_s));
            let shares = [without, fitted_on_others].map(|share| format!("{:+.1}%", 100.0 * share));
            let [without, others] = shares;
            writeln!(f, "  {network} on {hardware}: measured {measured}, programs {sum} ({without}, fitted {others})")?;
        }
        Ok(())
    }
}
