//! Replays by the number of tasks, and Monte Carlo. Graphs are layered like networks: four lanes, three dependencies a
//! task, each on one of the sixteen tasks before it.

use std::hint::black_box;
use std::num::NonZero;
use std::time::Duration;

use cdmpp::replay::{
    MonteCarloConfig, TaskGraph, TaskId, contributions, monte_carlo, monte_carlo_in_order, replay, replay_in_order,
};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const N_LANES: usize = 4;
const N_BEFORE: usize = 3;

/// A number that depends on the argument alone.
fn mix(x: usize) -> usize {
    let x = (x as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 33) as usize
}

fn graph(n: usize) -> TaskGraph {
    let mut graph = TaskGraph::new();
    let lanes: Vec<_> = (0..N_LANES).map(|lane| graph.add_lane(format!("lane {lane}"))).collect();
    for &lane in &lanes {
        graph.set_launch_gap(lane, Duration::from_micros(2)).expect("the lane is there");
    }
    graph.set_hand_over(lanes[0], lanes[1], Duration::from_micros(1)).expect("the lanes are there");
    for task in 0..n {
        graph.add_task("task", lanes[mix(task) % N_LANES]).expect("the lane is there");
    }
    for task in 1..n {
        for before in 0..N_BEFORE {
            let distance = 1 + mix(N_BEFORE * task + before) % task.min(16);
            graph
                .add_dependency(TaskId::new(task - distance), TaskId::new(task))
                .expect("what comes later waits for what came earlier");
        }
    }
    graph
}

fn latency(task: TaskId) -> Duration {
    Duration::from_micros(5 + (mix(task.index()) % 100) as u64)
}

fn by_size(c: &mut Criterion) {
    let mut group = c.benchmark_group("replay");
    for n in [100, 1_000, 10_000, 100_000, 1_000_000] {
        let graph = graph(n);
        let timeline = replay(&graph, latency).expect("every task has a latency");
        group.throughput(Throughput::Elements(n as u64)).sample_size(if n > 10_000 { 10 } else { 30 });
        group.bench_function(format!("{n} tasks"), |b| {
            b.iter_batched(
                || (),
                |()| replay(black_box(&graph), latency).expect("every task has a latency"),
                BatchSize::LargeInput,
            );
        });
        group.bench_function(format!("{n} tasks in order"), |b| {
            b.iter_batched(
                || (),
                |()| replay_in_order(&graph, timeline.order(), latency).expect("the order is one of the graph"),
                BatchSize::LargeInput,
            );
        });
        group.bench_function(format!("contributions of {n} tasks"), |b| {
            b.iter_batched(|| (), |()| contributions(&graph, &timeline), BatchSize::LargeInput);
        });
    }
    group.finish();
}

fn drawn(c: &mut Criterion) {
    let mut group = c.benchmark_group("monte carlo");
    let graph = graph(500);
    let timeline = replay(&graph, latency).expect("every task has a latency");
    for n_threads in [1, 2] {
        let n_threads = NonZero::new(n_threads).expect("one and two are not zero");
        let config = MonteCarloConfig { n_draws: 1000, n_threads, ..MonteCarloConfig::default() };
        let own = |draw: &mut cdmpp::replay::Draw, shared: &f64, task: TaskId| {
            latency(task).mul_f64((shared + 0.1 * draw.normal()).exp())
        };
        group.throughput(Throughput::Elements(1000)).sample_size(10);
        group.bench_function(format!("1000 draws of 500 tasks, {n_threads} threads"), |b| {
            b.iter(|| monte_carlo(&graph, &config, |draw| 0.2 * draw.normal(), own).expect("draws are latencies"));
        });
        group.bench_function(format!("1000 draws of 500 tasks in order, {n_threads} threads"), |b| {
            b.iter(|| {
                monte_carlo_in_order(&graph, timeline.order(), &config, |draw| 0.2 * draw.normal(), own)
                    .expect("draws are latencies")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, by_size, drawn);
criterion_main!(benches);
