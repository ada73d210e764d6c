//! Means of points.

/// A weighted mean of points that are added one by one.
#[derive(Clone, Debug)]
pub(crate) struct Mean {
    sums: Vec<f64>,
    weight: f64,
    n_points: usize,
}

impl Mean {
    pub(crate) fn new(dim: usize) -> Self {
        Self { sums: vec![0.0; dim], weight: 0.0, n_points: 0 }
    }

    pub(crate) fn add(&mut self, point: &[f32], weight: f64) {
        for (sum, &x) in self.sums.iter_mut().zip(point) {
            *sum += f64::from(x) * weight;
        }
        self.weight += weight;
        self.n_points += 1;
    }

    /// The sum of the weights.
    pub(crate) fn weight(&self) -> f64 {
        self.weight
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.n_points == 0
    }

    /// The mean; `None` if no point has a weight.
    pub(crate) fn value(&self) -> Option<Vec<f32>> {
        (self.weight > 0.0).then(|| self.sums.iter().map(|sum| (sum / self.weight) as f32).collect())
    }
}
