//! The discrepancies of two batches of embeddings, with the gradients to both.

use cdmpp::adapt::candle_core::{Device, Result, Tensor, Var};
use cdmpp::adapt::{cmd, coral, median_bandwidths, mmd};
use criterion::{Criterion, criterion_group, criterion_main};

const BATCH: usize = 512;
const EMBED_DIM: usize = 128;

/// A batch of invented embeddings: the discrepancies cost the same whatever the numbers are.
fn batch(offset: usize) -> Result<Var> {
    let element = |i: usize| (((i + offset) * 7919 % 1000) as f32 / 500.0 - 1.0) * 1.5;
    Var::from_tensor(&Tensor::from_vec(
        (0..BATCH * EMBED_DIM).map(element).collect(),
        (BATCH, EMBED_DIM),
        &Device::Cpu,
    )?)
}

fn losses(c: &mut Criterion) {
    let (source, target) = (batch(0).expect("the shape fits"), batch(333).expect("the shape fits"));
    let bandwidths = median_bandwidths(&source, &target).expect("the batches are valid");
    let mut group = c.benchmark_group(format!("{BATCH} and {BATCH} embeddings of {EMBED_DIM}"));
    group.sample_size(20);
    let mut bench = |name: &str, discrepancy: &dyn Fn(&Tensor, &Tensor) -> Result<Tensor>| {
        group.bench_function(name, |b| {
            b.iter(|| {
                let value = discrepancy(&source, &target).expect("the batches are valid");
                value.backward().expect("every step has a gradient")
            });
        });
    };
    bench("cmd, 5 moments", &|source, target| cmd(source, target, 5));
    bench("mmd, 5 bandwidths", &|source, target| mmd(source, target, &bandwidths));
    bench("coral", &|source, target| coral(source, target));
    group.bench_function("median bandwidths", |b| {
        b.iter(|| median_bandwidths(&source, &target).expect("the batches are valid"));
    });
    group.finish();
}

criterion_group!(benches, losses);
criterion_main!(benches);
