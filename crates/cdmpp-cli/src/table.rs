//! Scores as a table for people.

use std::collections::BTreeMap;
use std::fmt;

use cdmpp::model::Metrics;

use cdmpp::workflow::Scores;

/// Prints scores: overall, by hardware, by network.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    pub(crate) scores: &'a Scores,
    /// A row before the others: its title and what it tells.
    pub(crate) first: Option<(&'static str, &'a Metrics)>,
}

const COLUMNS: [&str; 10] = ["n", "MAPE", "median", "in 10%", "in 20%", "RMSE", "pairs", "Spearman", "top-1", "top-5"];

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scores { overall, by_hardware, by_network, .. } = self.scores;
        let names = by_hardware.keys().chain(by_network.keys());
        let width = names.map(|name| name.chars().count() + 2).max().unwrap_or(0).max("validation".len());
        write!(f, "{:width$}", "")?;
        COLUMNS.iter().try_for_each(|column| write!(f, "  {column:>8}"))?;
        writeln!(f)?;
        if let Some((title, metrics)) = self.first {
            write_row(f, title, width, metrics)?;
        }
        if let Some(overall) = overall {
            write_row(f, "overall", width, overall)?;
        }
        for (title, rows) in [("by hardware", by_hardware), ("by network", by_network)] {
            write_part(f, title, width, rows)?;
        }
        Ok(())
    }
}

fn write_part(f: &mut fmt::Formatter<'_>, title: &str, width: usize, rows: &BTreeMap<String, Metrics>) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(f, "{title}")?;
    rows.iter().try_for_each(|(name, metrics)| write_row(f, &format!("  {name}"), width, metrics))
}

fn write_row(f: &mut fmt::Formatter<'_>, name: &str, width: usize, m: &Metrics) -> fmt::Result {
    let percent = |share: f64| format!("{:.1}%", 100.0 * share);
    let rank = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
    let cells = [
        m.n.to_string(),
        percent(m.mape),
        percent(m.median_ape),
        percent(m.within_10),
        percent(m.within_20),
        time(m.rmse_s),
        rank(m.pairwise),
        rank(m.spearman),
        rank(m.top1),
        rank(m.top5),
    ];
    write!(f, "{name:width$}")?;
    cells.iter().try_for_each(|cell| write!(f, "  {cell:>8}"))?;
    writeln!(f)
}

/// Seconds in a unit in which they are easy to read.
pub(crate) fn time(seconds: f64) -> String {
    let units = [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs")];
    let (size, unit) = units.into_iter().find(|(size, _)| seconds >= *size).unwrap_or((1e-9, "ns"));
    let value = seconds / size;
    let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.decimals$} {unit}")
}
