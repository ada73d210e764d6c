//! Encoding: a program in memory to the 164 features, ranks and depths of its leaves, canonical form included.

use std::hint::black_box;

use cdmpp::ir::{AnsorFeaturizer, CompactAst};
use cdmpp_benches::{CPU_PROGRAMS, GPU_OPERATORS, programs};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode");
    for (file, limit) in [(CPU_PROGRAMS, 400), (CPU_PROGRAMS, usize::MAX), (GPU_OPERATORS, 400)] {
        let programs = programs(file, limit).expect("the bundled records are readable");
        group.throughput(Throughput::Elements(programs.len() as u64)).sample_size(20);
        group.bench_function(format!("{file}, {} programs", programs.len()), |b| {
            b.iter(|| {
                for program in &programs {
                    black_box(CompactAst::encode(black_box(program), &AnsorFeaturizer));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, encode);
criterion_main!(benches);
