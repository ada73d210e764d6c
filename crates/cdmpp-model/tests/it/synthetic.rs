//! Programs and hardware made up from a seed, with latencies that a model can learn.

use std::time::Duration;

use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::{CompactAst, Featurizer, Leaves};
use cdmpp_model::train::TrainConfig;
use cdmpp_model::{Predictor, PredictorConfig, Query, Sample, TransformerConfig};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

pub(crate) const DIM: usize = 6;

/// Names the features of the made-up programs; never asked to write any.
pub(crate) struct Synthetic;

impl Featurizer for Synthetic {
    fn schema(&self) -> &str {
        "test/synthetic/1"
    }
    fn dim(&self) -> usize {
        DIM
    }
    fn write(&self, _: &Leaves<'_>, out: &mut [f32]) {
        out.fill(0.0);
    }
}

/// A program; the same seed and number of leaves give the same one.
pub(crate) fn ast(seed: u64, n_leaves: usize) -> CompactAst {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let features = (0..n_leaves * DIM).map(|_| rng.random_range(0.0..8.0)).collect();
    let positions = (0..n_leaves as u32).map(|i| 2 * i + 2).collect();
    CompactAst::from_parts(Synthetic.schema(), DIM, features, positions, vec![2; n_leaves]).unwrap()
}

/// Programs of different numbers of leaves.
pub(crate) fn asts(n: usize) -> Vec<CompactAst> {
    (0..n).map(|i| ast(i as u64, [1, 3, 2, 3, 5][i % 5])).collect()
}

/// Three hardware; the last does not know its cache.
pub(crate) fn hardware() -> Vec<HardwareSpec> {
    let spec = |name: &str, values: &[(&str, f64)]| HardwareSpec::new(name, values.iter().copied()).unwrap();
    vec![
        spec("slow", &[("clock_mhz", 1000.0), ("cache_mb", 4.0)]),
        spec("fast", &[("clock_mhz", 3000.0), ("cache_mb", 32.0)]),
        spec("other", &[("clock_mhz", 1500.0)]),
    ]
}

pub(crate) fn columns() -> [&'static str; 2] {
    ["clock_mhz", "cache_mb"]
}

/// Every program on every hardware: microseconds that depend on the features of all leaves and on the clock.
pub(crate) fn samples<'a>(asts: &'a [CompactAst], hardware: &'a [HardwareSpec]) -> Vec<Sample<'a>> {
    let pairs = asts.iter().flat_map(|ast| hardware.iter().map(move |hardware| Query { ast, hardware }));
    pairs.map(|query| Sample { query, latency: latency(query) }).collect()
}

pub(crate) fn latency(query: Query<'_>) -> Duration {
    let work: f32 = query.ast.features().chunks(DIM).map(|leaf| (0.4 * leaf[0] + 0.2 * leaf[1]).exp()).sum();
    Duration::from_secs_f64(f64::from(work) / query.hardware.value("clock_mhz").unwrap() * 1e-2)
}

pub(crate) fn queries<'a>(samples: &[Sample<'a>]) -> Vec<Query<'a>> {
    samples.iter().map(|sample| sample.query).collect()
}

/// A model small enough for a test.
pub(crate) fn small() -> PredictorConfig {
    PredictorConfig {
        transformer: TransformerConfig {
            d_model: 8,
            n_heads: 2,
            n_layers: 1,
            d_ff: 12,
            embed_dim: 10,
            ..TransformerConfig::default()
        },
        hardware_hidden: vec![8],
        head_hidden: vec![16],
        ..PredictorConfig::default()
    }
}

pub(crate) fn untrained(config: &PredictorConfig, seed: u64) -> Predictor {
    Predictor::new(config, &Synthetic, &columns(), seed).unwrap()
}

/// Settings of a few quick epochs.
pub(crate) fn quick(epochs: usize) -> TrainConfig {
    TrainConfig { epochs, batch_size: 8, ..TrainConfig::default() }
}

/// A small model after two epochs.
pub(crate) fn trained() -> Predictor {
    let (asts, hardware) = (asts(8), hardware());
    let mut model = untrained(&small(), 0);
    cdmpp_model::train::fit(&mut model, &samples(&asts, &hardware), &[], &quick(2), &mut |_| proceed()).unwrap();
    model
}

pub(crate) fn proceed() -> std::ops::ControlFlow<()> {
    std::ops::ControlFlow::Continue(())
}

/// The bytes of a model's checkpoint.
pub(crate) fn bytes(model: &Predictor) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.save(&path).unwrap();
    std::fs::read(path).unwrap()
}
