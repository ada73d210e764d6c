//! What needs no model: measurements on other hardware, or the data sheet, times one factor.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::CompactAst;
use cdmpp_model::{Metrics, Scored};
use serde::{Deserialize, Serialize};

use super::domains::Domains;
use crate::measured::Measured;

/// The share of the measured part that a source must say something of: one of a single program always fits.
const COVER: f64 = 0.1;

/// Predictions of the test set from what is measured, each times the factor that fits the measured part best.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baselines {
    /// The latencies of the hardware that fits best what it says something of; `None` if that is too little everywhere.
    pub source: Option<Baseline>,
    /// The longer of operations over peak rate and bytes over bandwidth.
    pub roofline: Option<Baseline>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The hardware whose latencies they are, or whose data sheet it is; `None` if that is each measurement's own.
    pub hardware: Option<String>,
    /// The factor.
    pub factor: f64,
    /// How much of the measured part the factor is fitted to.
    pub n_fitted: usize,
    /// Of those of the test set that there is a prediction for.
    pub metrics: Metrics,
    /// The adapted model's, of the same.
    pub model: Metrics,
}

/// A factor, and how well it fits.
struct Fit {
    factor: f64,
    /// The mean percentage error.
    error: f64,
    /// Of how many measurements.
    n: usize,
}

impl Baselines {
    /// `scored` is what the adapted model makes of the test set.
    pub(crate) fn new(
        measured: &Measured,
        asts: &[Cow<'_, CompactAst>],
        domains: &Domains,
        scored: &[Scored<'_>],
    ) -> Self {
        let all = measured.dataset.measurements();
        let mut by_hardware: BTreeMap<&str, Latencies<'_>> = BTreeMap::new();
        for &index in &domains.source {
            let latencies = by_hardware.entry(&all[index].hardware).or_default();
            let seconds = all[index].latency.as_secs_f64();
            latencies.by_program.entry(all[index].program).or_default().push(seconds);
            latencies.by_task.entry(&measured.program(index).task).or_default().push(seconds);
        }
        let fits = by_hardware.iter().filter_map(|(hardware, latencies)| {
            Some((*hardware, fit(measured, domains, |index| latencies.of(measured, index))?))
        });
        let wide = fits.filter(|(_, fit)| fit.n as f64 >= COVER * domains.measured.len() as f64);
        let best = wide.min_by(|(_, a), (_, b)| a.error.total_cmp(&b.error));
        let source = best.and_then(|(hardware, fit)| {
            let of = |index| by_hardware[hardware].of(measured, index);
            Baseline::of(Some(hardware.to_owned()), &fit, scored, domains, of)
        });
        let of = |index: usize| roofline(&asts[all[index].program], measured.hardware.get(&all[index].hardware).ok()?);
        let roofline = fit(measured, domains, of).and_then(|fit| {
            let names: BTreeSet<&str> = domains.target.iter().map(|index| &*all[*index].hardware).collect();
            let hardware = (names.len() == 1).then(|| names.into_iter().collect());
            Baseline::of(hardware, &fit, scored, domains, of)
        });
        Self { source, roofline }
    }
}

impl Baseline {
    /// Judges predictions times a factor, and the model's, on what they say something of; `None` if that is nothing.
    fn of(
        hardware: Option<String>,
        fit: &Fit,
        scored: &[Scored<'_>],
        domains: &Domains,
        of: impl Fn(usize) -> Option<f64>,
    ) -> Option<Self> {
        let said = domains.test.iter().zip(scored).filter_map(|(index, model)| Some((*model, of(*index)?)));
        let (model, own): (Vec<Scored<'_>>, Vec<Scored<'_>>) =
            said.map(|(model, seconds)| (model, Scored { predicted_s: fit.factor * seconds, ..model })).unzip();
        (!own.is_empty()).then(|| Self {
            hardware,
            factor: fit.factor,
            n_fitted: fit.n,
            metrics: Metrics::of(&own),
            model: Metrics::of(&model),
        })
    }
}

/// What was measured on a hardware.
#[derive(Default)]
struct Latencies<'a> {
    by_program: BTreeMap<usize, Vec<f64>>,
    by_task: BTreeMap<&'a str, Vec<f64>>,
}

impl Latencies<'_> {
    /// The latency of a measurement's program, or else the mean of its task's programs: hardware may run a task by
    /// programs of its own.
    fn of(&self, measured: &Measured, index: usize) -> Option<f64> {
        let program = &measured.dataset.measurements()[index].program;
        let seconds = self.by_program.get(program).or_else(|| self.by_task.get(&*measured.program(index).task))?;
        Some(seconds.iter().sum::<f64>() / seconds.len() as f64)
    }
}

/// The factor with the lowest mean percentage error on the measured part; `None` if there is nothing to fit to.
fn fit(measured: &Measured, domains: &Domains, of: impl Fn(usize) -> Option<f64>) -> Option<Fit> {
    let seconds = |index: usize| measured.dataset.measurements()[index].latency.as_secs_f64();
    let ratios: Vec<f64> = domains.measured.iter().filter_map(|index| Some(of(*index)? / seconds(*index))).collect();
    let n = ratios.len();
    let error = |factor: f64| ratios.iter().map(|ratio| (factor * ratio - 1.0).abs()).sum::<f64>() / n as f64;
    // The error is made of straight lines that meet where one of the predictions is right.
    let factors = ratios.iter().map(|ratio| 1.0 / ratio);
    factors.map(|factor| Fit { factor, error: error(factor), n }).min_by(|a, b| a.error.total_cmp(&b.error))
}

/// The time that a program takes by the data sheet, if both are known.
fn roofline(ast: &CompactAst, spec: &HardwareSpec) -> Option<f64> {
    let work = ast.work()?;
    // Both are in units of 10⁹ a second.
    let time = |amount: f64, column| Some(amount / (1e9 * spec.value(column)?));
    let compute = time(work.operations, "peak_fp32_gflops").unwrap_or(0.0);
    let seconds = compute.max(time(work.footprint_bytes, "memory_bandwidth_gbs").unwrap_or(0.0));
    (seconds.is_finite() && seconds > 0.0).then_some(seconds)
}
