//! The meaning of random programs, by the interpreter: the canonical form and the text form keep it.

use cdmpp_ir::{Elements, Program};
use proptest::prelude::*;

use crate::random::bounded_program;

/// More steps than any of the programs takes.
const MAX_STEPS: u64 = 20_000_000;

/// What a program leaves in its parameters, which start with numbers of their own.
pub(crate) fn run(program: &Program) -> Vec<Elements> {
    let input = |(number, param): (usize, &cdmpp_ir::BufferId)| {
        let n = program[*param].n_elements();
        Elements::Ints((0..n).map(|at| (at * 37 + number as i64 * 11) % 101 - 50).collect())
    };
    let inputs = program.params().iter().enumerate().map(input).collect();
    program.interpret(inputs, MAX_STEPS).unwrap_or_else(|error| panic!("{error}\n{program}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_canonical_form_keeps_results(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let program = bounded_program(&bytes);
        let canonical = program.canonical();
        prop_assert_eq!(run(&program), run(&canonical), "{}\n{}", program, canonical);
    }

    #[test]
    fn the_text_form_keeps_results(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let program = bounded_program(&bytes);
        let read: Program = program.to_string().parse().unwrap();
        prop_assert_eq!(run(&program), run(&read), "{}", program);
    }

    #[test]
    fn what_stays_inside_is_not_reported(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let program = bounded_program(&bytes);
        prop_assert!(program.check_bounds(MAX_STEPS).are_kept(), "{}", program);
    }
}
