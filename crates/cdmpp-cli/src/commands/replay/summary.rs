//! Replays as tables for people.

use std::fmt;

use cdmpp::workflow::replay::{Contribution, LaneSummary, ReplayErrors};
use cdmpp::workflow::{Quantiles, ReplayReport, ReplayedNetwork};

use crate::table::time;

/// Prints a row for each network, and for a single one what is behind it.
#[derive(Debug)]
pub(crate) struct Summary<'a> {
    pub(crate) report: &'a ReplayReport,
}

const COLUMNS: [&str; 6] = ["operators", "measured", "predicted", "error", "programs", "replay"];

/// Of a long path, so many operators are named at either end.
const N_ENDS: usize = 5;

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ReplayReport { graphs, hardware, errors, .. } = self.report;
        let titles: Vec<String> = graphs.iter().map(ReplayedNetwork::title).collect();
        let title_width = titles.iter().map(|title| title.chars().count()).max().unwrap_or(0);
        let width = title_width.max(hardware.len());
        write!(f, "{hardware:width$}")?;
        COLUMNS.iter().try_for_each(|column| write!(f, "  {column:>9}"))?;
        writeln!(f)?;
        for (title, outcome) in titles.iter().zip(graphs) {
            let cells = [
                outcome.n_operators.to_string(),
                maybe(outcome.measured_s, time),
                maybe(outcome.predicted_s.or(outcome.replayed_s), time),
                maybe(outcome.error, percent),
                maybe(outcome.program_error, percent),
                maybe(outcome.replay_error, percent),
            ];
            write!(f, "{title:width$}")?;
            cells.iter().try_for_each(|cell| write!(f, "  {cell:>9}"))?;
            writeln!(f)?;
        }
        match graphs.as_slice() {
            [outcome] => details(f, outcome),
            _ => quantiles(f, errors),
        }
    }
}

fn quantiles(f: &mut fmt::Formatter<'_>, errors: &ReplayErrors) -> fmt::Result {
    let ReplayErrors { error, program_error, replay_error } = errors;
    for (name, errors) in [("error", error), ("of programs", program_error), ("of replay", replay_error)] {
        let Some(Quantiles { n, mean, median, p80, p90, max }) = errors else { continue };
        let shares = [mean, median, p80, p90, max].map(|share| format!("{:.1}%", 100.0 * share));
        let [mean, median, p80, p90, max] = shares;
        writeln!(f, "|{name}| of {n}: mean {mean}, median {median}, 80th percentile {p80}, 90th {p90}, largest {max}")?;
    }
    Ok(())
}

fn details(f: &mut fmt::Formatter<'_>, outcome: &ReplayedNetwork) -> fmt::Result {
    writeln!(f, "\nlanes")?;
    for LaneSummary { name, n_operators, busy_s, idle_s, utilisation } in &outcome.lanes {
        let (busy, idle) = (time(*busy_s), time(*idle_s));
        writeln!(f, "  {name}: {n_operators} operators, {busy} busy, {idle} idle, {:.1}% used", 100.0 * utilisation)?;
    }
    writeln!(f, "\ncontributing most (what the whole would save without the operator)")?;
    for Contribution { id, name, lane, latency_s, saved_s, share } in &outcome.contributions {
        let (saved, latency) = (time(*saved_s), time(*latency_s));
        writeln!(f, "  {:>5.1}%  {saved:>8}  {name} (id {id}, {latency} on {lane})", 100.0 * share)?;
    }
    let path: Vec<&str> = outcome.critical_path.iter().map(|step| step.name.as_str()).collect();
    let shown = if path.len() <= 2 * N_ENDS + 1 {
        path.join(" > ")
    } else {
        let (start, end) = (path[..N_ENDS].join(" > "), path[path.len() - N_ENDS..].join(" > "));
        format!("{start} > ({} more) > {end}", path.len() - 2 * N_ENDS)
    };
    writeln!(f, "\ncritical path: {} operators\n  {shown}", path.len())
}

fn maybe(value: Option<f64>, show: fn(f64) -> String) -> String {
    value.map_or("-".to_owned(), show)
}

fn percent(share: f64) -> String {
    format!("{:+.1}%", 100.0 * share)
}
