//! The choice by clustering.

use serde::{Deserialize, Serialize};

use crate::candidates::Candidates;
use crate::clusters::Clusters;
use crate::{Budget, Rows, SampleError};

/// The settings of [`select_tasks`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KMeansConfig {
    /// The seed of the first centres.
    pub seed: u64,
    /// The iterations end after this many, or when the centres stand still. The choice hardly changes beyond the
    /// default, which bounds the time of the largest questions.
    pub max_iterations: usize,
}

impl Default for KMeansConfig {
    fn default() -> Self {
        Self { seed: 0, max_iterations: 20 }
    }
}

impl KMeansConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`SampleError::Config`] names the field and what it must be.
    pub fn check(&self) -> Result<(), SampleError> {
        if self.max_iterations == 0 {
            return Err(SampleError::Config { field: "max_iterations", rule: "must be at least 1" });
        }
        Ok(())
    }
}

/// Chooses the tasks that stand for the others: one near the centre of each cluster of candidates.
///
/// The rows are divided into as many clusters as tasks are wanted. Then, from the largest cluster to the smallest, each
/// takes the task that is nearest to its centre and not taken yet. Nearest is the one whose rows are nearest in the
/// mean. Of equals, clusters or tasks, the first is the one that has the first row in the order of the rows' values; of
/// tasks that have this row in common, the one of the lowest number.
///
/// - **Must-haves** come first. Each seeds a cluster, and covers the one that it is nearest to in the end; the largest
///   of the clusters that none covers take the rest of the budget.
/// - **Weights** count in equal parts for the rows of a task; without weights each row counts 1. They decide where
///   clusters begin (likelier at heavy rows, far from the other beginnings), which is the largest (by the sum of its
///   rows' weights), and where its centre is (the weighted mean of its rows), so that the heaviest task of a cluster
///   draws the choice to itself. The iterations between take all rows alike. All weights 0 means all alike.
/// - **Repeated rows.** If fewer clusters form than tasks are wanted, because rows are equal to each other, the clusters
///   take turns again until the budget is spent.
///
/// The order of rows does not matter: the same tasks are chosen, in the same order. If each row is a task of its own,
/// numbered by its place, the same rows are chosen wherever they stand, but for rows that are equal.
///
/// The result has exactly the smaller of [`Budget::n_tasks`] and the number of tasks, each once, in the order of choice:
/// the first of them are a good choice for a smaller budget, though not the one made for it. There are none for a budget
/// of 0 or no rows.
///
/// # Shapes
/// `rows` is (n, dim), `task_of_row` is (n): which task each row is a program of. Tasks are any numbers. To choose
/// programs rather than tasks, make each row a task of its own: `0..n`.
///
/// # Errors
/// If the numbers of rows and tasks differ, a setting is out of range, or a must-have or weight is not as [`Budget`]
/// asks.
///
/// # Complexity
/// O(n · k · dim) for each iteration with k clusters, O(n · k · log k · dim) to begin; memory O(n · dim). The iterations
/// run on rayon's current pool, all else on one thread; the result does not depend on the number of threads.
///
/// # Examples
/// ```
/// use cdmpp_sample::{Budget, KMeansConfig, Rows, select_tasks};
///
/// // Seven programs of five tasks: a crowd near 0, and a pair near 10.
/// let rows = Rows::new(&[0.0, 0.1, 0.2, 0.3, 0.5, 10.0, 10.1], 1)?;
/// let task_of_row = [0, 1, 1, 1, 2, 3, 4];
/// let choose = |budget| select_tasks(rows, &task_of_row, &budget, &KMeansConfig::default());
///
/// assert_eq!(choose(Budget::of(2))?, [1, 3]);
/// assert_eq!(choose(Budget { must_have: &[4], ..Budget::of(2) })?, [4, 1]);
/// // Task 4 takes most of the time.
/// let weights = [0.1, 0.1, 0.1, 0.1, 0.6];
/// assert_eq!(choose(Budget { weights: Some(&weights), ..Budget::of(2) })?, [4, 1]);
/// # Ok::<(), cdmpp_sample::SampleError>(())
/// ```
///
/// # References
/// Hu et al., *CDMPP*, EuroSys 2024, on sampling strategies. In the published code clusters of equal size choose in the
/// order of scikit-learn's numbers for them, and the order of choice is lost; must-haves and weights are ours.
pub fn select_tasks(
    rows: Rows<'_>,
    task_of_row: &[usize],
    budget: &Budget<'_>,
    config: &KMeansConfig,
) -> Result<Vec<usize>, SampleError> {
    config.check()?;
    let candidates = Candidates::new(rows, task_of_row, budget)?;
    let tasks = candidates.tasks();
    let mut choice = tasks.begin();
    if choice.is_complete() {
        return Ok(choice.into_names());
    }
    let clusters = Clusters::fit(&candidates, tasks.n_wanted(), config);
    let mut is_covered = vec![false; clusters.len()];
    for &task in tasks.must_have() {
        is_covered[clusters.nearest_to(task, &candidates)] = true;
    }
    let first = (0..clusters.len()).filter(|&cluster| !is_covered[cluster]);
    for cluster in first.chain((0..clusters.len()).cycle()) {
        if choice.is_complete() {
            break;
        }
        let distances = clusters.distances(cluster, &candidates);
        choice.take_cheapest(|task| distances[task]);
    }
    Ok(choice.into_names())
}
