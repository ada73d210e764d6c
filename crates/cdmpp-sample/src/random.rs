//! The choice by lot.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::tasks::Tasks;
use crate::{Budget, SampleError};

/// Chooses tasks at random, without looking at their rows: what any other choice must beat.
///
/// Must-haves come first. The others are drawn one after another, each in proportion to its weight among those left.
/// The result is as that of [`select_tasks`](crate::select_tasks): exactly the budget, each task once, in the order of
/// choice. A larger budget with the same seed begins with the choice of a smaller one.
///
/// # Errors
/// If a must-have or weight is not as [`Budget`] asks.
///
/// # Complexity
/// O(n log n) for n rows.
///
/// # Examples
/// ```
/// use cdmpp_sample::{Budget, select_random};
///
/// let task_of_row = [7, 7, 8, 9, 9];
/// let chosen = select_random(&task_of_row, &Budget { must_have: &[8], ..Budget::of(2) }, 0)?;
/// assert_eq!(chosen[0], 8);
/// assert!([7, 9].contains(&chosen[1]));
/// # Ok::<(), cdmpp_sample::SampleError>(())
/// ```
pub fn select_random(task_of_row: &[usize], budget: &Budget<'_>, seed: u64) -> Result<Vec<usize>, SampleError> {
    // In ascending order, so that the order of rows does not matter.
    let mut of_rows = task_of_row.to_vec();
    of_rows.sort_unstable();
    let tasks = Tasks::new(of_rows.into_iter(), budget)?;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    // The smallest of exponential times with these rates is each in proportion to its rate, and so on among the rest.
    let mut time = |task: usize| {
        let weight = tasks.weight(task);
        -(1.0 - rng.random::<f64>()).ln() / if weight > 0.0 { weight } else { 1.0 }
    };
    let times: Vec<f64> = (0..tasks.len()).map(&mut time).collect();
    let mut choice = tasks.begin();
    choice.take_in_order_of(&times);
    Ok(choice.into_names())
}
