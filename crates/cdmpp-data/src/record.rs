//! One measured program.

use std::collections::BTreeMap;
use std::time::Duration;

use cdmpp_ir::Program;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::{DataError, RawJson, parse_program, repeats};

/// The name of a record that gives none.
const UNNAMED: &str = "unnamed";

/// One program with its measured latencies, as a line of a record file has it.
///
/// Fields of the file that are not here are ignored. Only `program` must be there: a program that was not measured has no
/// `latency_s`. Without `task` it is a task of its own, named by its [fingerprint](Self::fingerprint); without
/// `schedule`, -1; without `name`, `unnamed`; without `networks`, of none.
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
#[serde(try_from = "Line")]
pub struct Record {
    /// What is computed: a workload with its shapes.
    pub task: String,
    /// The program's name, for people.
    pub name: String,
    /// How often each network runs the task.
    pub networks: BTreeMap<String, u32>,
    /// Which of the task's programs this is; -1 for an unscheduled one.
    pub schedule: i64,
    /// The knobs that produced the schedule; they are passed on unread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<RawJson>,
    /// The program as text: TVMScript, or the text form of [`cdmpp_ir::Program`].
    pub program: String,
    /// The repeated measurements by hardware. A NaN stands for `null`, and for the NaN and Infinity that Python writes.
    /// Empty if the program was not measured.
    pub latency_s: BTreeMap<String, Vec<f64>>,
}

/// A line as it is written.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Line {
    task: Option<String>,
    name: Option<String>,
    #[serde(default)]
    networks: BTreeMap<String, u32>,
    schedule: Option<i64>,
    config: Option<RawJson>,
    program: Option<String>,
    operator: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "repeats::deserialize")]
    latency_s: BTreeMap<String, Vec<f64>>,
}

impl TryFrom<Line> for Record {
    type Error = &'static str;

    fn try_from(line: Line) -> Result<Self, Self::Error> {
        let Line { task, name, networks, schedule, config, program, operator, latency_s } = line;
        let Some(program) = program else {
            return Err(match operator {
                Some(_) => "it has an `operator` and no `program`; records of operators are not read yet",
                None => "missing field `program`",
            });
        };
        Ok(Self {
            task: task.unwrap_or_else(|| Fingerprint::of(&program).to_string()),
            name: name.unwrap_or_else(|| UNNAMED.to_owned()),
            networks,
            schedule: schedule.unwrap_or(-1),
            config,
            program,
            latency_s,
        })
    }
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

    /// Parses the program's text, as [`parse_program`] does.
    ///
    /// # Errors
    /// If the text is not a program; the error names the record, its task and schedule.
    pub fn parse_program(&self) -> Result<Program, DataError> {
        parse_program(&self.program).map_err(|source| DataError::Program {
            at: None,
            record: self.name.clone(),
            task: self.task.clone(),
            schedule: self.schedule,
            source: Box::new(source),
        })
    }

    /// What the program's text hashes to. Records with one task and one fingerprint hold the same program.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.program)
    }
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
    fn a_program_alone_is_a_record() {
        let record: Record = serde_json::from_str(r#"{"program": "p"}"#).unwrap();
        let task = Fingerprint::of("p").to_string();
        assert_eq!((record.task.as_str(), record.name.as_str(), record.schedule), (task.as_str(), "unnamed", -1));
        assert!(record.networks.is_empty() && record.latency_s.is_empty() && record.config.is_none());

        let refused = |line: &str| serde_json::from_str::<Record>(line).unwrap_err().to_string();
        assert!(refused(r#"{"task": "a"}"#).starts_with("missing field `program`"));
        assert!(
            refused(r#"{"operator": {"op_type": "Gemm"}, "latency_s": {}}"#)
                .starts_with("it has an `operator` and no `program`; records of operators are not read yet")
        );
    }

    #[test]
    fn knobs_are_passed_on_unread() {
        let line = r#"{"task":"t","name":"n","networks":{},"schedule":0,"config":{"b": 1e2,  "a":[ ]},"program":"p","latency_s":{}}"#;
        let record: Record = serde_json::from_str(line).unwrap();
        assert_eq!(record.config.as_ref().unwrap().text(), r#"{"b": 1e2,  "a":[ ]}"#);
        assert_eq!(serde_json::to_string(&record).unwrap(), line);
    }

    #[test]
    fn same_text_same_fingerprint() {
        let (mut a, b) = (record(&[1.0]), record(&[2.0]));
        assert_eq!(a.fingerprint(), b.fingerprint());
        a.program.push(' ');
        assert_ne!(a.fingerprint(), b.fingerprint());
    }
}
