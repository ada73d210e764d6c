//! The canonical form: what it looks like, that it keeps the meaning, and that it is a fixed point.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod interpreter;
mod oracle;
mod random;
mod schedules;

use cdmpp_ir::{
    AnsorFeaturizer, BinaryOp, Body, Buffer, CompactAst, DataType, ExprId, LoopHeader, LoopKind, Program, Scope,
    ThreadAxis,
};
use expect_test::{Expect, expect};
use interpreter::run;
use proptest::prelude::*;

const I64: DataType = DataType::I64;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn keeps_the_meaning(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let program = random::program(&bytes);
        let canonical = program.canonical();
        prop_assert!(canonical.verify().is_ok());
        prop_assert_eq!(run(&program), run(&canonical), "{}\n{}", program, canonical);
    }

    #[test]
    fn is_a_fixed_point(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let once = random::program(&bytes).canonical();
        let twice = once.canonical();
        prop_assert_eq!(&once, &twice, "{}\n{}", once, twice);
        prop_assert_eq!(once.to_string().parse::<Program>(), Ok(once));
    }

    /// What is in canonical form already takes another way than what a loop of one iteration keeps from being so.
    #[test]
    fn a_loop_of_one_iteration_around_changes_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let program = random::program(&bytes);
        for program in [program.canonical(), program] {
            let text = program.to_string();
            let (head, body) = text.split_once('{').unwrap();
            let around: Program = format!("{head}{{ for around in 0..1 {{{body} }}").parse().unwrap();
            prop_assert_eq!(around.canonical(), program.canonical(), "{}", program);
        }
    }

    #[test]
    fn encodes_like_the_program(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let program = random::program(&bytes);
        let [a, b] = [&program, &program.canonical()].map(|program| CompactAst::encode(program, &AnsorFeaturizer));
        prop_assert!(a.features().iter().all(|value| value.is_finite()));
        prop_assert_eq!(a, b);
    }
}

