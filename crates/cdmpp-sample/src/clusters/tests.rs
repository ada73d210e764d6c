use super::*;
use crate::{Budget, Rows, select_tasks};

/// Eight blobs of different sizes, 60 tasks of four rows each. The lines that made the numbers below:
/// ```python
/// import numpy as np
/// from sklearn.cluster import KMeans                     # 1.9.1
/// state = 50
/// def draw():
///     global state
///     state = (state * 1103515245 + 12345) % 2**31
///     return state / 2**31
/// rows, task_of_row = [], []
/// for task in range(60):
///     blob = int(8 * draw() ** 1.5)
///     for _ in range(4):
///         rows.append([4 * (blob >> axis & 1) + draw() for axis in range(3)])
///         task_of_row.append(task)
/// x, task_of_row = np.float32(rows), np.array(task_of_row)
///
/// km = KMeans(8, n_init=10, random_state=0).fit(x)
/// chosen = []
/// for c in np.argsort(-np.bincount(km.labels_)):
///     d = np.linalg.norm(x - km.cluster_centers_[c], axis=1)
///     mean = [np.inf if t in chosen else d[task_of_row == t].mean() for t in range(60)]
///     chosen.append(int(np.argmin(mean)))
/// print(chosen)
///
/// x = (x - x.mean(0)) / abs(x - x.mean(0)).max()
/// for k in 8, 20, 60:
///     print(k, KMeans(k, n_init=10, random_state=0).fit(x).inertia_)
/// ```
fn blobs() -> (Vec<f32>, Vec<usize>) {
    let mut state = 50_u64;
    let mut draw = || {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        state as f64 / f64::from(1_u32 << 31)
    };
    let (mut rows, mut task_of_row) = (Vec::new(), Vec::new());
    for task in 0..60 {
        let blob = (8.0 * draw().powf(1.5)) as usize;
        for _ in 0..4 {
            rows.extend((0..3).map(|axis| (4.0 * (blob >> axis & 1) as f64 + draw()) as f32));
            task_of_row.push(task);
        }
    }
    (rows, task_of_row)
}

/// The number of clusters, and the last number printed above.
const BEST_OF_TEN: [(usize, f64); 3] = [(8, 5.944_777), (20, 3.154_789), (60, 0.927_870)];

fn candidates(rows: &[f32], dim: usize, budget: &Budget<'_>) -> Candidates {
    let task_of_row: Vec<usize> = (0..rows.len() / dim).collect();
    Candidates::new(Rows::new(rows, dim).unwrap(), &task_of_row, budget).unwrap()
}

/// The sum of squared distances of the points to their nearest centres.
fn inertia(candidates: &Candidates, clusters: &Clusters) -> f64 {
    let squared = |point: &[f32]| squared_distance(point, clusters.center(nearest(point, &clusters.centers)));
    candidates.iter().map(|(point, _)| f64::from(squared(point))).sum()
}

#[test]
fn where_blobs_are_apart_the_choice_is_that_of_the_published_rule_on_scikit_learn() {
    let (rows, task_of_row) = blobs();
    for seed in 0..5 {
        let config = KMeansConfig { seed, ..KMeansConfig::default() };
        let chosen = select_tasks(Rows::new(&rows, 3).unwrap(), &task_of_row, &Budget::of(8), &config).unwrap();
        assert_eq!(chosen, [4, 50, 26, 49, 10, 43, 36, 32], "seed {seed}");
    }
}

#[test]
fn one_run_is_at_most_a_sixth_above_the_best_of_ten_of_scikit_learn() {
    let (rows, _) = blobs();
    for (k, best) in BEST_OF_TEN {
        let candidates = candidates(&rows, 3, &Budget::of(k));
        for seed in 0..5 {
            let clusters = Clusters::fit(&candidates, k, &KMeansConfig { seed, ..KMeansConfig::default() });
            let ratio = inertia(&candidates, &clusters) / best;
            assert!((0.99..7.0 / 6.0).contains(&ratio), "{k} clusters, seed {seed}: {ratio}");
        }
    }
}

#[test]
fn a_centre_that_is_not_a_number_or_has_no_points_makes_no_cluster() {
    let candidates = candidates(&[-1.0, -0.5, 0.5, 1.0], 1, &Budget::of(1));
    let clusters = Clusters::from_centers(&candidates, &[f32::NAN, -0.9, 40.0, 0.9, 0.9]);
    assert_eq!(clusters.centers, [-0.75, 0.75]);
}

#[test]
fn weights_order_clusters_and_move_their_centres() {
    let weights = [1.0, 3.0, 0.0, 0.0, 6.0, 4.0];
    let budget = Budget { weights: Some(&weights), ..Budget::of(1) };
    let candidates = candidates(&[-1.0, -0.5, 0.0, 0.0, 0.5, 1.0], 1, &budget);
    let clusters = Clusters::from_centers(&candidates, &[-0.75, 0.125, 0.75]);
    // The middle cluster has no weight: it is the last, where it was.
    assert_eq!(clusters.centers, [0.7, -0.625, 0.125]);
}

#[test]
fn the_iterations_end_where_the_means_are() {
    let candidates = candidates(&[-1.0, -0.9, -0.8, 0.8, 0.9, 1.0], 1, &Budget::of(1));
    let centers = iterate(&candidates, vec![-1.0, -0.9], 100);
    assert!((centers[0] + 0.9).abs() < 1e-3 && (centers[1] - 0.9).abs() < 1e-3, "{centers:?}");
    assert_eq!(iterate(&candidates, vec![0.5], 100).len(), 1);
}
