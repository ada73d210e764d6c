//! Transformed loops compute what they did before.

use cdmpp_ir::{Elements, LoopKind, Node, NodeId, Program, ScheduleError};
use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::oracle::run;
use crate::random::bounded_program;

fn loops(program: &Program) -> Vec<NodeId> {
    program.nodes().filter(|node| matches!(program[*node], Node::Loop { .. })).collect()
}

/// Applies one transformation to one loop.
fn transformed(program: &Program, loop_at: u8, choice: u8) -> Option<Result<Program, ScheduleError>> {
    let loops = loops(program);
    let node = *loops.get(usize::from(loop_at) % loops.len().max(1))?;
    Some(match choice % 6 {
        0 => program.split(node, 2),
        1 => program.split(node, 3),
        2 => program.fuse(node),
        3 => program.reorder(node),
        4 => program.with_kind(node, LoopKind::Parallel),
        _ => program.with_kind(node, LoopKind::Unrolled),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn transformations_keep_results(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        choices in proptest::collection::vec((any::<u8>(), any::<u8>()), 1..6),
    ) {
        let program = bounded_program(&bytes);
        let mut last = program.clone();
        for (loop_at, choice) in choices {
            let Some(Ok(changed)) = transformed(&last, loop_at, choice) else { continue };
            prop_assert_eq!(changed.verify(), Ok(()));
            prop_assert_eq!(run(&last), run(&changed), "{}\n{}", last, changed);
            last = changed;
        }
        prop_assert_eq!(last.to_string().parse::<Program>(), Ok(last));
    }
}

/// A matrix product with integers, so that the order of a sum changes no bit.
fn matmul() -> Program {
    "program matmul(A: int32[6, 10], B: int32[10, 4], C: int32[6, 4]) {
      for i in 0..6 { for j in 0..4 { for k in 0..10 { C[i, j] = C[i, j] + A[i, k] * B[k, j] } } }
    }"
    .parse()
    .unwrap()
}

#[test]
fn a_tiled_matrix_product() {
    let plain = matmul();
    let [i, j, k] = loops(&plain)[..] else { panic!("there are three loops") };
    let tiled = plain.split(k, 4).and_then(|tiled| tiled.split(i, 2)).unwrap();
    // i.0, i.1, j, k.0, k.1
    let nest = loops(&tiled);
    let reordered = tiled.reorder(nest[1]).and_then(|tiled| tiled.reorder(nest[2])).unwrap();
    let fused = reordered.fuse(nest[0]).unwrap();
    let parallel = fused.with_kind(nest[0], LoopKind::Unrolled).unwrap();
    for program in [&tiled, &reordered, &fused, &parallel] {
        assert_eq!(run(program), run(&plain), "{program}");
        assert!(program.check_bounds(100_000).are_kept());
    }
    assert!(plain.with_kind(i, LoopKind::Parallel).is_ok());
    assert!(plain.with_kind(j, LoopKind::Vectorized).is_ok());
    assert!(plain.with_kind(k, LoopKind::Vectorized).is_err());
    let Elements::Ints(product) = &run(&parallel)[2] else { panic!("the product has integers") };
    assert!(product.iter().any(|value| *value != 0));
}

#[track_caller]
fn refused(body: &str, transform: impl Fn(&Program, NodeId) -> Result<Program, ScheduleError>, expected: &Expect) {
    let program: Program = format!("program f(x: int32[8], y: int32[8, 8]) {{ {body} }}").parse().unwrap();
    let error = transform(&program, program.nodes().next().unwrap()).unwrap_err();
    expected.assert_eq(&error.to_string());
}

#[test]
fn what_may_change_results_is_refused() {
    let parallel = |program: &Program, node| program.with_kind(node, LoopKind::Parallel);
    let order = expect!["node0: another order of the iterations may give other results, because of node1"];
    refused("for i in 1..+7 { x[i] = x[i - 1] }", parallel, &order);
    refused("for i in 0..8 { x[0] = x[0] + 1i32 }", parallel, &order);
    refused("for i in 0..8 { x[i // 2] = 1i32 }", parallel, &order);
    refused("for i in 0..8 { eval f!(0) }", parallel, &order);
    let order = expect!["node0: another order of the iterations may give other results, because of node2"];
    refused("for i in 0..8 { for j in 0..8 { x[i] = y[i, j] } }", Program::reorder, &order);
    refused("for i in 0..8 { for j in 0..8 { x[i] = x[i] * 2i32 - x[i] } }", Program::reorder, &order);
    refused("for i in 1..+7 { for j in 0..7 { y[i, j] = y[i - 1, j + 1] } }", Program::reorder, &order);
    refused("for i in 0..8 { for j in 0..8 { x[i] = y[i, j] - x[i] } }", Program::reorder, &order);
}

#[test]
fn what_cannot_be_transformed_is_refused() {
    refused("x[0] = 1i32", Program::fuse, &expect!["node0 is not a loop"]);
    refused(
        "for i in 0..x[0] { }",
        |program, node| program.split(node, 2),
        &expect!["node0: the bounds of the loop must be literals"],
    );
    refused(
        "for i in 0..8 { }",
        |program, node| program.split(node, 9),
        &expect!["node0: a loop of 8 iterations cannot be split into parts of 9"],
    );
    refused(
        "for i in 0..100i8 { }",
        |program, node| program.split(node, 70),
        &expect!["node0: a loop of 100 iterations cannot be split into parts of 70"],
    );
    let nested = expect!["node0: the body of the loop must be one other loop and nothing else"];
    refused("for i in 0..8 { x[i] = 1i32 }", Program::reorder, &nested);
    refused("for i in 0..8 { for j in 0..8 { } x[i] = 1i32 }", Program::fuse, &nested);
    refused(
        "for i in 0..8 bind threadIdx.x { }",
        |program, node| program.split(node, 2),
        &expect!["node0: a loop over threads cannot be changed"],
    );
}
