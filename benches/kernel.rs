//! The kernels at the shapes of training and of prediction, matrix products beside those of the crate `gemm`. Throughput
//! is in floating-point operations: the ratio of two lines is the share of the matrix crate's peak.
//!
//! Ours reads a right-hand side that is packed already, theirs packs for itself; `pack` says what that costs.

use std::hint::black_box;
use std::time::Instant;

use cdmpp_kernel::{
    AdamWState, AdamWStep, AttentionRoom, Finish, Packed, Pool, adamw, attention, attention_backward, layer_norm,
    layer_norm_backward, log_sum_exp_pool, matmul, matmul_transposed,
};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};

/// Sums and columns of the model's layers.
const LAYERS: [(usize, usize); 8] =
    [(164, 128), (700, 64), (64, 192), (128, 384), (128, 512), (512, 128), (1476, 64), (256, 256)];

/// Numbers that are neither constant nor subnormal.
fn numbers(n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919 + 13) % 1009) as f32 / 1009.0 - 0.5).collect()
}

/// A matrix of a product as it lies in memory.
struct Side<'a> {
    data: &'a [f32],
    row_stride: usize,
    column_stride: usize,
}

/// `out = ab` by the crate `gemm`, with `a` `(m, k)` and `b` `(k, n)`.
#[allow(unsafe_code, reason = "the matrix crate that we compare with has no other door")]
fn gemm(m: usize, k: usize, n: usize, a: &Side<'_>, b: &Side<'_>, out: &mut [f32]) {
    let last = |side: &Side<'_>, rows: usize, columns: usize| {
        (rows - 1) * side.row_stride + (columns - 1) * side.column_stride
    };
    assert!(last(a, m, k) < a.data.len() && last(b, k, n) < b.data.len() && out.len() == m * n);
    // SAFETY: the last element of each side is inside of its slice and strides are not negative, so all are; `out` has
    // m rows of n elements and is borrowed for writing alone.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            false,
            a.data.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            0.0_f32,
            1.0_f32,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

fn group<'a>(c: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = c.benchmark_group(name);
    group.sample_size(10).warm_up_time(std::time::Duration::from_millis(200));
    group.measurement_time(std::time::Duration::from_millis(500));
    group
}

/// What a machine can do at most: large products by the crate `gemm`, on one core and on two at once.
fn peak(c: &mut Criterion) {
    let mut group = group(c, "peak");
    let size = 1024;
    let (a, b) = (numbers(size * size), numbers(size * size));
    let products = |n: u64| {
        let [left, right] = [&a, &b].map(|data| Side { data, row_stride: size, column_stride: 1 });
        let mut out = vec![0.0; size * size];
        let start = Instant::now();
        (0..n).for_each(|_| gemm(size, size, size, black_box(&left), &right, black_box(&mut out)));
        start.elapsed()
    };
    for n_threads in [1, 2] {
        group.throughput(Throughput::Elements(n_threads * 2 * (size * size * size) as u64));
        group.bench_function(format!("gemm ({size}, {size}, {size}), {n_threads} threads"), |bench| {
            bench.iter_custom(|n| {
                std::thread::scope(|scope| {
                    let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(|| products(n))).collect();
                    threads
                        .into_iter()
                        .map(|thread| thread.join().expect("it only multiplies"))
                        .max()
                        .unwrap_or_default()
                })
            });
        });
    }
    group.finish();
}

/// A fully connected layer: rows times its weight (n, k).
fn product(c: &mut Criterion) {
    let mut group = group(c, "product");
    for (k, n) in LAYERS {
        let weight = numbers(n * k);
        let mut packed = Packed::default();
        packed.pack_transposed(&weight, k, n);
        for m in [1, 4, 16, 512, 2048] {
            let (a, mut out) = (numbers(m * k), vec![0.0; m * n]);
            group.throughput(Throughput::Elements(2 * (m * k * n) as u64));
            group.bench_function(format!("ours ({m}, {k}, {n})"), |b| {
                b.iter(|| matmul(m, black_box(&a), &packed, Finish::Write, black_box(&mut out)));
            });
            group.bench_function(format!("gemm ({m}, {k}, {n})"), |b| {
                let left = Side { data: &a, row_stride: k, column_stride: 1 };
                let right = Side { data: &weight, row_stride: 1, column_stride: k };
                b.iter(|| gemm(m, k, n, black_box(&left), &right, black_box(&mut out)));
            });
        }
    }
    group.finish();
}

