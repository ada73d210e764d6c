//! Equality of programs.

use cdmpp_ir::{Body, Buffer, BufferId, DataType, Program};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::random;

const BASE: &str = "program f(A: float32[4] @shared strides[2], I: int64[4]) {
  for i in 0..4 parallel with step = 1, scale = nan {
    alloc T: float32[1]
    if i < 2 {
      A[i] = exp(A[i]) + 0.0
    } else {
      let t = select(i == 3, 1, 2)
      eval sync!:handle(t, \"all\")
      I[t] = if not false then I[t] else int64(nan)
    }
  }
}";

#[test]
fn a_program_equals_itself_and_nothing_that_differs() {
    let base: Program = BASE.parse().expect("the text is a program");
    assert_eq!(base, base.clone());
    let changes = [
        ("program f", "program g"),
        ("A: float32[4]", "A: float32[5]"),
        ("@shared", "@local"),
        ("strides[2]", "strides[3]"),
        ("strides[2]", ""),
        (", I: int64[4]", ", I: int64[4], B: int8[1]"),
        ("0..4", "0..5"),
        ("0..4", "1..+4"),
        ("parallel", "unrolled"),
        ("step = 1", "step = 2"),
        ("step", "pets"),
        ("step = 1", "step = 1.0"),
        ("scale = nan", "scale = 0.0"),
        (", scale = nan", ""),
        ("T: float32[1]", "T: float32[2]"),
        ("T: float32[1]", "U: float32[1]"),
        ("i < 2", "i <= 2"),
        ("exp(", "exp!("),
        ("exp(", "log("),
        ("exp(A[i])", "exp(A[i], i)"),
        ("exp(A[i])", "T[0]"),
        ("0.0", "-0.0"),
        ("0.0", "nan"),
        ("select(i == 3, 1, 2)", "if i == 3 then 1 else 2"),
        ("let t = select(i == 3, 1, 2)", "let t = 1"),
        ("\"all\"", "\"one\""),
        (":handle", ":int32"),
        ("not false", "false"),
        ("int64(nan)", "int64(inf)"),
        ("I[t] = ", "I[i] = "),
        ("    } else {\n", ""),
    ];
    for (from, to) in changes {
        assert!(BASE.contains(from), "{from}");
        let text = BASE.replace(from, to);
        let changed: Program = text.parse().unwrap_or_else(|error| panic!("{from} -> {to}: {error}"));
        assert_ne!(changed, base, "{from} -> {to}");
        assert_ne!(base, changed, "{from} -> {to}");
    }
}

#[test]
fn places_in_the_arenas_and_sharing_do_not_count() {
    let build = |value: fn(&mut Body<'_>, BufferId) -> cdmpp_ir::ExprId| {
        let built = Program::build("f", |body| {
            let a = body.param(Buffer::new("A", DataType::F32, []));
            let value = value(body, a);
            body.store(a, &[], value);
        });
        built.expect("the program is well formed")
    };
    let shared = build(|body, a| {
        let x = body.load(a, &[]);
        body.add(x, x)
    });
    let spread = build(|body, a| {
        let (y, _unused) = (body.load(a, &[]), body.bool(true));
        let x = body.load(a, &[]);
        body.add(x, y)
    });
    assert_eq!(shared, spread);
    assert_ne!(shared.n_exprs(), spread.n_exprs());
}

#[test]
fn order_of_operands_counts() {
    let parse = |text: &str| text.parse::<Program>().expect("the text is a program");
    let left = parse("program f() { eval f(1, 2, g:int64(3)) }");
    let right = parse("program f() { eval f(2, 1, g:int64(3)) }");
    assert_ne!(left, right);
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(2),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Two programs are equal exactly if they print alike.
    #[test]
    fn equality_is_equality_of_texts(left in random::programs(), right in random::programs()) {
        prop_assert_eq!(&left, &left);
        prop_assert_eq!(left == right, left.to_string() == right.to_string());
        prop_assert_eq!(left == right, right == left);
    }

    #[test]
    fn preorder_gives_every_statement_with_its_depth(program in random::programs()) {
        fn expected(program: &Program, siblings: cdmpp_ir::Children<'_>, depth: usize, out: &mut Vec<(usize, usize)>) {
            for node in siblings {
                out.push((node.index(), depth));
                expected(program, program.children(node), depth + 1, out);
            }
        }
        let mut pairs = Vec::new();
        expected(&program, program.roots(), 0, &mut pairs);
        let walk = program.preorder();
        prop_assert_eq!(walk.len(), program.n_nodes());
        prop_assert_eq!(walk.map(|(node, depth)| (node.index(), depth)).collect::<Vec<_>>(), pairs);
    }
}
