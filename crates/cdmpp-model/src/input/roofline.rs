//! The roofline of a program on a hardware: what a data sheet says about its time.

use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::{CompactAst, Work};

/// The number of values that [`Roofline::append`] gives.
pub(crate) const N_VALUES: usize = 12;

/// An analytical estimate: the time that the operations take at the peak rate, or the bytes at the full bandwidth,
/// whichever is longer.
///
/// A number that the hardware table does not have takes its roof away; nothing is put in its place.
///
/// # References
/// Williams, Waterman and Patterson, *Roofline: an insightful visual performance model for multicore architectures*,
/// CACM 2009.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Roofline<'a> {
    work: &'a Work,
    rates: Rates,
    compute: Option<f64>,
    memory: Option<f64>,
}

/// What is asked of a hardware, where it is known and positive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    peak_gflops: Option<f64>,
    bandwidth_gbs: Option<f64>,
    l2_kb: Option<f64>,
    compute_units: Option<f64>,
    max_threads_per_unit: Option<f64>,
}

impl Rates {
    pub(crate) fn new(hardware: &HardwareSpec) -> Self {
        let value = |column| hardware.value(column).filter(|value| *value > 0.0);
        Self {
            peak_gflops: value("peak_fp32_gflops"),
            bandwidth_gbs: value("memory_bandwidth_gbs"),
            l2_kb: value("l2_kb"),
            compute_units: value("compute_units"),
            max_threads_per_unit: value("max_threads_per_unit"),
        }
    }
}

impl<'a> Roofline<'a> {
    /// `None` if the program's work is unknown, or both roofs of the hardware are.
    pub(crate) fn new(ast: &'a CompactAst, rates: Rates) -> Option<Self> {
        // Work that was counted elsewhere may be anything.
        let work = ast.work().filter(|work| numbers(work).iter().all(|x| x.is_finite() && *x >= 0.0))?;
        // Everything here is in units of 10⁹ a second.
        let time = |amount: f64, rate: Option<f64>| {
            rate.map(|rate| amount / (1e9 * rate)).filter(|seconds| seconds.is_finite() && *seconds > 0.0)
        };
        let compute = time(work.operations, rates.peak_gflops);
        let memory = time(work.footprint_bytes, rates.bandwidth_gbs);
        compute.or(memory)?;
        Some(Self { work, rates, compute, memory })
    }

    /// The estimate.
    ///
    /// # Units
    /// Seconds.
    pub(crate) fn seconds(&self) -> f64 {
        self.compute.unwrap_or(0.0).max(self.memory.unwrap_or(0.0))
    }

    /// Appends what the network may make of the estimate: [`N_VALUES`] numbers, mostly binary logarithms of ratios.
    pub(crate) fn append(&self, out: &mut Vec<f32>) {
        let Work { footprint_bytes, accessed_bytes, .. } = *self.work;
        let (n_blocks, n_threads) = (self.work.n_blocks.max(1.0), self.work.n_threads.max(1.0));
        let Rates { bandwidth_gbs, l2_kb, compute_units, max_threads_per_unit, .. } = self.rates;
        let mut put = |number: Option<f64>| out.push(number.map_or(0.0, |x| x.clamp(1e-12, 1e24).log2() as f32));
        put(Some(self.seconds()));
        put(self.compute);
        put(self.memory);
        put(bandwidth_gbs.map(|rate| accessed_bytes / (1e9 * rate)));
        put(self.memory.zip(self.compute).map(|(memory, compute)| memory / compute));
        put(l2_kb.map(|kb| footprint_bytes / (1024.0 * kb)));
        // A unit runs one block after another, or as many at a time as its threads allow: the last wave is not full.
        let per_unit = compute_units.map(|units| n_blocks / units);
        let resident = max_threads_per_unit.map(|threads| (threads / n_threads).floor().max(1.0));
        let waves = per_unit.zip(resident).map(|(blocks, resident)| blocks / resident);
        put(per_unit);
        put(per_unit.map(|blocks| blocks.ceil() / blocks));
        put(waves.map(f64::ceil));
        put(waves.map(|waves| waves.ceil() / waves));
        put(resident);
        out.push(f32::from(u8::from(self.memory.is_none())));
    }
}

