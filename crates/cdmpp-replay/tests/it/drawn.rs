//! Monte Carlo: repeatable, and right where the answer is known.

use std::num::NonZero;
use std::time::Duration;

use cdmpp_replay::{Draw, MonteCarloConfig, ReplayError, TaskGraph, monte_carlo, monte_carlo_in_order, replay};

fn chain(n: usize) -> TaskGraph {
    let mut graph = TaskGraph::new();
    let lane = graph.add_lane("gpu");
    let tasks: Vec<_> = (0..n).map(|_| graph.add_task("matmul", lane).unwrap()).collect();
    tasks.windows(2).for_each(|pair| graph.add_dependency(pair[0], pair[1]).unwrap());
    graph
}

#[test]
fn threads_do_not_change_the_draws_and_seeds_do() {
    let graph = chain(7);
    let drawn = |n_threads, seed| {
        let config = MonteCarloConfig { n_draws: 101, seed, n_threads: NonZero::new(n_threads).unwrap() };
        monte_carlo(&graph, &config, Draw::normal, |draw, shared, _| (0.1 * (shared + draw.normal())).exp()).unwrap()
    };
    let one = drawn(1, 3);
    assert_eq!(one.sorted().len(), 101);
    assert_eq!(one, drawn(2, 3));
    assert_eq!(one, drawn(200, 3));
    assert_ne!(one, drawn(1, 4));
}

/// With the error `e` of each task and `K` tasks in a row, the whole has about `σ √(ρ + (1 − ρ) / K)`, where `ρ` is the
/// shared part of the variance.
#[test]
fn shared_errors_do_not_cancel() {
    let graph = chain(100);
    let config = MonteCarloConfig { n_draws: 4_000, ..MonteCarloConfig::default() };
    for rho in [0.0_f64, 0.3, 1.0] {
        let sigma = 0.05;
        let whole = monte_carlo(
            &graph,
            &config,
            |draw| sigma * rho.sqrt() * draw.normal(),
            |draw, shared, _| 1e-3 * (1.0 + shared + sigma * (1.0 - rho).sqrt() * draw.normal()),
        )
        .unwrap();
        let expected = 0.1 * sigma * (rho + (1.0 - rho) / 100.0).sqrt();
        // Five standard errors of a standard deviation.
        assert!((whole.deviation_s() / expected - 1.0).abs() < 5.0 / (2.0 * 4_000.0_f64).sqrt(), "{rho}");
        assert!((whole.mean_s() - 0.1).abs() < 5.0 * expected / 4_000.0_f64.sqrt(), "{rho}");
        // The 95th percentile of a normal distribution.
        let upper = whole.quantile(0.95).as_secs_f64();
        assert!(((upper - 0.1) / expected - 1.645).abs() < 0.15, "{rho}: {upper}");
    }
}

/// The longer of two branches is no branch of its own: with independent latencies, uniform from 0 to 1, a share `p` of the
/// wholes is below `√p` and the mean is ⅔; with one latency for both it is `p` and ½.
#[test]
fn the_longer_of_two_branches() {
    let mut graph = TaskGraph::new();
    for name in ["left", "right"] {
        let lane = graph.add_lane(name);
        graph.add_task(name, lane).unwrap();
    }
    let config = MonteCarloConfig { n_draws: 4_000, seed: 1, ..MonteCarloConfig::default() };
    let own = monte_carlo(&graph, &config, |_| (), |draw, (), _| draw.uniform()).unwrap();
    let shared = monte_carlo(&graph, &config, Draw::uniform, |_, shared, _| *shared).unwrap();
    for p in [0.1_f64, 0.25, 0.5, 0.9] {
        // Five standard errors of a share.
        let tolerance = 5.0 * (p * (1.0 - p) / 4_000.0).sqrt();
        assert!((own.quantile(p).as_secs_f64().powi(2) - p).abs() < tolerance, "{p}");
        assert!((shared.quantile(p).as_secs_f64() - p).abs() < tolerance, "{p}");
    }
    assert!((own.mean_s() - 2.0 / 3.0).abs() < 0.02 && (shared.mean_s() - 0.5).abs() < 0.025);
}

