//! Where `KMeans` begins.

use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use crate::candidates::Candidates;
use crate::distance::squared_distance;

/// At most `n` different centres: the means of the must-haves, then points that are drawn far from those before.
///
/// A point is drawn in proportion to its weight and its squared distance to the nearest centre. Of a few draws the one
/// counts that brings the points nearest to a centre. Points of weight 0 are drawn when all others are centres. There
/// are fewer than `n` centres only if there are fewer different points: no cluster begins empty.
///
/// linfa draws such centres too, one draw at a time, but compares every point with every centre before each. For 200
/// centres that takes longer than all iterations from them.
///
/// # Shapes
/// (at most `n`, dim), row-major.
///
/// # Complexity
/// O(points · n · log n · dim).
///
/// # References
/// Arthur and Vassilvitskii, *k-means++: The Advantages of Careful Seeding*, SODA 2007; several draws are their
/// suggestion too. Their number is scikit-learn's.
pub(crate) fn seeds(candidates: &Candidates, n: usize, seed: u64) -> Vec<f32> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let n_draws = 2 + (n as f64).ln() as usize;
    let tasks = candidates.tasks();
    let weights: Vec<f64> = candidates.iter().map(|(_, task)| tasks.row_weight(task)).collect();
    let mut centers = Vec::with_capacity(n * candidates.dim());
    let mut nearest = vec![f32::INFINITY; candidates.len()];
    let mean_of = |&task: &usize| candidates.mean(|of| if of == task { 1.0 } else { 0.0 });
    for mean in tasks.must_have().iter().filter_map(mean_of) {
        if centers.chunks_exact(candidates.dim()).all(|center| center != mean) {
            nearest = with_center(candidates, &nearest, &mean);
            centers.extend(mean);
        }
    }
    while centers.len() < n * candidates.dim() {
        let Some(distribution) = distribution(&nearest, &weights) else { break };
        let outcome = |_| {
            let drawn = candidates.point(distribution.sample(&mut rng));
            let nearest = with_center(candidates, &nearest, drawn);
            let left: f64 = nearest.iter().zip(&weights).map(|(&squared, weight)| f64::from(squared) * weight).sum();
            (left, drawn, nearest)
        };
        let Some((_, drawn, left)) = (0..n_draws).map(outcome).min_by(|(a, ..), (b, ..)| a.total_cmp(b)) else { break };
        centers.extend_from_slice(drawn);
        nearest = left;
    }
    centers
}

/// The squared distance of each point to the nearest centre, after one more.
fn with_center(candidates: &Candidates, nearest: &[f32], center: &[f32]) -> Vec<f32> {
    candidates.iter().zip(nearest).map(|((point, _), nearest)| squared_distance(point, center).min(*nearest)).collect()
}

/// How likely each point is the next centre; `None` if all of them are.
fn distribution(nearest: &[f32], weights: &[f64]) -> Option<WeightedIndex<f64>> {
    // Before the first centre, all are equally far.
    let far = || nearest.iter().map(|&squared| if squared.is_finite() { f64::from(squared) } else { 1.0 });
    let weighed = far().zip(weights).map(|(far, weight)| far * weight);
    WeightedIndex::new(weighed).or_else(|_| WeightedIndex::new(far())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Rows};

    /// The seeds of rows of one column, each a task of its own, at the scale of the rows.
    fn check(rows: &[f32], budget: &Budget<'_>) -> Vec<f32> {
        let task_of_row: Vec<usize> = (0..rows.len()).collect();
        let candidates = Candidates::new(Rows::new(rows, 1).unwrap(), &task_of_row, budget).unwrap();
        let mean = rows.iter().sum::<f32>() / rows.len() as f32;
        let scale = rows.iter().map(|x| (x - mean).abs()).fold(0.0, f32::max);
        seeds(&candidates, budget.n_tasks, 0).iter().map(|x| (x * scale + mean).round()).collect()
    }

    #[test]
    fn seeds_differ_and_are_as_many_as_there_are_points() {
        let rows = [1.0, 5.0, 5.0, 5.0, 9.0, 9.0, 1.0, 9.0];
        for n in 1..=6 {
            let mut seeds = check(&rows, &Budget::of(n));
            seeds.sort_by(f32::total_cmp);
            seeds.dedup();
            assert_eq!(seeds.len(), n.min(3), "{n}");
        }
        assert_eq!(check(&[3.0; 5], &Budget::of(4)), [3.0]);
    }

    #[test]
    fn must_haves_are_the_first_seeds_once_each() {
        let budget = Budget { must_have: &[3, 0, 2], ..Budget::of(3) };
        let seeds = check(&[4.0, 8.0, 4.0, 10.0, 19.0], &budget);
        assert_eq!(seeds[..2], [10.0, 4.0]);
        assert_eq!(seeds.len(), 3);
    }

    #[test]
    fn points_without_weight_come_last() {
        let budget = |n| Budget { weights: Some(&[0.0, 1.0, 0.0, 2.0]), ..Budget::of(n) };
        let rows = [0.0, 5.0, 60.0, 7.0];
        let mut two = check(&rows, &budget(2));
        two.sort_by(f32::total_cmp);
        assert_eq!(two, [5.0, 7.0]);
        assert_eq!(check(&rows, &budget(4)).len(), 4);
    }
}
