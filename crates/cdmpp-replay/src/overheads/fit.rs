//! Overheads from measured networks.

use std::collections::BTreeSet;
use std::time::Duration;

use super::path::Path;
use super::solve::{huber, minimise};
use super::{FitConfig, FittedTerm, OverheadFit, Overheads, Term};
use crate::{ReplayError, TaskGraph};

/// A network whose programs were timed alone and whose whole was timed too.
#[derive(Clone, Copy, Debug)]
pub struct MeasuredNetwork<'a> {
    /// Networks of one name are left out together when a fit is tested: give it to all variants of a network.
    pub name: &'a str,
    /// Its tasks.
    pub graph: &'a TaskGraph,
    /// By task, what it took alone.
    pub latencies: &'a [Duration],
    /// By task, the bytes of its operands and results; empty if they are not known.
    pub bytes: &'a [u64],
    /// What the whole took.
    pub whole: Duration,
}

/// Fits what a device adds to the programs of networks, from a few networks that were measured as a whole.
///
/// The whole of a network is taken as the length of its critical path, which is linear in the overheads. They are the
/// non-negative numbers that minimise Huber's loss of the relative errors, with a weak prior (see [`FitConfig`]).
/// Terms are taken up one after the other, the best first, as long as they bring networks nearer that the fit did not
/// see (each name is left out once); so a term that the networks do not tell from nothing stays nothing. A hand-over is
/// only fitted if the bytes are known for all networks.
///
/// # Errors
/// If there are not two different names, a network was measured as nothing or has not as many latencies as tasks, or
/// the configuration does not [check](FitConfig::check).
///
/// # Complexity
/// A hidden launch is found by trying some fifty values, each a fit of a few columns: some milliseconds for a dozen
/// networks, whatever their size, after one replay of each. On several lanes the critical paths may move with the
/// overheads, and the fit is repeated up to ten times.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use cdmpp_replay::{FitConfig, MeasuredNetwork, TaskGraph, fit_overheads};
///
/// // Networks of 100 to 500 tasks of 50 µs, which take 5 µs more for each task.
/// let mut chains = Vec::new();
/// for n in [100, 200, 300, 400, 500] {
///     let mut graph = TaskGraph::new();
///     let lane = graph.add_lane("gpu");
///     for _ in 0..n {
///         graph.add_task("matmul", lane)?;
///     }
///     let alone = vec![Duration::from_micros(if n == 300 { 500 } else { 50 }); n];
///     let whole = alone.iter().sum::<Duration>() + Duration::from_micros(5) * n as u32;
///     chains.push((format!("chain-{n}"), graph, alone, whole));
/// }
/// let measured: Vec<_> = chains
///     .iter()
///     .map(|(name, graph, latencies, whole)| MeasuredNetwork { name, graph, latencies, bytes: &[], whole: *whole })
///     .collect();
/// let fit = fit_overheads(&measured, &FitConfig::default())?;
/// assert!((fit.overheads.launch_gap_s - 5e-6).abs() < 0.1e-6, "{fit:?}");
/// # Ok::<(), cdmpp_replay::ReplayError>(())
/// ```
pub fn fit_overheads(networks: &[MeasuredNetwork<'_>], config: &FitConfig) -> Result<OverheadFit, ReplayError> {
    config.check()?;
    check(networks)?;
    let mut terms = config.terms.clone();
    terms.retain(|term| *term != Term::HandOver || networks.iter().all(|network| !network.bytes.is_empty()));
    let mut fit = Fit::new(networks, config, &Overheads::default())?;
    let mut kept = fit.select(&terms);
    for _ in 0..10 {
        let next = Fit::new(networks, config, &fit.fit(&kept, None))?;
        let settled = next.paths.iter().zip(&fit.paths).all(|(new, old)| new.tasks == old.tasks);
        fit = next;
        if settled {
            break;
        }
        kept = fit.select(&terms);
    }
    Ok(fit.report(&terms, &kept))
}

fn check(networks: &[MeasuredNetwork<'_>]) -> Result<(), ReplayError> {
    let refused = |problem| Err(ReplayError::Fit { problem });
    for MeasuredNetwork { name, graph, latencies, bytes, whole } in networks {
        let n = graph.n_tasks();
        if whole.is_zero() {
            return refused(format!("network `{name}` was measured as 0 s"));
        }
        if latencies.len() != n || !(bytes.is_empty() || bytes.len() == n) {
            let (latencies, bytes) = (latencies.len(), bytes.len());
            return refused(format!("network `{name}` has {n} tasks, {latencies} latencies and {bytes} sizes"));
        }
    }
    let names: BTreeSet<&str> = networks.iter().map(|network| network.name).collect();
    match names.len() {
        0 => refused("there is no network that was measured".to_owned()),
        1 => refused("one network cannot tell what is left of its overheads in another; two or more can".to_owned()),
        _ => Ok(()),
    }
}

/// A fit on given critical paths.
struct Fit<'a> {
    config: &'a FitConfig,
    paths: Vec<Path>,
    /// By path, which of the names it has.
    names: Vec<usize>,
    n_names: usize,
    /// The lanes that paths start on.
    lanes: Vec<String>,
}

impl<'a> Fit<'a> {
    fn new(
        networks: &[MeasuredNetwork<'_>],
        config: &'a FitConfig,
        overheads: &Overheads,
    ) -> Result<Self, ReplayError> {
        let paths: Vec<Path> =
            networks.iter().map(|network| Path::new(network, overheads)).collect::<Result<_, _>>()?;
        let known: BTreeSet<&str> = networks.iter().map(|network| network.name).collect();
        let names = networks.iter().map(|network| known.iter().take_while(|name| **name != network.name).count());
        let lanes: BTreeSet<String> = paths.iter().map(|path| path.first_lane.clone()).collect();
        Ok(Self { config, names: names.collect(), n_names: known.len(), lanes: lanes.into_iter().collect(), paths })
    }

    /// The terms to keep.
    fn select(&self, terms: &[Term]) -> Vec<Term> {
        let mut kept = Vec::new();
        let mut least = self.held_out_loss(&kept);
        loop {
            let mut best = None;
            for term in terms.iter().filter(|term| !kept.contains(*term)) {
                let loss = self.held_out_loss(&[kept.as_slice(), &[*term]].concat());
                if loss < least {
                    (least, best) = (loss, Some(*term));
                }
            }
            match best {
                Some(term) => kept.push(term),
                None => return kept,
            }
        }
    }

    /// The loss on each name by the fit to the others.
    fn held_out_loss(&self, terms: &[Term]) -> f64 {
        let loss_of = |left_out: usize| -> f64 {
            let overheads = self.fit(terms, Some(left_out));
            let of_name = self.paths.iter().zip(&self.names).filter(|(_, name)| **name == left_out);
            of_name
                .map(|(path, _)| huber((length(path, &overheads) - path.whole_s) / (self.config.noise * path.unit_s)))
                .sum()
        };
        (0..self.n_names).map(loss_of).sum()
    }

    /// The overheads with these terms, from the paths of all names but one.
    fn fit(&self, terms: &[Term], left_out: Option<usize>) -> Overheads {
        if !terms.contains(&Term::HiddenLaunch) {
            return self.fit_beside(terms, left_out, 0.0).1;
        }
        // The loss has kinks and flat parts in the hidden launch, where latencies lie: hence a grid, and a finer one.
        let best = |hidden: &mut dyn Iterator<Item = f64>| {
            let mut best: Option<(f64, f64, Overheads)> = None;
            for hidden_s in hidden {
                let (loss, overheads) = self.fit_beside(terms, left_out, hidden_s);
                if best.as_ref().is_none_or(|best| loss < best.0) {
                    best = Some((loss, hidden_s, overheads));
                }
            }
            best
        };
        let step = self.config.ordinary.hidden_launch_s / 16.0;
        let coarse = best(&mut (0..=48).map(|i| f64::from(i) * step)).map_or(0.0, |(_, hidden_s, _)| hidden_s);
        let fine = best(&mut (-7..=7).map(|i| (coarse + f64::from(i) * step / 8.0).max(0.0)));
        fine.map_or_else(Overheads::default, |(.., overheads)| overheads)
    }

    /// The loss and the overheads for a given hidden launch.
    fn fit_beside(&self, terms: &[Term], left_out: Option<usize>, hidden_s: f64) -> (f64, Overheads) {
        let FitConfig { noise, ordinary, ordinary_start_up_s, .. } = self.config;
        let mut columns: Vec<(Term, Option<&String>, f64)> = Vec::new();
        for term in terms {
            match term {
                Term::LaunchGap => columns.push((*term, None, ordinary.launch_gap_s)),
                Term::HandOver => columns.push((*term, None, ordinary.hand_over_s_per_byte)),
                Term::Slowdown => columns.push((*term, None, ordinary.slowdown)),
                Term::StartUp => {
                    columns.extend(self.lanes.iter().map(|lane| (*term, Some(lane), *ordinary_start_up_s)));
                }
                Term::HiddenLaunch => {}
            }
        }
        let used = self.paths.iter().zip(&self.names).filter(|(_, name)| Some(**name) != left_out);
        let row = |(path, _): (&Path, &usize)| {
            let counted = path.counted(hidden_s);
            let unit = noise * path.unit_s;
            let cell = |&(term, lane, scale): &(Term, Option<&String>, f64)| {
                let x = match term {
                    Term::LaunchGap => counted.n_launches,
                    Term::HandOver => counted.bytes,
                    Term::Slowdown => counted.seconds,
                    _ => f64::from(u8::from(lane == Some(&path.first_lane))),
                };
                x * scale / unit
            };
            (columns.iter().map(cell).collect(), (path.whole_s - path.fixed_s - counted.seconds) / unit)
        };
        let rows: Vec<(Vec<f64>, f64)> = used.map(row).collect();
        let (mut loss, values) = minimise(&rows, columns.len());
        loss += 0.5 * (hidden_s / ordinary.hidden_launch_s).powi(2);
        let mut overheads = Overheads { hidden_launch_s: hidden_s, ..Overheads::default() };
        for ((term, lane, scale), value) in columns.into_iter().zip(values) {
            let value = value * scale;
            match (term, lane) {
                (Term::LaunchGap, _) => overheads.launch_gap_s = value,
                (Term::HandOver, _) => overheads.hand_over_s_per_byte = value,
                (Term::Slowdown, _) => overheads.slowdown = value,
                (_, Some(lane)) => drop(overheads.start_up_s.insert(lane.clone(), value)),
                _ => {}
            }
        }
        (loss, overheads)
    }

    /// All terms with their standard errors: those that were kept, and each of the others as it would be beside them.
    fn report(&self, terms: &[Term], kept: &[Term]) -> OverheadFit {
        // A term may help while a name is left out, and come out as nothing with all of them.
        let overheads = self.fit(kept, None);
        let is_nothing = |term: &Term| {
            let mut lanes = self.lanes.iter();
            if *term == Term::StartUp {
                lanes.all(|lane| term.value_in(&overheads, Some(lane)) == 0.0)
            } else {
                term.value_in(&overheads, None) == 0.0
            }
        };
        let kept: Vec<Term> = kept.iter().copied().filter(|term| !is_nothing(term)).collect();
        let mut fitted = Vec::new();
        for &term in Term::ALL.iter().filter(|term| terms.contains(term)) {
            let is_kept = kept.contains(&term);
            let with = if is_kept { kept.clone() } else { [kept.as_slice(), &[term]].concat() };
            let whole = self.fit(&with, None);
            let parts: Vec<Overheads> = (0..self.n_names).map(|name| self.fit(&with, Some(name))).collect();
            let lanes = if term == Term::StartUp { self.lanes.iter().map(Some).collect() } else { vec![None] };
            for lane in lanes {
                let of = |overheads: &Overheads| term.value_in(overheads, lane);
                let values: Vec<f64> = parts.iter().map(of).collect();
                fitted.push(FittedTerm {
                    term,
                    lane: lane.cloned(),
                    value: of(&whole),
                    standard_error: jackknife(&values),
                    kept: is_kept,
                });
            }
        }
        OverheadFit { overheads, terms: fitted, n_networks: self.paths.len(), n_names: self.n_names }
    }
}

/// The length of a path with these overheads.
fn length(path: &Path, overheads: &Overheads) -> f64 {
    let counted = path.counted(overheads.hidden_launch_s);
    path.fixed_s
        + counted.seconds * (1.0 + overheads.slowdown)
        + counted.n_launches * overheads.launch_gap_s
        + counted.bytes * overheads.hand_over_s_per_byte
        + overheads.start_up_s.get(&path.first_lane).copied().unwrap_or(0.0)
}

/// The standard error from the values with each name left out.
fn jackknife(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    ((n - 1.0) / n * squares).sqrt()
}
