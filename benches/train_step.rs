//! Training: one epoch of 1,024 samples in four steps, by the number of leaves. The statistics that are fitted before
//! the first epoch are a part of it.

use std::ops::ControlFlow;
use std::time::Duration;

use cdmpp::ir::{AnsorFeaturizer, CompactAst, Featurizer};
use cdmpp::model::candle_core::Device;
use cdmpp::model::{Predictor, PredictorConfig, Query, Sample, train};
use cdmpp_benches::hardware;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const N_SAMPLES: usize = 1024;

/// A program of invented features: training costs the same whatever the numbers are.
fn ast(index: usize, n_leaves: usize) -> CompactAst {
    let dim = AnsorFeaturizer.dim();
    let feature = |i: usize| ((i * 7919 + index * 104_729) % 1000) as f32 / 100.0;
    let features = (0..n_leaves * dim).map(feature).collect();
    let positions = (0..n_leaves as u32).map(|leaf| 3 + 2 * leaf).collect();
    CompactAst::from_parts(AnsorFeaturizer.schema(), dim, features, positions, vec![3; n_leaves])
        .expect("the parts have the right lengths")
}

fn train_step(c: &mut Criterion) {
    let table = hardware().expect("the bundled hardware is readable");
    let specs: Vec<_> = table.iter().collect();
    let columns: Vec<String> = table.performance_columns().into_iter().map(str::to_owned).collect();
    let mut group = c.benchmark_group("train 1024 samples");
    group.throughput(Throughput::Elements(N_SAMPLES as u64)).sample_size(10);
    for n_leaves in [1, 4, 16] {
        let asts: Vec<CompactAst> = (0..N_SAMPLES).map(|index| ast(index, n_leaves)).collect();
        let sample = |(index, ast)| {
            let hardware = specs[index % specs.len()];
            Sample { query: Query { ast, hardware }, latency: Duration::from_micros(10 + index as u64) }
        };
        let samples: Vec<Sample<'_>> = asts.iter().enumerate().map(sample).collect();
        let settings = train::TrainConfig { epochs: 1, ..train::TrainConfig::default() };
        let untrained = || {
            Predictor::new(&PredictorConfig::default(), &AnsorFeaturizer, &columns, 0, &Device::Cpu)
                .expect("the default is valid")
        };
        group.bench_function(format!("{n_leaves} leaves"), |b| {
            b.iter_batched(
                untrained,
                |mut model| {
                    train::fit(&mut model, &samples, &[], &settings, &mut |_| ControlFlow::Continue(()))
                        .expect("the samples are valid");
                    model
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, train_step);
criterion_main!(benches);
