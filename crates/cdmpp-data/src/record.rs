//! One measured program.

use std::collections::BTreeMap;
use std::time::Duration;

use cdmpp_ir::Program;
use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::{DataError, repeats};

/// One program with its measured latencies, as a line of a record file has it.
///
/// Fields of the file that are not here are ignored.
///
/// # Units
/// Latencies are in seconds.
///
/// # Examples
/// ```
/// use cdmpp_data::Record;
///
/// let line = r#"{"task": "add-64", "name": "add", "networks": {"tiny": 2}, "schedule": 0, "program": "…",
///                "latency_s": {"tesla-t4": [3e-6, 2e-6, 9e-6]}, "note": "ignored"}"#;
/// let record: Record = serde_json::from_str(line)?;
/// assert_eq!(record.median_latency("tesla-t4"), Some(std::time::Duration::from_micros(3)));
/// assert_eq!(record.median_latency("tesla-p4"), None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What is computed: a workload with its shapes.
    pub task: String,
    /// The program's name, for people.
    pub name: String,
    /// How often each network runs the task.
    pub networks: BTreeMap<String, u32>,
    /// Which of the task's programs this is; -1 for an unscheduled one.
    pub schedule: i64,
    /// The knobs that produced the schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<serde_json::Value>,
    /// The program as text: TVMScript, or the text form of [`cdmpp_ir::Program`].
    pub program: String,
    /// The repeated measurements by hardware. A NaN stands for `null`, and for the NaN and Infinity that Python writes.
    #[serde(deserialize_with = "repeats::deserialize")]
    pub latency_s: BTreeMap<String, Vec<f64>>,
}

impl Record {
    /// The median of the repeats on a hardware: the label that a predictor learns. The median of an even number of
    /// repeats is the mean of the middle two. `None` if the hardware was not measured, or its median is no latency
    /// (not finite, not positive, or below half a nanosecond).
    #[must_use]
    pub fn median_latency(&self, hardware: &str) -> Option<Duration> {
        let median = repeats::median(self.latency_s.get(hardware)?)?;
        Duration::try_from_secs_f64(median).ok().filter(|latency| !latency.is_zero())
    }

    /// The coefficient of variation of the repeats on a hardware: their sample standard deviation (divisor `n − 1`)
    /// over their mean. `None` if there are fewer than two repeats, or it is not a number.
    #[must_use]
    pub fn spread(&self, hardware: &str) -> Option<f64> {
        repeats::spread(self.latency_s.get(hardware)?)
    }

    /// Parses the program's text: the [text form](Program#impl-FromStr-for-Program) if its first word is `program`, else
    /// TVMScript.
    ///
    /// # Errors
    /// If the text is not a program; the error names the record, its task and schedule.
    pub fn parse_program(&self) -> Result<Program, DataError> {
        let program = if is_text_form(&self.program) {
            self.program.parse().map_err(Box::from)
        } else {
            cdmpp_tvm::parse_tvmscript(&self.program).map_err(Box::from)
        };
        program.map_err(|source| DataError::Program {
            at: None,
            record: self.name.clone(),
            task: self.task.clone(),
            schedule: self.schedule,
            source,
        })
    }

    /// What the program's text hashes to. Records with one task and one fingerprint hold the same program.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.program)
    }
}

/// Whether the first word is `program`. No TVMScript starts so, and both languages have `#` comments.
fn is_text_form(text: &str) -> bool {
    let first = text.lines().map(str::trim_start).find(|line| !line.is_empty() && !line.starts_with('#'));
    first.is_some_and(|line| line.split_whitespace().next() == Some("program"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(repeats: &[f64]) -> Record {
        Record {
            task: "t".into(),
            name: "n".into(),
            networks: BTreeMap::new(),
            schedule: 0,
            config: None,
            program: "p".into(),
            latency_s: BTreeMap::from([("h".into(), repeats.to_vec())]),
        }
    }

    #[test]
    fn the_median_is_the_label() {
        let median = |repeats: &[f64]| record(repeats).median_latency("h").map(|latency| latency.as_nanos());
        assert_eq!(median(&[3e-6]), Some(3_000));
        assert_eq!(median(&[9.0, 3e-6, 1e-6]), Some(3_000));
        assert_eq!(median(&[2e-6, 9.0, 4e-6, 0.0]), Some(3_000));
        for none in [&[][..], &[f64::NAN], &[-1.0], &[0.0], &[1e-10], &[f64::INFINITY], &[1e300], &[1.0, f64::NAN]] {
            assert_eq!(median(none), None, "{none:?}");
        }
        assert_eq!(record(&[1.0]).median_latency("another"), None);
    }

    #[test]
    fn the_spread_is_the_coefficient_of_variation() {
        // python3 -c "import statistics as s; x = [1., 2., 4.]; print(s.stdev(x) / s.mean(x))"
        let spread = record(&[1.0, 2.0, 4.0]).spread("h").unwrap();
        assert!((spread - 0.654_653_670_707_977_2).abs() < 1e-15);
        assert_eq!(record(&[5.0, 5.0]).spread("h"), Some(0.0));
        for none in [&[][..], &[1.0], &[1.0, f64::NAN], &[0.0, 0.0]] {
            assert_eq!(record(none).spread("h"), None, "{none:?}");
        }
    }

    #[test]
    fn both_languages_are_read() {
        let parse = |text: &str| Record { program: text.into(), ..record(&[]) }.parse_program();
        let tvm =
            parse("# a comment\n@T.prim_func\ndef f(A: T.Buffer((4,), \"float32\")):\n    A[0] = A[1]\n").unwrap();
        let ours = parse("# a comment\n\n program f(A: float32[4]) { A[0i32] = A[1i32] }").unwrap();
        assert_eq!(tvm.to_string(), ours.to_string());
        for bad in ["program f(", "programs f() {}", "", "#"] {
            let error = parse(bad).unwrap_err();
            assert_eq!(error.to_string(), "record `n` (task `t`, schedule 0): its program cannot be read");
            assert!(std::error::Error::source(&error).is_some());
        }
    }

    #[test]
    fn same_text_same_fingerprint() {
        let (mut a, b) = (record(&[1.0]), record(&[2.0]));
        assert_eq!(a.fingerprint(), b.fingerprint());
        a.program.push(' ');
        assert_ne!(a.fingerprint(), b.fingerprint());
    }
}
