//! Prediction in the shape of `peers/torch_model.py`: encoded programs to latencies by number and by leaves, one program
//! in memory to seconds, and one program on many hardware models; then the same of the default model. The models are
//! trained for one epoch on a few samples: their numbers mean nothing, their speed is that of any other of their shape.

use std::hint::black_box;
use std::ops::ControlFlow;

use cdmpp::data::HardwareSpec;
use cdmpp::ir::{AnsorFeaturizer, CompactAst, Program};
use cdmpp::model::train::{TrainConfig, fit};
use cdmpp::model::{Predictor, PredictorConfig, Query, Sample};
use cdmpp_benches::{CPU_PROGRAMS, dataset, hardware, invented, invented_samples, peer_shape, programs};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};

fn model(config: &PredictorConfig, columns: &[String], samples: &[Sample<'_>]) -> Predictor {
    let mut model = Predictor::new(config, &AnsorFeaturizer, columns, 0).expect("the shape is valid");
    let settings = TrainConfig { epochs: 1, ..TrainConfig::default() };
    fit(&mut model, samples, &[], &settings, &mut |_| ControlFlow::Continue(())).expect("the samples are valid");
    model
}

fn bench(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, model: &Predictor, queries: &[Query<'_>]) {
    group.throughput(Throughput::Elements(queries.len() as u64));
    group.bench_function(name, |b| b.iter(|| model.predict(black_box(queries)).expect("the queries are valid")));
}

/// From a program in memory to seconds, one of several after the other.
fn end_to_end(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    model: &Predictor,
    programs: &[Program],
    hardware: &HardwareSpec,
) {
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |b| {
        let mut next = programs.iter().cycle();
        b.iter(|| {
            let program = next.next().expect("there are programs");
            let ast = CompactAst::encode(black_box(program), &AnsorFeaturizer);
            model.predict(&[Query { ast: &ast, hardware }]).expect("the query is valid")
        });
    });
}

fn predict(c: &mut Criterion) {
    let table = hardware().expect("the bundled hardware is readable");
    let specs: Vec<&HardwareSpec> = table.iter().collect();
    let columns: Vec<String> = table.performance_columns().into_iter().map(str::to_owned).collect();
    let mut of_four_leaves = programs(CPU_PROGRAMS, usize::MAX).expect("the bundled records are readable");
    of_four_leaves.retain(|program| CompactAst::encode(program, &AnsorFeaturizer).n_leaves() == 4);
    let mut group = c.benchmark_group("predict");
    group.sample_size(20);

    for n_leaves in [2, 4, 8] {
        let n = if n_leaves == 4 { 65_536 } else { 512 };
        let asts: Vec<CompactAst> = (0..n).map(|index| invented(index, n_leaves)).collect();
        let samples = invented_samples(&asts, &specs);
        let wide = model(&peer_shape(), &columns, &samples[..512]);
        let queries: Vec<Query<'_>> = samples.iter().map(|sample| sample.query).collect();
        bench(&mut group, &format!("d 128, {n_leaves} leaves, 512 programs"), &wide, &queries[..512]);
        if n_leaves != 4 {
            continue;
        }
        for n in [1, 64, 1024, 65_536] {
            group.sample_size(if n > 1024 { 10 } else { 20 });
            bench(&mut group, &format!("d 128, 4 leaves, {n} programs"), &wide, &queries[..n]);
        }
        group.sample_size(20);
        end_to_end(&mut group, "d 128, 4 leaves, a program in memory", &wide, &of_four_leaves, specs[0]);
        // More than the table has: its rows with other clocks.
        let many: Vec<HardwareSpec> = (0..64)
            .map(|i| {
                let values =
                    specs[i % specs.len()].values().map(|(name, value)| (name, value * (1.0 + i as f64 / 64.0)));
                HardwareSpec::new(format!("hardware {i}"), values).expect("larger numbers are valid too")
            })
            .collect();
        let queries: Vec<Query<'_>> = many.iter().map(|hardware| Query { ast: &asts[0], hardware }).collect();
        bench(&mut group, "d 128, 4 leaves, a program on 64 hardware models", &wide, &queries);
    }

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
    let queries: Vec<Query<'_>> = samples.iter().map(|sample| sample.query).collect();
    bench(&mut group, &format!("default model, 1024 of {CPU_PROGRAMS}"), &default, &queries[..1024]);
    end_to_end(
        &mut group,
        "default model, 4 leaves, a program in memory",
        &default,
        &of_four_leaves,
        queries[0].hardware,
    );
    group.finish();
}

criterion_group!(benches, predict);
criterion_main!(benches);
