//! The interpreter against results computed by hand.

use cdmpp_ir::{Elements, InterpretError, Program};
use expect_test::{Expect, expect};

/// Runs a body over `y`, whose 8 elements start at 0 in the type.
fn run(dtype: &str, body: &str) -> Result<Elements, InterpretError> {
    let program: Program = format!("program f(y: {dtype}[8]) {{ {body} }}").parse().expect("the text is a program");
    let zeros = Elements::zeros(program[program.params()[0]].dtype, 8);
    program.interpret(vec![zeros], 10_000).map(|mut outputs| outputs.remove(0))
}

/// The first values that a body leaves.
#[track_caller]
fn check(dtype: &str, body: &str, expected: &[f64]) {
    let found = match run(dtype, body).unwrap_or_else(|error| panic!("{error}")) {
        Elements::Ints(values) => values.into_iter().map(|value| value as f64).collect(),
        Elements::Floats(values) => values,
        other => panic!("unknown elements: {other:?}"),
    };
    let same = |(a, b): (&f64, &f64)| a == b || a.is_nan() && b.is_nan();
    assert!(found.iter().zip(expected).all(same), "found {found:?}, expected {expected:?}");
}

#[track_caller]
fn refused(body: &str, expected: Expect) {
    expected.assert_eq(&run("float32", body).expect_err("it has no meaning").to_string());
}

#[test]
fn loops_of_every_kind_run_in_order() {
    for kind in ["", "parallel", "vectorized", "unrolled"] {
        check("int64", &format!("for i in 2..+3 {kind} {{ y[i] = i * 10 + y[i - 1] }}"), &[0.0, 0.0, 20.0, 50.0, 90.0]);
    }
    check("int64", "for i in 0..3 { for j in 0..i { y[0] = y[0] + 1 } }", &[3.0]);
}

#[test]
fn lets_conditionals_and_allocations() {
    check("int64", "let t = 7 y[0] = t for i in 0..2 { let s = t + i y[1 + i] = s }", &[7.0, 7.0, 8.0]);
    check("int64", "for i in 0..4 { if i % 2 == 0 { y[i] = 1 } else { y[i] = 2 } }", &[1.0, 2.0, 1.0, 2.0]);
    // An allocation is new each time, in whatever memory.
    for scope in ["", "@shared", "@local", "@odd"] {
        let body =
            format!("for i in 0..2 {{ alloc t: int64[2] {scope} t[i] = t[i] + t[0] + 5 y[i] = t[i] y[2] = t[1 - i] }}");
        check("int64", &body, &[5.0, 5.0, 0.0]);
    }
    check("int64", "alloc s: int64[] s[] = 3 y[0] = s[0] + s[]", &[6.0]);
}

#[test]
fn divisions_round_down_or_towards_zero() {
    check("int64", "y[0] = -7 // 2 y[1] = -7 % 2 y[2] = -7 / 2 y[3] = truncmod(-7, 2)", &[-4.0, 1.0, -3.0, -1.0]);
    check("int64", "y[0] = 7 // -2 y[1] = 7 % -2 y[2] = 7 / -2 y[3] = truncmod(7, -2)", &[-4.0, -1.0, -3.0, 1.0]);
    check("float32", "y[0] = -7.5 // 2.0 y[1] = -7.5 % 2.0 y[2] = truncmod(-7.5, 2.0)", &[-4.0, 0.5, -1.5]);
    refused("y[0] = float32(1 // int64(y[0]))", expect!["node0: division by 0"]);
}

#[test]
fn integers_wrap_around_in_their_type() {
    check("int8", "y[0] = int8(200) y[1] = y[0] + int8(y[0]) y[2] = y[2] - 100i8 - int8(100)", &[-56.0, -112.0, 56.0]);
    check("uint8", "y[0] = y[0] - uint8(1) y[1] = uint8(-1.5) y[2] = uint8(300.0)", &[255.0, 0.0, 255.0]);
    check(
        "int32",
        "y[0] = int32(2147483648) y[1] = int32(1e10) y[2] = int32(-2.9)",
        &[-2147483648.0, 2147483647.0, -2.0],
    );
    check("int64", "y[0] = 9223372036854775807 y[0] = y[0] + 1 y[1] = y[0] / (y[1] - 1)", &[i64::MIN as f64; 2]);
    check(
        "uint64",
        "y[0] = y[0] - uint64(1) y[1] = y[0] // 2u64 y[2] = uint64(y[0] > 5u64)",
        &[-1.0, i64::MAX as f64, 1.0],
    );
}

#[test]
fn floats_are_rounded_to_their_type() {
    check(
        "float32",
        "y[0] = 0.1 y[1] = y[0] * y[0] y[2] = float32(16777217)",
        &[f64::from(0.1_f32), f64::from(0.1_f32 * 0.1_f32), 16777216.0],
    );
    check(
        "float16",
        "y[0] = float16(0.1) y[1] = float16(65520.0) y[2] = float16(65519.0) y[3] = float16(1e-8)",
        &[0.0999755859375, f64::INFINITY, 65504.0, 0.0],
    );
    check(
        "float16",
        "y[0] = float16(3e-8) y[1] = float16(2049.0) y[2] = float16(2051.0)",
        &[2_f64.powi(-24), 2048.0, 2052.0],
    );
    check("bfloat16", "y[0] = bfloat16(1.00390625) y[1] = bfloat16(1.01171875)", &[1.0, 1.015625]);
    check("float8_e4m3fn", "y[0] = float8_e4m3fn(17.0) y[1] = float8_e4m3fn(500.0)", &[16.0, f64::NAN]);
    check("float8_e5m2", "y[0] = float8_e5m2(1.2) y[1] = float8_e5m2(70000.0)", &[1.25, f64::INFINITY]);
}

