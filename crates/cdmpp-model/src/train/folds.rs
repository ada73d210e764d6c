//! Parts of a set that are held out in turn.

use std::collections::{BTreeMap, BTreeSet};

use rand::seq::SliceRandom;

use crate::draws::generator;

/// Deals groups to `n` folds at random, as evenly as they go, and gives the fold of each member from the group of each.
///
/// A group is in one fold, whatever its size and the order of members. There are at most as many folds as groups.
pub(crate) fn folds(groups: &[usize], n: usize, seed: u64) -> Vec<usize> {
    let distinct: BTreeSet<usize> = groups.iter().copied().collect();
    let mut distinct: Vec<usize> = distinct.into_iter().collect();
    distinct.shuffle(&mut generator(seed, "folds"));
    let n = n.min(distinct.len()).max(1);
    let fold_of: BTreeMap<usize, usize> = distinct.into_iter().enumerate().map(|(i, group)| (group, i % n)).collect();
    groups.iter().map(|group| fold_of[group]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stay_together_and_folds_are_even() {
        let groups = [7, 7, 3, 9, 3, 1, 7, 5, 4, 4];
        for n in 1..9 {
            let folds = folds(&groups, n, 3);
            let mut members: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
            for (group, fold) in groups.iter().zip(&folds) {
                members.entry(*fold).or_default().insert(*group);
            }
            assert_eq!(members.len(), n.min(6));
            assert_eq!(members.values().map(BTreeSet::len).sum::<usize>(), 6, "no group is in two folds");
            let sizes = || members.values().map(BTreeSet::len);
            assert!(sizes().max().unwrap() - sizes().min().unwrap() <= 1);
        }
        assert!(folds(&[], 5, 3).is_empty());
    }

    #[test]
    fn the_seed_decides_and_the_order_of_members_does_not() {
        let groups: Vec<usize> = (0..20).collect();
        let reversed: Vec<usize> = (0..20).rev().collect();
        let mut backwards = folds(&reversed, 4, 1);
        backwards.reverse();
        assert_eq!(folds(&groups, 4, 1), backwards);
        assert_ne!(folds(&groups, 4, 1), folds(&groups, 4, 2));
    }
}
