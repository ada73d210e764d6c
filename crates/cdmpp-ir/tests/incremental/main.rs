//! Encoding of programs that are like the one before.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod schedule;

use cdmpp_ir::{AnsorFeaturizer, AstEncoder, CompactAst, DataType, ExprId, Featurizer, LeafContext, Node, Program};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use schedule::Choices;

/// The integer literals of a program, but for first values that are 0.
fn literals(program: &Program) -> Vec<ExprId> {
    fn visit(program: &Program, expr: ExprId, found: &mut Vec<ExprId>) {
        if program.as_int(expr).is_some_and(|value| value != 0) && program.dtype(expr) == DataType::I64 {
            found.push(expr);
        }
        program.for_each_operand(expr, |operand| visit(program, operand, found));
    }
    let mut found = Vec::new();
    for node in program.nodes() {
        let exprs = match program[node] {
            Node::Loop { min, extent, .. } => vec![min, extent],
            Node::Store { indices, value, .. } => program.list(indices).iter().copied().chain([value]).collect(),
            Node::If { condition: value, .. } | Node::Let { value, .. } | Node::Evaluate { value } => vec![value],
            _ => Vec::new(),
        };
        exprs.into_iter().for_each(|expr| visit(program, expr, &mut found));
    }
    found
}

/// Other values for some literals.
fn mutated(choices: &mut Choices<'_>, program: &Program) -> Program {
    let literals = literals(program);
    let n = (1 + choices.below(4)).min(literals.len());
    let mut value = || (choices.pick(&literals), choices.pick(&[2, 4, 8, 3, 5, 16, 1, 12]));
    let values: Vec<(ExprId, i64)> = (0..n).map(|_| value()).collect();
    program.with_literals(&values).unwrap()
}

fn full(program: &Program) -> CompactAst {
    CompactAst::encode(program, &AnsorFeaturizer)
}

/// Encodes a random program and mutations of it; returns how many were encoded with what was kept.
fn check(bytes: &[u8], mutations: &[u8]) -> u64 {
    let mut program = schedule::program(&mut Choices(bytes));
    if !bytes.len().is_multiple_of(4) {
        program = program.canonical();
    }
    let mut encoder = AstEncoder::new(&AnsorFeaturizer);
    assert_eq!(encoder.encode(&program), full(&program));
    let mut choices = Choices(mutations);
    let (mut last, mut n) = (program.clone(), 0);
    while !choices.0.is_empty() && n < 20 {
        // From the last one or from the first.
        last = mutated(&mut choices, if n % 3 == 2 { &program } else { &last });
        last.verify().unwrap();
        assert_eq!(encoder.encode(&last), full(&last), "{last}");
        n += 1;
    }
    encoder.n_reused()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn the_result_is_that_of_encoding_in_full(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        mutations in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        check(&bytes, &mutations);
    }
}

#[test]
fn many_mutations_need_no_full_encoding() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
    let mut bytes = |n| (0..n).map(|_| rng.random()).collect::<Vec<u8>>();
    let n_reused: u64 = (0..300).map(|_| check(&bytes(121), &bytes(60))).sum();
    assert!(n_reused > 800, "{n_reused}");
}

/// A tiled copy through a cache; the extents are `n_tiles` and, twice, `tile`.
fn tiled(n_tiles: i64, tile: i64) -> Program {
    let text = format!(
        "program tiled(x: float32[4096], y: float32[4096]) {{
           for i in 0..{n_tiles} parallel {{
             alloc cache: float32[{tile}]
             for j in 0..{tile} {{ cache[j] = x[i * {tile} + j] }}
             for k in 0..{tile} {{ y[i * {tile} + k] = cache[k] }}
           }}
         }}"
    );
    text.parse().unwrap()
}

/// Encodes programs one after the other; the numbers are those of the programs encoded with what was kept.
#[track_caller]
fn reused(programs: &[Program]) -> Vec<u64> {
    let mut encoder = AstEncoder::new(&AnsorFeaturizer);
    let mut encode = |program: &Program| {
        assert_eq!(encoder.encode(program), full(program), "{program}");
        encoder.n_reused()
    };
    programs.iter().map(&mut encode).collect()
}

#[test]
fn tiles_are_changed_without_full_encoding() {
    assert_eq!(reused(&[tiled(32, 8), tiled(8, 32), tiled(4, 64), tiled(4, 64)]), [0, 1, 2, 3]);
}

