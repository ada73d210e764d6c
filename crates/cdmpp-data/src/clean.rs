//! Which measurements are fit to learn from.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::reader::MAX_RECORD_BYTES;
use crate::{CleanReport, DataError, Flaw, Location, Record, repeats};

/// What counts as a clean measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CleanConfig {
    /// The highest [spread](Record::spread) of a measurement's repeats; noisier ones are dropped.
    ///
    /// The label is the median, which one slow repeat in five hardly moves, so that the default of 0.5 only drops what
    /// says next to nothing: 48 of the 6,756 CPU measurements of the bundled data (a shared machine) and none of the
    /// GPU ones. The CDMPP paper's code keeps what is below 0.01, on quiet machines.
    pub max_spread: f64,
    /// The shortest latency, in seconds; shorter ones are dropped. The default is 1 ns, the resolution of
    /// [`std::time::Duration`].
    pub min_latency_s: f64,
    /// What to do with a measurement that cannot be a label: without repeats, not finite, or not positive; and with a
    /// record without measurements.
    pub on_bad_label: OnBadLabel,
    /// The most bytes that a line of a record file may have; a longer one is an error. The default is 4 MiB.
    pub max_record_bytes: u64,
}

/// What to do with a measurement that cannot be a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnBadLabel {
    /// Stop with an error that names it: something is wrong with the data, and a part of it would hide that.
    Refuse,
    /// Drop it and count it in the [report](CleanReport).
    Drop,
}

impl Default for CleanConfig {
    fn default() -> Self {
        Self {
            max_spread: 0.5,
            min_latency_s: 1e-9,
            on_bad_label: OnBadLabel::Refuse,
            max_record_bytes: MAX_RECORD_BYTES,
        }
    }
}

impl CleanConfig {
    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// If `max_spread` is negative or NaN (infinity sets no limit), `min_latency_s` is below 1 ns or not finite, or
    /// `max_record_bytes` is 0.
    pub fn check(&self) -> Result<(), DataError> {
        if self.max_spread.is_nan() || self.max_spread < 0.0 {
            let rule = "must be at least 0";
            return Err(DataError::Config { field: "max_spread", rule, value: self.max_spread });
        }
        if !(1e-9..f64::INFINITY).contains(&self.min_latency_s) {
            let rule = "must be finite and at least 1e-9";
            return Err(DataError::Config { field: "min_latency_s", rule, value: self.min_latency_s });
        }
        if self.max_record_bytes == 0 {
            return Err(DataError::Config { field: "max_record_bytes", rule: "must be above 0", value: 0.0 });
        }
        Ok(())
    }
}

/// Takes the unfit measurements out of a stream of records and counts them.
///
/// In this order, and each under the first [`Flaw`] that it has: no repeats, not finite, not positive, too short or too
/// long, noisy, and measured before. The last means that an earlier measurement of the same task, program text and
/// hardware was kept; programs that differ only in their `config` are such repetitions, since a predictor sees the
/// program alone.
///
/// # Complexity
/// O(repeats + program text) a record; 16 bytes a kept measurement are remembered.
///
/// # Examples
/// ```
/// use cdmpp_data::{CleanConfig, Cleaner, OnBadLabel, RecordReader};
///
/// let text = r#"{"task": "a", "name": "add", "networks": {}, "schedule": 0, "program": "…",
///                "latency_s": {"p4": [NaN], "t4": [2e-6]}}"#.replace('\n', " ");
/// let mut reader = RecordReader::from_reader("memory", std::io::Cursor::new(text))?;
/// let mut cleaner = Cleaner::new(CleanConfig { on_bad_label: OnBadLabel::Drop, ..CleanConfig::default() })?;
/// while let Some(record) = reader.next() {
///     let mut record = record?;
///     cleaner.clean(&mut record, reader.location())?;
///     assert_eq!(record.latency_s.keys().collect::<Vec<_>>(), ["t4"]);
/// }
/// let report = cleaner.into_report();
/// assert_eq!((report.n_measurements, report.n_kept), (2, 1));
/// # Ok::<(), cdmpp_data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cleaner {
    config: CleanConfig,
    seen: HashSet<Fingerprint>,
    report: CleanReport,
}

