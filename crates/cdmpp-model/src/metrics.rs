//! How good predictions are.

use serde::{Deserialize, Serialize};

/// A prediction beside its measurement, and what was predicted.
///
/// # Units
/// Seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored<'a> {
    /// The task: what the program computes.
    pub task: &'a str,
    /// The hardware that it was measured on.
    pub hardware: &'a str,
    /// The measured latency y, positive and finite.
    pub measured_s: f64,
    /// The predicted latency ŷ, finite.
    pub predicted_s: f64,
}

/// Errors of predicted latencies, and how well they rank the programs of a task. Shares are fractions, not percent.
///
/// The first six fields are over all predictions. The other four judge what an autotuner asks: which of the programs
/// that compute the same is the fastest here? Their groups are the predictions of one task on one hardware; a group of
/// a single program ranks nothing and is left out. They are `None` where no group is left.
///
/// No field is ever NaN or infinite, so that JSON can hold every value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Metrics {
    /// The number of predictions; if it is 0, so are the errors.
    pub n: usize,
    /// The mean of |ŷ − y| / y.
    pub mape: f64,
    /// The median of |ŷ − y| / y.
    pub median_ape: f64,
    /// The share of predictions with |ŷ − y| / y ≤ 0.1.
    pub within_10: f64,
    /// The share of predictions with |ŷ − y| / y ≤ 0.2.
    pub within_20: f64,
    /// The root of the mean of (ŷ − y)², in seconds.
    pub rmse_s: f64,
    /// Pairwise accuracy: the share of pairs of a group that the prediction orders as the measurement does, averaged
    /// over groups. Pairs that measure the same are left out; a pair predicted the same counts one half.
    pub pairwise: Option<f64>,
    /// Spearman's rank correlation of a group, averaged over groups: Pearson's correlation of the ranks, with average
    /// ranks for ties; 0 if all predictions of a group are the same. Groups that measure all the same are left out.
    pub spearman: Option<f64>,
    /// The top-1 score: Σ fastest y / Σ y of the program predicted fastest, both sums over groups; 1 is an oracle.
    pub top1: Option<f64>,
    /// The top-5 score: Σ fastest y / Σ fastest y among the five programs predicted fastest, both sums over groups.
    ///
    /// Of programs predicted the same, the slower is taken first in both scores: a tie earns nothing.
    pub top5: Option<f64>,
}

impl Metrics {
    /// The metrics of predictions, whatever their order.
    ///
    /// A measurement that is not positive and finite, or a prediction that is not finite, is no latency: it is left
    /// out, and `n` does not count it. ([`Predictor::predict`](crate::Predictor::predict) gives no such prediction.)
    ///
    /// # Complexity
    /// O(n log n).
    ///
    /// # Examples
    /// ```
    /// use cdmpp_model::{Metrics, Scored};
    ///
    /// let scored = |measured_s, predicted_s| Scored { task: "dense", hardware: "t4", measured_s, predicted_s };
    /// let metrics = Metrics::of(&[scored(1e-3, 1.1e-3), scored(2e-3, 1.2e-3), scored(3e-3, 1.0e-3)]);
    /// assert_eq!((metrics.n, metrics.top1), (3, Some(1.0 / 3.0)));
    /// assert_eq!(metrics.pairwise, Some(1.0 / 3.0));
    /// ```
    ///
    /// # References
    /// The top-k score is that of Zheng et al., *TenSet*, 2021, with every task weighing the same.
    #[must_use]
    pub fn of(scored: &[Scored<'_>]) -> Self {
        let is_latency = |s: &&Scored<'_>| s.measured_s > 0.0 && s.measured_s.is_finite() && s.predicted_s.is_finite();
        let mut scored: Vec<Scored<'_>> = scored.iter().filter(is_latency).copied().collect();
        // One order for all sums: the same predictions in another order give the same bits.
        scored.sort_unstable_by(|a, b| {
            let names = (a.task, a.hardware).cmp(&(b.task, b.hardware));
            names.then(a.measured_s.total_cmp(&b.measured_s)).then(a.predicted_s.total_cmp(&b.predicted_s))
        });
        let mut errors: Vec<f64> = scored.iter().map(|s| (s.predicted_s - s.measured_s).abs() / s.measured_s).collect();
        errors.sort_unstable_by(f64::total_cmp);
        let mean = |sum: f64| (sum / errors.len().max(1) as f64).min(f64::MAX);
        let within = |limit: f64| mean(errors.partition_point(|error| *error <= limit) as f64);

        let groups = || {
            let same = |a: &Scored<'_>, b: &Scored<'_>| (a.task, a.hardware) == (b.task, b.hardware);
            scored.chunk_by(same).filter(|group| group.len() > 1)
        };
        Self {
            n: scored.len(),
            mape: mean(errors.iter().sum()),
            median_ape: median(&errors).min(f64::MAX),
            within_10: within(0.10),
            within_20: within(0.20),
            rmse_s: mean(scored.iter().map(|s| (s.predicted_s - s.measured_s).powi(2)).sum()).sqrt(),
            pairwise: average(groups().filter_map(pairwise)),
            spearman: average(groups().filter_map(spearman)),
            top1: top(groups(), 1),
            top5: top(groups(), 5),
        }
    }
}

/// The median of sorted numbers; 0 of none.
pub(crate) fn median(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => 0.5 * sorted[n / 2 - 1] + 0.5 * sorted[n / 2],
    }
}

