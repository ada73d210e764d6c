//! What is refused, and how.

use cdmpp_sample::{Budget, KMeansConfig, Rows, SampleError, select_farthest, select_random, select_tasks};
use expect_test::{Expect, expect};

fn check<T>(answer: Result<T, SampleError>, expect: Expect) {
    expect.assert_eq(&answer.err().map_or("accepted".to_owned(), |error| error.to_string()));
}

fn choose(task_of_row: &[usize], budget: &Budget<'_>) -> Result<Vec<usize>, SampleError> {
    select_tasks(Rows::new(&[1.0, 2.0, 3.0], 1)?, task_of_row, budget, &KMeansConfig::default())
}

#[test]
fn rows_that_are_no_matrix_or_hold_no_numbers() {
    check(Rows::new(&[1.0; 7], 3), expect!["7 values do not make rows of 3"]);
    check(Rows::new(&[1.0; 7], 0), expect!["7 values do not make rows of 0"]);
    check(Rows::new(&[], 0), expect!["0 values do not make rows of 0"]);
    check(Rows::new(&[1.0, 2.0, 3.0, f32::NAN], 2), expect!["row 1, column 1: must be finite, not NaN"]);
    check(Rows::new(&[1.0, 2.0, f32::NEG_INFINITY, 4.0], 2), expect!["row 1, column 0: must be finite, not -inf"]);
}

#[test]
fn rows_and_tasks_of_different_numbers() {
    check(choose(&[0, 1], &Budget::of(1)), expect!["there are 3 rows, and the tasks of 2"]);
    let rows = Rows::new(&[1.0, 2.0], 1).unwrap();
    check(select_farthest(rows, &[0, 1, 2], &Budget::of(1)), expect!["there are 2 rows, and the tasks of 3"]);
}

#[test]
fn weights_that_are_missing_or_no_weights() {
    let with = |weights: &[f64]| choose(&[0, 1, 4], &Budget { weights: Some(weights), ..Budget::of(1) });
    check(with(&[1.0; 5]), expect!["accepted"]);
    check(with(&[1.0; 6]), expect!["accepted"]);
    check(with(&[1.0; 4]), expect!["task 4: its weight must be finite and not negative, and is missing"]);
    check(
        with(&[1.0, -0.5, 1.0, 1.0, 1.0]),
        expect!["task 1: its weight must be finite and not negative, and is -0.5"],
    );
    check(with(&[f64::NAN; 5]), expect!["task 0: its weight must be finite and not negative, and is NaN"]);
    check(
        with(&[1.0, f64::INFINITY, 1.0, 1.0, 1.0]),
        expect!["task 1: its weight must be finite and not negative, and is inf"],
    );
    // Tasks 2 and 3 have no row.
    check(with(&[1.0, 1.0, f64::NAN, -1.0, 1.0]), expect!["accepted"]);
}

#[test]
fn must_haves_that_are_no_candidates_or_too_many() {
    fn with(must_have: &[usize], n_tasks: usize) -> Budget<'_> {
        Budget { must_have, ..Budget::of(n_tasks) }
    }
    check(choose(&[0, 1, 4], &with(&[4, 2], 3)), expect!["task 2 is a must-have, and no row is of it"]);
    check(choose(&[0, 1, 4], &with(&[4, 0, 4], 1)), expect!["a budget of 1 tasks cannot hold 2 must-haves"]);
    check(select_random(&[0, 1, 4], &with(&[4, 0], 0), 0), expect!["a budget of 0 tasks cannot hold 2 must-haves"]);
    check(choose(&[0, 1, 4], &with(&[4, 0, 4], 2)), expect!["accepted"]);
}

#[test]
fn settings_out_of_range() {
    let config = KMeansConfig { max_iterations: 0, ..KMeansConfig::default() };
    check(config.check(), expect!["`max_iterations` must be at least 1"]);
    let rows = Rows::new(&[1.0], 1).unwrap();
    check(select_tasks(rows, &[0], &Budget::of(1), &config), expect!["`max_iterations` must be at least 1"]);
}

#[test]
fn settings_are_read_with_defaults_and_without_strangers() {
    let read = |text| serde_json::from_str::<KMeansConfig>(text);
    assert_eq!(read(r#"{"seed": 3}"#).unwrap(), KMeansConfig { seed: 3, ..KMeansConfig::default() });
    assert!(read(r#"{"clusters": 3}"#).unwrap_err().to_string().starts_with("unknown field `clusters`"));
}