/// `y[index] = x[index]` in loops over `i` in 0..16 and `j` in 0..4.
fn copy(index: impl FnOnce(&mut Body<'_>, ExprId, ExprId) -> ExprId) -> Program {
    Program::build("copy", |body| {
        let x = body.param(Buffer::new("x", I64, [128]));
        let y = body.param(Buffer::new("y", I64, [128]));
        body.for_extent("i", 16, LoopKind::Serial, |body, i| {
            body.for_extent("j", 4, LoopKind::Serial, |body, j| {
                let at = index(body, i, j);
                let value = body.load(x, &[at]);
                body.store(y, &[at], value);
            });
        });
    })
    .unwrap()
}

fn times(body: &mut Body<'_>, value: ExprId, factor: i64) -> ExprId {
    let factor = body.int(factor, I64);
    body.mul(value, factor)
}

fn plus(body: &mut Body<'_>, value: ExprId, offset: i64) -> ExprId {
    let offset = body.int(offset, I64);
    body.add(value, offset)
}

fn divided(body: &mut Body<'_>, op: BinaryOp, value: ExprId, divisor: i64) -> ExprId {
    let divisor = body.int(divisor, I64);
    body.binary(op, value, divisor)
}

fn check_index(index: impl FnOnce(&mut Body<'_>, ExprId, ExprId) -> ExprId, expected: Expect) {
    let canonical = copy(index).canonical().to_string();
    let (_, store) = canonical.split_once("y[").unwrap();
    let (index, _) = store.split_once("] = ").unwrap();
    expected.assert_eq(index);
}

#[test]
fn indices() {
    check_index(
        |b, i, j| {
            let i = times(b, i, 4);
            b.add(j, i)
        },
        expect!["i * 4 + j"],
    );
    check_index(
        |b, i, _| {
            let i = times(b, i, 1);
            plus(b, i, 0)
        },
        expect!["i"],
    );
    check_index(
        |b, i, j| {
            let a = b.sub(i, j);
            let c = plus(b, a, 5);
            b.add(c, j)
        },
        expect!["i + 5"],
    );
    check_index(
        |b, i, j| {
            let a = plus(b, i, -3);
            b.sub(a, j)
        },
        expect!["i - j - 3"],
    );
    check_index(
        |b, i, j| {
            let i = times(b, i, 8);
            let a = b.add(i, j);
            divided(b, BinaryOp::FloorDiv, a, 4)
        },
        expect!["i * 2"],
    );
    check_index(
        |b, i, j| {
            let i = times(b, i, 8);
            let a = b.add(i, j);
            divided(b, BinaryOp::FloorMod, a, 64)
        },
        expect!["i % 8 * 8 + j"],
    );
    check_index(
        |b, i, _| {
            let (a, c) = (divided(b, BinaryOp::FloorDiv, i, 5), divided(b, BinaryOp::FloorMod, i, 5));
            let a = times(b, a, 5);
            b.add(a, c)
        },
        expect!["i"],
    );
    check_index(
        |b, i, _| {
            let a = b.int(20, I64);
            b.binary(BinaryOp::Min, i, a)
        },
        expect!["i"],
    );
    check_index(
        |b, i, _| {
            let a = divided(b, BinaryOp::Div, i, 3);
            divided(b, BinaryOp::Mod, a, 8)
        },
        expect!["i / 3"],
    );
}

fn check_alike(programs: &[Program]) {
    let encoded: Vec<_> = programs.iter().map(|program| CompactAst::encode(program, &AnsorFeaturizer)).collect();
    assert!(encoded[0].n_leaves() > 0);
    for (program, other) in programs.iter().zip(&encoded) {
        assert_eq!(other, &encoded[0], "{}", program.canonical());
    }
}

#[test]
fn ways_to_write_an_index_encode_alike() {
    check_alike(&[
        copy(|b, i, j| {
            let i = times(b, i, 4);
            b.add(i, j)
        }),
        copy(|b, i, j| {
            let i = times(b, i, 4);
            b.add(j, i)
        }),
        copy(|b, i, j| {
            let (k, i) = (times(b, j, 1), times(b, i, 2));
            let i = times(b, i, 2);
            let a = b.add(k, i);
            plus(b, a, 0)
        }),
        copy(|b, i, j| {
            let i = times(b, i, 4);
            let a = plus(b, i, 3);
            let a = b.add(a, j);
            plus(b, a, -3)
        }),
        copy(|b, i, j| {
            let i = times(b, i, 4);
            let a = b.add(i, j);
            b.let_value("at", a)
        }),
        copy(|b, i, j| {
            let i = times(b, i, 4);
            let a = b.add(i, j);
            let (q, r) = (divided(b, BinaryOp::FloorDiv, a, 8), divided(b, BinaryOp::FloorMod, a, 8));
            let q = times(b, q, 8);
            b.add(q, r)
        }),
    ]);
}

/// `y[i] = x[i]` for 32 elements, in a body that may wrap more around it.
fn copy_in(around: impl Fn(&mut Body<'_>, &dyn Fn(&mut Body<'_>, ExprId)) + Copy) -> Program {
    Program::build("copy", |body| {
        let x = body.param(Buffer::new("x", I64, [64]));
        let y = body.param(Buffer::new("y", I64, [64]));
        around(body, &|body, i| {
            let value = body.load(x, &[i]);
            let value = body.add(value, value);
            body.store(y, &[i], value);
        });
    })
    .unwrap()
}

#[test]
fn ways_to_write_a_loop_encode_alike() {
    let serial = LoopKind::Serial;
    check_alike(&[
        copy_in(|body, copy| body.for_extent("i", 32, serial, copy)),
        // Unit loops.
        copy_in(|body, copy| {
            body.for_extent("u", 1, serial, |body, u| {
                body.for_extent("i", 32, serial, |body, i| {
                    body.for_extent("v", 1, serial, |body, v| {
                        let (at, v) = (body.add(i, u), times(body, v, 7));
                        let at = body.sub(at, v);
                        copy(body, at);
                    });
                });
            });
        }),
        // Bounds that fold.
        copy_in(|body, copy| {
            let (four, eight) = (body.int(4, I64), body.int(8, I64));
            let extent = body.mul(four, eight);
            let min = Some(body.sub(four, four));
            let header = LoopHeader { name: "i".into(), min, extent, kind: serial, annotations: Vec::new() };
            body.for_loop(header, copy);
        }),
        // Guards that always hold, code that never runs.
        copy_in(|body, copy| {
            body.for_extent("i", 32, serial, |body, i| {
                let (end, far) = (body.int(32, I64), plus(body, i, 1));
                let inside = body.binary(BinaryOp::Lt, i, end);
                let outside = body.binary(BinaryOp::Gt, far, end);
                body.if_then_else(inside, |body| copy(body, i), |body| copy(body, far));
                body.if_then(outside, |body| copy(body, far));
            });
            let none = body.int(0, I64);
            let never = body.binary(BinaryOp::Ne, none, none);
            body.if_then(never, |body| copy(body, none));
        }),
    ]);
}

/// Loops over one thread axis are one loop, outside of everything in the kernel; allocations move inwards.
#[test]
fn kernel_and_allocations() {
    let program = Program::build("kernel", |body| {
        let x = body.param(Buffer::new("x", I64, [4, 8, 16]));
        let shared = |name| Buffer { scope: Scope::Shared, ..Buffer::new(name, I64, [512]) };
        let (tile, unused) = (body.allocate(shared("tile")), shared("unused"));
        body.allocate(unused);
        let block = LoopKind::ThreadBinding(ThreadAxis::BlockX);
        let thread = LoopKind::ThreadBinding(ThreadAxis::ThreadX);
        body.for_extent("bx", 4, block, |body, bx| {
            body.for_extent("k", 8, LoopKind::Serial, |body, k| {
                let start = times(body, k, 16);
                body.for_extent("tx", 16, thread, |body, tx| {
                    let (at, value) = (body.add(start, tx), body.load(x, &[bx, k, tx]));
                    body.store(tile, &[at], value);
                });
                body.for_extent("ty", 16, thread, |body, tx| {
                    let at = body.add(start, tx);
                    let value = body.load(tile, &[at]);
                    let value = body.add(value, value);
                    body.store(x, &[bx, k, tx], value);
                });
            });
        });
    })
    .unwrap();
    let canonical = program.canonical();
    assert_eq!(canonical, canonical.canonical());
    expect![[r#"
        program kernel(x: int64[4, 8, 16]) {
          for bx in 0..4 bind blockIdx.x {
            for tx in 0..16 bind threadIdx.x {
              for k in 0..8 {
                alloc tile: int64[16] @shared
                tile[tx] = x[bx, k, tx]
                x[bx, k, tx] = tile[tx] * 2
              }
            }
          }
        }
    "#]]
    .assert_eq(&canonical.to_string());
}
