//! Encoding the candidates of a tuner, which differ in the lengths of their loops: anew, and with what `AstEncoder` keeps.

use std::hint::black_box;

use cdmpp::ir::{AnsorFeaturizer, AstEncoder, CompactAst, ExprId, Node, Program};
use cdmpp_benches::{CPU_PROGRAMS, GPU_OPERATORS, programs};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Candidates of a program.
const CANDIDATES: usize = 8;

/// The program, and the same with one loop of twice or half the length.
fn candidates(program: &Program) -> Vec<Program> {
    let lengths = program.nodes().filter_map(|node| match program[node] {
        Node::Loop { extent, .. } => Some((extent, program.as_int(extent).filter(|n| *n > 1)?)),
        _ => None,
    });
    let lengths: Vec<(ExprId, i64)> = lengths.collect();
    let changed = lengths.iter().cycle().take(if lengths.is_empty() { 0 } else { CANDIDATES - 1 }).enumerate();
    let changed = changed.map(|(i, &(extent, n))| {
        let n = if i % 2 == 0 || n % 2 == 1 || n < 4 { 2 * n } else { n / 2 };
        program.with_literals(&[(extent, n)]).expect("a loop may be twice or half as long")
    });
    std::iter::once(program.clone()).chain(changed).collect()
}

fn encode_incremental(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode candidates");
    for file in [CPU_PROGRAMS, GPU_OPERATORS] {
        let programs = programs(file, 100).expect("the bundled records are readable");
        let candidates: Vec<Program> = programs.iter().flat_map(candidates).collect();
        let mut encoder = AstEncoder::new(&AnsorFeaturizer);
        candidates.iter().for_each(|program| drop(encoder.encode(program)));
        let (n, n_reused) = (candidates.len(), encoder.n_reused());
        group.throughput(Throughput::Elements(n as u64)).sample_size(20);
        group.bench_function(format!("{file}, anew"), |b| {
            b.iter(|| {
                for program in &candidates {
                    black_box(CompactAst::encode(black_box(program), &AnsorFeaturizer));
                }
            });
        });
        group.bench_function(format!("{file}, {n_reused} of {n} with what is kept"), |b| {
            b.iter(|| {
                let mut encoder = AstEncoder::new(&AnsorFeaturizer);
                for program in &candidates {
                    black_box(encoder.encode(black_box(program)));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, encode_incremental);
criterion_main!(benches);
