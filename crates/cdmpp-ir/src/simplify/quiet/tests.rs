//! What is taken for simple is what simplification leaves alone.

use proptest::prelude::*;

use crate::interval::Interval;
use crate::same::same;
use crate::simplify::Simplifier;
use crate::{BinaryOp, Body, Buffer, DataType, ExprId, Node, Program};

const I64: DataType = DataType::I64;
const F32: DataType = DataType::F32;

/// The loops: first values and lengths.
const LOOPS: [(i64, i64); 5] = [(0, 24), (0, 12), (0, 4), (-3, 9), (5, 3)];

/// Sums of variables, each times a factor, that stand for a variable too; behind the variables are literals.
const SUMS: [&[(usize, i64)]; 14] = [
    &[(1, 4), (2, 1)],
    &[(1, 3), (2, 1)],
    &[(0, 12), (1, 1)],
    &[(0, 5), (2, 1)],
    &[(0, 8), (1, 2)],
    &[(2, 1), (1, 4)],
    &[(0, 7), (1, 3), (2, 1)],
    &[(1, 4), (3, 1)],
    &[(1, 16), (2, 1)],
    &[(4, 16), (2, 1)],
    &[(0, 6), (1, 4)],
    &[(0, 4), (1, 4), (2, 1)],
    &[(0, 7), (1, 1), (LOOPS.len(), 3)],
    &[(1, 7), (LOOPS.len(), 4)],
];

/// A term of a sum: variable, remainder, quotient, factor; 1 is none.
type TermParts = (usize, i64, i64, i64);

fn term_parts() -> impl Strategy<Value = TermParts> {
    let digits =
        prop_oneof![Just(1), prop::sample::select(vec![1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 24, 30, 35])];
    (0..LOOPS.len() + SUMS.len(), digits.clone(), digits, prop::sample::select(vec![1, 1, 2, 3, 4, 8, 12, 24]))
}

/// Terms and a literal.
type SumParts = (Vec<TermParts>, i64);

fn sum_parts() -> impl Strategy<Value = SumParts> {
    let base = prop_oneof![Just(0), -9..9_i64];
    let parts = (prop::collection::vec(term_parts(), 1..5), base, any::<bool>());
    // Half of the sums have factors that fall, as those of programs do.
    parts.prop_map(|(mut terms, base, in_order)| {
        if in_order {
            terms.sort_by_key(|term| std::cmp::Reverse(term.3));
        }
        (terms, base)
    })
}

fn binary(body: &mut Body<'_>, op: BinaryOp, lhs: ExprId, literal: i64) -> ExprId {
    let rhs = body.int(literal, I64);
    body.binary(op, lhs, rhs)
}

fn sum(body: &mut Body<'_>, vars: &[ExprId], (terms, base): &SumParts) -> ExprId {
    let mut written = None;
    for &(var, upper, lower, scale) in terms {
        let mut term = match vars.get(var) {
            Some(&var) => var,
            None => {
                let mut written = None;
                for &(var, scale) in SUMS[var - vars.len()] {
                    let term = match vars.get(var) {
                        Some(&var) if scale > 1 => binary(body, BinaryOp::Mul, var, scale),
                        Some(&var) => var,
                        None => body.int(scale, I64),
                    };
                    written = Some(written.map_or(term, |before| body.add(before, term)));
                }
                written.expect("a sum has a term")
            }
        };
        for (op, literal) in [(BinaryOp::FloorMod, upper), (BinaryOp::FloorDiv, lower), (BinaryOp::Mul, scale)] {
            if literal > 1 {
                term = binary(body, op, term, literal);
            }
        }
        written = Some(match written {
            None => term,
            Some(before) => body.add(before, term),
        });
    }
    let written = written.expect("a sum has a term");
    match *base {
        0 => written,
        1.. => binary(body, BinaryOp::Add, written, *base),
        _ => binary(body, BinaryOp::Sub, written, -base),
    }
}

