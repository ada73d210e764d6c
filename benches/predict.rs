//! Prediction: encoded programs to latencies, by the number of queries asked at once. The model is trained for one
//! epoch on a few samples: its numbers mean nothing, its speed is that of any other of its shape.

use std::hint::black_box;
use std::ops::ControlFlow;

use cdmpp::ir::AnsorFeaturizer;
use cdmpp::model::candle_core::Device;
use cdmpp::model::{Predictor, PredictorConfig, Query, Sample, train};
use cdmpp_benches::{CPU_PROGRAMS, dataset, hardware};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn predict(c: &mut Criterion) {
    let data = dataset(CPU_PROGRAMS).expect("the bundled records are readable");
    let table = hardware().expect("the bundled hardware is readable");
    let sample = |measured: &cdmpp::data::Measurement| {
        let query = Query {
            ast: &data.programs()[measured.program].ast,
            hardware: table.get(&measured.hardware).expect("the table has the hardware of the records"),
        };
        Sample { query, latency: measured.latency }
    };
    // One measurement a program, or a program would be encoded once for several queries.
    let mut samples: Vec<Sample<'_>> = Vec::new();
    for measured in data.measurements() {
        if samples.len() == measured.program {
            samples.push(sample(measured));
        }
    }
    let columns: Vec<String> = table.performance_columns().into_iter().map(str::to_owned).collect();
    let config = PredictorConfig::default();
    let mut model = Predictor::new(&config, &AnsorFeaturizer, &columns, 0, &Device::Cpu).expect("the default is valid");
    let settings = train::TrainConfig { epochs: 1, ..train::TrainConfig::default() };
    train::fit(&mut model, &samples[..256], &[], &settings, &mut |_| ControlFlow::Continue(()))
        .expect("the samples are valid");

    let mut group = c.benchmark_group("predict");
    for n in [1, 64, 1024] {
        let queries: Vec<Query<'_>> = samples.iter().take(n).map(|sample| sample.query).collect();
        group.throughput(Throughput::Elements(n as u64)).sample_size(20);
        group.bench_function(format!("{n} queries"), |b| {
            b.iter(|| model.predict(black_box(&queries)).expect("the queries are valid"));
        });
    }
    group.finish();
}

criterion_group!(benches, predict);
criterion_main!(benches);
