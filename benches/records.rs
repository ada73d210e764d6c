//! The bundled records, for the benchmarks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cdmpp::data::{DataError, Dataset, HardwareError, HardwareSpec, HardwareTable, LoadConfig, RecordReader};
use cdmpp::ir::{AnsorFeaturizer, CompactAst, Featurizer, Program};
use cdmpp::model::{NormPlacement, PredictorConfig, Prior, Query, Sample, TransformerConfig};

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

/// The shape that `peers/torch_model.py` has by default. Our pool is twice as wide, and inputs also go around the blocks.
#[must_use]
pub fn peer_shape() -> PredictorConfig {
    PredictorConfig {
        feature_bins: 0,
        transformer: TransformerConfig {
            d_model: 128,
            n_heads: 4,
            n_layers: 4,
            d_ff: 512,
            dropout: 0.0,
            norm: NormPlacement::Post,
            ..TransformerConfig::default()
        },
        hardware_hidden: vec![128],
        head_hidden: vec![256, 256],
        prior: Prior::None,
        ..PredictorConfig::default()
    }
}

/// A program of invented features: a network costs the same whatever the numbers are.
///
/// # Panics
/// If it has no leaf.
#[must_use]
pub fn invented(index: usize, n_leaves: usize) -> CompactAst {
    let dim = AnsorFeaturizer.dim();
    let feature = |i: usize| ((i * 7919 + index * 104_729) % 1000) as f32 / 100.0;
    let features = (0..n_leaves * dim).map(feature).collect();
    let positions = (0..n_leaves as u32).map(|leaf| 3 + 2 * leaf).collect();
    CompactAst::from_parts(AnsorFeaturizer.schema(), dim, features, positions, vec![3; n_leaves])
        .expect("the parts have the right lengths")
}

/// Programs with invented latencies, on one hardware after the other.
#[must_use]
pub fn invented_samples<'a>(asts: &'a [CompactAst], hardware: &[&'a HardwareSpec]) -> Vec<Sample<'a>> {
    let sample = |(i, ast)| {
        let query = Query { ast, hardware: hardware[i % hardware.len()] };
        Sample { query, latency: Duration::from_micros(10 + i as u64) }
    };
    asts.iter().enumerate().map(sample).collect()
}
