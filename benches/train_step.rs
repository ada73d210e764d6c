//! Training: epochs of samples, by the number of leaves in the shape of `peers/torch_model.py`, and of the default model
//! on the bundled CPU programs. What happens once before the first epoch is left out.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use cdmpp::data::HardwareSpec;
use cdmpp::ir::{AnsorFeaturizer, CompactAst};
use cdmpp::model::train::{TrainConfig, fit};
use cdmpp::model::{Predictor, PredictorConfig, Query, Sample};
use cdmpp_benches::{CPU_PROGRAMS, dataset, hardware, invented, invented_samples, peer_shape};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// The time of some epochs, after one that warms up.
fn epochs(n: u64, config: &PredictorConfig, columns: &[String], samples: &[Sample<'_>], batch_size: usize) -> Duration {
    let mut model = Predictor::new(config, &AnsorFeaturizer, columns, 0).expect("the shape is valid");
    let settings = TrainConfig { epochs: n as usize + 1, batch_size, patience: 0, ..TrainConfig::default() };
    let mut start = None;
    fit(&mut model, samples, &[], &settings, &mut |_| {
        start.get_or_insert_with(Instant::now);
        ControlFlow::Continue(())
    })
    .expect("the samples are valid");
    start.map_or(Duration::ZERO, |start| start.elapsed())
}

fn train_step(c: &mut Criterion) {
    let table = hardware().expect("the bundled hardware is readable");
    let specs: Vec<&HardwareSpec> = table.iter().collect();
    let columns: Vec<String> = table.performance_columns().into_iter().map(str::to_owned).collect();
    let mut group = c.benchmark_group("train");
    group.sample_size(10);
    // As the peer does it, and a curve over leaves.
    let curve = [1, 2, 4, 8, 16, 32, 64].map(|n_leaves| (n_leaves, 256, 2));
    for (n_leaves, batch, n_steps) in [(2, 512, 4), (4, 512, 4), (8, 512, 4)].into_iter().chain(curve) {
        let asts: Vec<CompactAst> = (0..n_steps * batch).map(|index| invented(index, n_leaves)).collect();
        let samples = invented_samples(&asts, &specs);
        group.throughput(Throughput::Elements(samples.len() as u64));
        group.bench_function(format!("d 128, {n_leaves} leaves, batch {batch}"), |b| {
            b.iter_custom(|n| epochs(n, &peer_shape(), &columns, &samples, batch));
        });
    }

    let data = dataset(CPU_PROGRAMS).expect("the bundled records are readable");
    let asts = data.asts().expect("a data set stays in memory unless it is told where else to go");
    let samples: Vec<Sample<'_>> = data
        .measurements()
        .iter()
        .map(|measured| {
            let hardware = table.get(&measured.hardware).expect("the table has the hardware of the records");
            let query = Query { ast: &asts[measured.program], hardware };
            Sample { query, latency: measured.latency }
        })
        .collect();
    // A program of several measurements is encoded once for all of them; one measurement each shows the cost without.
    let mut singles: Vec<Sample<'_>> = samples.clone();
    singles.dedup_by_key(|sample| std::ptr::from_ref(sample.query.ast));
    let batch_size = TrainConfig::default().batch_size;
    for (name, samples) in [("one measurement a program", &singles), ("all measurements", &samples)] {
        group.throughput(Throughput::Elements(samples.len() as u64));
        group.bench_function(format!("default model, {CPU_PROGRAMS}, {name}"), |b| {
            b.iter_custom(|n| epochs(n, &PredictorConfig::default(), &columns, samples, batch_size));
        });
    }
    group.finish();
}

criterion_group!(benches, train_step);
criterion_main!(benches);
