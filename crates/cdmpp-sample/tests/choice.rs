//! What every choice promises, and what each answers for odd questions.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use cdmpp_sample::{Budget, KMeansConfig, Rows, SampleError, select_farthest, select_random, select_tasks};
use proptest::prelude::*;

/// The three choosing functions, as one kind.
type Choose = fn(Rows<'_>, &[usize], &Budget<'_>, u64) -> Result<Vec<usize>, SampleError>;

fn kmeans(rows: Rows<'_>, task_of_row: &[usize], budget: &Budget<'_>, seed: u64) -> Result<Vec<usize>, SampleError> {
    select_tasks(rows, task_of_row, budget, &KMeansConfig { seed, ..KMeansConfig::default() })
}

const METHODS: [(&str, Choose); 3] = [
    ("kmeans", kmeans),
    ("farthest", |rows, task_of_row, budget, _| select_farthest(rows, task_of_row, budget)),
    ("random", |_, task_of_row, budget, seed| select_random(task_of_row, budget, seed)),
];

/// A question: rows, their tasks, must-haves and perhaps weights.
#[derive(Clone, Debug)]
struct Question {
    dim: usize,
    values: Vec<f32>,
    task_of_row: Vec<usize>,
    must_have: Vec<usize>,
    weights: Option<Vec<f64>>,
}

impl Question {
    fn ask(&self, choose: Choose, n_tasks: usize, seed: u64) -> Vec<usize> {
        let budget = Budget { n_tasks, must_have: &self.must_have, weights: self.weights.as_deref() };
        choose(Rows::new(&self.values, self.dim).unwrap(), &self.task_of_row, &budget, seed).unwrap()
    }

    fn tasks(&self) -> BTreeSet<usize> {
        self.task_of_row.iter().copied().collect()
    }

    /// The same rows, each with its task, in another order.
    fn in_order(&self, order: &[usize]) -> Self {
        let row = |&row: &usize| &self.values[row * self.dim..(row + 1) * self.dim];
        Self {
            values: order.iter().flat_map(row).copied().collect(),
            task_of_row: order.iter().map(|&row| self.task_of_row[row]).collect(),
            ..self.clone()
        }
    }
}

/// Values on a small grid, so that many rows are equal, or anywhere.
fn values(n: usize) -> impl Strategy<Value = Vec<f32>> {
    prop_oneof![
        prop::collection::vec((-2..3_i8).prop_map(f32::from), n),
        prop::collection::vec(-1e3..1e3_f32, n),
        prop::collection::vec(any::<f32>().prop_filter("finite", |x| x.is_finite()), n),
    ]
}

/// Up to 30 rows of up to 20 columns (more than the distance adds up at once) of up to 12 tasks.
fn question() -> impl Strategy<Value = Question> {
    (0..30_usize, 1..20_usize).prop_flat_map(|(n_rows, dim)| {
        let task_of_row = prop::collection::vec(0..12_usize, n_rows);
        let weights = prop::option::of(prop::collection::vec(prop_oneof![Just(0.0), 0.0..5.0], 12));
        (values(n_rows * dim), task_of_row, prop::collection::vec(any::<prop::sample::Index>(), 0..4), weights)
            .prop_map(move |(values, task_of_row, picks, weights)| {
                let pick = |pick: prop::sample::Index| task_of_row[pick.index(task_of_row.len())];
                let must_have = if task_of_row.is_empty() { Vec::new() } else { picks.into_iter().map(pick).collect() };
                Question { dim, values, task_of_row, must_have, weights }
            })
    })
}