fn average(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0), |(sum, n), value| (sum + value, n + 1));
    (n > 0).then(|| sum / f64::from(n))
}

/// The share of pairs in the right order in a group sorted by measurement; `None` if all measure the same.
///
/// Goes through the programs from fast to slow and asks a Fenwick tree over the ranks of the predictions how many of
/// the faster ones are predicted faster.
fn pairwise(group: &[Scored<'_>]) -> Option<f64> {
    let ranks = dense_ranks(group);
    let mut tree = vec![0_usize; group.len() + 1];
    let (mut right, mut n_pairs, mut n_faster) = (0.0, 0.0, 0);
    for equal in group.chunk_by(|a, b| a.measured_s == b.measured_s) {
        let equal_ranks = &ranks[n_faster..][..equal.len()];
        for rank in equal_ranks {
            let (below, up_to) = (count_below(&tree, *rank), count_below(&tree, rank + 1));
            right += below as f64 + 0.5 * (up_to - below) as f64;
            n_pairs += n_faster as f64;
        }
        for rank in equal_ranks {
            let mut at = rank + 1;
            while at < tree.len() {
                tree[at] += 1;
                at += at & at.wrapping_neg();
            }
        }
        n_faster += equal.len();
    }
    (n_pairs > 0.0).then(|| right / n_pairs)
}

/// How many of the ranks counted in a Fenwick tree are below `rank`.
fn count_below(tree: &[usize], mut rank: usize) -> usize {
    let mut n = 0;
    while rank > 0 {
        n += tree[rank];
        rank &= rank - 1;
    }
    n
}

/// For every prediction, how many different predictions are below it.
fn dense_ranks(group: &[Scored<'_>]) -> Vec<usize> {
    let mut ranks = vec![0; group.len()];
    let order = sorted_places(group, |s| s.predicted_s);
    let ties = order.chunk_by(|a, b| group[*a].predicted_s == group[*b].predicted_s);
    for (rank, places) in ties.enumerate() {
        places.iter().for_each(|place| ranks[*place] = rank);
    }
    ranks
}

/// Pearson's correlation of average ranks; `None` if all measure the same, 0 if all are predicted the same.
fn spearman(group: &[Scored<'_>]) -> Option<f64> {
    let measured = average_ranks(group, |s| s.measured_s);
    let predicted = average_ranks(group, |s| s.predicted_s);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (yy, pp) = (dot(&measured, &measured), dot(&predicted, &predicted));
    match (yy > 0.0, pp > 0.0) {
        (false, _) => None,
        (true, false) => Some(0.0),
        // Rounding must not lead out of the range.
        (true, true) => Some((dot(&measured, &predicted) / (yy.sqrt() * pp.sqrt())).clamp(-1.0, 1.0)),
    }
}

/// Ranks with ties averaged, less their mean (so that they are exact multiples of one half around 0).
fn average_ranks(group: &[Scored<'_>], key: impl Fn(&Scored<'_>) -> f64) -> Vec<f64> {
    let mut ranks = vec![0.0; group.len()];
    let centre = (group.len() as f64 - 1.0) / 2.0;
    let order = sorted_places(group, &key);
    let mut first = 0;
    for ties in order.chunk_by(|a, b| key(&group[*a]) == key(&group[*b])) {
        let rank = first as f64 + (ties.len() as f64 - 1.0) / 2.0 - centre;
        ties.iter().for_each(|place| ranks[*place] = rank);
        first += ties.len();
    }
    ranks
}

fn sorted_places(group: &[Scored<'_>], key: impl Fn(&Scored<'_>) -> f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..group.len()).collect();
    order.sort_unstable_by(|a, b| key(&group[*a]).total_cmp(&key(&group[*b])).then(a.cmp(b)));
    order
}

/// Σ fastest / Σ fastest of the `k` predicted fastest, over groups sorted by measurement; `None` without a group.
fn top<'a>(groups: impl Iterator<Item = &'a [Scored<'a>]>, k: usize) -> Option<f64> {
    let (mut best, mut found) = (0.0, 0.0);
    for group in groups {
        let mut ranked: Vec<&Scored<'_>> = group.iter().collect();
        ranked.sort_by(|a, b| a.predicted_s.total_cmp(&b.predicted_s).then(b.measured_s.total_cmp(&a.measured_s)));
        let fastest = |scored: &[&Scored<'_>]| scored.iter().map(|s| s.measured_s).fold(f64::INFINITY, f64::min);
        best += group[0].measured_s;
        found += fastest(&ranked[..k.min(ranked.len())]);
    }
    (found > 0.0).then(|| (best / found).min(1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PREDICTIONS: [(&str, &str, f64, f64); 17] = [
        ("a", "x", 10.0, 11.5),
        ("a", "x", 20.0, 18.0),
        ("a", "x", 30.0, 18.0),
        ("a", "x", 30.0, 40.0),
        ("a", "x", 50.0, 33.0),
        ("a", "x", 60.0, 65.0),
        ("a", "x", 70.0, 64.0),
        ("a", "y", 5.0, 5.0),
        ("a", "y", 4.0, 5.0),
        ("a", "y", 3.0, 5.0),
        ("b", "x", 100.0, 61.0),
        ("b", "x", 90.0, 62.0),
        ("b", "x", 80.0, 63.0),
        ("b", "x", 70.0, 64.0),
        ("b", "x", 60.0, 65.0),
        ("b", "x", 50.0, 66.0),
        ("c", "y", 7.0, 9.0),
    ];

    /// Numbers from scikit-learn 1.9.1 and scipy 1.17.1:
    /// ```python
    /// import numpy as np
    /// from scipy.stats import spearmanr
    /// from sklearn.metrics import mean_absolute_percentage_error, root_mean_squared_error
    /// groups = {}
    /// for task, hardware, y, p in PREDICTIONS:
    ///     group = groups.setdefault((task, hardware), ([], []))
    ///     group[0].append(y * 1e-6), group[1].append(p * 1e-6)
    /// y, p = (np.concatenate([g[i] for g in groups.values()]) for i in (0, 1))
    /// ape = abs(p - y) / y
    /// print(mean_absolute_percentage_error(y, p), np.median(ape), (ape <= 0.1).mean(), (ape <= 0.2).mean(),
    ///       root_mean_squared_error(y, p))
    /// pair = lambda y, p: np.mean([0.5 + 0.5 * np.sign((y[i] - y[j]) * (p[i] - p[j]))
    ///                              for i in range(len(y)) for j in range(i) if y[i] != y[j]])
    /// ranked = [g for g in groups.values() if len(g[0]) > 1]
    /// print(np.mean([pair(*g) for g in ranked]), np.mean([np.nan_to_num(spearmanr(*g).statistic) for g in ranked]))
    /// pick = lambda y, p, k: min(-y for _, y in sorted(zip(p, [-y for y in y]))[:k])
    /// print([sum(min(y) for y, _ in ranked) / sum(pick(y, p, k) for y, p in ranked) for k in (1, 5)])
    /// ```
    #[test]
    fn agrees_with_scikit_learn_and_scipy() {
        let scored = PREDICTIONS.map(|(task, hardware, y, p)| Scored {
            task,
            hardware,
            measured_s: y * 1e-6,
            predicted_s: p * 1e-6,
        });
        let Metrics { n, mape, median_ape, within_10, within_20, rmse_s, pairwise, spearman, top1, top5 } =
            Metrics::of(&scored);
        assert_eq!(n, 17);
        let ranking = [pairwise, spearman, top1, top5].map(|value| value.expect("there are groups"));
        let found = [[mape, median_ape, within_10, within_20, rmse_s * 1e5].as_slice(), &ranking].concat();
        let expected = [
            0.2410247432306256,
            0.25,
            6.0 / 17.0,
            7.0 / 17.0,
            1.439_004_966_675_809,
            0.4583333333333333,
            -0.03939393939393939,
            0.5478260869565218,
            0.863013698630137,
        ];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-12, "{found} is not {expected}");
        }
    }

    #[test]
    fn nothing_to_rank_and_nothing_at_all() {
        let one = Scored { task: "a", hardware: "x", measured_s: 2.0, predicted_s: 1.0 };
        let metrics = Metrics::of(&[one, Scored { hardware: "y", ..one }]);
        assert_eq!((metrics.n, metrics.mape, metrics.pairwise, metrics.spearman), (2, 0.5, None, None));
        assert_eq!((metrics.top1, metrics.top5), (None, None));

        // Two programs that take the same time can be told apart by no one.
        let same = Metrics::of(&[one, Scored { predicted_s: 3.0, ..one }]);
        assert_eq!((same.pairwise, same.spearman, same.top1), (None, None, Some(1.0)));

        let none = Metrics::of(&[]);
        assert_eq!((none.n, none.mape, none.median_ape, none.rmse_s, none.top5), (0, 0.0, 0.0, 0.0, None));
        let json = serde_json::to_string(&none).unwrap();
        assert_eq!(serde_json::from_str::<Metrics>(&json).unwrap(), none);
    }

    #[test]
    fn what_is_no_latency_is_not_counted() {
        let good = Scored { task: "a", hardware: "x", measured_s: 2.0, predicted_s: 2.0 };
        let bad = [
            Scored { measured_s: 0.0, ..good },
            Scored { measured_s: -1.0, ..good },
            Scored { measured_s: f64::NAN, ..good },
            Scored { measured_s: f64::INFINITY, ..good },
            Scored { predicted_s: f64::NAN, ..good },
            Scored { predicted_s: f64::INFINITY, ..good },
        ];
        assert_eq!(Metrics::of(&[[good].as_slice(), &bad].concat()), Metrics::of(&[good]));
        let wild = Metrics::of(&[Scored { measured_s: 1e-300, predicted_s: 1e300, ..good }; 2]);
        assert_eq!((wild.mape, wild.median_ape), (f64::MAX, f64::MAX));
        assert!(wild.rmse_s.is_finite());
    }

    /// Few different values, so that ties are common.
    fn predictions() -> impl Strategy<Value = Vec<(u8, u8, u8, u8)>> {
        prop::collection::vec((0..3_u8, 0..2_u8, 1..20_u8, 1..20_u8), 0..60)
    }

    fn scored(rows: &[(u8, u8, u8, u8)]) -> Vec<Scored<'static>> {
        let one = |(task, hardware, y, p): &(u8, u8, u8, u8)| Scored {
            task: ["a", "b", "c"][usize::from(*task)],
            hardware: ["x", "y"][usize::from(*hardware)],
            measured_s: f64::from(*y) / 7.0,
            predicted_s: f64::from(*p) / 7.0,
        };
        rows.iter().map(one).collect()
    }

    /// All pairs of a group, one by one.
    fn slow_pairwise(group: &[Scored<'_>]) -> Option<f64> {
        let pairs = group.iter().enumerate().flat_map(|(i, a)| group[..i].iter().map(move |b| (a, b)));
        average(pairs.filter(|(a, b)| a.measured_s != b.measured_s).map(|(a, b)| {
            match (a.predicted_s - b.predicted_s) * (a.measured_s - b.measured_s) {
                x if x > 0.0 => 1.0,
                x if x < 0.0 => 0.0,
                _ => 0.5,
            }
        }))
    }

    proptest! {
        #[test]
        fn stay_in_their_ranges_and_do_not_depend_on_the_order(
            (rows, shuffled) in predictions().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        ) {
            let metrics = Metrics::of(&scored(&rows));
            prop_assert_eq!(metrics, Metrics::of(&scored(&shuffled)));
            prop_assert!(metrics.mape >= 0.0 && metrics.median_ape >= 0.0 && metrics.rmse_s >= 0.0);
            prop_assert!(0.0 <= metrics.within_10 && metrics.within_10 <= metrics.within_20);
            prop_assert!(metrics.within_20 <= 1.0);
            prop_assert!(metrics.pairwise.is_none_or(|share| (0.0..=1.0).contains(&share)));
            prop_assert!(metrics.spearman.is_none_or(|rho| (-1.0..=1.0).contains(&rho)));
            prop_assert!(metrics.top1.is_none_or(|score| 0.0 < score && score <= metrics.top5.unwrap_or(0.0)));
            prop_assert!(metrics.top5.is_none_or(|score| score <= 1.0));
        }

        #[test]
        fn a_perfect_prediction_is_perfect(rows in predictions()) {
            let perfect: Vec<_> = rows.into_iter().map(|(task, hardware, y, _)| (task, hardware, y, y)).collect();
            let metrics = Metrics::of(&scored(&perfect));
            prop_assert_eq!((metrics.mape, metrics.median_ape, metrics.rmse_s), (0.0, 0.0, 0.0));
            prop_assert_eq!(metrics.within_10, if perfect.is_empty() { 0.0 } else { 1.0 });
            for ranking in [metrics.pairwise, metrics.top1, metrics.top5] {
                prop_assert!(ranking.is_none_or(|value| value == 1.0));
            }
            prop_assert!(metrics.spearman.is_none_or(|rho| rho > 1.0 - 1e-12));
        }

        #[test]
        fn counting_pairs_by_a_tree_is_counting_them_one_by_one(rows in predictions()) {
            let mut group = scored(&rows);
            group.sort_by(|a, b| a.measured_s.total_cmp(&b.measured_s));
            prop_assert_eq!(pairwise(&group).is_some(), slow_pairwise(&group).is_some());
            let difference = pairwise(&group).unwrap_or(0.0) - slow_pairwise(&group).unwrap_or(0.0);
            prop_assert!(difference.abs() < 1e-12);
        }
    }
}
