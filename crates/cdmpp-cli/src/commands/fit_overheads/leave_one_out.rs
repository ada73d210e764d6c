//! The test of overheads as a table for people.

use std::fmt;

use cdmpp::workflow::Quantiles;
use cdmpp::workflow::fit_overheads::{LeaveOneOut, TestedNetwork};

use crate::table::time;

/// Wholes that are off by more than this are listed, since most of them are measurements to look at.
const FAR_OFF: f64 = 0.15;

/// Prints the errors by hardware, and the networks that are far off.
pub(super) struct Tests<'a>(pub(super) &'a LeaveOneOut);

impl fmt::Display for Tests<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.by_hardware.keys().map(String::len).max().unwrap_or(0).max("hardware".len());
        let columns = ["median", "80%", "90%"].map(|column| format!("{column:>7}")).join(" ");
        writeln!(f, "{:width$}       {:^23}   {:^23}", "", "without overheads", "fitted on others")?;
        writeln!(f, "{:width$}  {:>3}  {columns}   {columns}", "hardware", "n")?;
        let overall = ("all".to_owned(), &self.0.overall);
        for (name, part) in self.0.by_hardware.iter().map(|(name, part)| (name.clone(), part)).chain([overall]) {
            let (Some(without), Some(others)) = (&part.without, &part.fitted_on_others) else { continue };
            write!(f, "{name:width$}  {:>3}", without.n)?;
            for Quantiles { median, p80, p90, .. } in [without, others] {
                let cells = [median, p80, p90].map(|share| format!("{:>6.1}%", 100.0 * share)).join(" ");
                write!(f, "  {cells} ")?;
            }
            writeln!(f)?;
        }
        let unfitted = self.0.networks.iter().filter(|tested| !tested.fitted).count();
        if unfitted > 0 {
            writeln!(f, "{unfitted} of these without overheads: there are too few other architectures to fit to")?;
        }
        let mut far: Vec<&TestedNetwork> =
            self.0.networks.iter().filter(|tested| tested.fitted_on_others.abs() > FAR_OFF).collect();
        far.sort_by(|a, b| b.fitted_on_others.abs().total_cmp(&a.fitted_on_others.abs()));
        if !far.is_empty() {
            writeln!(f, "\noff by more than {:.0}%", 100.0 * FAR_OFF)?;
        }
        for TestedNetwork { network, hardware, measured_s, without_s, without, fitted_on_others, .. } in far {
            let (measured, sum) = (time(*measured_s), time(*without_s));
            let shares = [without, fitted_on_others].map(|share| format!("{:+.1}%", 100.0 * share));
            let [without, others] = shares;
            writeln!(f, "  {network} on {hardware}: measured {measured}, programs {sum} ({without}, fitted {others})")?;
        }
        Ok(())
    }
}