/// `c <= x` or `x < c`
fn bound(body: &mut Body<'_>, vars: &[ExprId], (parts, literal, from_below): &(SumParts, i64, bool)) -> ExprId {
    let (value, literal) = (sum(body, vars, parts), body.int(*literal, I64));
    if *from_below { body.binary(BinaryOp::Le, literal, value) } else { body.binary(BinaryOp::Lt, value, literal) }
}

/// A float of loads and literals.
fn float(body: &mut Body<'_>, vars: &[ExprId], buffer: crate::BufferId, ops: &[(usize, SumParts)]) -> ExprId {
    let index = sum(body, vars, &ops[0].1);
    let mut value = body.load(buffer, &[index]);
    for (choice, parts) in ops {
        let ops = [BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::Div, BinaryOp::Max, BinaryOp::Min];
        let other = match choice / ops.len() {
            0 => {
                let index = sum(body, vars, parts);
                body.load(buffer, &[index])
            }
            literal => body.float([0.0, 1.0, 0.5][literal % 3], F32),
        };
        let (lhs, rhs) = if choice % 2 == 0 { (value, other) } else { (other, value) };
        value = body.binary(ops[choice % ops.len()], lhs, rhs);
    }
    value
}

/// A program with one store in [`LOOPS`] whose indices and value `make` gives.
fn program(make: impl FnOnce(&mut Body<'_>, &[ExprId], crate::BufferId) -> (ExprId, ExprId)) -> Program {
    fn nest(
        body: &mut Body<'_>,
        vars: &mut Vec<ExprId>,
        buffer: crate::BufferId,
        make: impl FnOnce(&mut Body<'_>, &[ExprId], crate::BufferId) -> (ExprId, ExprId),
    ) {
        let Some(&(min, extent)) = LOOPS.get(vars.len()) else {
            let (index, value) = make(body, vars, buffer);
            return body.store(buffer, &[index], value);
        };
        let (min, extent) = (Some(body.int(min, I64)), body.int(extent, I64));
        let kind = crate::LoopKind::Serial;
        let header = crate::LoopHeader { name: "i".into(), min, extent, kind, annotations: Vec::new() };
        body.for_loop(header, |body, var| {
            vars.push(var);
            nest(body, vars, buffer, make);
        });
    }
    let built = Program::build("f", |body| {
        let buffer = body.param(Buffer::new("a", F32, [64]));
        nest(body, &mut Vec::new(), buffer, make);
    });
    built.expect("the program is well formed")
}

/// Checks the expressions of the store; returns how many were taken for simple.
fn check(program: &Program) -> usize {
    let mut simplifier = Simplifier::new(program, false);
    for (interval, (min, extent)) in simplifier.facts.intervals.iter_mut().zip(LOOPS) {
        *interval = Interval::new(min, min + extent - 1);
    }
    let Node::Store { indices, value, .. } = program[program.nodes().last().expect("there is a store")] else {
        panic!("the store is the last statement")
    };
    let mut n_quiet = 0;
    for &expr in program.list(indices).iter().chain([&value]) {
        if simplifier.is_quiet(expr) {
            n_quiet += 1;
            let brought = simplifier.bring(expr);
            let simple = simplifier.simplify(expr);
            assert!(same(&simplifier.work, brought, simple), "simplified in\n{program}");
        }
    }
    n_quiet
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn sums_are_left_alone(index in sum_parts(), ops in prop::collection::vec((0..24_usize, sum_parts()), 1..3)) {
        check(&program(|body, vars, a| (sum(body, vars, &index), float(body, vars, a, &ops))));
    }

    #[test]
    fn choices_are_left_alone(
        bounds in prop::collection::vec((sum_parts(), -4..30_i64, any::<bool>()), 1..4),
        (index, loaded) in (sum_parts(), sum_parts()),
    ) {
        check(&program(|body, vars, a| {
            let mut condition = bound(body, vars, &bounds[0]);
            for other in &bounds[1..] {
                let other = bound(body, vars, other);
                condition = body.binary(BinaryOp::And, condition, other);
            }
            let at = sum(body, vars, &loaded);
            let (then, otherwise) = (body.load(a, &[at]), body.float(0.0, F32));
            (sum(body, vars, &index), body.choose(condition, then, otherwise))
        }));
    }
}

/// A program that stores a value at an index, in [`LOOPS`] over `v0` to `v4`.
fn read(index: &str, value: &str) -> Program {
    let loops = LOOPS.iter().enumerate().map(|(i, (min, extent))| format!("for v{i} in {min}..+{extent} {{ "));
    let text =
        format!("program f(a: float32[64]) {{ {} a[{index}] = {value} }} }} }} }} }} }}", loops.collect::<String>());
    text.parse().expect("the text is a program")
}

#[test]
fn what_compilers_write_is_taken_for_simple() {
    let indices = [
        "v0 // 6 * 4 + v1",
        "v0 % 12 // 4 * 8 + v1 * 2 + v2",
        "v0 // 12 * 32 + v0 % 6 // 2 * 8 + v2 - 1",
        "v0 // 8 * 4 + v0 % 8",
        "v0 % 6 * 2",
        "(v0 * 7 + v1) // 11 * 8 + v2",
        "(v0 * 7 + v1) % 44 // 4 * 8 + v2",
    ];
    for index in indices {
        let mut value = format!("a[{index}] * 0.5 - max(a[v1], 0.0)");
        if !index.contains('(') {
            let guard = "1 <= v0 % 12 // 4 * 2 + v2 and v0 % 12 // 4 * 2 + v2 < 7 and 1 <= v1";
            value = format!("(if {guard} then {value} else 0.0)");
        }
        assert_eq!(check(&read(index, &value)), 2, "{index}");
    }
}

#[test]
fn what_is_simplified_is_not_taken_for_simple() {
    for (value, simple) in [
        ("a[v0 + 0]", "a[v0]"),
        ("a[v0 // 8 * 8 + v0 % 8]", "a[v0]"),
        ("a[(v0 * 12 + v1) // 24]", "a[v0 // 2]"),
        ("a[(v0 * 12 + v1) % 24]", "a[v0 % 2 * 12 + v1]"),
        ("a[(v1 * 4 + v2) // 5 * 5 + (v1 * 4 + v2) % 5]", "a[v1 * 4 + v2]"),
        ("a[(v1 * 13 + v2) // 13]", "a[v1]"),
        ("a[(v1 * 16 + v2) // 15]", "a[v1]"),
        ("a[(v0 * 6 + v1 * 4) % 10 // 9]", "a[0]"),
        ("(if v0 * 7 + v1 < 11 then a[(v0 * 7 + v1) // 11] else 0.0)", "(if v0 * 7 + v1 < 11 then a[0] else 0.0)"),
        ("(if v0 < 8 then a[v0 // 8] else 0.0)", "(if v0 < 8 then a[0] else 0.0)"),
        ("(if v0 % 8 < 4 then a[v0 % 8 // 4] else 0.0)", "(if v0 % 8 < 4 then a[0] else 0.0)"),
        ("(if v0 * 4 + v2 < 12 then a[v1] else 0.0)", "(if v0 < 3 then a[v1] else 0.0)"),
        ("(if v0 // 6 < 2 then a[v1] else 0.0)", "(if v0 < 12 then a[v1] else 0.0)"),
        ("(if v0 < 24 then a[v1] else 0.0)", "a[v1]"),
        ("(if 23 <= v0 then a[v1] else 0.0)", "(if v0 == 23 then a[v1] else 0.0)"),
    ] {
        let program = read("v2", value);
        assert_eq!(check(&program), 1, "{value}: the index alone");
        assert_eq!(program.canonical(), read("v2", simple), "{value}");
    }
}
