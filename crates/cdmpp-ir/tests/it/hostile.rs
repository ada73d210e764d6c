//! Hostile texts: whatever is read, the answer is a program or an error.

use cdmpp_ir::{AnsorFeaturizer, CompactAst, Elements, MAX_DEPTH, Program, TextError, VerifyError};
use proptest::prelude::*;
use rand::prelude::{IndexedRandom, Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::random;

/// The texts that the fuzz target starts from.
fn corpus() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/text");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the corpus is committed")
        .map(|entry| entry.expect("readable").path())
        .collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).expect("the corpus is text")).collect()
}

/// Reads a text; if it is a program, what it prints must be the same program, and it must have finite features.
fn read(text: &str) -> bool {
    let Ok(program) = text.parse::<Program>() else { return false };
    let printed = program.to_string();
    assert_eq!(printed.parse::<Program>().as_ref(), Ok(&program), "{text}\n{printed}");
    let ast = CompactAst::encode(&program, &AnsorFeaturizer);
    assert!(ast.features().iter().all(|value| value.is_finite()), "{text}");
    let _ = program.check_bounds(10_000);
    true
}

#[test]
fn the_corpus_reads() {
    let texts = corpus();
    assert!(texts.len() >= 6);
    assert!(texts.iter().filter(|text| read(text)).count() >= texts.len() / 2);
    assert!(texts.iter().any(|text| !read(text)), "the corpus has texts that are refused");
}

#[test]
fn mutations_give_a_program_or_an_error() {
    const SNIPPETS: [&str; 22] = [
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "`",
        "\"",
        "\\",
        "#",
        "\n",
        "..",
        "..+",
        "else",
        "if ",
        "not ",
        "for i in 0..",
        "inf",
        "-",
        "99999999999",
        "\u{7f}é",
        "int8",
    ];
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
    let mut texts = corpus();
    texts.extend((0..40).map(|_| {
        let choices: Vec<u8> = (0..300).map(|_| rng.random()).collect();
        random::program(&choices).to_string()
    }));
    let mut n_programs = 0;
    for _ in 0..10_000 {
        let mut text: Vec<char> = texts.choose(&mut rng).expect("there are texts").chars().collect();
        for _ in 0..rng.random_range(1..4) {
            let (at, until) = (rng.random_range(0..=text.len()), rng.random_range(0..=text.len()));
            let range = at.min(until)..at.max(until);
            let snippet = SNIPPETS.choose(&mut rng).expect("there are snippets").chars();
            match rng.random_range(0..5) {
                0 => text.truncate(at),
                1 => drop(text.splice(at..at, snippet)),
                2 => drop(text.splice(at..(at + 1).min(text.len()), snippet)),
                3 => drop(text.drain(range)),
                _ => {
                    let copied = text[range].to_vec();
                    text.splice(at..at, copied);
                }
            }
        }
        n_programs += usize::from(read(&text.into_iter().collect::<String>()));
    }
    assert!((100..9_900).contains(&n_programs), "{n_programs} of the mutations are programs: they test one side only");
}

/// Runs with the stack that Rust gives a new thread.
fn in_small_thread(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(run).expect("a thread starts");
    thread.join().expect("nothing panics");
}

#[test]
fn deep_nesting_of_statements_is_refused() {
    in_small_thread(|| {
        for opening in ["if true {", "for i in 0..4 {", "if true { } else {", "for i in 0..4 { A[0] = 1 if i == 3 {"] {
            for closing in ["", "}"] {
                let (open, close) = (opening.repeat(100_000), closing.repeat(100_000));
                let result = format!("program f(A: int64[4]) {{ {open} {close} }}").parse::<Program>();
                assert!(matches!(result, Err(TextError::TooDeep { .. })), "{opening}");
            }
        }
        for opening in ["{", "if ", "else {", "for ", "for i in ", "A["] {
            let result = format!("program f(A: int64[4]) {{ {}", opening.repeat(100_000)).parse::<Program>();
            assert!(matches!(result, Err(TextError::Unexpected { .. })), "{opening}");
        }
    });
}

#[test]
fn deep_nesting_of_expressions_is_refused() {
    in_small_thread(|| {
        let nestings = [
            ("f(", ")"),
            ("f!:int8(0, ", ")"),
            ("A[", "]"),
            ("if true then 1 else ", ""),
            ("if true then ", " else 1"),
            ("1 + (", ")"),
            ("select(true, 1, ", ")"),
            ("min(1, ", ")"),
            ("1 + ", ""),
        ];
        for (opening, closing) in nestings {
            let text =
                |n: usize| format!("program f(A: int64[4]) {{ eval {}1{} }}", opening.repeat(n), closing.repeat(n));
            assert!(text(MAX_DEPTH - 1).parse::<Program>().is_ok(), "{opening}");
            let result = text(100_000).parse::<Program>();
            let too_deep = matches!(result, Err(TextError::Invalid { source: VerifyError::TooLarge { .. }, .. }));
            assert!(too_deep, "{opening}: {result:?}");
        }
        let many = |text: &str| text.repeat(100_000);
        let text = format!("program f() {{ eval {}true }}", many("not "));
        assert!(matches!(text.parse::<Program>(), Err(TextError::Invalid { .. })));
        let text = format!("program f() {{ eval {}1 }}", many("-"));
        assert!(matches!(text.parse::<Program>(), Err(TextError::Unexpected { .. })));
        // Parentheses make no node: any number of them is fine.
        let text = format!("program f() {{ eval {}1{} }}", many("("), many(")"));
        assert_eq!(text.parse::<Program>(), "program f() { eval 1 }".parse());
    });
}

#[test]
fn the_deepest_program_is_read_and_printed() {
    in_small_thread(|| {
        let n = MAX_DEPTH - 1;
        for (left, right) in [("1 - (", ")"), ("f(", ")"), ("A[", "]"), ("if true then ", " else 1")] {
            let (open, close) = ("for i in 0..4 { if true {".repeat(n / 2), "} }".repeat(n / 2));
            let expr = format!("{}t{}", left.repeat(n), right.repeat(n));
            let program: Program = format!("program f(A: int64[4]) {{ let t = 1 {open} eval {expr} {close} }}")
                .parse()
                .unwrap_or_else(|error| panic!("{error:?}"));
            assert!(program.preorder().any(|(_, depth)| depth == n - 1));
            assert_eq!(program.to_string().parse::<Program>().as_ref(), Ok(&program));
            assert_eq!(program, program.clone());
            assert_eq!(program.canonical().verify(), Ok(()));
        }
    });
}

#[test]
fn many_equal_names_are_no_trap() {
    let text = format!("program f() {{ {} }}", "for i in 0..1 { } ".repeat(50_000));
    let program: Program = text.parse().expect("the text is a program");
    assert_eq!(program.n_vars(), 50_000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    /// The verifier runs between the passes, too.
    #[test]
    fn programs_of_every_kind_are_encoded(program in random::programs()) {
        let canonical = program.canonical();
        prop_assert_eq!(canonical.verify(), Ok(()));
        let ast = CompactAst::encode(&program, &AnsorFeaturizer);
        prop_assert!(ast.features().iter().all(|value| value.is_finite()));
        let _ = program.check_bounds(1_000);
        let params = || program.params().iter().map(|param| &program[*param]);
        if params().all(|param| param.n_elements() < 100_000) {
            let zeros = params().map(|param| Elements::zeros(param.dtype, param.n_elements() as usize));
            let _ = program.interpret(zeros.collect(), 1_000);
        }
    }
}
