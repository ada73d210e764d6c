//! What `KMeans` makes of the candidates.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::{KMeans, KMeansInit};
use ndarray::{Array2, ArrayView2};
use rand_xoshiro_06::Xoshiro256Plus;
use rand_xoshiro_06::rand_core::SeedableRng;

use crate::KMeansConfig;
use crate::candidates::Candidates;
use crate::distance::{Euclidean, squared_distance};
use crate::mean::Mean;
use crate::seeds::seeds;

/// How little the centres may move, all together, for the iterations to end: a part of the largest deviation of any
/// point from the mean.
const TOLERANCE: f32 = 1e-4;

/// Clusters of points that have at least one each.
#[derive(Debug)]
pub(crate) struct Clusters {
    dim: usize,
    /// The largest first.
    centers: Vec<f32>,
}

impl Clusters {
    /// Clusters at least one point into at most `n` clusters.
    pub(crate) fn fit(candidates: &Candidates, n: usize, config: &KMeansConfig) -> Self {
        let seeds = seeds(candidates, n, config.seed);
        let centers = iterate(candidates, seeds, config.max_iterations);
        Self::from_centers(candidates, &centers)
    }

    /// The clusters of the points nearest to each centre, with their weighted means as new centres.
    ///
    /// linfa counts the centre of the iteration before as a point, so that no cluster without points divides by zero.
    /// Here these clusters are left out, and also any whose centre would not be a number.
    fn from_centers(candidates: &Candidates, centers: &[f32]) -> Self {
        let dim = candidates.dim();
        let mut clusters: Vec<(&[f32], Mean)> =
            centers.chunks_exact(dim).map(|center| (center, Mean::new(dim))).collect();
        let mut by_first_point = Vec::new();
        for (point, task) in candidates.iter() {
            let cluster = nearest(point, centers);
            if clusters[cluster].1.is_empty() {
                by_first_point.push(cluster);
            }
            clusters[cluster].1.add(point, candidates.tasks().row_weight(task));
        }
        let mut clusters: Vec<_> = by_first_point.into_iter().map(|cluster| &clusters[cluster]).collect();
        // The sort is stable: among equals the one of the first points stays first.
        clusters.sort_by(|(_, a), (_, b)| b.weight().total_cmp(&a.weight()));
        // A cluster of weight 0 keeps its centre.
        let center = |(center, mean): &(&[f32], Mean)| mean.value().unwrap_or_else(|| center.to_vec());
        Self { dim, centers: clusters.into_iter().flat_map(center).collect() }
    }

    pub(crate) fn len(&self) -> usize {
        self.centers.len() / self.dim
    }

    fn center(&self, cluster: usize) -> &[f32] {
        &self.centers[cluster * self.dim..(cluster + 1) * self.dim]
    }

    /// The mean distance of the points of each task to a centre.
    pub(crate) fn distances(&self, cluster: usize, candidates: &Candidates) -> Vec<f64> {
        let (center, tasks) = (self.center(cluster), candidates.tasks());
        let mut distances = vec![0.0; tasks.len()];
        for (point, task) in candidates.iter() {
            distances[task] += f64::from(squared_distance(point, center).sqrt()) / tasks.n_rows(task) as f64;
        }
        distances
    }

    /// The cluster whose centre is nearest to a task, by the mean distance of its points.
    pub(crate) fn nearest_to(&self, task: usize, candidates: &Candidates) -> usize {
        let mut distances = vec![0.0; self.len()];
        for (point, _) in candidates.iter().filter(|&(_, of)| of == task) {
            for (distance, center) in distances.iter_mut().zip(self.centers.chunks_exact(self.dim)) {
                *distance += f64::from(squared_distance(point, center).sqrt());
            }
        }
        (0..self.len()).min_by(|&a, &b| distances[a].total_cmp(&distances[b])).unwrap_or(0)
    }
}

/// Moves centres to the means of the points nearest to them, again and again.
fn iterate(candidates: &Candidates, seeds: Vec<f32>, max_iterations: usize) -> Vec<f32> {
    let dim = candidates.dim();
    let n = seeds.len() / dim;
    let fits = "a matrix is as long as its shape says";
    let seeds = Array2::from_shape_vec((n, dim), seeds).expect(fits);
    let points = ArrayView2::from_shape((candidates.len(), dim), candidates.points()).expect(fits);
    // The seeds are ready: nothing is drawn from the generator.
    let model = KMeans::params_with(n, Xoshiro256Plus::seed_from_u64(0), Euclidean)
        .init_method(KMeansInit::Precomputed(seeds))
        .n_runs(1)
        .tolerance(TOLERANCE)
        .max_n_iterations(max_iterations as u64)
        .fit(&DatasetBase::from(points))
        .expect("the settings are in range, and distances between scaled points are finite");
    model.centroids().iter().copied().collect()
}

/// The index of the nearest centre, the first among equals. A centre that is not a number is never nearest.
fn nearest(point: &[f32], centers: &[f32]) -> usize {
    let mut nearest = (0, f32::INFINITY);
    for (index, center) in centers.chunks_exact(point.len()).enumerate() {
        let squared = squared_distance(point, center);
        if squared < nearest.1 {
            nearest = (index, squared);
        }
    }
    nearest.0
}

#[cfg(test)]
mod tests;
