//! Encoded programs with their labels: what training needs of record files, and nothing more.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cdmpp_ir::{CompactAst, Featurizer};

use crate::ast_store::{AstStore, AstStoreWriter};
use crate::warning::LONG;
use crate::{
    CleanConfig, CleanReport, Cleaner, DataError, DataWarning, Fingerprint, Location, OnBadLabel, Record, RecordReader,
    SampleKey, Spill, encode_records,
};

/// How many records are in memory as text at a time, and how many bytes of programs if they are large.
const CHUNK: usize = 256;
const CHUNK_BYTES: usize = 16 << 20;

/// The measured programs of some record files, encoded; their texts are not kept.
#[derive(Clone, Debug)]
pub struct Dataset {
    asts: AstStore,
    programs: Vec<EncodedProgram>,
    measurements: Vec<Measurement>,
    report: CleanReport,
    files: Vec<DataFile>,
    warnings: Vec<DataWarning>,
}

/// A file that a [`Dataset`] was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataFile {
    /// The file, as it was named.
    pub path: PathBuf,
    /// What its content hashed to, decompressed: a file has one fingerprint, compressed or not.
    pub fingerprint: Fingerprint,
    /// How many records it has.
    pub n_records: usize,
}

/// What is known of a program of a [`Dataset`], beside its encoding.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EncodedProgram {
    /// The record's task.
    pub task: Arc<str>,
    /// The record's schedule.
    pub schedule: i64,
    /// The record's networks.
    pub networks: Arc<BTreeMap<String, u32>>,
    /// What its text hashed to.
    pub fingerprint: Fingerprint,
}

/// A label of a [`Dataset`]: one program on one hardware.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Measurement {
    /// The program, as an index into [`Dataset::programs`], and for [`Dataset::ast`].
    pub program: usize,
    /// The name of the hardware.
    pub hardware: Arc<str>,
    /// The median of the repeats.
    pub latency: Duration,
}

/// How [`Dataset::load`] works.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadConfig {
    /// Which measurements are kept.
    pub clean: CleanConfig,
    /// How many threads parse and encode. The result does not depend on it.
    pub n_threads: NonZero<usize>,
    /// Where encoded programs go that are too many for memory; without it, all stay there.
    pub spill: Option<Spill>,
}

impl Default for LoadConfig {
    /// The default cleaning, on one thread, in memory.
    fn default() -> Self {
        Self { clean: CleanConfig::default(), n_threads: NonZero::<usize>::MIN, spill: None }
    }
}

/// How far [`Dataset::load`] has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadProgress {
    /// Records read so far.
    pub n_records: usize,
    /// Bytes read of all files so far, as they lie on the disk.
    pub bytes: u64,
    /// Bytes of all files; 0 for what has no size, such as a pipe.
    pub total_bytes: u64,
}