proptest! {
    #[test]
    fn a_choice_is_of_the_asked_size_without_repetition_and_begins_with_the_must_haves(
        question in question(), more in 0..14_usize, seed in 0..3_u64,
    ) {
        let mut must_have = Vec::new();
        for &task in &question.must_have {
            if !must_have.contains(&task) {
                must_have.push(task);
            }
        }
        let n_tasks = must_have.len() + more;
        for (name, choose) in METHODS {
            let chosen = question.ask(choose, n_tasks, seed);
            let tasks = question.tasks();
            prop_assert_eq!(chosen.len(), n_tasks.min(tasks.len()), "{}", name);
            prop_assert_eq!(chosen.iter().collect::<BTreeSet<_>>().len(), chosen.len(), "{}", name);
            prop_assert!(chosen.iter().all(|task| tasks.contains(task)), "{}", name);
            prop_assert_eq!(&chosen[..must_have.len()], &must_have[..], "{}", name);
            prop_assert_eq!(&question.ask(choose, n_tasks, seed), &chosen, "{}: the same seed", name);

            if let Some(weights) = &question.weights {
                let rest = &chosen[must_have.len()..];
                let with_weight = rest.iter().take_while(|&&task| weights[task] > 0.0).count();
                let left = tasks.iter().filter(|task| weights[**task] > 0.0 && !chosen.contains(task)).count();
                prop_assert!(rest[with_weight..].iter().all(|&task| weights[task] == 0.0), "{}", name);
                prop_assert!(with_weight == rest.len() || left == 0, "{}: a task without weight before others", name);
            }
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(
        (question, order) in question().prop_flat_map(|question| {
            let order: Vec<usize> = (0..question.task_of_row.len()).collect();
            (Just(question), Just(order).prop_shuffle())
        }),
        n_tasks in 4..9_usize,
    ) {
        for (name, choose) in METHODS {
            prop_assert_eq!(question.in_order(&order).ask(choose, n_tasks, 1), question.ask(choose, n_tasks, 1), "{}", name);
        }
    }

    #[test]
    fn the_same_programs_are_chosen_under_other_numbers(
        (values, order) in prop::collection::btree_set(-500..500_i16, 2..40).prop_flat_map(|values| {
            let order: Vec<usize> = (0..values.len() / 2).collect();
            (Just(values.into_iter().map(f32::from).collect::<Vec<_>>()), Just(order).prop_shuffle())
        }),
        n_programs in 0..12_usize,
    ) {
        // Each row is a task of its own, and no two rows are equal.
        let n_rows = order.len();
        let question = Question {
            dim: 2,
            values: values[..2 * n_rows].to_vec(),
            task_of_row: (0..n_rows).collect(),
            must_have: Vec::new(),
            weights: None,
        };
        let renumbered = Question { task_of_row: (0..n_rows).collect(), ..question.in_order(&order) };
        for (name, choose) in &METHODS[..2] {
            let chosen: Vec<usize> =
                renumbered.ask(*choose, n_programs, 0).iter().map(|&program| order[program]).collect();
            prop_assert_eq!(chosen, question.ask(*choose, n_programs, 0), "{}", name);
        }
    }

    #[test]
    fn a_common_factor_does_not_matter(question in question(), n_tasks in 4..9_usize) {
        // A power of two, so that nothing is rounded, of values that stay within the range.
        let mut question = question;
        question.values.iter_mut().for_each(|x| *x = x.clamp(-1e6, 1e6).round());
        let values = question.values.iter().map(|x| x * 1024.0).collect();
        let larger = Question { values, ..question.clone() };
        for (name, choose) in METHODS {
            prop_assert_eq!(larger.ask(choose, n_tasks, 1), question.ask(choose, n_tasks, 1), "{}", name);
        }
    }

    #[test]
    fn a_larger_budget_begins_with_the_choice_of_a_smaller_one(question in question(), more in 0..5_usize) {
        for (name, choose) in &METHODS[1..] {
            let (smaller, larger) = (question.ask(*choose, 4, 1), question.ask(*choose, 4 + more, 1));
            prop_assert_eq!(&larger[..smaller.len()], &smaller[..], "{}", name);
        }
    }
}

#[test]
fn no_rows_and_no_budget_choose_nothing() {
    for (name, choose) in METHODS {
        let empty = choose(Rows::new(&[], 3).unwrap(), &[], &Budget::of(5), 0).unwrap();
        let nothing = choose(Rows::new(&[1.0, 2.0], 1).unwrap(), &[0, 1], &Budget::of(0), 0).unwrap();
        assert_eq!((empty, nothing), (vec![], vec![]), "{name}");
    }
}

#[test]
fn equal_rows_still_fill_the_budget_in_order() {
    for (name, choose) in &METHODS[..2] {
        let chosen = choose(Rows::new(&[7.5; 12], 2).unwrap(), &[5, 4, 3, 2, 1, 0], &Budget::of(4), 0).unwrap();
        assert_eq!(chosen, [0, 1, 2, 3], "{name}");
    }
}

#[test]
fn clusters_take_turns_when_they_are_fewer_than_the_budget() {
    // Three places with four, two and one tasks: five wanted.
    let rows = [1.0, 1.0, 1.0, 1.0, 5.0, 5.0, 30.0];
    let chosen = kmeans(Rows::new(&rows, 1).unwrap(), &[0, 1, 2, 3, 4, 5, 6], &Budget::of(5), 0).unwrap();
    assert_eq!(chosen, [0, 4, 6, 1, 5]);
}

#[test]
fn the_largest_numbers_are_no_trouble() {
    let rows = [f32::MAX, f32::MIN, f32::MIN, f32::MAX, f32::MAX, f32::MIN_POSITIVE];
    for (name, choose) in METHODS {
        let weights = [f64::MAX, f64::MIN_POSITIVE, f64::MAX];
        let budget = Budget { weights: Some(&weights), ..Budget::of(3) };
        let mut chosen = choose(Rows::new(&rows, 2).unwrap(), &[0, 1, 2], &budget, 0).unwrap();
        chosen.sort_unstable();
        assert_eq!(chosen, [0, 1, 2], "{name}");
    }
}

#[test]
fn must_haves_cover_their_clusters() {
    // Blobs around 0 (three tasks), 10 (four) and 20 (three).
    let rows = [0.0, 0.1, 0.3, 10.0, 10.1, 10.15, 10.6, 20.0, 20.1, 20.3];
    let task_of_row = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    let choose = |n_tasks, must_have: &[usize]| {
        let budget = Budget { must_have, ..Budget::of(n_tasks) };
        kmeans(Rows::new(&rows, 1).unwrap(), &task_of_row, &budget, 0).unwrap()
    };
    assert_eq!(choose(3, &[]), [5, 1, 8], "the larger first, and of equals the one of the first rows");
    assert_eq!(choose(3, &[7]), [7, 5, 1], "the blob of 7 is not measured again");
    assert_eq!(choose(4, &[0, 2]), [0, 2, 5, 8], "the others still get one each");
    assert_eq!(choose(3, &[7, 9]), [7, 9, 5], "the largest of those that none covers");
    assert_eq!(choose(2, &[2, 5]), [2, 5]);
    assert_eq!(choose(2, &[2, 5, 2]), [2, 5], "saying a must-have twice changes nothing");
}

#[test]
fn weights_count_for_a_task_and_not_for_each_of_its_rows() {
    // Task 0 has many rows near 0, task 1 a single one at 10.
    let rows = [0.0, 0.1, 0.2, 0.3, 0.4, 10.0];
    let choose = |weights: Option<&[f64]>| {
        let budget = Budget { weights, ..Budget::of(2) };
        kmeans(Rows::new(&rows, 1).unwrap(), &[0, 0, 0, 0, 0, 1], &budget, 0).unwrap()
    };
    assert_eq!(choose(None), [0, 1]);
    assert_eq!(choose(Some(&[1.0, 2.0])), [1, 0]);
    assert_eq!(choose(Some(&[2.0, 1.0])), [0, 1]);
    assert_eq!(choose(Some(&[0.0, 0.0])), choose(None), "all 0 is as good as none");
}

#[test]
fn a_farthest_task_is_weighed() {
    let rows = [0.0, 1.0, 4.0, 6.0];
    let choose = |weights: Option<&[f64]>| {
        let budget = Budget { weights, must_have: &[0], ..Budget::of(2) };
        select_farthest(Rows::new(&rows, 1).unwrap(), &[0, 1, 2, 3], &budget).unwrap()
    };
    assert_eq!(choose(None), [0, 3]);
    assert_eq!(choose(Some(&[1.0, 1.0, 2.0, 1.0])), [0, 2]);
    assert_eq!(choose(Some(&[1.0, 100.0, 2.0, 1.0])), [0, 1]);
}

#[test]
fn lots_fall_by_weight() {
    let weights = [1.0, 0.0, 3.0];
    let budget = Budget { weights: Some(&weights), ..Budget::of(1) };
    let first = |seed| select_random(&[0, 1, 2], &budget, seed).unwrap()[0];
    let share = (0..2000).filter(|&seed| first(seed) == 2).count() as f64 / 2000.0;
    // Three deviations of the mean of 2,000 draws are 0.03.
    assert!((share - 0.75).abs() < 0.03, "{share}");
    assert!((0..2000).all(|seed| first(seed) != 1));
}

#[test]
fn kmeans_leaves_less_uncovered_than_lots() {
    // Twenty crowds of different sizes: the mean distance of a row to the nearest chosen one.
    let mut rows = Vec::new();
    for crowd in 0..20_usize {
        for member in 0..2 + 3 * crowd {
            let x = (crowd * 7 % 20) as f32 + (member * 37 % 100) as f32 / 400.0;
            rows.extend([x, (crowd * 3 % 20) as f32 + (member * 61 % 100) as f32 / 400.0]);
        }
    }
    let n = rows.len() / 2;
    let programs: Vec<usize> = (0..n).collect();
    let uncovered = |chosen: &[usize]| {
        let distance = |a: usize, b: usize| (rows[2 * a] - rows[2 * b]).hypot(rows[2 * a + 1] - rows[2 * b + 1]);
        let nearest = |row: usize| chosen.iter().map(|&chosen| distance(row, chosen)).fold(f32::INFINITY, f32::min);
        programs.iter().map(|&row| nearest(row)).sum::<f32>() / n as f32
    };
    for seed in 0..10 {
        let by_kmeans = kmeans(Rows::new(&rows, 2).unwrap(), &programs, &Budget::of(20), seed).unwrap();
        let by_lot = select_random(&programs, &Budget::of(20), seed).unwrap();
        assert!(uncovered(&by_kmeans) < 0.5 * uncovered(&by_lot), "seed {seed}");
    }
}
