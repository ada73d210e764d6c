//! Choosing 200 of 100,000 programs of 64 numbers: by clusters, by distance, and by lot. One iteration of the clustering
//! beside all of them tells which part of the time is linfa's.

use cdmpp::sample::{Budget, KMeansConfig, Rows, select_farthest, select_random, select_tasks};
use criterion::{Criterion, criterion_group, criterion_main};

/// Where nothing is optimised, a hundredth: what runs there is only to run.
const N_PROGRAMS: usize = if cfg!(debug_assertions) { 1_000 } else { 100_000 };
const N_CHOSEN: usize = 200;
const DIM: usize = 64;

/// Rows around 300 places, each with a width of its own: embeddings come in crowds, too.
fn embeddings() -> Vec<f32> {
    let hash =
        |i: usize| (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let uniform = |i: usize| (hash(i) >> 40) as f32 / (1_u64 << 24) as f32 - 0.5;
    let mut rows = Vec::with_capacity(N_PROGRAMS * DIM);
    for program in 0..N_PROGRAMS {
        let place = hash(program) as usize % 300;
        let width = 0.2 + uniform(place + 7).abs();
        rows.extend(
            (0..DIM).map(|j| 2.0 * uniform(1000 + place * DIM + j) + width * uniform(100_000 + program * DIM + j)),
        );
    }
    rows
}

fn select(c: &mut Criterion) {
    let embeddings = embeddings();
    let rows = Rows::new(&embeddings, DIM).expect("the rows are finite");
    let programs: Vec<usize> = (0..N_PROGRAMS).collect();
    let budget = Budget::of(N_CHOSEN);
    let mut group = c.benchmark_group(format!("{N_CHOSEN} of {N_PROGRAMS} programs"));
    group.sample_size(10);
    for max_iterations in [1, KMeansConfig::default().max_iterations] {
        let config = KMeansConfig { max_iterations, ..KMeansConfig::default() };
        group.bench_function(format!("kmeans, {max_iterations} iterations"), |b| {
            b.iter(|| select_tasks(rows, &programs, &budget, &config).expect("the question is valid"));
        });
    }
    group.bench_function("farthest", |b| {
        b.iter(|| select_farthest(rows, &programs, &budget).expect("the question is valid"));
    });
    group.bench_function("random", |b| {
        b.iter(|| select_random(&programs, &budget, 0).expect("the question is valid"));
    });
    group.finish();
}

criterion_group!(benches, select);
criterion_main!(benches);
