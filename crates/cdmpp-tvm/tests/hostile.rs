//! Texts that nobody would write: the reader answers each with a program or an error, on a small stack.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::thread;

use cdmpp_tvm::{ParseError, parse_module};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// The stack of a thread that Rust starts; the main thread has more.
const STACK_BYTES: usize = 2 << 20;

const N_MUTANTS: u64 = 10_000;

/// What the reader answers, on a stack of [`STACK_BYTES`].
fn read(text: String) -> Result<usize, ParseError> {
    let reader = thread::Builder::new().stack_size(STACK_BYTES);
    let handle = reader.spawn(move || parse_module(&text).map(|programs| programs.len())).expect("a thread can start");
    handle.join().expect("the reader does not panic")
}

fn corpus() -> Vec<String> {
    let folder = format!("{}/tests/corpus", env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// Tokens that the mutations put in place of others.
const TOKENS: [&str; 38] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ".",
    "\"",
    "'",
    "\\",
    "#",
    "\n",
    "    ",
    "-",
    "not ",
    "T.",
    "T.int64(",
    "0",
    "-1",
    "1e400",
    "9223372036854775807",
    "99999999999999999999",
    "T.where(",
    "T.init()",
    "if ",
    "else:",
    "with ",
    "for i in ",
    "lambda: ",
    "**",
    "//",
    "%",
    "\u{fe0f}",
    "é",
    "f\"{",
    "T.Let(",
];

/// The places where tokens start and end.
fn boundaries(text: &str) -> Vec<usize> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut places = vec![0];
    let mut last = None;
    for (place, c) in text.char_indices() {
        if last.is_some_and(|last: char| !(is_word(last) && is_word(c))) {
            places.push(place);
        }
        last = Some(c);
    }
    places.push(text.len());
    places
}

fn mutate(text: &str, rng: &mut impl Rng) -> String {
    let places = boundaries(text);
    let n_tokens = places.len() - 1;
    let at = rng.random_range(0..n_tokens);
    let other = rng.random_range(0..n_tokens);
    let token = |i: usize| &text[places[i]..places[i + 1]];
    let (before, after) = (&text[..places[at]], &text[places[at + 1]..]);
    match rng.random_range(0..9) {
        0 => before.to_owned(),
        1 => format!("{before}{after}"),
        2 => format!("{before}{0}{0}{after}", token(at)),
        3 => format!("{before}{}{after}", token(other)),
        4 => format!("{before}{}{after}", TOKENS[rng.random_range(0..TOKENS.len())]),
        5 => format!("{before}{}{}{after}", TOKENS[rng.random_range(0..TOKENS.len())], token(at)),
        6 => {
            let mut lines: Vec<&str> = text.lines().collect();
            let (a, b) = (rng.random_range(0..lines.len()), rng.random_range(0..lines.len()));
            lines.swap(a, b);
            lines.join("\n")
        }
        7 => {
            // Every occurrence of one number becomes another.
            let numbers: Vec<&str> =
                (0..n_tokens).map(token).filter(|t| t.starts_with(|c: char| c.is_ascii_digit())).collect();
            let number = if numbers.is_empty() { "T" } else { numbers[rng.random_range(0..numbers.len())] };
            text.replace(
                number,
                ["0", "-1", "1", "7", "1000000007", "0x7fffffffffffffff", "1.5"][rng.random_range(0..7)],
            )
        }
        _ => {
            let mut bytes = text.as_bytes().to_vec();
            let i = rng.random_range(0..bytes.len());
            bytes[i] ^= 1 << rng.random_range(0..8);
            String::from_utf8_lossy(&bytes).into_owned()
        }
    }
}

#[test]
fn mutated_programs_never_panic() {
    let corpus = corpus();
    let workers: Vec<_> = (0..2)
        .map(|worker| {
            let corpus = corpus.clone();
            let builder = thread::Builder::new().stack_size(STACK_BYTES);
            builder.spawn(move || {
                let (mut n_read, mut n_refused) = (0, 0);
                for seed in (worker..N_MUTANTS).step_by(2) {
                    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
                    let mut text = corpus[seed as usize % corpus.len()].clone();
                    for _ in 0..rng.random_range(1..4) {
                        if !text.trim().is_empty() {
                            text = mutate(&text, &mut rng);
                        }
                    }
                    match parse_module(&text) {
                        Ok(_) => n_read += 1,
                        Err(_) => n_refused += 1,
                    }
                }
                (n_read, n_refused)
            })
        })
        .collect();
    let counts = workers.into_iter().map(|worker| worker.unwrap().join().expect("the reader does not panic"));
    let (n_read, n_refused) = counts.fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    assert_eq!(n_read + n_refused, N_MUTANTS);
    // Both happen often: the mutations are neither void nor hopeless.
    assert!(n_read > 1000 && n_refused > 1000, "{n_read} read, {n_refused} refused");
}

