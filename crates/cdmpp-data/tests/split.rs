//! The promises of `split`, on drawn sets of samples.

use std::collections::{BTreeMap, BTreeSet};

use cdmpp_data::{DataError, Fingerprint, SampleKey, Split, SplitBy, Unit, split};
use expect_test::{Expect, expect};
use proptest::prelude::*;

/// An owned sample.
#[derive(Clone, Debug)]
struct Sample {
    task: String,
    program: String,
    hardware: String,
    networks: BTreeMap<String, u32>,
}

impl Sample {
    fn new(task: usize, program: usize, hardware: usize, networks: &[usize]) -> Self {
        Self {
            task: format!("task{task}"),
            program: format!("program{program}"),
            hardware: format!("hw{hardware}"),
            networks: networks.iter().map(|network| (format!("net{network}"), 1)).collect(),
        }
    }

    fn key(&self) -> SampleKey<'_> {
        SampleKey {
            task: &self.task,
            program: Fingerprint::of(&self.program),
            hardware: &self.hardware,
            networks: &self.networks,
        }
    }
}

fn keys(samples: &[Sample]) -> Vec<SampleKey<'_>> {
    samples.iter().map(Sample::key).collect()
}

fn names(prefix: &str, numbers: &[usize]) -> Vec<String> {
    numbers.iter().map(|number| format!("{prefix}{number}")).collect()
}

fn any_samples() -> impl Strategy<Value = Vec<Sample>> {
    let sample = (0..12_usize, 0..4_usize, 0..3_usize, prop::collection::vec(0..4_usize, 0..3))
        .prop_map(|(task, program, hardware, networks)| Sample::new(task, program, hardware, &networks));
    prop::collection::vec(sample, 1..80)
}

fn any_by() -> impl Strategy<Value = SplitBy> {
    let some = || prop::collection::vec(0..4_usize, 0..3);
    prop_oneof![
        Just(SplitBy::NoTest),
        (0.01..0.99).prop_map(SplitBy::Records),
        (0.01..0.99).prop_map(SplitBy::Tasks),
        some().prop_map(|networks| SplitBy::Networks(names("net", &networks))),
        some().prop_map(|hardware| SplitBy::Hardware(names("hw", &hardware))),
        (some(), some()).prop_map(|(networks, hardware)| SplitBy::NetworksAndHardware {
            networks: names("net", &networks),
            hardware: names("hw", &hardware),
        }),
    ]
}

/// What the samples of a set have, by some property.
fn all_of<'a, T: Ord>(samples: &'a [Sample], set: &[usize], of: impl Fn(&'a Sample) -> T) -> BTreeSet<T> {
    set.iter().map(|&index| of(&samples[index])).collect()
}

