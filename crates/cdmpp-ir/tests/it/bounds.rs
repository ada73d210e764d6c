//! Accesses outside a buffer, found without data.

use cdmpp_ir::{Bounds, Program};
use expect_test::{Expect, expect};

const MAX_STEPS: u64 = 100_000;

fn bounds(body: &str, max_steps: u64) -> (Program, Bounds) {
    let text = format!("program f(x: float32[8], y: float32[4, 4], at: int32[8]) {{ {body} }}");
    let program: Program = text.parse().expect("the text is a program");
    let found = program.check_bounds(max_steps);
    (program, found)
}

#[track_caller]
fn check(body: &str, expected: Expect) {
    let (program, found) = bounds(body, MAX_STEPS);
    let outside = found.outside.iter().map(|access| {
        let buffer = &program[access.buffer].name;
        format!("{}: {buffer} {} at {} of {}", access.node, access.dimension, access.index, access.extent)
    });
    let undecided = found.undecided.iter().map(|node| format!("{node}: undecided"));
    expected.assert_eq(&outside.chain(undecided).collect::<Vec<_>>().join("\n"));
}

#[test]
fn ranges_prove_what_stays_inside() {
    // So much that it could not be tried out.
    let (_, found) = bounds("for i in 0..1000000000 { x[i % 8] = y[i % 16 // 4, i % 4] }", 0);
    assert!(found.are_kept());
    check("for i in 0..8 bind threadIdx.x { x[i] = 1.0 }", expect![[""]]);
}

#[test]
fn the_first_access_outside_is_reported() {
    check("for i in 0..9 { x[i] = 1.0 }", expect!["node1: x 0 at 8 of 8"]);
    check("for i in 0..4 { y[i - 1, 0] = 1.0 }", expect!["node1: y 0 at -1 of 4"]);
    check("for i in 0..4 { for j in 0..4 { y[j, i] = x[i * 2 + j] } }", expect!["node2: x 0 at 8 of 8"]);
    check(
        "for i in 0..4 { alloc t: float32[2] @local t[i] = 1.0 x[i] = t[i] }",
        expect![[r"
            node2: t 0 at 2 of 2
            node3: t 0 at 2 of 2"]],
    );
    check("for i in 0..4 bind threadIdx.x { x[i + 5] = 1.0 }", expect!["node1: x 0 at 8 of 8"]);
    check("x[int64(100i8 + int8(100))] = 1.0", expect!["node0: x 0 at -56 of 8"]);
}

#[test]
fn guards_are_followed() {
    check("for i in 0..12 { if i < 8 { x[i] = 1.0 } }", expect![[""]]);
    check("for i in 0..12 { if i < 10 { x[i] = 1.0 } }", expect!["node2: x 0 at 8 of 8"]);
    check("for i in 0..12 { x[0] = if i < 8 then x[i] else 0.0 }", expect![[""]]);
    check("for i in 0..12 { x[0] = select(i < 8, x[i], 0.0) }", expect!["node1: x 0 at 8 of 8"]);
    check("for i in 0..12 { let t = min(i, 7) x[t] = 1.0 }", expect![[""]]);
    check("for i in 0..12 { let t = i - 4 if t >= 0 { x[t] = 1.0 } }", expect![[""]]);
    check("for i in 0..12 { if likely(i < 8) { x[i] = 1.0 } }", expect![[""]]);
}

#[test]
fn what_depends_on_data_is_undecided() {
    check("x[int64(at[0])] = 1.0", expect!["node0: undecided"]);
    check("x[int64(at[0]) % 8] = 1.0", expect![[""]]);
    check("for i in 0..9 { if x[0] > 0.0 { x[i] = 1.0 } }", expect!["node2: undecided"]);
    check("for i in 0..at[0] { x[int64(i)] = 1.0 }", expect!["node1: undecided"]);
    check("for i in 0..9 { x[0] = if x[0] > 0.0 then x[i] else 0.0 }", expect!["node1: undecided"]);
    // What certainly runs decides.
    check(
        "for i in 0..9 { x[i] = 1.0 if x[0] > 0.0 { x[0] = x[i] } }",
        expect![[r"
        node1: x 0 at 8 of 8
        node3: undecided"]],
    );
}

#[test]
fn without_enough_steps_it_is_undecided() {
    let (_, found) = bounds("for i in 0..1000000 { if i < 8 { x[i] = 1.0 } }", 1000);
    assert!(found.outside.is_empty());
    assert_eq!(found.undecided.iter().map(ToString::to_string).collect::<Vec<_>>(), ["node2"]);
}
