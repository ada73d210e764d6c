//! The text form: what is printed, what is read, what is refused and where.

use cdmpp_ir::{
    Annotation, AnnotationValue, BinaryOp, Body, Buffer, DataType, Effect, ExprId, LoopHeader, LoopKind, Position,
    Program, Scope, TextError, ThreadAxis,
};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::{random, report};

/// Checks what the body of a program with the parameters `A`, `B` (4 by 4 floats) and `I` (4 integers) prints as, or
/// why it is refused. Lines count from the body's first.
fn check(body: &str, expected: Expect) {
    let text = format!("program f(A: float32[4, 4], B: float32[4, 4], I: int64[4]) {{ {body} }}");
    let actual = match text.parse::<Program>() {
        Ok(program) => {
            let printed = program.to_string();
            assert_eq!(printed.parse::<Program>().as_ref(), Ok(&program), "{printed}");
            let lines = printed.lines().skip(1).filter_map(|line| line.strip_prefix("  "));
            lines.map(|line| format!("{line}\n")).collect()
        }
        Err(error) => report(&error),
    };
    expected.assert_eq(&actual);
}

/// Checks how an expression made by the builder prints; `a`, `b`, `c` are `int64` variables, `p`, `q` truth values.
fn check_expr(expr: impl FnOnce(&mut Body<'_>, [ExprId; 3], [ExprId; 2]) -> ExprId, expected: Expect) {
    let program = Program::build("f", |body| {
        let ints = ["a", "b", "c"].map(|name| {
            let value = body.call("any", DataType::I64, Effect::Pure, &[]);
            body.let_value(name, value)
        });
        let bools = ["p", "q"].map(|name| {
            let value = body.call("any", DataType::Bool, Effect::Pure, &[]);
            body.let_value(name, value)
        });
        let value = expr(body, ints, bools);
        body.evaluate(value);
    });
    let program = program.expect("the expression is well formed");
    let printed = program.to_string();
    assert_eq!(printed.parse::<Program>().as_ref(), Ok(&program), "{printed}");
    let line = printed.lines().find_map(|line| line.strip_prefix("  eval ")).expect("the expression is printed");
    expected.assert_eq(line);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1024,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_printed_reads_back(program in random::programs()) {
        let printed = program.to_string();
        let read: Program = printed.parse().map_err(|error: TextError| {
            TestCaseError::fail(format!("{}\n{printed}", report(&error)))
        })?;
        prop_assert_eq!(&read, &program, "{}", printed);
        prop_assert_eq!(read.to_string(), printed);
    }
}

#[test]
fn every_statement() {
    let program = Program::build("main", |body| {
        let a = body.param(Buffer::new("A", DataType::F32, [128, 64]));
        let padded = Buffer { strides: Some(vec![48, 1]), ..Buffer::new("C", DataType::F16, [128, 32]) };
        let c = body.param(Buffer { scope: Scope::Shared, ..padded });
        let scalar =
            body.allocate(Buffer { scope: Scope::Other("wmma.x".into()), ..Buffer::new("s", DataType::F32, []) });
        let (min, extent) = (body.int(4, DataType::I32), body.int(12, DataType::I32));
        let header = LoopHeader {
            name: "blockIdx.x".into(),
            min: Some(min),
            extent,
            kind: LoopKind::ThreadBinding(ThreadAxis::BlockX),
            annotations: vec![
                Annotation { key: "step".into(), value: AnnotationValue::Int(-16) },
                Annotation { key: "odd key".into(), value: AnnotationValue::Float(0.5) },
                Annotation { key: "for".into(), value: AnnotationValue::Str("a \"b\"".into()) },
            ],
        };
        body.for_loop(header, |body, i| {
            let load = body.load(a, &[i, i]);
            body.store(scalar, &[], load);
            let four = body.int(8, DataType::I32);
            let low = body.binary(BinaryOp::Lt, i, four);
            body.if_then_else(
                low,
                |_| (),
                |body| {
                    let value = body.load(scalar, &[]);
                    let root = body.call("sqrt", DataType::F32, Effect::Pure, &[value]);
                    let half = body.cast(DataType::F16, root);
                    let t = body.let_value("t", half);
                    body.store(c, &[i, i], t);
                },
            );
            let low = body.binary(BinaryOp::Lt, i, four);
            body.if_then(low, |body| {
                let scope = body.string("shared");
                let barrier = body.call("storage_sync", DataType::Handle, Effect::Opaque, &[scope]);
                body.evaluate(barrier);
            });
        });
        body.for_extent("i", 3, LoopKind::Vectorized, |_, _| ());
    });
    let program = program.expect("the program is well formed");
    expect![[r#"
        program main(A: float32[128, 64], C: float16[128, 32] @shared strides[48, 1]) {
          alloc s: float32[] @wmma.x
          for blockIdx.x in 4i32..+12i32 bind blockIdx.x with step = -16, `odd key` = 0.5, `for` = "a \"b\"" {
            s[] = A[blockIdx.x, blockIdx.x]
            if blockIdx.x < 8i32 {
            } else {
              let t = float16(sqrt(s[]))
              C[blockIdx.x, blockIdx.x] = t
            }
            if blockIdx.x < 8i32 {
              eval storage_sync!("shared")
            }
          }
          for i in 0..3 vectorized {
          }
        }
    "#]]
    .assert_eq(&program.to_string());
    assert_eq!(program.to_string().parse(), Ok(program));
}

#[test]
fn parentheses_are_minimal() {
    use BinaryOp::{Add, And, Eq, FloorDiv, Lt, Max, Mul, Or, Sub};
    check_expr(
        |body, [a, b, c], _| {
            let left = body.binary(Sub, a, b);
            let left = body.binary(Sub, left, c);
            let right = body.binary(Sub, b, c);
            body.binary(Sub, left, right)
        },
        expect!["a - b - c - (b - c)"],
    );
    check_expr(
        |body, [a, b, c], _| {
            let sum = body.binary(Add, a, b);
            let product = body.binary(Mul, sum, c);
            let quotient = body.binary(FloorDiv, a, b);
            let most = body.binary(Max, product, sum);
            let x = body.binary(Mul, quotient, most);
            body.binary(Mul, c, x)
        },
        expect!["c * (a // b * max((a + b) * c, a + b))"],
    );
    check_expr(
        |body, [a, b, _], [p, q]| {
            let less = body.binary(Lt, a, b);
            let same = body.binary(Eq, less, p);
            let both = body.binary(And, same, q);
            let either = body.binary(Or, both, p);
            let and = body.binary(And, q, either);
            body.not(and)
        },
        expect!["not (q and ((a < b) == p and q or p))"],
    );
    check_expr(
        |body, [a, b, c], [p, q]| {
            let not = body.not(p);
            let not = body.not(not);
            let same = body.binary(Eq, not, q);
            let inner = body.choose(p, a, b);
            let middle = body.choose(q, b, inner);
            let condition = body.choose(p, q, same);
            let outer = body.choose(condition, inner, middle);
            body.binary(Add, outer, c)
        },
        expect![
            "(if (if p then q else (not not p) == q) then (if p then a else b) else if q then b else if p then a else b) + c"
        ],
    );
    check_expr(
        |body, [a, ..], _| {
            let minus = body.int(-4, DataType::I64);
            let product = body.binary(Mul, minus, a);
            body.binary(Sub, product, minus)
        },
        expect!["-4 * a - -4"],
    );
}

#[test]
fn literals_keep_type_and_bits() {
    check(
        "eval f!(0, -9223372036854775808, 7i32, 255u8, true, false, 9223372036854775807u64)
         eval f!(0.0, -0.0, 1.5, 2f32, 0.5f16, 1e-45f64, 5e-324f64, 1e300, 0.1bf16, 3.0f8e4m3, -1f8e5m2)
         eval f!(inf, -inf, nan, -nan, inf_f64, -inf_f16, nan_bf16)
         eval f!(\"a\\n\\t\\r\\\\\\\"\\`\\u{7}\\u{1f600}ü\")",
        expect![[r#"
            eval f!(0, -9223372036854775808, 7i32, 255u8, true, false, 9223372036854775807u64)
            eval f!(0.0, -0.0, 1.5, 2.0, 0.5f16, 1e-45f64, 5e-324f64, 1e300, 0.1bf16, 3.0f8e4m3, -1.0f8e5m2)
            eval f!(inf, -inf, nan, nan, inf_f64, -inf_f16, nan_bf16)
            eval f!("a\n\t\r\\\"`\u{7}😀ü")
        "#]],
    );
}

#[test]
fn white_space_is_free_and_comments_end_with_the_line() {
    check(
        "# a program\nfor i in 0 .. 4{A[i,0]=1.0# one\nA[i,1]=2.0}#",
        expect!["line 3, column 15: found the end of the text, expected a statement or `}`"],
    );
    check(
        "# a program\nfor i in 0 .. 4{A[i,0]=1.0# one\nA[i,1]=2.0}\r\n\t",
        expect![[r#"
            for i in 0..4 {
              A[i, 0] = 1.0
              A[i, 1] = 2.0
            }
        "#]],
    );
}

#[test]
fn names_end_with_their_body_and_are_made_unique() {
    check(
        "for i in 0..4 { let t = i I[t] = i } for i in 0..4 { for i in 0..i { alloc A: int64[1] A[0] = i } A[i, i] = 0.0 }",
        expect![[r#"
            for i in 0..4 {
              let t = i
              I[t] = i
            }
            for i_1 in 0..4 {
              for i_2 in 0..i_1 {
                alloc A_1: int64[1]
                A_1[0] = i_2
              }
              A[i_1, i_1] = 0.0
            }
        "#]],
    );
    check("if true { let t = 1 } else { I[t] = t }", expect!["line 1, column 93: no variable is named `t` here"]);
    check("for i in 0..4 { } I[i] = 0", expect!["line 1, column 82: no variable is named `i` here"]);
    check("for i in 0..i { }", expect!["line 1, column 74: no variable is named `i` here"]);
    check("{ alloc T: int64[1] }", expect!["line 1, column 62: found `{`, expected a statement or `}`"]);
    check("if true { alloc T: int64[1] } T[0] = 1", expect!["line 1, column 92: no buffer is named `T` here"]);
    check("I[A] = 0", expect!["line 1, column 64: no variable is named `A` here"]);
    check("let t = 1 eval t[0]", expect!["line 1, column 77: no buffer is named `t` here"]);
}

#[test]
fn reserved_words_and_odd_texts_are_names_in_backticks() {
    check(
        "let `for` = 1 let `a b` = `for` let `` = `a b` let `\\u{41}x` = `` eval `max`(`\\`Ax`, 1) let `\\\\` = 1",
        expect!["line 1, column 139: no variable is named ``Ax` here"],
    );
    check(
        "let `for` = 1 let `a b` = `for` let `` = `a b` let `\\u{41}x` = `` eval `max`(`Ax`, 1) let `\\\\` = 1",
        expect![[r#"
            let `for` = 1
            let `a b` = `for`
            let _ = `a b`
            let Ax = _
            eval `max`(Ax, 1)
            let `\\` = 1
        "#]],
    );
    check("let max = 1", expect!["line 1, column 66: found `max`, expected the variable's name"]);
    check(
        "eval with",
        expect![
            "line 1, column 67: found `with`, expected an expression (a reserved word as a name stands in backticks)"
        ],
    );
}

#[test]
fn what_does_not_read_is_located() {
    let cases = [
        ("", "line 1, column 1: found the end of the text, expected `program`"),
        ("\n  prog f() {}", "line 2, column 3: found `prog`, expected `program`"),
        ("program for() {}", "line 1, column 9: found `for`, expected the program's name"),
        ("program f {}", "line 1, column 11: found `{`, expected `(`"),
        ("program f(A) {}", "line 1, column 12: found `)`, expected `:` and a type"),
        ("program f(A: f32[1]) {}", "line 1, column 14: found `f32`, expected a type such as `float32`"),
        ("program f(A: int8) {}", "line 1, column 18: found `)`, expected `[`"),
        ("program f(A: int8[n]) {}", "line 1, column 19: found `n`, expected an integer without a type"),
        ("program f(A: int8[1i32]) {}", "line 1, column 19: found `1i32`, expected an integer without a type"),
        ("program f(A: int8[1] B: int8[1]) {}", "line 1, column 22: found `B`, expected `,` or a closing bracket"),
        ("program f(A: int8[1] @) {}", "line 1, column 23: found `)`, expected a scope's name"),
        ("program f() {} x", "line 1, column 16: found `x`, expected the end of the text"),
        ("program f() {", "line 1, column 14: found the end of the text, expected a statement or `}`"),
        ("program f() { $ }", "line 1, column 15: found `$`, expected a name, a literal or an operator"),
        ("program f() { é }", "line 1, column 15: found `é`, expected a name, a literal or an operator"),
        ("program `f", "line 1, column 11: found the end of the text, expected a closing backtick"),
        ("program `f\n`() {}", "line 1, column 11: found the end of the line, expected a closing backtick"),
        (
            r"program `\x`() {}",
            r"line 1, column 10: found `\x`, expected `\n`, `\t`, `\r`, `\\`, an escaped quote or `\u{hex}`",
        ),
    ];
    for (text, expected) in cases {
        let error = text.parse::<Program>().expect_err(text);
        assert_eq!(report(&error), expected, "{text}");
    }
}

#[test]
fn what_does_not_read_in_a_body_is_located() {
    let cases = [
        ("for 1 in 0..4 {}", "found `1`, expected the loop variable's name"),
        ("for i 0..4 {}", "found `0`, expected `in`"),
        (
            "for i in 2..4 {}",
            "found `..`, expected `..+` and the number of iterations (only a range from 0 is written `0..n`)",
        ),
        ("for i in 0..4 bind i {}", "found `i`, expected a thread axis such as `threadIdx.x`"),
        ("for i in 0..4 with {}", "found `{`, expected a hint's name"),
        ("for i in 0..4 with a = -\"\" {}", "found `\"\"`, expected an integer, a float or a string, without a type"),
        ("for i in 0..4 with a = 1i32 {}", "found `1i32`, expected an integer, a float or a string, without a type"),
        ("for i in 0..4 serial {}", "found `serial`, expected `{`"),
        ("if 1 < 2 < 3 {}", "found `<`, expected parentheses around one of the comparisons"),
        ("eval 1 == not true", "found `not`, expected parentheses around this operand"),
        ("eval 1 + if true then 1 else 2", "found `if`, expected parentheses around this operand"),
        ("eval if true then 1", "found `}`, expected `else`"),
        ("eval if true 1 else 2", "found `1`, expected `then`"),
        ("let t = 1 eval -t", "found `t`, expected a number after the sign (negation is written `0 - x`)"),
        ("eval (1 + 2", "found `}`, expected `)`"),
        ("eval 1 +", "found `}`, expected an expression"),
        ("eval max(1)", "found `)`, expected `,` or a closing bracket"),
        ("eval select(true, 1)", "found `)`, expected `,` or a closing bracket"),
        ("eval f(1 2)", "found `2`, expected `,` or a closing bracket"),
        ("eval f:x(1)", "found `x`, expected a type such as `float32`"),
        ("eval f() ", "found `}`, expected a type in front of the empty parentheses before, as in `f:handle()`"),
        ("eval 1x", "found `1x`, expected a number with a type such as `i32` or `f16`, or none"),
        ("eval 1.5i32", "found `1.5i32`, expected an integer, for an integer's type"),
        ("eval 1e999", "found `1e999`, expected a finite number or `inf`"),
        ("eval 18446744073709551616", "found `18446744073709551616`, expected an integer of at most 64 bits"),
        ("eval 9223372036854775808", "found `9223372036854775808`, expected an integer of at most 64 bits"),
        ("eval `a very long name that is clipped somewhere`:", "found `}`, expected a type such as `float32`"),
        ("then a very long name that is clipped somewhere", "found `then`, expected a statement or `}`"),
        (
            "eval 11111111111111111111111111111111111111111111111111",
            "found `1111111111111111111111111111111111111111…`, expected an integer of at most 64 bits",
        ),
        ("A[0, 0] + 1", "found `+`, expected `=`"),
        ("A = 1", "found `=`, expected `[`"),
    ];
    for (body, expected) in cases {
        let text = format!("program f(A: float32[4, 4]) {{ {body} }}");
        let error = text.parse::<Program>().expect_err(body);
        let report = report(&error);
        let (_, message) = report.split_once(": ").expect("the place comes first");
        assert_eq!(message, expected, "{body}");
    }
}

#[test]
fn broken_rules_are_located() {
    check(
        "for i in 0..4 {\n  A[i, 0] = 1.0 + 2.0f16\n}",
        expect![[r#"
            line 2, column 17: the program is not well formed
            node1, expr8: the operands must have one type"#]],
    );
    check(
        "for i in 0..4 {\n  if i < 4 {\n    A[i] = 1.0\n } }",
        expect![[r#"
            line 3, column 5: the program is not well formed
            node2: an access must have one index a dimension"#]],
    );
    check(
        "\n  alloc T: int8[0]",
        expect![[r#"
            line 2, column 9: the program is not well formed
            buffer `T`: every extent must be at least 1"#]],
    );
    check(
        "for i in 0..1.5 { }",
        expect![[r#"
            line 1, column 62: the program is not well formed
            node0: a loop's variable, min and extent must have one integer type"#]],
    );
}

#[test]
fn an_error_tells_its_place() {
    let text = "program f() {\n  eval x\n}";
    let error = text.parse::<Program>().expect_err("nothing declares x");
    assert_eq!(error.at(), Position { line: 2, column: 8 });
}
