//! Reading TVMScript: text in memory to a verified program.

use std::hint::black_box;

use cdmpp_benches::{CPU_PROGRAMS, GPU_OPERATORS, texts};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn read(c: &mut Criterion) {
    let mut group = c.benchmark_group("read TVMScript");
    for file in [CPU_PROGRAMS, GPU_OPERATORS] {
        let texts = texts(file, 400).expect("the bundled records are readable");
        group.throughput(Throughput::Elements(texts.len() as u64)).sample_size(20);
        group.bench_function(file, |b| {
            b.iter(|| {
                for text in &texts {
                    black_box(cdmpp::tvm::parse_tvmscript(black_box(text)).expect("the bundled programs are readable"));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, read);
criterion_main!(benches);
