//! The bundled records, for the benchmarks.

use std::path::{Path, PathBuf};

use cdmpp::data::{DataError, Dataset, HardwareError, HardwareTable, LoadConfig, RecordReader};
use cdmpp::ir::{AnsorFeaturizer, Program};

/// The file of CPU programs: layers of CNNs and transformers under random schedules.
pub const CPU_PROGRAMS: &str = "cpu-programs.jsonl.zst";

/// The file of GPU operators: tiled kernels with thread bindings.
pub const GPU_OPERATORS: &str = "gpu-operators.jsonl.zst";

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data").join(file)
}

/// The texts of the first programs of a file.
///
/// # Errors
/// If the file cannot be read.
pub fn texts(file: &str, limit: usize) -> Result<Vec<String>, DataError> {
    RecordReader::open(path(file))?.take(limit).map(|record| record.map(|record| record.program)).collect()
}

/// The first programs of a file.
///
/// # Errors
/// If the file or a program cannot be read.
pub fn programs(file: &str, limit: usize) -> Result<Vec<Program>, DataError> {
    RecordReader::open(path(file))?.take(limit).map(|record| record?.parse_program()).collect()
}

/// A whole file, encoded with the default features.
///
/// # Errors
/// If the file or a program cannot be read.
pub fn dataset(file: &str) -> Result<Dataset, DataError> {
    Dataset::load(&[path(file)], &AnsorFeaturizer, &LoadConfig::default(), &mut |_| {})
}

/// The bundled hardware table.
///
/// # Errors
/// If it cannot be read.
pub fn hardware() -> Result<HardwareTable, HardwareError> {
    HardwareTable::load(path("hardware.json"))
}