#[test]
fn choices_evaluate_what_they_need() {
    check("int64", "for i in 0..2 { y[i] = if i < 1 then y[i + 7] + 4 else y[i] }", &[4.0, 0.0]);
    check("int64", "for i in 0..10 { if i < 8 and y[i] == 0 { y[i] = 1 } }", &[1.0; 8]);
    check("int64", "for i in 0..10 { if i >= 8 or y[i] != 0 { y[0] = y[0] + 1 } }", &[2.0]);
    let outside = "node1: index 8 of dimension 0 is outside `y`, where that dimension has 8 elements";
    let error = run("int64", "for i in 0..10 { y[0] = select(i < 8, y[i], 0) }").unwrap_err();
    assert_eq!(error.to_string(), outside);
}

#[test]
fn functions() {
    let close = |call: &str, expected: f64| match run("float64", &format!("y[0] = {call}")) {
        Ok(Elements::Floats(found)) => {
            assert!((found[0] - expected).abs() <= 1e-14 * expected.abs().max(1.0), "{call}: {} {expected}", found[0]);
        }
        other => panic!("{call}: {other:?}"),
    };
    close("exp(1.0f64)", std::f64::consts::E);
    close("tanh(0.5f64)", 0.46211715726000975);
    close("sigmoid(0.0f64)", 0.5);
    close("rsqrt(4.0f64)", 0.5);
    close("pow(2.0f64, 10.0f64)", 1024.0);
    close("fma(2.0f64, 3.0f64, 4.0f64)", 10.0);
    close("ldexp(1.5f64, 3)", 12.0);
    close("nearbyint(2.5f64)", 2.0);
    close("round(2.5f64)", 3.0);
    close("hypot(3.0f64, 4.0f64)", 5.0);
    // The error function, from tables.
    for (x, expected) in [
        (0.1, 0.1124629160182849),
        (1.0, 0.8427007929497149),
        (-2.0, -0.9953222650189527),
        (2.6, 0.9997639655834707),
        (3.5, 0.9999992569016276),
        (7.0, 1.0),
    ] {
        close(&format!("erf({x:?}f64)"), expected);
    }
    check("int32", "y[0] = popcount(-1i32) y[1] = clz(1i32) y[2] = shift_left(3i32, 2i32)", &[32.0, 31.0, 12.0]);
    check(
        "int32",
        "y[0] = bitwise_and(12i32, 10i32) y[1] = bitwise_xor(12i32, 10i32) y[2] = bitwise_not(0i32)",
        &[8.0, 6.0, -1.0],
    );
    check("int32", "y[0] = shift_right(-8i32, 1i32) y[1] = pow(-3i32, 3i32)", &[-4.0, -27.0]);
}

#[test]
fn what_has_no_meaning_is_refused_by_name() {
    refused("eval storage_sync!(\"shared\")", expect!["node0: cannot interpret the call of `storage_sync`"]);
    refused("y[0] = mystery(y[1])", expect!["node0: cannot interpret the call of `mystery`"]);
    refused(
        "for i in 0..8 bind threadIdx.x { y[i] = 1.0 }",
        expect!["node0: cannot interpret a loop over threadIdx.x"],
    );
    refused("y[8] = 1.0", expect!["node0: index 8 of dimension 0 is outside `y`, where that dimension has 8 elements"]);
    refused(
        "alloc t: float32[4, 3] for i in 0..4 { y[i] = t[i, i] }",
        expect!["node2: index 3 of dimension 1 is outside `t`, where that dimension has 3 elements"],
    );
    refused("for i in 0..1000000000 { y[0] = 1.0 }", expect!["the program takes more than 10000 steps"]);
    refused("for i in 0..1000000000 { }", expect!["the program takes more than 10000 steps"]);
    refused("alloc big: float32[100000, 100000]", expect!["the buffers have more than 134217728 elements with `big`"]);
}

#[test]
fn inputs_must_fit() {
    let program: Program = "program f(x: int32[2], y: float32[]) { y[] = float32(x[1]) }".parse().unwrap();
    let run = |inputs: Vec<Elements>| program.interpret(inputs, 100);
    let zero = Elements::Floats(vec![0.0]);
    let outputs = run(vec![Elements::Ints(vec![1, 5]), zero.clone()]);
    assert_eq!(outputs, Ok(vec![Elements::Ints(vec![1, 5]), Elements::Floats(vec![5.0])]));
    let error = |inputs| run(inputs).unwrap_err().to_string();
    assert_eq!(error(vec![zero.clone()]), "the program has 2 parameters, but 1 inputs were passed");
    let expected = "the input for `x` must have 2 elements of int32";
    assert_eq!(error(vec![Elements::Ints(vec![1]), zero.clone()]), expected);
    assert_eq!(error(vec![Elements::Floats(vec![1.0, 2.0]), zero]), expected);
}