fn numbers(work: &Work) -> [f64; 5] {
    [work.operations, work.footprint_bytes, work.accessed_bytes, work.n_blocks, work.n_threads]
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORK: Work =
        Work { operations: 4e9, footprint_bytes: 8e9, accessed_bytes: 3.2e10, n_blocks: 30.0, n_threads: 256.0 };

    fn ast() -> CompactAst {
        CompactAst::from_parts("test/1", 1, vec![0.0], vec![1], vec![1]).unwrap()
    }

    fn rates(values: &[(&str, f64)]) -> Rates {
        Rates::new(&HardwareSpec::new("gpu", values.iter().copied()).unwrap())
    }

    fn seconds(work: Work, values: &[(&str, f64)]) -> Option<f64> {
        Roofline::new(&ast().with_work(work), rates(values)).map(|roofline| roofline.seconds())
    }

    #[test]
    fn the_longer_of_the_known_roofs_counts() {
        let (peak, bandwidth) = (("peak_fp32_gflops", 2.0), ("memory_bandwidth_gbs", 16.0));
        assert_eq!(seconds(WORK, &[peak, bandwidth]), Some(2.0));
        assert_eq!(seconds(WORK, &[peak, ("memory_bandwidth_gbs", 2.0)]), Some(4.0));
        assert_eq!(seconds(WORK, &[peak]), Some(2.0));
        assert_eq!(seconds(WORK, &[bandwidth]), Some(0.5));
        // A program that touches no main memory.
        assert_eq!(seconds(Work { footprint_bytes: 0.0, ..WORK }, &[peak, bandwidth]), Some(2.0));
    }

    #[test]
    fn without_work_or_without_a_rate_there_is_none() {
        assert_eq!(seconds(WORK, &[("clock_mhz", 1000.0), ("peak_fp32_gflops", 0.0)]), None);
        assert_eq!(seconds(Work { operations: 0.0, footprint_bytes: 0.0, ..WORK }, &[("peak_fp32_gflops", 1.0)]), None);
        assert_eq!(seconds(Work { accessed_bytes: f64::NAN, ..WORK }, &[("peak_fp32_gflops", 1.0)]), None);
        assert!(Roofline::new(&ast(), rates(&[("peak_fp32_gflops", 1.0)])).is_none());
    }

    #[test]
    fn the_values_are_logarithms_of_times_and_waves() {
        let values = |hardware: &[(&str, f64)]| {
            let mut out = Vec::new();
            Roofline::new(&ast().with_work(WORK), rates(hardware)).unwrap().append(&mut out);
            out.into_iter().map(f64::from).collect::<Vec<_>>()
        };
        // 30 blocks on 8 units: 3.75 each, in at most 4 rounds; 4 blocks of 256 threads at a time are 0.9375 waves.
        let known = values(&[
            ("peak_fp32_gflops", 2.0),
            ("memory_bandwidth_gbs", 16.0),
            ("compute_units", 8.0),
            ("max_threads_per_unit", 1024.0),
            ("l2_kb", 7_812_500.0),
        ]);
        let log = |x: f64| f64::from(x.log2() as f32);
        let waves = [3.75, 4.0 / 3.75, 1.0, 1.0 / 0.9375, 4.0].map(log);
        assert_eq!(known, [[1.0, 1.0, -1.0, 1.0, -2.0, 0.0].as_slice(), &waves, &[0.0]].concat());
        let unknown = values(&[("peak_fp32_gflops", 2.0)]);
        assert_eq!(unknown, [[1.0, 1.0].as_slice(), &[0.0; 9], &[1.0]].concat());
        assert_eq!(unknown.len(), N_VALUES);
    }
}