#[test]
fn what_changes_the_canonical_form_is_encoded_in_full() {
    // A serial loop of one iteration is dropped, a parallel one is not.
    assert_eq!(reused(&[tiled(32, 8), tiled(256, 1), tiled(1, 256), tiled(8, 32)]), [0, 0, 0, 1]);
    let program = |n: i64, divisor: i64, first: i64| -> Program {
        format!(
            "program f(x: float32[64], y: float32[64]) {{
               for i in 0..{n} {{ alloc c: float32[64] for j in 0..4 {{ c[j + {first}] = x[i // {divisor}] y[i] = c[j + {first}] }} }}
             }}"
        )
        .parse()
        .unwrap()
    };
    // A cache that is used from another element on has other indices in canonical form.
    assert_eq!(reused(&[program(64, 4, 1), program(32, 4, 1), program(32, 8, 2)]), [0, 0, 0]);
    let program = |n: i64, divisor: i64| -> Program {
        format!("program f(x: float32[64], y: float32[64]) {{ for i in 0..{n} {{ y[i] = x[i // {divisor}] }} }}")
            .parse()
            .unwrap()
    };
    // The range decides the quotient in the third.
    assert_eq!(reused(&[program(64, 4), program(32, 8), program(8, 8), program(16, 8)]), [0, 1, 1, 2]);
}

#[test]
fn another_structure_is_encoded_in_full_and_kept_from_then_on() {
    let other = |n: i64| -> Program {
        format!("program tiled(x: float32[4096], y: float32[4096]) {{ for i in 0..{n} {{ y[i] = x[i] }} }}")
            .parse()
            .unwrap()
    };
    assert_eq!(reused(&[tiled(32, 8), tiled(8, 32), other(8), tiled(32, 8), other(4), other(2)]), [0, 1, 1, 1, 1, 2]);
    // As many statements and expressions, but of another kind.
    let of_kind = |kind: &str, op: &str| -> Program {
        format!("program f(x: float32[64]) {{ for i in 0..8 {kind} {{ x[i] = x[i] {op} 0.5 }} }}").parse().unwrap()
    };
    let programs =
        [of_kind("", "+"), of_kind("vectorized", "+"), of_kind("vectorized", "*"), of_kind("vectorized", "*")];
    assert_eq!(reused(&programs), [0, 0, 0, 1]);
}

#[test]
fn a_featurizer_of_ones_own_sees_the_changed_program() {
    struct Lengths;

    impl Featurizer for Lengths {
        fn schema(&self) -> &str {
            "test/lengths/1"
        }

        fn dim(&self) -> usize {
            1
        }

        fn write(&self, leaf: &LeafContext<'_>, out: &mut [f32]) {
            let lengths = leaf.loops().iter().filter_map(|&node| match leaf.program()[node] {
                Node::Loop { extent, .. } => leaf.program().as_int(extent),
                _ => None,
            });
            out[0] = lengths.product::<i64>() as f32;
        }
    }

    let mut encoder = AstEncoder::new(&Lengths);
    for (n_tiles, tile) in [(32, 8), (8, 32), (64, 16)] {
        assert_eq!(encoder.encode(&tiled(n_tiles, tile)).features(), [(n_tiles * tile) as f32; 2]);
    }
    assert_eq!(encoder.n_reused(), 2);
}

#[test]
fn literals_are_checked() {
    let program: Program = "program f(x: int32[8]) { for i in 2..+4 { x[i32(i)] = 7i32 } }".parse().unwrap();
    let Node::Loop { min, extent, .. } = program[program.nodes().next().unwrap()] else { panic!("a loop is first") };
    let Node::Store { value, indices, .. } = program[program.nodes().nth(1).unwrap()] else {
        panic!("a store is in it")
    };
    let refused = |values: &[(ExprId, i64)]| program.with_literals(values).unwrap_err().to_string();
    assert!(refused(&[(extent, 0)]).ends_with(": a loop's extent must be at least 1"));
    assert!(refused(&[(min, i64::MAX)]).ends_with(": a loop's end must fit in 64 bits"));
    assert!(refused(&[(value, 1 << 31)]).ends_with(": the value must fit in the type of the literal"));
    let index = program.list(indices)[0];
    assert!(refused(&[(index, 1)]).ends_with(": only an integer literal has a value to change"));
    let changed = program.with_literals(&[(extent, 3), (min, 0), (value, -1), (extent, 5)]).unwrap();
    assert_eq!(changed, "program f(x: int32[8]) { for i in 0..5 { x[i32(i)] = -1i32 } }".parse().unwrap());
}