impl Cleaner {
    /// A cleaner that has seen nothing yet.
    ///
    /// # Errors
    /// If the configuration does not [check](CleanConfig::check).
    pub fn new(config: CleanConfig) -> Result<Self, DataError> {
        config.check()?;
        Ok(Self { config, seen: HashSet::new(), report: CleanReport::default() })
    }

    /// Takes the unfit measurements out of a record; `at` is where it comes from.
    ///
    /// # Errors
    /// If a measurement cannot be a label and the configuration says [`OnBadLabel::Refuse`].
    pub fn clean(&mut self, record: &mut Record, at: &Location) -> Result<(), DataError> {
        self.report.n_records += 1;
        let program = record.fingerprint().to_bytes();
        let mut kept = std::mem::take(&mut record.latency_s);
        let mut refused = None;
        kept.retain(|hardware, repeats| {
            let key = Fingerprint::of_parts(&[record.task.as_bytes(), &program, hardware.as_bytes()]);
            let flaw = self.flaw(repeats).or_else(|| (!self.seen.insert(key)).then_some(Flaw::Repeated));
            self.report.n_measurements += 1;
            match flaw {
                None => self.report.n_kept += 1,
                Some(flaw) => {
                    self.report.add(flaw, at, &record.task, hardware);
                    if flaw.is_bad_label() && self.config.on_bad_label == OnBadLabel::Refuse && refused.is_none() {
                        refused = Some((hardware.clone(), flaw));
                    }
                }
            }
            flaw.is_none()
        });
        record.latency_s = kept;
        match refused {
            Some((hardware, flaw)) => {
                Err(DataError::Label { at: at.clone(), task: record.task.clone(), hardware, flaw })
            }
            None => Ok(()),
        }
    }

    pub(crate) fn config(&self) -> &CleanConfig {
        &self.config
    }

    /// What was seen, kept and dropped so far.
    #[must_use]
    pub fn report(&self) -> &CleanReport {
        &self.report
    }

    /// What was seen, kept and dropped.
    #[must_use]
    pub fn into_report(self) -> CleanReport {
        self.report
    }

