//! Hardware specifications as rows of numbers.

use cdmpp_hardware::HardwareSpec;
use serde::{Deserialize, Serialize};

/// Which columns of a specification the network sees, and how they are scaled.
///
/// Every column gives two inputs: log₂(1 + value) scaled over the training hardware, 0 if unknown; and a mark that is 1
/// if the value is unknown. Columns that do not vary over the training hardware stay 0: nothing was learned of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HardwareInput {
    columns: Vec<String>,
    mean: Vec<f32>,
    factor: Vec<f32>,
    /// Whether the mark of the column varied over the training hardware.
    marked: Vec<bool>,
}

impl HardwareInput {
    /// Fits to the distinct hardware of the training samples.
    pub(crate) fn fit(columns: &[String], hardware: &[&HardwareSpec]) -> Self {
        let mut fitted = Self { columns: columns.to_vec(), mean: Vec::new(), factor: Vec::new(), marked: Vec::new() };
        for column in columns {
            let known: Vec<f32> = hardware.iter().filter_map(|spec| scaled(spec, column)).collect();
            let n = known.len().max(1) as f32;
            let mean = known.iter().sum::<f32>() / n;
            let variance = known.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / n;
            fitted.mean.push(mean);
            fitted.factor.push(if variance > 1e-8 { variance.sqrt().recip() } else { 0.0 });
            fitted.marked.push(!known.is_empty() && known.len() < hardware.len());
        }
        fitted
    }

    /// Whether this is of these columns, and nothing is missing (it may come from a file).
    pub(crate) fn fits(&self, columns: &[String]) -> bool {
        let n = columns.len();
        self.columns == columns && [self.mean.len(), self.factor.len(), self.marked.len()] == [n; 3]
    }

    /// The number of inputs for a number of columns.
    pub(crate) fn width(n_columns: usize) -> usize {
        2 * n_columns
    }

    #[cfg(feature = "candle")]
    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Appends the inputs of one hardware.
    pub(crate) fn append(&self, spec: &HardwareSpec, out: &mut Vec<f32>) {
        for (i, column) in self.columns.iter().enumerate() {
            let value = scaled(spec, column);
            out.push(value.map_or(0.0, |x| (x - self.mean[i]) * self.factor[i]));
            out.push(if value.is_none() && self.marked[i] { 1.0 } else { 0.0 });
        }
    }
}

fn scaled(spec: &HardwareSpec, column: &str) -> Option<f32> {
    spec.value(column).map(|value| (1.0 + value).log2() as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `clock` varies, `cores` is constant, `cache` is known of one only, `lanes` of none.
    fn columns() -> [String; 4] {
        ["clock", "cores", "cache", "lanes"].map(str::to_owned)
    }

    fn spec(name: &str, values: &[(&str, f64)]) -> HardwareSpec {
        HardwareSpec::new(name, values.iter().copied()).unwrap()
    }

    fn fitted() -> HardwareInput {
        let a = spec("a", &[("clock", 1023.0), ("cores", 8.0), ("cache", 4.0)]);
        let b = spec("b", &[("clock", 4095.0), ("cores", 8.0)]);
        HardwareInput::fit(&columns(), &[&a, &b])
    }

    fn row(spec: &HardwareSpec) -> Vec<f32> {
        let mut row = Vec::new();
        fitted().append(spec, &mut row);
        assert_eq!(row.len(), HardwareInput::width(4));
        row
    }

    #[test]
    fn known_columns_are_scaled_and_unknown_ones_marked() {
        let known = row(&spec("a", &[("clock", 1023.0), ("cores", 8.0), ("cache", 4.0)]));
        assert_eq!(known, [-1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        let unknown = row(&spec("b", &[("clock", 4095.0), ("cores", 8.0)]));
        assert_eq!(unknown, [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    }

    /// A column that was constant, or unknown everywhere, taught nothing: it stays 0 whatever unseen hardware has there.
    #[test]
    fn unseen_hardware_speaks_through_what_varied_in_training() {
        let unseen = spec("c", &[("clock", 2047.0), ("cores", 128.0), ("cache", 9e9), ("lanes", 4.0), ("new", 1.0)]);
        assert_eq!(row(&unseen), [0.0; 8]);
        assert_eq!(row(&spec("d", &[])), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn a_damaged_one_does_not_fit() {
        assert!(fitted().fits(&columns()));
        assert!(!fitted().fits(&columns()[..3]));
        assert!(!HardwareInput { marked: vec![true], ..fitted() }.fits(&columns()));
        assert!(!HardwareInput { factor: Vec::new(), ..fitted() }.fits(&columns()));
    }
}
