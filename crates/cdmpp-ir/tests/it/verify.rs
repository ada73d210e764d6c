//! The verifier: one broken rule a test line.

use cdmpp_ir::{
    BinaryOp, Body, Buffer, DataType, Effect, ExprId, LoopHeader, LoopKind, MAX_DEPTH, MAX_EXPR_NODES, Program, Rule,
    Scope, TextError, VerifyError,
};
use expect_test::{Expect, expect};

/// Checks which rule a body breaks.
fn check(body: impl FnOnce(&mut Body<'_>), expected: Expect) {
    let error = Program::build("f", body).expect_err("a rule is broken");
    expected.assert_eq(&error.to_string());
}

/// Checks which rule a text breaks. `A` has 4 floats, `I` 4 integers, `s` is a scalar.
fn check_text(body: &str, expected: Expect) {
    let text = format!("program f(A: float32[4], I: int64[4], s: float32[]) {{ {body} }}");
    match text.parse::<Program>() {
        Err(cdmpp_ir::TextError::Invalid { source, .. }) => expected.assert_eq(&source.to_string()),
        other => panic!("no rule is broken: {other:?}"),
    }
}

/// An expression of another program, with a high id.
fn foreign_expr() -> ExprId {
    let mut id = None;
    let built = Program::build("other", |body| id = (0..100).map(|value| body.int(value, DataType::I64)).last());
    built.expect("an empty program is well formed");
    id.expect("expressions were made")
}

#[test]
fn rule_1_ids() {
    check(
        |body| {
            let one = body.int(1, DataType::I64);
            let sum = body.add(one, foreign_expr());
            body.evaluate(sum);
        },
        expect!["expr1 uses expr99, which is of another program"],
    );
    check(|body| body.evaluate(foreign_expr()), expect!["node0 uses expr99, which is of another program"]);
    check(
        |body| {
            let one = body.int(1, DataType::I64);
            // An id that this program gives out only later could close a circle.
            let mut later = one;
            let built = Program::build("other", |other| {
                other.int(0, DataType::I64);
                later = other.int(0, DataType::I64);
            });
            assert!(built.is_ok());
            let circle = body.add(one, later);
            body.evaluate(circle);
        },
        expect!["expr1 uses expr1, which is of another program"],
    );
    check(
        |body| {
            let mut foreign = None;
            let built =
                Program::build("other", |other| foreign = Some(other.param(Buffer::new("A", DataType::I64, []))));
            assert!(built.is_ok());
            let one = body.int(1, DataType::I64);
            body.store(foreign.expect("a buffer was made"), &[], one);
        },
        expect!["node0 uses buffer0, which is of another program"],
    );
}

#[test]
fn rule_2_buffers() {
    let buffer = |shape: &[i64], strides: Option<&[i64]>| Buffer {
        strides: strides.map(<[i64]>::to_vec),
        ..Buffer::new("T", DataType::F32, shape)
    };
    let check = |buffer: Buffer, expected: Expect| check(|body| _ = body.param(buffer), expected);
    check(buffer(&[4, 0], None), expect!["buffer `T`: every extent must be at least 1"]);
    check(buffer(&[-1], None), expect!["buffer `T`: every extent must be at least 1"]);
    check(buffer(&[1 << 32, 1 << 31], None), expect!["buffer `T`: the number of elements must fit in 63 bits"]);
    check(buffer(&[4], Some(&[1, 1])), expect!["buffer `T`: there must be one stride a dimension"]);
    check(buffer(&[4], Some(&[-1])), expect!["buffer `T`: strides must not be negative"]);
    check(buffer(&[4], Some(&[i64::MAX])), expect!["buffer `T`: the number of elements must fit in 63 bits"]);
    check(buffer(&[2, 2], Some(&[i64::MAX, 1])), expect!["buffer `T`: the number of elements must fit in 63 bits"]);

    let built = Program::build("f", |body| {
        body.param(buffer(&[], Some(&[])));
        body.allocate(buffer(&[i64::MAX], None));
        body.allocate(Buffer { scope: Scope::Other("shared".into()), ..buffer(&[2], Some(&[0])) });
    });
    let program = built.expect("the edges of the rules are allowed");
    let last = program.buffers().last().expect("there are buffers");
    assert_eq!(program[last].scope, Scope::Shared, "one scope has one spelling");
}

#[test]
fn rule_3_scopes() {
    check(
        |body| {
            let i = body.for_extent("i", 4, LoopKind::Serial, |_, i| i);
            body.evaluate(i);
        },
        expect!["node1: `i` is used outside the body that declares it"],
    );
    check(
        |body| {
            let condition = body.bool(true);
            let t = body.if_then(condition, |body| {
                let one = body.int(1, DataType::I64);
                body.let_value("t", one)
            });
            body.evaluate(t);
        },
        expect!["node2: `t` is used outside the body that declares it"],
    );
    check(
        |body| {
            let condition = body.bool(true);
            let mut t = None;
            let result: Result<(), ()> = body.try_if_then_else(
                &mut t,
                condition,
                |t, body| {
                    let one = body.int(1, DataType::I64);
                    *t = Some(body.let_value("t", one));
                    Ok(())
                },
                |t, body| {
                    body.evaluate(t.expect("the first case ran"));
                    Ok(())
                },
            );
            assert!(result.is_ok());
        },
        expect!["node2: `t` is used outside the body that declares it"],
    );
    check(
        |body| {
            let buffer = body
                .for_extent("i", 4, LoopKind::Serial, |body, _| body.allocate(Buffer::new("T", DataType::F32, [4])));
            let (zero, one) = (body.int(0, DataType::I64), body.float(1.0, DataType::F32));
            body.store(buffer, &[zero], one);
        },
        expect!["node2: `T` is used outside the body that declares it"],
    );
    check(
        |body| {
            let condition = body.bool(true);
            let buffer = body.if_then(condition, |body| body.allocate(Buffer::new("T", DataType::F32, [])));
            let load = body.load(buffer, &[]);
            body.evaluate(load);
        },
        expect!["node2: `T` is used outside the body that declares it"],
    );
    let built = Program::build("f", |body| {
        body.for_extent("i", 4, LoopKind::Serial, |body, i| {
            let t = body.let_value("t", i);
            let condition = body.binary(BinaryOp::Lt, t, i);
            body.if_then_else(condition, |body| body.evaluate(t), |body| body.evaluate(i));
            body.evaluate(t);
        });
    });
    assert!(built.is_ok(), "what a body declares is visible in the bodies inside: {built:?}");
}

#[test]
fn rule_4_indices() {
    check_text("A[0, 0] = 1.0", expect!["node0: an access must have one index a dimension"]);
    check_text("A[] = 1.0", expect!["node0: an access must have one index a dimension"]);
    check_text("eval A[0, 0]", expect!["node0: an access must have one index a dimension"]);
    check_text("eval s[0, 0]", expect!["node0: an access must have one index a dimension"]);
    check_text("A[1.0] = 1.0", expect!["node0, expr0: an index must be an integer"]);
    check_text("eval A[true]", expect!["node0, expr0: an index must be an integer"]);
    check_text("A[I[false]] = 1.0", expect!["node0, expr0: an index must be an integer"]);
    let text = "program f(s: float32[]) { s[] = 1.0 s[0] = s[] + s[0i32] }";
    assert!(text.parse::<Program>().is_ok(), "a scalar takes no index, or one");
}

#[test]
fn rule_5_types_of_stores() {
    check_text("A[0] = 1", expect!["node0: the stored value must have the buffer's type"]);
    check_text("I[0] = 1i32", expect!["node0: the stored value must have the buffer's type"]);
}

#[test]
fn rule_6_literals() {
    let text = "an integer literal must fit in its type, an integer's or bool";
    let cases = [
        (2, DataType::Bool),
        (-1, DataType::Bool),
        (128, DataType::I8),
        (-129, DataType::I8),
        (1 << 15, DataType::I16),
        (1 << 31, DataType::I32),
        (-1, DataType::U8),
        (256, DataType::U8),
        (1 << 16, DataType::U16),
        (1 << 32, DataType::U32),
        (-1, DataType::U64),
        (0, DataType::F32),
        (0, DataType::Handle),
    ];
    for (value, dtype) in cases {
        let error = Program::build("f", |body| {
            let value = body.int(value, dtype);
            body.evaluate(value);
        });
        assert_eq!(error.expect_err("the literal does not fit").to_string(), format!("node0, expr0: {text}"));
    }
    for dtype in [DataType::I64, DataType::Bool, DataType::Handle] {
        check(
            |body| {
                let value = body.float(1.0, dtype);
                body.evaluate(value);
            },
            expect!["node0, expr0: a float literal must have a float type"],
        );
    }
}

#[test]
fn rule_7_operands() {
    check_text("eval 1 + 1i32", expect!["node0, expr2: the operands must have one type"]);
    check_text("eval 1 < 1.0", expect!["node0, expr2: the operands must have one type"]);
    check_text("eval true + false", expect!["node0, expr2: the operation does not take operands of this type"]);
    check_text("eval 1 and 2", expect!["node0, expr2: the operation does not take operands of this type"]);
    check_text("eval \"a\" == \"b\"", expect!["node0, expr2: the operation does not take operands of this type"]);
    check_text(
        "eval f:handle() == g:handle()",
        expect!["node0, expr2: the operation does not take operands of this type"],
    );
    let text = "program f() { eval f!(true == false, 1.0 % 2.0, 1.0 // 2.0, truncmod(1.0, 2.0), 2u8 - 1u8) }";
    assert!(text.parse::<Program>().is_ok());
}

#[test]
fn rule_8_conditions() {
    check_text("if 1 { }", expect!["node0: a condition must be a bool"]);
    check_text("eval if 1 then 1 else 2", expect!["node0, expr3: a condition must be a bool"]);
    check_text("eval select(1.0, 1, 2)", expect!["node0, expr3: a condition must be a bool"]);
    check_text("eval if true then 1 else 2.0", expect!["node0, expr3: both sides of a choice must have one type"]);
    check_text("eval select(true, 1i8, 2)", expect!["node0, expr3: both sides of a choice must have one type"]);
    check_text("eval not 1", expect!["node0, expr1: `not` takes a bool"]);
}

#[test]
fn rule_9_loops() {
    let types = "node0: a loop's variable, min and extent must have one integer type";
    let cases = [
        ("for i in 0..2.0 { }", types),
        ("for i in 0..true { }", types),
        ("for i in 0i32..+2 { }", types),
        ("for i in 0..0 { }", "node0: a loop's extent must be at least 1"),
        ("for i in 0..-3 { }", "node0: a loop's extent must be at least 1"),
        ("for i in 1..+9223372036854775807 { }", "node0: a loop's end must fit in 64 bits"),
    ];
    for (body, expected) in cases {
        let text = format!("program f() {{ {body} }}");
        match text.parse::<Program>() {
            Err(cdmpp_ir::TextError::Invalid { source, .. }) => assert_eq!(source.to_string(), expected, "{body}"),
            other => panic!("{body}: {other:?}"),
        }
    }
    assert!("program f() { for i in -8..+9223372036854775807 { } }".parse::<Program>().is_ok());
}

#[test]
fn rule_10_strings() {
    check_text("eval \"a\"", expect!["node0, expr0: a string must be an argument of a call"]);
    check_text("let t = \"a\"", expect!["node0, expr0: a string must be an argument of a call"]);
    check_text("eval select(true, \"a\", \"b\")", expect!["node0, expr3: a string must be an argument of a call"]);
    check_text(
        "eval if true then f:handle() else \"b\"",
        expect!["node0, expr3: a string must be an argument of a call"],
    );
    check_text("eval int64(\"a\")", expect!["node0, expr1: a string must be an argument of a call"]);
}

#[test]
fn rule_11_depth() {
    fn nest(body: &mut Body<'_>, depth: usize) {
        if depth > 0 {
            let one = body.int(1, DataType::I64);
            let header = LoopHeader {
                name: "i".into(),
                min: None,
                extent: one,
                kind: LoopKind::Serial,
                annotations: Vec::new(),
            };
            body.for_loop(header, |body, _| nest(body, depth - 1));
        }
    }
    assert!(Program::build("f", |body| nest(body, MAX_DEPTH)).is_ok());
    check(|body| nest(body, MAX_DEPTH + 1), expect!["node256: statements nest too deep"]);

    let chain = |body: &mut Body<'_>, depth: usize| {
        let mut value = body.bool(true);
        for _ in 1..depth {
            value = body.not(value);
        }
        body.evaluate(value);
    };
    assert!(Program::build("f", |body| chain(body, MAX_DEPTH)).is_ok());
    check(|body| chain(body, MAX_DEPTH + 1), expect!["node0: operators nest too deep"]);
}

