//! The tasks behind the rows, and what the budget says of them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::{Budget, SampleError};

/// The tasks that have rows, numbered anew in the order of their first rows, with a checked budget.
#[derive(Debug)]
pub(crate) struct Tasks {
    /// The caller's number of each task.
    names: Vec<usize>,
    of_rows: Vec<usize>,
    n_rows: Vec<usize>,
    weights: Option<Vec<f64>>,
    must_have: Vec<usize>,
    n_wanted: usize,
}

impl Tasks {
    pub(crate) fn new(of_rows: impl Iterator<Item = usize>, budget: &Budget<'_>) -> Result<Self, SampleError> {
        let (mut names, mut n_rows, mut indices) = (Vec::new(), Vec::new(), BTreeMap::new());
        let mut index_of = |name| {
            let index = *indices.entry(name).or_insert(names.len());
            if index == names.len() {
                names.push(name);
                n_rows.push(0);
            }
            n_rows[index] += 1;
            index
        };
        let of_rows: Vec<usize> = of_rows.map(&mut index_of).collect();

        let mut must_have = Vec::new();
        for &name in budget.must_have {
            let &task = indices.get(&name).ok_or(SampleError::MustHave { task: name })?;
            if !must_have.contains(&task) {
                must_have.push(task);
            }
        }
        if must_have.len() > budget.n_tasks {
            return Err(SampleError::Budget { n_tasks: budget.n_tasks, n_must_have: must_have.len() });
        }

        let weight = |weights: &[f64], name: usize| match weights.get(name) {
            Some(&weight) if weight.is_finite() && weight >= 0.0 => Ok(weight),
            weight => Err(SampleError::Weight { task: name, weight: weight.copied() }),
        };
        let weights = match budget.weights {
            Some(weights) => {
                let weights = names.iter().map(|&name| weight(weights, name)).collect::<Result<Vec<_>, _>>()?;
                // Only proportions count: dividing by the largest keeps sums finite.
                let largest = weights.iter().copied().fold(0.0, f64::max);
                (largest > 0.0).then(|| weights.iter().map(|weight| weight / largest).collect())
            }
            None => None,
        };
        let n_wanted = budget.n_tasks.min(names.len());
        Ok(Self { names, of_rows, n_rows, weights, must_have, n_wanted })
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// How many tasks are to be chosen.
    pub(crate) fn n_wanted(&self) -> usize {
        self.n_wanted
    }

    /// The task of each row.
    pub(crate) fn of_rows(&self) -> &[usize] {
        &self.of_rows
    }

    /// How many rows a task has.
    pub(crate) fn n_rows(&self, task: usize) -> usize {
        self.n_rows[task]
    }

    pub(crate) fn must_have(&self) -> &[usize] {
        &self.must_have
    }

    /// The weight of a task, 1 if there are no weights.
    pub(crate) fn weight(&self, task: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[task])
    }

    /// The weight of a row of a task: 1 if there are no weights, else the task's in equal parts.
    pub(crate) fn row_weight(&self, task: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[task] / self.n_rows[task] as f64)
    }

    /// A choice that has the must-haves.
    pub(crate) fn begin(&self) -> Choice<'_> {
        let mut choice =
            Choice { tasks: self, order: Vec::with_capacity(self.n_wanted), is_taken: vec![false; self.len()] };
        for &task in &self.must_have {
            choice.take(task);
        }
        choice
    }
}

/// Tasks in the order of choice.
#[derive(Debug)]
pub(crate) struct Choice<'a> {
    tasks: &'a Tasks,
    order: Vec<usize>,
    is_taken: Vec<bool>,
}

impl Choice<'_> {
    pub(crate) fn is_complete(&self) -> bool {
        self.order.len() == self.tasks.n_wanted
    }

    /// Takes the free task of the lowest cost, and among equals the first. One of weight 0 costs more than any with a
    /// weight. There is none only if all are taken.
    pub(crate) fn take_cheapest(&mut self, cost: impl Fn(usize) -> f64) -> Option<usize> {
        let cheapest = self.free().min_by(|&a, &b| self.compare((a, cost(a)), (b, cost(b))))?;
        self.take(cheapest);
        Some(cheapest)
    }

    /// Spends the rest of the budget on free tasks, in the order in which [`take_cheapest`](Self::take_cheapest) would.
    pub(crate) fn take_in_order_of(&mut self, costs: &[f64]) {
        let mut free: Vec<usize> = self.free().collect();
        free.sort_by(|&a, &b| self.compare((a, costs[a]), (b, costs[b])));
        for task in free {
            if self.is_complete() {
                break;
            }
            self.take(task);
        }
    }

    /// The caller's names of the chosen tasks.
    pub(crate) fn into_names(self) -> Vec<usize> {
        self.order.into_iter().map(|task| self.tasks.names[task]).collect()
    }

    fn free(&self) -> impl Iterator<Item = usize> {
        (0..self.tasks.len()).filter(|&task| !self.is_taken[task])
    }

    fn take(&mut self, task: usize) {
        self.is_taken[task] = true;
        self.order.push(task);
    }

    fn compare(&self, (a, a_cost): (usize, f64), (b, b_cost): (usize, f64)) -> Ordering {
        let has_none = |task: usize| self.tasks.weight(task) == 0.0;
        has_none(a).cmp(&has_none(b)).then(a_cost.total_cmp(&b_cost))
    }
}
