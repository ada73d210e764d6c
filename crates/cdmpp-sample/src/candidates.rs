//! Rows in an order and at a scale of our own.

use std::cmp::Ordering;

use crate::mean::Mean;
use crate::tasks::Tasks;
use crate::{Budget, Rows, SampleError};

/// The rows around their mean, divided by the largest deviation from it, and sorted by their values; with their tasks.
///
/// Neither changes which rows are near to each other. The scale keeps squared distances within `f32`. The order makes
/// sums, draws and ties the same in whatever order the caller has the rows.
#[derive(Debug)]
pub(crate) struct Candidates {
    dim: usize,
    points: Vec<f32>,
    tasks: Tasks,
}

impl Candidates {
    pub(crate) fn new(rows: Rows<'_>, task_of_row: &[usize], budget: &Budget<'_>) -> Result<Self, SampleError> {
        if rows.len() != task_of_row.len() {
            return Err(SampleError::TaskOfRow { n_rows: rows.len(), n_named: task_of_row.len() });
        }
        let dim = rows.dim();
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_unstable_by(|&a, &b| compare(rows.row(a), rows.row(b)).then(task_of_row[a].cmp(&task_of_row[b])));
        let tasks = Tasks::new(order.iter().map(|&row| task_of_row[row]), budget)?;

        let mut mean = vec![0.0; dim];
        for &row in &order {
            for (mean, &x) in mean.iter_mut().zip(rows.row(row)) {
                *mean += f64::from(x) / rows.len() as f64;
            }
        }
        let deviations = |row: usize| rows.row(row).iter().zip(&mean).map(|(&x, mean)| f64::from(x) - mean);
        let largest = order.iter().flat_map(|&row| deviations(row)).map(f64::abs).fold(0.0, f64::max);
        let scale = if largest > 0.0 { largest } else { 1.0 };
        let points = order.iter().flat_map(|&row| deviations(row)).map(|x| (x / scale) as f32).collect();
        Ok(Self { dim, points, tasks })
    }

    pub(crate) fn dim(&self) -> usize {
        self.dim
    }

    pub(crate) fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// How many points there are.
    pub(crate) fn len(&self) -> usize {
        self.points.len() / self.dim
    }

    /// All points, as the rows of a matrix.
    pub(crate) fn points(&self) -> &[f32] {
        &self.points
    }

    pub(crate) fn point(&self, index: usize) -> &[f32] {
        &self.points[index * self.dim..(index + 1) * self.dim]
    }

    /// The points in order, each with its task.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[f32], usize)> {
        self.points.chunks_exact(self.dim).zip(self.tasks.of_rows().iter().copied())
    }

    /// The mean of the points, each with the weight of its task.
    pub(crate) fn mean(&self, weight: impl Fn(usize) -> f64) -> Option<Vec<f32>> {
        let mut mean = Mean::new(self.dim);
        for (point, task) in self.iter() {
            mean.add(point, weight(task));
        }
        mean.value()
    }

    /// The mean of the points of each task, as the rows of a matrix.
    pub(crate) fn means(&self) -> Vec<f32> {
        let mut means = vec![Mean::new(self.dim); self.tasks.len()];
        for (point, task) in self.iter() {
            means[task].add(point, 1.0);
        }
        means.iter().filter_map(Mean::value).flatten().collect()
    }
}

/// Orders rows by their first difference. Adding 0 makes a negative zero equal to a positive one.
fn compare(a: &[f32], b: &[f32]) -> Ordering {
    let mut differences = a.iter().zip(b).map(|(a, b)| (a + 0.0).total_cmp(&(b + 0.0)));
    differences.find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
}
