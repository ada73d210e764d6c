//! What needs no model: measurements on other hardware, or the data sheet, times one factor.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use cdmpp::hardware::HardwareSpec;
use cdmpp::ir::CompactAst;
use cdmpp::model::{Metrics, Scored};
use serde::Serialize;

use super::domains::Domains;
use crate::measured::Measured;

/// Predictions of the test set from what is measured, each times the factor that fits the measured part best.
#[derive(Debug, Serialize)]
pub(super) struct Baselines {
    /// The latencies of the hardware that fits best; `None` if nothing is measured there too.
    source: Option<Baseline>,
    /// The longer of operations over peak rate and bytes over bandwidth.
    roofline: Option<Baseline>,
}

#[derive(Debug, Serialize)]
struct Baseline {
    /// The hardware whose latencies they are, or whose data sheet it is; `None` if that is each measurement's own.
    hardware: Option<String>,
    factor: f64,
    /// Of those of the test set that there is a prediction for.
    metrics: Metrics,
}

impl Baselines {
    pub(super) fn new(measured: &Measured, asts: &[Cow<'_, CompactAst>], domains: &Domains) -> Self {
        let mut by_hardware: BTreeMap<&str, Latencies<'_>> = BTreeMap::new();
        for &index in &domains.source {
            let measurement = &measured.dataset.measurements()[index];
            let latencies = by_hardware.entry(&measurement.hardware).or_default();
            let seconds = measurement.latency.as_secs_f64();
            latencies.by_program.entry(measurement.program).or_default().push(seconds);
            latencies.by_task.entry(&measured.program(index).task).or_default().push(seconds);
        }
        let mut best: Option<(f64, &str, f64)> = None;
        for (hardware, latencies) in &by_hardware {
            let fitted = fit(measured, domains, |index| latencies.of(measured, index));
            if let Some((factor, error)) = fitted.filter(|(_, error)| best.is_none_or(|(least, ..)| *error < least)) {
                best = Some((error, hardware, factor));
            }
        }
        let source = best.and_then(|(_, hardware, factor)| {
            let of = |index| by_hardware[hardware].of(measured, index);
            let metrics = judge(measured, domains, factor, of)?;
            Some(Baseline { hardware: Some(hardware.to_owned()), factor, metrics })
        });
        let all = measured.dataset.measurements();
        let of = |index: usize| roofline(&asts[all[index].program], measured.hardware.get(&all[index].hardware).ok()?);
        let roofline = fit(measured, domains, of).and_then(|(factor, _)| {
            let metrics = judge(measured, domains, factor, of)?;
            let names: BTreeSet<&str> = domains.target.iter().map(|index| &*all[*index].hardware).collect();
            let hardware = (names.len() == 1).then(|| names.into_iter().collect());
            Some(Baseline { hardware, factor, metrics })
        });
        Self { source, roofline }
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

/// The factor with the lowest mean percentage error on the measured part, and that error.
fn fit(measured: &Measured, domains: &Domains, of: impl Fn(usize) -> Option<f64>) -> Option<(f64, f64)> {
    let seconds = |index: usize| measured.dataset.measurements()[index].latency.as_secs_f64();
    let ratios: Vec<f64> = domains.measured.iter().filter_map(|index| Some(of(*index)? / seconds(*index))).collect();
    let error =
        |factor: f64| ratios.iter().map(|ratio| (factor * ratio - 1.0).abs()).sum::<f64>() / ratios.len() as f64;
    // The error is made of straight lines that meet where one of the predictions is right.
    let factors = ratios.iter().map(|ratio| 1.0 / ratio);
    factors.map(|factor| (factor, error(factor))).min_by(|(_, a), (_, b)| a.total_cmp(b))
}

/// How good predictions times a factor are on the test set; `None` if there are none.
fn judge(measured: &Measured, domains: &Domains, factor: f64, of: impl Fn(usize) -> Option<f64>) -> Option<Metrics> {
    let scored = domains.test.iter().filter_map(|&index| {
        let measurement = &measured.dataset.measurements()[index];
        Some(Scored {
            task: &measured.program(index).task,
            hardware: &measurement.hardware,
            measured_s: measurement.latency.as_secs_f64(),
            predicted_s: factor * of(index)?,
        })
    });
    let scored: Vec<Scored<'_>> = scored.collect();
    (!scored.is_empty()).then(|| Metrics::of(&scored))
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
