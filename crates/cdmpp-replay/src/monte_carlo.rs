//! Many replays with latencies drawn at random.

use std::num::NonZero;
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::plan::{Plan, Run};
use crate::{Latency, ReplayError, TaskGraph, TaskId};

/// How [`monte_carlo`] draws.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields, default))]
pub struct MonteCarloConfig {
    /// How many replays.
    pub n_draws: usize,
    /// Decides every draw.
    pub seed: u64,
    /// How many threads replay. The result does not depend on it.
    pub n_threads: NonZero<usize>,
}

impl Default for MonteCarloConfig {
    /// A thousand draws, seed 0, one thread.
    fn default() -> Self {
        Self { n_draws: 1000, seed: 0, n_threads: NonZero::<usize>::MIN }
    }
}

impl MonteCarloConfig {
    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// If there are no draws.
    pub fn check(&self) -> Result<(), ReplayError> {
        if self.n_draws == 0 {
            return Err(ReplayError::Config { field: "n_draws", rule: "must be at least 1", value: 0.0 });
        }
        Ok(())
    }
}

/// One replay of a Monte Carlo, with its own random numbers. They depend on the seed and on the number of the draw, and
/// on nothing else.
#[derive(Clone, Debug)]
pub struct Draw {
    index: usize,
    rng: Xoshiro256PlusPlus,
}

impl Draw {
    fn new(seed: u64, index: usize) -> Self {
        // Neighbouring seeds must not share draws; `seed_from_u64` mixes what the two are combined to.
        let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (index as u64).wrapping_mul(0xd1b5_4a32_d192_ed03);
        Self { index, rng: Xoshiro256PlusPlus::seed_from_u64(mixed) }
    }

    /// The number of the draw, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// A number from `[0, 1)`.
    pub fn uniform(&mut self) -> f64 {
        self.rng.random()
    }

    /// A number from the standard normal distribution.
    pub fn normal(&mut self) -> f64 {
        // Box and Muller's transform; 1 − u keeps the logarithm finite.
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// A number below `n`, to pick one of `n` residuals. 0 if `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { self.rng.random_range(0..n) }
    }
}

/// Replays a graph many times, each time with latencies from the caller's sampler: the distribution of the time of the
/// whole, given that of the parts.
///
/// The error of a prediction has a part that tasks share, because one model, device or kind of operator is behind it,
/// and a part of each task's own. Errors of their own cancel in a long network, shared ones do not; taking all errors as
/// independent makes the result look far more certain than it is. Hence two closures: `shared` is asked once a draw and
/// returns what its tasks have in common; `own` is asked for the latency of each task, in the order of their indices,
/// and is given the shared part.
///
/// Each draw is a [`replay`](crate::replay()), which schedules anew.
///
/// # Errors
/// If the configuration does not [check](MonteCarloConfig::check), or a drawn latency is missing or none; the error is
/// that of the first such draw.
///
/// # Complexity
/// O(n (T + E) log T) for n draws, divided among the threads.
///
/// # Examples
/// Errors of 20 % that all tasks share, and of 10 % that each has for itself, in the logarithm:
/// ```
/// use cdmpp_replay::{MonteCarloConfig, TaskGraph, monte_carlo};
///
/// let mut graph = TaskGraph::new();
/// let lane = graph.add_lane("gpu");
/// for _ in 0..100 {
///     graph.add_task("matmul", lane)?;
/// }
/// let config = MonteCarloConfig::default();
/// let whole = monte_carlo(&graph, &config, |draw| 0.2 * draw.normal(), |draw, shared, _task| {
///     1e-3 * (shared + 0.1 * draw.normal()).exp()
/// })?;
/// let (low, high) = (whole.quantile(0.05), whole.quantile(0.95));
/// // The shared part alone spreads over a factor of exp(2 · 1.645 · 0.2) ≈ 1.9.
/// assert!((1.7..2.1).contains(&high.div_duration_f64(low)));
/// # Ok::<(), cdmpp_replay::ReplayError>(())
/// ```
pub fn monte_carlo<S, L: Into<Latency>>(
    graph: &TaskGraph,
    config: &MonteCarloConfig,
    shared: impl Fn(&mut Draw) -> S + Sync,
    own: impl Fn(&mut Draw, &S, TaskId) -> L + Sync,
) -> Result<Makespans, ReplayError> {
    draw_all(&Plan::new(graph), config, &shared, &own, &|plan, latencies, run| plan.replay(latencies, run))
}