#[test]
fn rule_11_size() {
    // Each sum uses the one before twice: written out, 2^n - 1 nodes.
    let doubled = |body: &mut Body<'_>, n: u32| {
        let mut value = body.int(1, DataType::I64);
        for _ in 1..n {
            value = body.add(value, value);
        }
        body.evaluate(value);
    };
    let n = MAX_EXPR_NODES.ilog2();
    assert!(Program::build("f", |body| doubled(body, n)).is_ok());
    check(|body| doubled(body, n + 1), expect!["node0: the expressions are too large"]);
    check(|body| doubled(body, 100), expect!["node0: the expressions are too large"]);
    // The bound holds for the whole program.
    check(
        |body| {
            doubled(body, n);
            doubled(body, n);
        },
        expect!["node1: the expressions are too large"],
    );
}

#[test]
fn a_reader_s_own_error_comes_through() {
    #[derive(Debug, PartialEq)]
    enum ReadError {
        Broken,
        Rule(VerifyError),
    }
    impl From<VerifyError> for ReadError {
        fn from(error: VerifyError) -> Self {
            Self::Rule(error)
        }
    }
    let built = Program::try_build("f", |_| Err(ReadError::Broken));
    assert_eq!(built, Err(ReadError::Broken));
    let built = Program::try_build("f", |body| {
        let text = body.string("alone");
        body.evaluate(text);
        Ok::<(), ReadError>(())
    });
    assert!(matches!(built, Err(ReadError::Rule(VerifyError::Expr { .. }))));
    let mut second_ran = false;
    let built = Program::try_build("f", |body| {
        let condition = body.call("any", DataType::Bool, Effect::Pure, &[]);
        body.try_if_then_else(
            &mut second_ran,
            condition,
            |_, _| Err(ReadError::Broken),
            |second_ran, _| {
                *second_ran = true;
                Ok(())
            },
        )
    });
    assert_eq!(built, Err(ReadError::Broken));
    assert!(!second_ran, "the error of the first case skips the second");
}

#[test]
fn the_broken_rule_can_be_matched() {
    let error = "program f() { eval 1 // 0 }".parse::<Program>().unwrap_err();
    let TextError::Invalid { source: VerifyError::Expr { rule, .. }, .. } = error else { panic!("{error:?}") };
    assert_eq!(rule, Rule::DivisionByZero);
}
