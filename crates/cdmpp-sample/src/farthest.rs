//! The choice of what is farthest.

use crate::candidates::Candidates;
use crate::distance::squared_distance;
use crate::{Budget, Rows, SampleError};

/// Chooses the tasks that are farthest from each other: a baseline that covers the edges where
/// [`select_tasks`](crate::select_tasks) covers the crowds.
///
/// A task stands at the mean of its rows. Must-haves come first; without them, the task nearest to the weighted mean of
/// all rows. Then follows, again and again, the task with the largest product of its weight and its distance to the
/// nearest chosen one. (Without weights and must-haves this is the greedy k-center algorithm: the farthest task is at
/// most twice as far from a chosen one as under the best choice.) With the doubt of a prediction as its weight, it
/// chooses what is both in doubt and unlike the rest.
///
/// The result is as that of [`select_tasks`](crate::select_tasks), so are ties, and the order of rows matters as little.
/// A larger budget begins with the choice of a smaller one.
///
/// # Shapes
/// `rows` is (n, dim), `task_of_row` is (n).
///
/// # Errors
/// If the numbers of rows and tasks differ, or a must-have or weight is not as [`Budget`] asks.
///
/// # Complexity
/// O(n log n) for n rows, and O(t · k · dim) to choose k of t tasks.
///
/// # Examples
/// ```
/// use cdmpp_sample::{Budget, Rows, select_farthest};
///
/// let rows = Rows::new(&[0.0, 1.0, 4.0, 5.0, 9.0], 1)?;
/// let chosen = select_farthest(rows, &[0, 1, 2, 3, 4], &Budget::of(3))?;
/// assert_eq!(chosen, [2, 4, 0]);
/// # Ok::<(), cdmpp_sample::SampleError>(())
/// ```
///
/// # References
/// Gonzalez, *Clustering to Minimize the Maximum Intercluster Distance*, 1985.
pub fn select_farthest(rows: Rows<'_>, task_of_row: &[usize], budget: &Budget<'_>) -> Result<Vec<usize>, SampleError> {
    let candidates = Candidates::new(rows, task_of_row, budget)?;
    let (tasks, dim) = (candidates.tasks(), candidates.dim());
    let mut choice = tasks.begin();
    if choice.is_complete() {
        return Ok(choice.into_names());
    }
    let means = candidates.means();
    let mut chosen = tasks.must_have().to_vec();
    if chosen.is_empty() {
        let center = candidates.mean(|task| tasks.row_weight(task)).unwrap_or_default();
        let distances = distances(&means, &center);
        chosen.extend(choice.take_cheapest(|task| f64::from(distances[task])));
    }
    let mut nearest = vec![f32::INFINITY; tasks.len()];
    while !choice.is_complete() {
        for task in chosen.drain(..) {
            let distances = distances(&means, &means[task * dim..(task + 1) * dim]);
            nearest.iter_mut().zip(distances).for_each(|(nearest, distance)| *nearest = nearest.min(distance));
        }
        chosen.extend(choice.take_cheapest(|task| -tasks.weight(task) * f64::from(nearest[task])));
    }
    Ok(choice.into_names())
}

/// The distance of each task to one place.
fn distances(means: &[f32], from: &[f32]) -> Vec<f32> {
    means.chunks_exact(from.len()).map(|mean| squared_distance(mean, from).sqrt()).collect()
}