/// The gradient (n, k) of a layer's weight, a sum over rows.
fn gradient(c: &mut Criterion) {
    let mut group = group(c, "gradient");
    for (k, n) in LAYERS {
        for rows in [512, 2048] {
            let (xs, grad, mut out) = (numbers(rows * k), numbers(rows * n), vec![0.0; n * k]);
            let mut packed = Packed::default();
            packed.pack(&xs, rows, k);
            group.throughput(Throughput::Elements(2 * (rows * k * n) as u64));
            group.bench_function(format!("ours ({n}, {rows}, {k})"), |b| {
                b.iter(|| matmul_transposed(n, black_box(&grad), &packed, Finish::Write, black_box(&mut out)));
            });
            group.bench_function(format!("gemm ({n}, {rows}, {k})"), |b| {
                let left = Side { data: &grad, row_stride: 1, column_stride: n };
                let right = Side { data: &xs, row_stride: k, column_stride: 1 };
                b.iter(|| gemm(n, rows, k, black_box(&left), &right, black_box(&mut out)));
            });
        }
    }
    group.finish();
}

fn pack(c: &mut Criterion) {
    let mut group = group(c, "pack");
    for (k, n) in [(128, 512), (2048, 128)] {
        let b = numbers(k * n);
        let mut packed = Packed::default();
        group.throughput(Throughput::Elements((k * n) as u64));
        group.bench_function(format!("rows ({k}, {n})"), |bench| bench.iter(|| packed.pack(black_box(&b), k, n)));
        group.bench_function(format!("columns ({k}, {n})"), |bench| {
            bench.iter(|| packed.pack_transposed(black_box(&b), k, n));
        });
    }
    group.finish();
}

/// What lies between the products, for 2,048 leaves.
fn between(c: &mut Criterion) {
    let mut group = group(c, "between");
    let (leaves, d, n_heads) = (2048, 128, 4);
    let (xs, grad, weight) = (numbers(leaves * d), numbers(leaves * d), numbers(d));
    let (mut out, mut dweight, mut dbias) = (vec![0.0; leaves * d], vec![0.0; d], vec![0.0; d]);
    group.throughput(Throughput::Elements(leaves as u64));
    group.bench_function("layer norm", |b| b.iter(|| layer_norm(black_box(&xs), &weight, &weight, &mut out)));
    group.bench_function("layer norm, backward", |b| {
        b.iter(|| layer_norm_backward(black_box(&xs), &weight, &grad, &mut out, &mut dweight, &mut dbias));
    });
    let (qkv, mut dqkv, mut room) = (numbers(leaves * 3 * d), vec![0.0; leaves * 3 * d], AttentionRoom::default());
    for l in [1, 4, 16] {
        group.bench_function(format!("attention, {l} leaves"), |b| {
            b.iter(|| attention(black_box(&qkv), l, d, n_heads, &mut room, &mut out));
        });
        group.bench_function(format!("attention, backward, {l} leaves"), |b| {
            b.iter(|| attention_backward(black_box(&qkv), &grad, l, d, n_heads, &mut room, &mut dqkv));
        });
    }
    let pool = Pool { l: 4, d, stride: d };
    group.bench_function("log-sum-exp pool, 4 leaves", |b| {
        b.iter(|| log_sum_exp_pool(black_box(&xs), pool, &mut out[..leaves / 4 * d]));
    });
    group.finish();
}

fn update(c: &mut Criterion) {
    let mut group = group(c, "update");
    let n = 940_000;
    let (gradient, mut parameters, mut average) = (numbers(n), numbers(n), numbers(n));
    let (mut first, mut second) = (vec![0.0; n], vec![1.0; n]);
    let step = AdamWStep {
        step_size: 1e-3,
        beta1: 0.9,
        beta2: 0.98,
        correct2: 1.0,
        shorten: 1.0,
        shrink: 0.999,
        average: 0.99,
    };
    let decayed = [0..n / 2, n / 2 + 1000..n];
    group.throughput(Throughput::Elements(n as u64));
    group.bench_function("adamw", |b| {
        b.iter(|| {
            let state = AdamWState {
                parameters: &mut parameters,
                first: &mut first,
                second: &mut second,
                average: &mut average,
            };
            adamw(&step, &decayed, black_box(&gradient), state);
        });
    });
    group.finish();
}

criterion_group!(benches, peak, product, gradient, pack, between, update);
criterion_main!(benches);
