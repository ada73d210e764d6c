//! The limits on the size of programs: beyond each there is an error, and what is within them needs little stack.

use cdmpp_ir::{AnsorFeaturizer, CompactAst, MAX_DEPTH, MAX_STORES, Program, TextError, VerifyError, Work};

/// Runs with a quarter of the stack that Rust gives a new thread.
fn in_tiny_thread(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(run).expect("a thread starts");
    thread.join().expect("nothing panics");
}

/// A sum, nested as little as possible.
fn balanced(mut terms: Vec<String>) -> String {
    while terms.len() > 1 {
        terms = terms
            .chunks(2)
            .map(|pair| match pair {
                [a, b] => format!("({a} + {b})"),
                _ => pair.concat(),
            })
            .collect();
    }
    terms.concat()
}

/// Encodes a program with one index.
fn encode(index: &str) -> CompactAst {
    let text = format!("program p(x: float32[4]) {{ for i in 0..1000000 {{ x[{index}] = 1.0 }} }}");
    let program: Program = text.parse().expect("the program keeps to the limits");
    let canonical = program.canonical();
    assert_eq!(canonical.verify(), Ok(()));
    assert_eq!(canonical.canonical(), canonical);
    CompactAst::encode(&program, &AnsorFeaturizer)
}

#[test]
fn sums_of_many_terms_are_encoded() {
    in_tiny_thread(|| {
        for n_terms in [2, 255, 256, 257, 6_700, 30_000] {
            let terms = (2..n_terms + 2).map(|divisor| format!("i // {divisor}")).collect();
            assert_eq!(encode(&balanced(terms)).n_leaves(), 1);
        }
    });
}

#[test]
fn sums_of_sums_are_encoded() {
    in_tiny_thread(|| {
        let mut index = "i".to_owned();
        for level in 0..25 {
            let terms = (2..202).map(|divisor| format!("i // {divisor}")).chain([format!("({index} % 9{level})")]);
            index = balanced(terms.collect());
        }
        assert_eq!(encode(&index).n_leaves(), 1);
    });
}

#[test]
fn the_deepest_sum_is_encoded() {
    in_tiny_thread(|| {
        let terms: Vec<String> = (2..MAX_DEPTH).map(|divisor| format!("i // {divisor}")).collect();
        assert_eq!(encode(&terms.join(" + ")).n_leaves(), 1);
    });
}

#[test]
fn a_program_with_too_many_stores_is_refused() {
    let text = |n: usize| format!("program p(x: float32[4]) {{ {} }}", "x[0] = 1.0\n".repeat(n));
    assert!(text(MAX_STORES).parse::<Program>().is_ok());
    let error = text(20_000).parse::<Program>().unwrap_err();
    assert!(matches!(error, TextError::Invalid { source: VerifyError::TooLarge { .. }, .. }), "{error:?}");
}

#[test]
fn many_parameters_are_counted() {
    let params: Vec<String> = (0..200_000).map(|at| format!("p{at}: float32[4]")).collect();
    let program: Program = format!("program p({}) {{ p7[0] = p9[1] }}", params.join(", ")).parse().unwrap();
    assert_eq!(Work::of(&program).footprint_bytes, 8.0);
    assert_eq!(CompactAst::encode(&program, &AnsorFeaturizer).n_leaves(), 1);
}

#[test]
fn constants_without_a_value_are_refused() {
    let refused = |index: &str, reason: &str| {
        let text = format!("program p(x: float32[4]) {{ for i in 0..4 {{ x[{index}] = 1.0 }} }}");
        let error = text.parse::<Program>().unwrap_err();
        let TextError::Invalid { source, .. } = error else { panic!("{error:?}") };
        assert!(source.to_string().ends_with(reason), "{index}: {source}");
    };
    for index in ["1 // 0", "i // 0", "i % 0", "i / 0", "truncmod(i, 0)", "i // (2 - 2)"] {
        refused(index, "an integer must not be divided by 0");
    }
    let largest = i64::MAX;
    for index in [
        format!("{largest} + {largest}"),
        format!("{largest} + 1"),
        format!("({largest} + 0) * 2"),
        format!("0 - 2 - {largest}"),
        format!("{} / -1", i64::MIN),
        "i64(100i8 + 100i8)".replace("i64", "int64"),
    ] {
        refused(&index, "a constant must fit in its type");
    }
}

#[test]
fn a_loop_whose_end_turns_out_to_overflow_stays_as_it_is() {
    let text = "program p(x: float32[4]) {
        let last = 9223372036854775806
        for i in last..+(2 + last % 2) { x[0] = 1.0 }
    }";
    let program: Program = text.parse().unwrap();
    assert_eq!(program.canonical(), program);
}

#[test]
fn two_parameters_with_one_name_are_refused() {
    let error = "program p(x: float32[4], x: float32[4]) { }".parse::<Program>().unwrap_err();
    assert_eq!(error.to_string(), "line 1, column 26: there is a parameter named `x` already");
}