proptest! {
    #[test]
    fn no_sample_is_in_two_sets_or_none(samples in any_samples(), by in any_by(), validation in 0.0..0.9, seed: u64) {
        if let Ok(Split { train, validation, test, unused, .. }) = split(&keys(&samples), &by, validation, seed) {
            let mut all = [&train[..], &validation[..], &test[..], &unused[..]].concat();
            for set in [&train, &validation, &test, &unused] {
                prop_assert!(set.is_sorted());
            }
            all.sort_unstable();
            prop_assert_eq!(all, (0..samples.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn nothing_leaks(samples in any_samples(), by in any_by(), validation in 0.0..0.9, seed: u64) {
        let Ok(sets) = split(&keys(&samples), &by, validation, seed) else { return Ok(()) };
        let learned = [&sets.train[..], &sets.validation[..]].concat();
        fn program(sample: &Sample) -> (&str, &str) {
            (&sample.task, &sample.program)
        }
        fn task(sample: &Sample) -> &str {
            &sample.task
        }
        prop_assert!(all_of(&samples, &sets.train, program).is_disjoint(&all_of(&samples, &sets.validation, program)));
        let by_program = matches!(by, SplitBy::Records(_)) || sets.validation_unit == Unit::Program;
        prop_assert!(!by_program || matches!(by, SplitBy::NoTest | SplitBy::Records(_) | SplitBy::Hardware(_)));
        if !by_program {
            prop_assert!(all_of(&samples, &sets.train, task).is_disjoint(&all_of(&samples, &sets.validation, task)));
        }
        let (networks, hardware) = match &by {
            SplitBy::NoTest => {
                prop_assert!(sets.test.is_empty() && sets.unused.is_empty());
                (&[][..], &[][..])
            }
            SplitBy::Records(_) => {
                prop_assert!(all_of(&samples, &learned, program).is_disjoint(&all_of(&samples, &sets.test, program)));
                (&[][..], &[][..])
            }
            SplitBy::Tasks(_) => {
                prop_assert!(all_of(&samples, &learned, task).is_disjoint(&all_of(&samples, &sets.test, task)));
                (&[][..], &[][..])
            }
            SplitBy::Networks(networks) => (&networks[..], &[][..]),
            SplitBy::Hardware(hardware) => (&[][..], &hardware[..]),
            SplitBy::NetworksAndHardware { networks, hardware } => (&networks[..], &hardware[..]),
        };
        let in_network = |sample: &Sample| networks.iter().any(|name| sample.networks.contains_key(name));
        let on_hardware = |sample: &Sample| hardware.contains(&sample.hardware);
        let held_out_tasks: BTreeSet<&str> = samples.iter().filter(|sample| in_network(sample)).map(task).collect();
        for &index in &learned {
            prop_assert!(!held_out_tasks.contains(task(&samples[index])) && !on_hardware(&samples[index]));
        }
        if !networks.is_empty() || !hardware.is_empty() {
            for (index, sample) in samples.iter().enumerate() {
                prop_assert_eq!(sets.test.contains(&index), in_network(sample) || on_hardware(sample));
            }
        }
        for &index in &sets.unused {
            prop_assert!(held_out_tasks.contains(task(&samples[index])));
        }
    }

    #[test]
    fn a_draw_fails_only_for_want_of_units(samples in any_samples(), fraction in 0.01..0.99, seed: u64) {
        let n_tasks = all_of(&samples, &(0..samples.len()).collect::<Vec<_>>(), |sample| sample.task.clone()).len();
        match split(&keys(&samples), &SplitBy::Tasks(fraction), 0.0, seed) {
            Ok(sets) => prop_assert!(n_tasks >= 2 && !sets.test.is_empty() && !sets.train.is_empty()),
            Err(error) => {
                let is_empty = matches!(error, DataError::EmptySet { set: "test", .. });
                prop_assert!(is_empty && n_tasks < 2);
            }
        }
    }

    #[test]
    fn the_order_of_samples_does_not_matter(samples in any_samples(), by in any_by(), seed: u64) {
        let reversed: Vec<Sample> = samples.iter().rev().cloned().collect();
        let mirror = |set: &[usize]| -> Vec<usize> { set.iter().rev().map(|index| samples.len() - 1 - index).collect() };
        match (split(&keys(&samples), &by, 0.2, seed), split(&keys(&reversed), &by, 0.2, seed)) {
            (Ok(a), Ok(b)) => prop_assert_eq!((mirror(&a.train), mirror(&a.test)), (b.train, b.test)),
            (a, b) => prop_assert!(a.is_err() && b.is_err()),
        }
    }
}

/// 300 tasks with one to seven programs, each on two hardware; every tenth task is of `net1`, the others of `net0`.
fn many(n_tasks: usize) -> Vec<Sample> {
    let programs = |task: usize| (0..1 + task % 7).map(move |program| (task, program));
    let pairs = (0..n_tasks).flat_map(programs).flat_map(|pair| [(pair, 0), (pair, 1)]);
    pairs
        .map(|((task, program), hardware)| Sample::new(task, program, hardware, &[usize::from(task % 10 == 0)]))
        .collect()
}

#[test]
fn sets_are_near_their_fractions_and_change_with_the_seed() {
    let samples = many(300);
    for by in [SplitBy::Records(0.2), SplitBy::Tasks(0.2)] {
        let a = split(&keys(&samples), &by, 0.1, 1).unwrap();
        let n = samples.len() as f64;
        assert!((a.test.len() as f64 / n - 0.2).abs() < 0.07, "{by:?}: {}", a.test.len());
        assert!((a.validation.len() as f64 / n - 0.08).abs() < 0.05, "{by:?}: {}", a.validation.len());
        assert_eq!(a, split(&keys(&samples), &by, 0.1, 1).unwrap());
        let b = split(&keys(&samples), &by, 0.1, 2).unwrap();
        assert!(a.test != b.test && a.validation != b.validation);
        let without = split(&keys(&samples), &by, 0.0, 1).unwrap();
        assert_eq!((without.test, without.validation.len()), (a.test, 0));
    }
}

#[test]
fn a_sample_keeps_its_side_when_others_are_added() {
    let (few, more) = (many(100), many(300));
    for by in [SplitBy::Records(0.3), SplitBy::Tasks(0.3), SplitBy::Networks(names("net", &[1]))] {
        let (a, b) = (split(&keys(&few), &by, 0.2, 9).unwrap(), split(&keys(&more), &by, 0.2, 9).unwrap());
        for (small, large) in [(a.train, b.train), (a.validation, b.validation), (a.test, b.test)] {
            let large: Vec<usize> = large.into_iter().filter(|&index| index < few.len()).collect();
            assert_eq!(small, large, "{by:?}");
        }
    }
}

#[test]
fn few_tasks_are_validated_by_program_for_new_hardware_only() {
    let samples = many(2);
    let unit = |by: &SplitBy, validation| split(&keys(&samples), by, validation, 0).unwrap().validation_unit;
    let hardware = SplitBy::Hardware(names("hw", &[1]));
    assert_eq!((unit(&hardware, 0.1), unit(&hardware, 0.5)), (Unit::Program, Unit::Task));
    let samples = many(50);
    assert_eq!(split(&keys(&samples), &hardware, 0.1, 0).unwrap().validation_unit, Unit::Task);
}

fn check(by: &SplitBy, validation: f64, expect: Expect) {
    let samples =
        [Sample::new(0, 0, 0, &[0]), Sample::new(0, 0, 1, &[0]), Sample::new(1, 0, 0, &[1]), Sample::new(1, 1, 0, &[])];
    let answer = match split(&keys(&samples), by, validation, 0) {
        Ok(Split { train, validation, test, unused, .. }) => {
            format!("train {train:?} validation {validation:?} test {test:?} unused {unused:?}")
        }
        Err(error) => error.to_string(),
    };
    expect.assert_eq(&answer);
}

#[test]
fn held_out_names_and_what_is_refused() {
    let both = |networks, hardware| SplitBy::NetworksAndHardware {
        networks: names("net", networks),
        hardware: names("hw", hardware),
    };
    check(&SplitBy::Networks(names("net", &[0])), 0.0, expect!["train [2, 3] validation [] test [0, 1] unused []"]);
    check(&SplitBy::Networks(names("net", &[1])), 0.0, expect!["train [0, 1] validation [] test [2] unused [3]"]);
    check(&SplitBy::Hardware(names("hw", &[1])), 0.0, expect!["train [0, 2, 3] validation [] test [1] unused []"]);
    check(&both(&[1], &[1]), 0.0, expect!["train [0] validation [] test [1, 2] unused [3]"]);
    check(
        &both(&[0], &[0]),
        0.0,
        expect!["the training set of the split would be empty: the test set and what goes with it take everything"],
    );
    check(
        &SplitBy::Networks(names("net", &[0])),
        0.5,
        expect!["the validation set of the split would be empty: only one unit is left to draw from"],
    );
    check(
        &both(&[], &[]),
        0.0,
        expect!["the test set of the split would be empty: no network and no hardware is held out"],
    );
    check(
        &SplitBy::Networks(names("nett", &[1])),
        0.0,
        expect!["unknown network `nett1`; nearest of 2 in the records: net1, net0"],
    );
    check(
        &SplitBy::Hardware(names("h", &[0])),
        0.0,
        expect!["unknown hardware `h0`; nearest of 2 in the records: hw0, hw1"],
    );
    for bad in [0.0, 1.0, -0.1, f64::NAN] {
        assert!(matches!(
            split(&keys(&many(9)), &SplitBy::Tasks(bad), 0.1, 0),
            Err(DataError::Config { field: "test", .. })
        ));
    }
    for bad in [1.0, -0.1, f64::NAN] {
        assert!(matches!(
            split(&keys(&many(9)), &SplitBy::Tasks(0.5), bad, 0),
            Err(DataError::Config { field: "validation", .. })
        ));
    }
    assert!(matches!(split(&[], &SplitBy::Tasks(0.5), 0.0, 0), Err(DataError::EmptySet { set: "training", .. })));
}
