//! The discrepancies of two batches of embeddings, with the gradients to both: on slices, and on tensors by candle.

use cdmpp::adapt::candle::candle_core::{Device, Result, Tensor, Var};
use cdmpp::adapt::{candle, cmd, coral, median_bandwidths, mmd};
use criterion::{Criterion, criterion_group, criterion_main};

const BATCH: usize = 512;
const EMBED_DIM: usize = 128;

/// A batch of invented embeddings: the discrepancies cost the same whatever the numbers are.
fn batch(offset: usize) -> Vec<f32> {
    let element = |i: usize| (((i + offset) * 7919 % 1000) as f32 / 500.0 - 1.0) * 1.5;
    (0..BATCH * EMBED_DIM).map(element).collect()
}

fn slices(c: &mut Criterion) {
    let (source, target) = (batch(0), batch(333));
    let bandwidths = median_bandwidths(&source, &target, EMBED_DIM).expect("the batches are valid");
    let mut group = c.benchmark_group(format!("{BATCH} and {BATCH} embeddings of {EMBED_DIM}, slices"));
    group.sample_size(20);
    group.bench_function("cmd, 5 moments", |b| {
        b.iter(|| cmd(&source, &target, EMBED_DIM, 5).expect("the batches are valid"));
    });
    group.bench_function("mmd, 5 bandwidths", |b| {
        b.iter(|| mmd(&source, &target, EMBED_DIM, &bandwidths).expect("the batches are valid"));
    });
    group.bench_function("coral", |b| {
        b.iter(|| coral(&source, &target, EMBED_DIM).expect("the batches are valid"));
    });
    group.bench_function("median bandwidths", |b| {
        b.iter(|| median_bandwidths(&source, &target, EMBED_DIM).expect("the batches are valid"));
    });
    group.finish();
}

fn tensors(c: &mut Criterion) {
    let side = |offset| {
        let tensor = Tensor::from_vec(batch(offset), (BATCH, EMBED_DIM), &Device::Cpu).expect("the shape fits");
        Var::from_tensor(&tensor).expect("a tensor of the CPU can vary")
    };
    let (source, target) = (side(0), side(333));
    let bandwidths = candle::median_bandwidths(&source, &target).expect("the batches are valid");
    let mut group = c.benchmark_group(format!("{BATCH} and {BATCH} embeddings of {EMBED_DIM}, candle"));
    group.sample_size(20);
    let mut bench = |name: &str, discrepancy: &dyn Fn(&Tensor, &Tensor) -> Result<Tensor>| {
        group.bench_function(name, |b| {
            b.iter(|| {
                let value = discrepancy(&source, &target).expect("the batches are valid");
                value.backward().expect("every step has a gradient")
            });
        });
    };
    bench("cmd, 5 moments", &|source, target| candle::cmd(source, target, 5));
    bench("mmd, 5 bandwidths", &|source, target| candle::mmd(source, target, &bandwidths));
    bench("coral", &candle::coral);
    group.bench_function("median bandwidths", |b| {
        b.iter(|| candle::median_bandwidths(&source, &target).expect("the batches are valid"));
    });
    group.finish();
}

criterion_group!(benches, slices, tensors);
criterion_main!(benches);