impl Dataset {
    /// Reads record files: cleans, parses and encodes one record after the other. A record that keeps no measurement is
    /// not parsed.
    ///
    /// The order is that of the files, whatever the number of threads; the measurements of a record are in the order of
    /// the hardware's names. Records of one program that follow each other, each with its hardware, share its encoding.
    ///
    /// # Errors
    /// The first record that cannot be read, cleaned (see [`CleanConfig::on_bad_label`]) or parsed, or was not measured;
    /// a file without records; [`DataError::Write`] for the [temporary file](LoadConfig::spill).
    ///
    /// # Complexity
    /// Memory holds the features of all programs, or [as many as are allowed](LoadConfig::spill) and some 120 bytes for
    /// each program with one measurement; and the text of a few hundred.
    ///
    /// # Examples
    /// ```no_run
    /// use cdmpp_data::{Dataset, LoadConfig, SplitBy, split};
    /// # fn main() -> Result<(), cdmpp_data::DataError> {
    /// let featurizer = cdmpp_ir::AnsorFeaturizer;
    /// let data = Dataset::load(&["cpu-programs.jsonl.zst"], &featurizer, &LoadConfig::default(), &mut |_| {})?;
    /// let split = split(&data.keys(), &SplitBy::Tasks(0.2), 0.1, 0)?;
    /// for &index in &split.train {
    ///     let measurement = &data.measurements()[index];
    ///     let ast = data.ast(measurement.program)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn load<P: AsRef<Path>>(
        paths: &[P],
        featurizer: &dyn Featurizer,
        config: &LoadConfig,
        on_progress: &mut dyn FnMut(LoadProgress),
    ) -> Result<Self, DataError> {
        let size = |path: &P| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let mut progress = LoadProgress { n_records: 0, bytes: 0, total_bytes: paths.iter().map(size).sum() };
        let mut cleaner = Cleaner::new(config.clean.clone())?;
        let mut data = Self {
            asts: AstStore::default(),
            programs: Vec::new(),
            measurements: Vec::new(),
            report: CleanReport::default(),
            files: Vec::new(),
            warnings: Vec::new(),
        };
        let mut asts = AstStoreWriter::new(config.spill.clone());
        let not_written = |source| {
            let folder = config.spill.as_ref().map_or_else(PathBuf::new, |spill| spill.folder.clone());
            DataError::Write { path: folder, source }
        };
        let mut names = Names::default();
        for path in paths {
            let mut reader = RecordReader::open(path)?.with_max_record_bytes(config.clean.max_record_bytes);
            let n_before = cleaner.report().n_records;
            let bytes_before = progress.bytes;
            loop {
                let n_records = cleaner.report().n_records;
                let chunk = read_chunk(&mut reader, &mut cleaner)?;
                if cleaner.report().n_records == n_records {
                    break;
                }
                let encoded = encode_records(&chunk, featurizer, config.n_threads)?;
                for ((record, at), ast) in chunk.iter().zip(encoded) {
                    if data.push(record, at, &mut names) {
                        asts.push(ast).map_err(not_written)?;
                    }
                }
                progress.n_records = cleaner.report().n_records;
                progress.bytes = bytes_before + reader.bytes_read();
                on_progress(progress);
            }
            let n_records = cleaner.report().n_records - n_before;
            if n_records == 0 {
                return Err(DataError::NoRecords { file: reader.location().file.clone() });
            }
            let fingerprint = reader.fingerprint();
            data.files.push(DataFile { path: path.as_ref().to_owned(), fingerprint, n_records });
        }
        data.asts = asts.finish().map_err(not_written)?;
        data.report = cleaner.into_report();
        Ok(data)
    }

    /// What a predictor sees of a program.
    ///
    /// # Errors
    /// [`DataError::Read`] if it is in the temporary file, and that cannot be read.
    ///
    /// # Panics
    /// If there is no program with this index.
    pub fn ast(&self, program: usize) -> Result<Cow<'_, CompactAst>, DataError> {
        assert!(program < self.asts.len(), "there are {} programs, and none {program}", self.asts.len());
        self.asts.read(program).map_err(|source| {
            let at = Location { file: "the temporary file".into(), line: 0 };
            DataError::Read { what: "encoded program", at, source }
        })
    }

    /// As [`ast`](Self::ast), with the error as training takes it.
    ///
    /// # Errors
    /// As [`ast`](Self::ast).
    ///
    /// # Panics
    /// As [`ast`](Self::ast).
    pub fn read(&self, program: usize) -> std::io::Result<Cow<'_, CompactAst>> {
        self.ast(program).map_err(std::io::Error::other)
    }

    /// What a predictor sees of all programs; `None` if some are [in a file](LoadConfig::spill).
    #[must_use]
    pub fn asts(&self) -> Option<&[CompactAst]> {
        self.asts.in_memory()
    }

    /// What is known of the programs, one a record that kept a measurement.
    #[must_use]
    pub fn programs(&self) -> &[EncodedProgram] {
        &self.programs
    }

    /// The labels.
    #[must_use]
    pub fn measurements(&self) -> &[Measurement] {
        &self.measurements
    }

    /// What cleaning dropped.
    #[must_use]
    pub fn report(&self) -> &CleanReport {
        &self.report
    }

    /// The files that were read, in their order.
    #[must_use]
    pub fn files(&self) -> &[DataFile] {
        &self.files
    }

    /// What looks like a mistake, in the order of the files; one a hardware.
    #[must_use]
    pub fn warnings(&self) -> &[DataWarning] {
        &self.warnings
    }

    /// What [`split`](crate::split) needs to know, one key a measurement.
    #[must_use]
    pub fn keys(&self) -> Vec<SampleKey<'_>> {
        let mut keys = Vec::with_capacity(self.measurements.len());
        for Measurement { program, hardware, .. } in &self.measurements {
            let EncodedProgram { task, networks, fingerprint, .. } = &self.programs[*program];
            keys.push(SampleKey { task, program: *fingerprint, hardware, networks });
        }
        keys
    }

    /// Takes up a record; returns whether its program is another than that of the record before.
    fn push(&mut self, record: &Record, at: &Location, names: &mut Names) -> bool {
        let program = EncodedProgram {
            task: names.text(&record.task),
            schedule: record.schedule,
            networks: names.networks(&record.networks),
            fingerprint: record.fingerprint(),
        };
        let is_new = self.programs.last().is_none_or(|last| !last.is(&program));
        if is_new {
            self.programs.push(program);
        }
        for hardware in record.latency_s.keys() {
            let latency = record.median_latency(hardware).expect("a measurement that was kept has a median");
            if latency > LONG {
                self.warn_of(hardware, latency, at);
            }
            let hardware = names.text(hardware);
            self.measurements.push(Measurement { program: self.programs.len() - 1, hardware, latency });
        }
        is_new
    }

    fn warn_of(&mut self, on: &str, latency: Duration, at: &Location) {
        for warning in &mut self.warnings {
            let DataWarning::LongLatency { hardware, n, .. } = warning;
            if hardware == on {
                *n += 1;
                return;
            }
        }
        self.warnings.push(DataWarning::LongLatency { at: at.clone(), hardware: on.to_owned(), latency, n: 1 });
    }
}

