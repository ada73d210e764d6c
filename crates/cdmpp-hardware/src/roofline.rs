//! The shortest time that a data sheet allows.

use crate::HardwareSpec;

/// How long an amount of work takes at least: the operations at the peak rate, and the bytes at the full bandwidth.
///
/// # Units
/// Seconds. Each is above 0.
///
/// # References
/// Williams, Waterman and Patterson, *Roofline: an insightful visual performance model for multicore architectures*,
/// CACM 2009.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Roofline {
    /// The operations at `peak_fp32_gflops`; `None` if there are none, or the rate is unknown.
    pub compute: Option<f64>,
    /// The bytes at `memory_bandwidth_gbs`; `None` if there are none, or the rate is unknown.
    pub memory: Option<f64>,
}

impl Roofline {
    /// The longer of the two times.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.compute.unwrap_or(0.0).max(self.memory.unwrap_or(0.0))
    }
}

impl HardwareSpec {
    /// The roofline of an amount of work: float32 operations, and bytes to or from main memory.
    ///
    /// An unknown rate takes its roof away. A rate of 0 says that the hardware cannot do it: then there is no roofline
    /// for work that needs it. Nor is there one if both roofs are missing, or an amount is negative or not finite.
    ///
    /// # Examples
    /// ```
    /// use cdmpp_hardware::HardwareSpec;
    ///
    /// let gpu = HardwareSpec::new("gpu", [("peak_fp32_gflops", 2.0), ("memory_bandwidth_gbs", 16.0)])?;
    /// let roofline = gpu.roofline(4e9, 8e9).unwrap();
    /// assert_eq!((roofline.compute, roofline.memory, roofline.seconds()), (Some(2.0), Some(0.5), 2.0));
    /// # Ok::<(), cdmpp_hardware::HardwareError>(())
    /// ```
    #[must_use]
    pub fn roofline(&self, operations: f64, bytes: f64) -> Option<Roofline> {
        let is_amount = |amount: f64| amount.is_finite() && amount >= 0.0;
        if !is_amount(operations) || !is_amount(bytes) {
            return None;
        }
        let roofs = [(operations, "peak_fp32_gflops"), (bytes, "memory_bandwidth_gbs")];
        if roofs.iter().any(|&(amount, column)| amount > 0.0 && self.value(column) == Some(0.0)) {
            return None;
        }
        // Both columns are in units of 10⁹ a second.
        let [compute, memory] = roofs.map(|(amount, column)| {
            self.value(column).map(|rate| amount / (1e9 * rate)).filter(|time| time.is_finite() && *time > 0.0)
        });
        compute.or(memory)?;
        Some(Roofline { compute, memory })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(operations: f64, bytes: f64, values: &[(&str, f64)]) -> Option<f64> {
        let spec = HardwareSpec::new("a", values.iter().copied()).unwrap();
        spec.roofline(operations, bytes).map(|roofline| roofline.seconds())
    }

    #[test]
    fn the_longer_of_the_known_roofs_counts() {
        let (peak, bandwidth) = (("peak_fp32_gflops", 2.0), ("memory_bandwidth_gbs", 16.0));
        assert_eq!(seconds(4e9, 8e9, &[peak, bandwidth]), Some(2.0));
        assert_eq!(seconds(4e9, 64e9, &[peak, bandwidth]), Some(4.0));
        assert_eq!(seconds(4e9, 64e9, &[peak]), Some(2.0));
        assert_eq!(seconds(4e9, 8e9, &[bandwidth]), Some(0.5));
        assert_eq!(seconds(0.0, 8e9, &[peak, bandwidth]), Some(0.5));
        assert_eq!(seconds(4e9, 8e9, &[]), None);
        assert_eq!(seconds(0.0, 0.0, &[peak, bandwidth]), None);
        assert_eq!(seconds(f64::NAN, 8e9, &[peak, bandwidth]), None);
        assert_eq!(seconds(4e9, -1.0, &[peak, bandwidth]), None);
    }

    #[test]
    fn a_rate_of_zero_cannot() {
        let (none, bandwidth) = (("peak_fp32_gflops", 0.0), ("memory_bandwidth_gbs", 16.0));
        assert_eq!(seconds(4e9, 8e9, &[none, bandwidth]), None);
        assert_eq!(seconds(0.0, 8e9, &[none, bandwidth]), Some(0.5), "no operations are needed");
        assert_eq!(seconds(4e9, 8e9, &[("peak_fp32_gflops", 2.0), ("memory_bandwidth_gbs", 0.0)]), None);
    }
}