/// As [`monte_carlo`], but each draw runs the tasks in a given order, as
/// [`replay_in_order`](crate::replay_in_order) does.
///
/// # Errors
/// As those of [`monte_carlo`], or if the order is none.
///
/// # Complexity
/// O(n (T + E)) for n draws, divided among the threads.
pub fn monte_carlo_in_order<S, L: Into<Latency>>(
    graph: &TaskGraph,
    order: &[TaskId],
    config: &MonteCarloConfig,
    shared: impl Fn(&mut Draw) -> S + Sync,
    own: impl Fn(&mut Draw, &S, TaskId) -> L + Sync,
) -> Result<Makespans, ReplayError> {
    let plan = Plan::new(graph);
    let order = plan.check_order(order)?;
    draw_all(&plan, config, &shared, &own, &|plan, latencies, run| plan.replay_in_order(&order, latencies, run))
}

fn draw_all<S, L: Into<Latency>>(
    plan: &Plan<'_>,
    config: &MonteCarloConfig,
    shared: &(impl Fn(&mut Draw) -> S + Sync),
    own: &(impl Fn(&mut Draw, &S, TaskId) -> L + Sync),
    replay: &(impl Fn(&Plan<'_>, &[u64], &mut Run) + Sync),
) -> Result<Makespans, ReplayError> {
    config.check()?;
    let mut makespans = vec![0_u64; config.n_draws];
    let stretch = config.n_draws.div_ceil(config.n_threads.get());
    let draw_stretch = |(number, makespans): (usize, &mut [u64])| {
        let (mut latencies, mut run) = (Vec::new(), Run::default());
        for (index, makespan) in (number * stretch..).zip(makespans) {
            let mut draw = Draw::new(config.seed, index);
            let common = shared(&mut draw);
            plan.latencies(|task| own(&mut draw, &common, task), &mut latencies)?;
            replay(plan, &latencies, &mut run);
            *makespan = run.makespan;
        }
        Ok(())
    };
    let results: Vec<Result<(), ReplayError>> = std::thread::scope(|scope| {
        let stretches = makespans.chunks_mut(stretch).enumerate();
        let threads: Vec<_> = stretches.map(|stretch| scope.spawn(|| draw_stretch(stretch))).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().map(join).collect()
    });
    results.into_iter().collect::<Result<(), _>>()?;
    makespans.sort_unstable();
    Ok(Makespans { sorted: makespans.into_iter().map(Duration::from_nanos).collect() })
}

/// The makespans of a Monte Carlo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Makespans {
    sorted: Vec<Duration>,
}

impl Makespans {
    /// All of them, shortest first.
    #[must_use]
    pub fn sorted(&self) -> &[Duration] {
        &self.sorted
    }

    /// The shortest makespan that at least a share `p` of the draws do not exceed; the shortest of all for a `p` of 0 or
    /// less, the longest for one of 1 or more.
    ///
    /// # Panics
    /// If `p` is NaN.
    #[must_use]
    pub fn quantile(&self, p: f64) -> Duration {
        assert!(!p.is_nan(), "a share is a number");
        // Rounding must not push a whole number over the next.
        let rank = (p * self.sorted.len() as f64 - 1e-9).ceil().max(1.0) as usize;
        self.sorted[rank.min(self.sorted.len()) - 1]
    }

    /// The mean, in seconds.
    #[must_use]
    pub fn mean_s(&self) -> f64 {
        self.sorted.iter().map(Duration::as_secs_f64).sum::<f64>() / self.sorted.len() as f64
    }

    /// The standard deviation, in seconds, with the divisor `n − 1`; 0 of a single draw.
    #[must_use]
    pub fn deviation_s(&self) -> f64 {
        let mean = self.mean_s();
        let squares: f64 = self.sorted.iter().map(|makespan| (makespan.as_secs_f64() - mean).powi(2)).sum();
        (squares / (self.sorted.len() as f64 - 1.0).max(1.0)).sqrt()
    }
}