#[test]
fn deep_texts_are_refused() {
    let n = 100_000;
    let head = "@T.prim_func\ndef f(A: T.Buffer((64,), \"float32\"), N: T.Buffer((64,), \"int32\")):\n    ";
    let nested_lines =
        |line: &str| (0..n / 100).map(|depth| format!("{}{line}\n", " ".repeat(depth))).collect::<String>();
    let texts = [
        "(".repeat(n),
        format!("x = {}1{}", "(".repeat(n), ")".repeat(n)),
        format!("{head}A[0] = {}1{}", "[".repeat(n), "]".repeat(n)),
        format!("{head}A[0] = {}N[0]", "not ".repeat(n)),
        format!("{head}A[0] = {}N[0]", "- ".repeat(n)),
        format!("{head}A[0] = {}N[0]", "~".repeat(n)),
        format!("{head}A[0] = N[0]{}", " + N[0]".repeat(n)),
        format!("{head}A[0] = N[0]{}", " ** N[0]".repeat(n)),
        format!("{head}A[0] = N[0]{}", " and N[0]".repeat(n)),
        format!("{head}A[0] = N[0]{}", " < N[0]".repeat(n)),
        format!("{head}A[0] = N[0]{}", " if N[0] else N[0]".repeat(n)),
        format!("{head}A[0] = {}N[0]", "lambda: ".repeat(n)),
        format!("{head}A[0] = {}N[0]", "await ".repeat(n)),
        format!("{head}A[0] = N{}", ".a".repeat(n)),
        format!("{head}A[0] = 1{}", ".a".repeat(n)),
        format!("{head}A[0] = N{}", "[0]".repeat(n)),
        format!("{head}A[0] = N{}", "()".repeat(n)),
        format!("{head}A[0] = {}0{}", "T.exp(".repeat(n), ")".repeat(n)),
        format!("{head}A[0] = {}", "f'{".repeat(n)),
        format!("{head}A[0] = {}", "{1: ".repeat(n)),
        "async ".repeat(n),
        "@".repeat(n),
        "if x: ".repeat(n),
        "class A: ".repeat(n),
        format!("match x:\n case {}", "[".repeat(n)),
        format!("match x:\n case {}", "1 | ".repeat(n)),
        format!("x = y = {}", "z = ".repeat(n)),
        format!("{head}with {}:\n        pass", "T.sblock(''), ".repeat(n)),
        format!("{head}if N[0] == 0:\n        pass\n{}", "    elif N[0] == 0:\n        pass\n".repeat(n / 10)),
        format!("{head}for i in T.grid({}):\n        pass", "2, ".repeat(n)),
        format!(
            "{head}for {} in T.grid({}):\n        pass",
            (0..n).map(|i| format!("i{i}, ")).collect::<String>(),
            "2, ".repeat(n)
        ),
        nested_lines("if x:"),
        nested_lines("with T.sblock(''):"),
        nested_lines("for i in range(2):"),
        format!("(\n{}", nested_lines("if x:,")),
    ];
    for text in texts {
        let start: String = text.chars().take(200).collect();
        assert!(read(text).is_err(), "{start}");
    }
}

#[test]
fn values_that_double_are_refused() {
    // Every axis stands for twice the expression before it.
    let mut text = "@T.prim_func\ndef f(N: T.Buffer((64,), \"int32\")):\n    for v0 in range(2):\n".to_owned();
    text.push_str("        with T.sblock(\"b\"):\n");
    for i in 1..100 {
        text.push_str(&format!("            v{i} = T.axis.spatial(64, v{0} * v{0} + v{0})\n", i - 1));
    }
    text.push_str("            N[v99] = 1\n");
    let error = read(text).expect_err("the expression has 3^99 nodes");
    assert!(matches!(error, ParseError::Invalid { .. }), "{error}");
}

#[test]
fn large_texts_are_read() {
    let with_stores = |n: usize| {
        let store = "    for i in range(64):\n        A[i] = A[i] + T.float32(1)\n";
        format!("@T.prim_func\ndef f(A: T.Buffer((64,), \"float32\")):\n{}", store.repeat(n))
    };
    assert_eq!(read(with_stores(cdmpp_ir::MAX_STORES)), Ok(1));
    assert!(read(with_stores(20_000)).is_err());
    let functions = "@T.prim_func\ndef f(A: T.Buffer((64,), \"float32\")):\n    A[0] = T.float32(1)\n".repeat(5_000);
    assert_eq!(read(functions), Ok(5_000));
}