    fn flaw(&self, repeats: &[f64]) -> Option<Flaw> {
        let Some(median) = repeats::median(repeats) else { return Some(Flaw::NoRepeats) };
        if let Some(&value) = repeats.iter().find(|repeat| !repeat.is_finite()) {
            return Some(Flaw::NotFinite { value });
        }
        if let Some(&value) = repeats.iter().find(|repeat| **repeat <= 0.0) {
            return Some(Flaw::NotPositive { value });
        }
        // The mean of the middle two of huge repeats may overflow.
        if median < self.config.min_latency_s || std::time::Duration::try_from_secs_f64(median).is_err() {
            return Some(Flaw::OutOfRange { median });
        }
        repeats::spread(repeats).filter(|spread| *spread > self.config.max_spread).map(|spread| Flaw::Noisy { spread })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use expect_test::expect;

    use super::*;

    fn record(task: &str, program: &str, latencies: &[(&str, &[f64])]) -> Record {
        Record {
            task: task.into(),
            name: "n".into(),
            networks: BTreeMap::new(),
            schedule: 0,
            config: None,
            program: program.into(),
            latency_s: latencies.iter().map(|(name, repeats)| ((*name).to_owned(), repeats.to_vec())).collect(),
        }
    }

    fn at(line: u64) -> Location {
        Location { file: "f.jsonl".into(), line }
    }

    #[test]
    fn every_flaw_is_counted_and_shown() {
        let config = CleanConfig { on_bad_label: OnBadLabel::Drop, ..CleanConfig::default() };
        let mut cleaner = Cleaner::new(config).unwrap();
        let first: &[(&str, &[f64])] = &[
            ("a-none", &[]),
            ("b-nan", &[1.0, f64::NAN]),
            ("c-infinite", &[f64::INFINITY]),
            ("d-zero", &[0.0, 1.0, 1.0]),
            ("e-negative", &[-1e-3]),
            ("f-short", &[1e-10]),
            ("g-long", &[1e300]),
            ("h-overflow", &[f64::MAX, f64::MAX]),
            ("i-noisy", &[1.0, 3.0]),
            ("j-good", &[1.0, 1.1]),
        ];
        let mut a = record("t", "p", first);
        cleaner.clean(&mut a, &at(1)).unwrap();
        assert_eq!(a.latency_s.keys().collect::<Vec<_>>(), ["j-good"]);
        // The first was noisy and not kept, so this one is no repetition; of the good one it is.
        let mut b = record("t", "p", &[("i-noisy", &[1.0]), ("j-good", &[1.0])]);
        cleaner.clean(&mut b, &at(2)).unwrap();
        assert_eq!(b.latency_s.keys().collect::<Vec<_>>(), ["i-noisy"]);
        for (line, other) in
            [record("u", "p", &[("j-good", &[1.0])]), record("t", "q", &[("j-good", &[1.0])])].iter_mut().enumerate()
        {
            cleaner.clean(other, &at(line as u64 + 3)).unwrap();
            assert_eq!(other.latency_s.len(), 1);
        }
        let report = cleaner.into_report();
        assert_eq!((report.n_records, report.n_measurements, report.n_kept, report.n_dropped()), (4, 14, 4, 10));
        expect![[r#"
            4 records, 14 measurements: 4 kept, 10 dropped
              measured before: 1
                f.jsonl:2: a program that was measured before, task `t` on `j-good`
              no repeats: 1
                f.jsonl:1: no value, task `t` on `a-none`
              noisy: 1
                f.jsonl:1: a spread of 0.71, task `t` on `i-noisy`
              not finite: 2
                f.jsonl:1: a value that is not finite (NaN), task `t` on `b-nan`
                f.jsonl:1: a value that is not finite (inf), task `t` on `c-infinite`
              not positive: 2
                f.jsonl:1: a value that is not positive (0), task `t` on `d-zero`
                f.jsonl:1: a value that is not positive (-0.001), task `t` on `e-negative`
              out of range: 3
                f.jsonl:1: a median out of range (1e-10 s), task `t` on `f-short`
                f.jsonl:1: a median out of range (1e300 s), task `t` on `g-long`
                f.jsonl:1: a median out of range (inf s), task `t` on `h-overflow`"#]]
        .assert_eq(&report.to_string());
    }

    #[test]
    fn bad_labels_are_refused_by_default() {
        for (bad, message) in [
            (&[][..], "f.jsonl:9: no value in the repeats of task `t` on `a`"),
            (&[f64::NAN], "f.jsonl:9: a value that is not finite (NaN) in the repeats of task `t` on `a`"),
            (&[1.0, 0.0], "f.jsonl:9: a value that is not positive (0) in the repeats of task `t` on `a`"),
        ] {
            let mut cleaner = Cleaner::new(CleanConfig::default()).unwrap();
            let error = cleaner.clean(&mut record("t", "p", &[("a", bad)]), &at(9)).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        let mut cleaner = Cleaner::new(CleanConfig::default()).unwrap();
        cleaner.clean(&mut record("t", "p", &[("a", &[1.0, 9.0])]), &at(9)).unwrap();
        assert_eq!(cleaner.report().n_dropped(), 1, "noise is dropped, not refused");
    }

    #[test]
    fn settings_are_checked() {
        let default = CleanConfig::default;
        assert!(CleanConfig { max_spread: f64::INFINITY, ..default() }.check().is_ok());
        for config in [
            CleanConfig { max_spread: -0.1, ..default() },
            CleanConfig { max_spread: f64::NAN, ..default() },
            CleanConfig { min_latency_s: 0.0, ..default() },
            CleanConfig { min_latency_s: f64::INFINITY, ..default() },
            CleanConfig { min_latency_s: f64::NAN, ..default() },
        ] {
            assert!(matches!(Cleaner::new(config), Err(DataError::Config { .. })));
        }
        assert!(serde_json::from_str::<CleanConfig>(r#"{"max_sprad": 1}"#).is_err());
    }
}