#[test]
fn quantiles_are_draws() {
    let graph = chain(1);
    let config = MonteCarloConfig { n_draws: 10, ..MonteCarloConfig::default() };
    let whole = monte_carlo(&graph, &config, |draw| draw.index(), |_, index, _| 10.0 - *index as f64).unwrap();
    assert_eq!(whole.sorted(), (1..=10).map(Duration::from_secs).collect::<Vec<_>>());
    let quantiles = [-1.0, 0.0, 0.05, 0.1, 0.11, 0.5, 0.7, 0.9, 0.91, 1.0, 2.0].map(|p| whole.quantile(p).as_secs());
    assert_eq!(quantiles, [1, 1, 1, 1, 2, 5, 7, 9, 10, 10, 10]);
    assert_eq!(whole.mean_s(), 5.5);
    let single = monte_carlo(&graph, &MonteCarloConfig { n_draws: 1, ..config }, |_| (), |_, (), _| 1.0).unwrap();
    assert_eq!(single.deviation_s(), 0.0);
}

#[test]
fn the_order_may_be_kept() {
    let mut graph = TaskGraph::new();
    let [x, y] = ["x", "y"].map(|name| graph.add_lane(name));
    let trigger = graph.add_task("trigger", y).unwrap();
    let [first, second] = [graph.add_task("first", x).unwrap(), graph.add_task("second", x).unwrap()];
    graph.add_dependency(trigger, first).unwrap();
    let latency = |draw: usize| if draw == 0 { [1.0, 2.0, 3.0] } else { [4.0, 2.0, 3.0] };
    let config = MonteCarloConfig { n_draws: 2, ..MonteCarloConfig::default() };
    let order = [trigger, first, second];
    let kept = monte_carlo_in_order(&graph, &order, &config, |draw| latency(draw.index()), |_, all, t| all[t.index()])
        .unwrap();
    assert_eq!(kept.sorted().iter().map(Duration::as_secs).collect::<Vec<_>>(), [6, 9]);
    let free = monte_carlo(&graph, &config, |draw| latency(draw.index()), |_, all, t| all[t.index()]).unwrap();
    assert_eq!(free.sorted().iter().map(Duration::as_secs).collect::<Vec<_>>(), [5, 6]);
    let wrong = monte_carlo_in_order(&graph, &[first, trigger, second], &config, |_| (), |_, (), _| 1.0);
    assert!(matches!(wrong, Err(ReplayError::Order { task: 1, .. })));
}

#[test]
fn a_draw_without_latency_is_an_error() {
    let graph = chain(3);
    let config = MonteCarloConfig { n_draws: 100, n_threads: NonZero::new(4).unwrap(), ..MonteCarloConfig::default() };
    let error = monte_carlo(
        &graph,
        &config,
        |draw| draw.index(),
        |_, index, task| {
            if *index >= 50 { 1.0 - (*index as f64 - task.index() as f64) } else { 1.0 }
        },
    );
    assert_eq!(error.unwrap_err().to_string(), "task `matmul` (0) has a latency that is none: -49.0 s");
    let none = MonteCarloConfig { n_draws: 0, ..config };
    let error = monte_carlo(&graph, &none, |_| (), |_, (), _| 1.0).unwrap_err();
    assert_eq!(error.to_string(), "`n_draws` must be at least 1, not 0");
}

#[test]
fn without_error_a_draw_is_a_replay() {
    let graph = chain(5);
    let config = MonteCarloConfig { n_draws: 3, ..MonteCarloConfig::default() };
    let drawn = monte_carlo(&graph, &config, |draw| draw.below(1), |draw, _, _| 1.0 + draw.below(0) as f64).unwrap();
    assert!(drawn.sorted().iter().all(|makespan| *makespan == replay(&graph, |_| 1.0).unwrap().makespan()));
}
