//! Programs in a random order, over and over.

use rand::seq::SliceRandom;

use crate::draws::generator;

/// Gives programs in runs; each pass over all of them is in an order of its own.
#[derive(Debug)]
pub(crate) struct Cycle {
    name: &'static str,
    seed: u64,
    order: Vec<u32>,
    next: usize,
    pass: usize,
}

impl Cycle {
    /// Of these programs; the orders depend on the seed and the name.
    pub(crate) fn new(programs: Vec<u32>, seed: u64, name: &'static str) -> Self {
        let next = programs.len();
        Self { name, seed, order: programs, next, pass: 0 }
    }

    /// The next programs with at least so many samples, or all that are left of this pass: none is there twice.
    pub(crate) fn take(&mut self, n_samples_of: impl Fn(u32) -> usize, n_samples: usize) -> &[u32] {
        if self.next == self.order.len() {
            self.pass += 1;
            self.next = 0;
            // From the same order each time, so that a pass depends on its number alone.
            self.order.sort_unstable();
            self.order.shuffle(&mut generator(self.seed, &format!("{} {}", self.name, self.pass)));
        }
        let (start, mut n) = (self.next, 0);
        while self.next < self.order.len() && n < n_samples {
            n += n_samples_of(self.order[self.next]);
            self.next += 1;
        }
        &self.order[start..self.next]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pass_has_every_program_once() {
        let n_samples_of = |program: u32| [1, 3, 2, 1, 1][program as usize];
        let runs = |seed| {
            let mut cycle = Cycle::new(vec![4, 1, 0, 2], seed, "test");
            (0..20).map(|_| cycle.take(n_samples_of, 3).to_vec()).collect::<Vec<_>>()
        };
        let (mut pass, mut passes) = (Vec::new(), Vec::new());
        for run in runs(1) {
            assert!(!run.is_empty());
            pass.extend(run);
            if pass.len() == 4 {
                passes.push(std::mem::take(&mut pass));
            }
        }
        assert!(passes.len() >= 5);
        for pass in &passes {
            let mut sorted = pass.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 4]);
        }
        assert!(passes.windows(2).any(|pair| pair[0] != pair[1]), "the orders differ");
        assert_eq!(runs(1), runs(1));
        assert_ne!(runs(1), runs(2));
        assert!(Cycle::new(Vec::new(), 0, "test").take(n_samples_of, 3).is_empty());
    }
}
