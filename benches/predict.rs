//! Prediction: encoded programs to latencies, by the number of distinct programs asked for at once, and one program in
//! memory to its latency, encoding included. The models are trained for one epoch on a few samples: their numbers mean
//! nothing, their speed is that of any other of their shape.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::Duration;

use cdmpp::ir::{AnsorFeaturizer, CompactAst};
use cdmpp::model::candle_core::Device;
use cdmpp::model::train::{TrainConfig, fit};
use cdmpp::model::{Predictor, PredictorConfig, Query, Sample};
use cdmpp_benches::{CPU_PROGRAMS, dataset, hardware, invented, peer_shape, programs};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn model(config: &PredictorConfig, columns: &[String], samples: &[Sample<'_>]) -> Predictor {
    let mut model = Predictor::new(config, &AnsorFeaturizer, columns, 0, &Device::Cpu).expect("the shape is valid");
    let settings = TrainConfig { epochs: 1, ..TrainConfig::default() };
    fit(&mut model, samples, &[], &settings, &mut |_| ControlFlow::Continue(())).expect("the samples are valid");
    model
}

fn predict(c: &mut Criterion) {
    let table = hardware().expect("the bundled hardware is readable");
    let columns: Vec<String> = table.performance_columns().into_iter().map(str::to_owned).collect();
    let mut group = c.benchmark_group("predict");
    group.sample_size(20);

    let data = dataset(CPU_PROGRAMS).expect("the bundled records are readable");
    let asts = data.asts().expect("a data set stays in memory unless it is told where else to go");
    let mut samples: Vec<Sample<'_>> = Vec::new();
    for measured in data.measurements() {
        if samples.len() == measured.program {
            let hardware = table.get(&measured.hardware).expect("the table has the hardware of the records");
            let query = Query { ast: &asts[measured.program], hardware };
            samples.push(Sample { query, latency: measured.latency });
        }
    }
    let default = model(&PredictorConfig::default(), &columns, &samples[..512]);
    // Copies are other programs: each is encoded.
    let copies: Vec<(CompactAst, usize)> =
        (0..65_536).map(|i| (samples[i % samples.len()].query.ast.clone(), i % samples.len())).collect();
    let queries: Vec<Query<'_>> =
        copies.iter().map(|(ast, i)| Query { ast, hardware: samples[*i].query.hardware }).collect();
    for n in [1, 64, 1024, 65_536] {
        group.throughput(Throughput::Elements(n as u64));
        group.bench_function(format!("default model, {n} of {CPU_PROGRAMS}"), |b| {
            b.iter(|| default.predict(black_box(&queries[..n])).expect("the queries are valid"));
        });
    }

    let program = programs(CPU_PROGRAMS, usize::MAX)
        .expect("the bundled records are readable")
        .into_iter()
        .find(|program| CompactAst::encode(program, &AnsorFeaturizer).n_leaves() == 4)
        .expect("some program has four leaves");
    let hardware = samples[0].query.hardware;
    let specs: Vec<_> = table.iter().collect();
    for n_leaves in [2, 4, 8] {
        let asts: Vec<CompactAst> = (0..1024).map(|index| invented(index, n_leaves)).collect();
        let samples: Vec<Sample<'_>> = asts
            .iter()
            .enumerate()
            .map(|(i, ast)| {
                let query = Query { ast, hardware: specs[i % specs.len()] };
                Sample { query, latency: Duration::from_micros(10 + i as u64) }
            })
            .collect();
        let wide = model(&peer_shape(), &columns, &samples);
        let queries: Vec<Query<'_>> = samples.iter().map(|sample| sample.query).collect();
        for n in [1, 512] {
            group.throughput(Throughput::Elements(n as u64));
            group.bench_function(format!("d 128, {n_leaves} leaves, {n} programs"), |b| {
                b.iter(|| wide.predict(black_box(&queries[..n])).expect("the queries are valid"));
            });
        }
        if n_leaves == 4 {
            let to_seconds = |model: &Predictor| {
                let ast = CompactAst::encode(black_box(&program), &AnsorFeaturizer);
                model.predict(&[Query { ast: &ast, hardware }]).expect("the query is valid")
            };
            group.throughput(Throughput::Elements(1));
            group.bench_function("d 128, 4 leaves, a program in memory", |b| b.iter(|| to_seconds(&wide)));
            group.bench_function("default model, 4 leaves, a program in memory", |b| b.iter(|| to_seconds(&default)));
        }
    }
    group.finish();
}

criterion_group!(benches, predict);
criterion_main!(benches);