impl EncodedProgram {
    /// Whether both are one program; names that are alike are kept once.
    fn is(&self, other: &Self) -> bool {
        (self.fingerprint, self.schedule) == (other.fingerprint, other.schedule)
            && Arc::ptr_eq(&self.task, &other.task)
            && Arc::ptr_eq(&self.networks, &other.networks)
    }
}

/// The next records that keep a measurement, a few hundred at most; with their places, for errors.
fn read_chunk(reader: &mut RecordReader, cleaner: &mut Cleaner) -> Result<Vec<(Record, Location)>, DataError> {
    let (mut chunk, mut n_bytes) = (Vec::new(), 0);
    for _ in 0..CHUNK {
        let Some(record) = reader.next() else { break };
        let mut record = record?;
        let at = reader.location();
        if record.latency_s.is_empty() && cleaner.config().on_bad_label == OnBadLabel::Refuse {
            return Err(DataError::Unmeasured { at: at.clone(), task: record.task });
        }
        cleaner.clean(&mut record, at)?;
        if !record.latency_s.is_empty() {
            n_bytes += record.program.len();
            chunk.push((record, at.clone()));
        }
        if n_bytes >= CHUNK_BYTES {
            break;
        }
    }
    Ok(chunk)
}

/// Names that many records share, kept once.
#[derive(Default)]
struct Names {
    texts: BTreeSet<Arc<str>>,
    networks: BTreeSet<Arc<BTreeMap<String, u32>>>,
}

impl Names {
    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&new));
        new
    }

    fn networks(&mut self, networks: &BTreeMap<String, u32>) -> Arc<BTreeMap<String, u32>> {
        if let Some(known) = self.networks.get(networks) {
            return Arc::clone(known);
        }
        let new = Arc::new(networks.clone());
        self.networks.insert(Arc::clone(&new));
        new
    }
}
