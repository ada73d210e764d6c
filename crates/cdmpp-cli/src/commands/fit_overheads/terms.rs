//! Fitted overheads as a table for people.

use std::collections::BTreeMap;
use std::fmt;

use cdmpp::replay::{FittedTerm, OverheadFit, Term};

use crate::table::time;

/// Prints the terms by hardware.
pub(super) struct Terms<'a> {
    pub(super) fits: &'a BTreeMap<String, OverheadFit>,
}

impl fmt::Display for Terms<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (hardware, fit) in self.fits {
            let OverheadFit { n_networks, n_names, .. } = fit;
            writeln!(f, "{hardware}: {n_networks} networks of {n_names} architectures")?;
            for FittedTerm { term, lane, value, standard_error, kept, .. } in &fit.terms {
                let name = match lane {
                    Some(lane) => format!("{term} of {lane}"),
                    None => term.to_string(),
                };
                let (value, error) = (show(*term, *value), show(*term, *standard_error));
                let kept = if *kept { "" } else { "  (left out: does not help other networks)" };
                writeln!(f, "  {name:<18}  {value:>10} ± {error:<10}{kept}")?;
            }
        }
        Ok(())
    }
}

fn show(term: Term, value: f64) -> String {
    match term {
        Term::Slowdown => format!("{:.1}%", 100.0 * value),
        // Seconds a byte are nanoseconds a gigabyte to nobody, but a second a gigabyte is a rate turned over.
        Term::HandOver => format!("{:.3} s/GB", 1e9 * value),
        _ => time(value),
    }
}
