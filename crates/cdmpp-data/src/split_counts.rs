//! How large the sets of a split are.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{SampleKey, Split, SplitBy};

/// The size of a set of samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SetCounts {
    /// Measurements: a program on a hardware.
    pub n_samples: usize,
    /// Different programs, by task and text.
    pub n_programs: usize,
    /// Different tasks.
    pub n_tasks: usize,
}

/// The sizes of the sets of a [`Split`]. Prints as one line a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SplitCounts {
    /// The training set.
    pub train: SetCounts,
    /// The validation set.
    pub validation: SetCounts,
    /// The test set.
    pub test: SetCounts,
    /// The part of the test set that is there for a held-out network.
    pub test_of_networks: SetCounts,
    /// The part of the test set that is there for a held-out hardware; it may overlap with the other.
    pub test_of_hardware: SetCounts,
    /// What is in none of the sets.
    pub unused: SetCounts,
}

impl Split {
    /// Counts the samples, programs and tasks of each set. The arguments are those of [`split`](crate::split).
    ///
    /// # Panics
    /// If there are fewer keys than were split.
    #[must_use]
    pub fn counts(&self, keys: &[SampleKey<'_>], by: &SplitBy) -> SplitCounts {
        let (networks, hardware) = by.held_out();
        let of_networks = |index: &usize| networks.iter().any(|name| keys[*index].networks.contains_key(name));
        let of_hardware = |index: &usize| hardware.iter().any(|name| name == keys[*index].hardware);
        SplitCounts {
            train: count(keys, self.train.iter().copied()),
            validation: count(keys, self.validation.iter().copied()),
            test: count(keys, self.test.iter().copied()),
            test_of_networks: count(keys, self.test.iter().copied().filter(of_networks)),
            test_of_hardware: count(keys, self.test.iter().copied().filter(of_hardware)),
            unused: count(keys, self.unused.iter().copied()),
        }
    }
}

fn count(keys: &[SampleKey<'_>], set: impl Iterator<Item = usize>) -> SetCounts {
    let (mut n_samples, mut programs, mut tasks) = (0, BTreeSet::new(), BTreeSet::new());
    for index in set {
        n_samples += 1;
        programs.insert((keys[index].task, keys[index].program));
        tasks.insert(keys[index].task);
    }
    SetCounts { n_samples, n_programs: programs.len(), n_tasks: tasks.len() }
}

impl fmt::Display for SetCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} samples ({} programs of {} tasks)", self.n_samples, self.n_programs, self.n_tasks)
    }
}

impl fmt::Display for SplitCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "train: {}\nvalidation: {}\ntest: {}", self.train, self.validation, self.test)?;
        let parts = [("of held-out networks", self.test_of_networks), ("on held-out hardware", self.test_of_hardware)];
        for (part, counts) in parts.into_iter().filter(|(_, counts)| counts.n_samples > 0) {
            write!(f, "\n  {part}: {counts}")?;
        }
        if self.unused.n_samples > 0 {
            write!(f, "\nunused: {}", self.unused)?;
        }
        Ok(())
    }
}
