//! Text to error: the message, with its place.

use std::error::Error;

use cdmpp_tvm::{ParseError, parse_tvmscript};
use expect_test::{Expect, expect};

fn message(text: &str) -> String {
    let error = parse_tvmscript(text).expect_err("the text is wrong");
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// A function over two vectors, whose body starts in line 3.
fn check_body(body: &str, expected: Expect) {
    let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
    let head = "@T.prim_func\ndef f(A: T.Buffer((64,), \"float32\"), N: T.Buffer((64,), \"int32\")):\n";
    expected.assert_eq(&message(&format!("{head}{body}")));
}

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&message(text));
}

#[test]
fn syntax() {
    check(
        "@T.prim_func\ndef f(:\n    pass\n",
        expect!["line 2, column 7: Expected a parameter or the end of the parameter list"],
    );
    check("x = 'never ends\n", expect!["line 1, column 5: a string without an end"]);
    check_body("A[0] = = 1", expect!["line 3, column 12: Expected an expression"]);
    check_body("A[0] = \"\\u12\"", expect!["line 3, column 17: Got unexpected unicode"]);
}

#[test]
fn expected_something_else() {
    check_body("for i in range('8'):\n    pass", expect!["line 3, column 20: expected an integer, found a string"]);
    check_body("for i in range(8.0):\n    pass", expect!["line 3, column 20: expected an integer, found a float"]);
    check_body(
        "for i in range(0):\n    pass",
        expect!["line 3, column 14: expected at least one iteration, found an extent of 0"],
    );
    check_body(
        "for i in A:\n    pass",
        expect![
            "line 3, column 14: expected `range`, `T.serial`, `T.grid`, `T.parallel`, `T.vectorized`, `T.unroll` or `T.thread_binding`, found another expression"
        ],
    );
    check_body("for i in T.grid(2, 3):\n    pass", expect!["line 3, column 9: expected 2 loop variables, found 1"]);
    check_body(
        "for i in T.thread_binding(4, thread='blockIdx.w'):\n    pass",
        expect!["line 3, column 41: expected a thread axis, found `blockIdx.w`"],
    );
    check_body(
        "for i in T.thread_binding(4):\n    pass",
        expect![[r#"line 3, column 14: expected a thread axis, as in `thread="threadIdx.x"`, found none"#]],
    );
    check_body("A[0, 1] = 1.0", expect!["line 3, column 7: expected one index a dimension of `A`, 1 in all, found 2"]);
    check_body("A[0.5] = 1.0", expect!["line 3, column 7: expected an integer, found a float"]);
    check_body("A[A[0]] = 1.0", expect!["line 3, column 7: expected an integer, found a float"]);
    check_body("A[0] = A", expect!["line 3, column 12: expected a number, found a buffer"]);
    check_body("A[0] = N.data", expect!["line 3, column 12: expected a number, found a pointer"]);
    check_body(
        "N[0] = N[1] / 2",
        expect!["line 3, column 12: expected `//` or `T.truncdiv` between integers, found `/`"],
    );
    check_body("N[0] = N[1] // 0", expect!["line 3, column 12: expected a divisor other than 0, found 0"]);
    check_body("A[0] = A[1] // 2.0", expect!["line 3, column 12: expected integers on both sides, found another type"]);
    check_body("A[0] = T.exp()", expect!["line 3, column 12: expected an argument, found none"]);
    check_body("A[0] = T.Select(A[0], 1, 2)", expect!["line 3, column 21: expected a condition, found a float"]);
    check_body("if A[0]:\n    pass", expect!["line 3, column 8: expected a condition, found a float"]);
    check_body(
        "A[0] = A[0] < 1 and A[0]",
        expect!["line 3, column 25: expected truth values on both sides, found a number"],
    );
    check_body(
        "v = T.axis.spatial(64, 0)",
        expect!["line 3, column 9: expected an axis inside a block, found one outside"],
    );
    check_body(
        "with T.sblock('b'):\n    v = T.axis.remap('SS', [0])",
        expect![
            "line 4, column 13: expected one kind and one binding for each of 1 names, found 2 kinds and 1 bindings"
        ],
    );
    check_body(
        "with T.sblock('b'):\n    v = T.axis.remap('R', [0])",
        expect!["line 4, column 32: expected the variable of a loop around, found another expression"],
    );
    check_body(
        "with A:\n    pass",
        expect![
            "line 3, column 10: expected a block, `T.init`, `T.attr`, `T.launch_thread`, an allocation or a let, found another expression"
        ],
    );
    check_body(
        "b = T.alloc_buffer((4,), 'float33')",
        expect!["line 3, column 30: expected a scalar type, found `float33`"],
    );
    check_body("b = T.alloc_buffer((4.0,))", expect!["line 3, column 25: expected an integer extent, found a float"]);
    check_body(
        "N[0] = 9223372036854775808",
        expect!["line 3, column 12: expected an integer of 64 bits, found a larger one"],
    );
    check_body(
        "del A",
        expect!["line 3, column 5: expected a statement of TVMScript, found another statement of Python"],
    );
    check(
        "def f():\n    pass\n",
        expect!["line 1, column 5: expected a decorator `@T.prim_func`, found a plain function"],
    );
    check(
        "class M:\n    pass\n",
        expect!["line 1, column 7: expected the class to be an `@I.ir_module`, found another class"],
    );
    check(
        "@T.prim_func\ndef f(A):\n    pass\n",
        expect!["line 2, column 7: expected a parameter with a type, found a bare name"],
    );
    check(
        "@T.prim_func\ndef f(A: int):\n    pass\n",
        expect!["line 2, column 10: expected `T.Buffer(…)` or `T.handle`, found another type"],
    );
    check(
        "for i in x:\n    pass\n",
        expect!["line 1, column 1: expected an import, a function or a module, found another statement"],
    );
}

#[test]
fn undefined() {
    check_body("A[i] = 1.0", expect!["line 3, column 7: `i` is not defined here"]);
    check_body("for i in range(4):\n    pass\nA[i] = 1.0", expect!["line 5, column 7: `i` is not defined here"]);
    check_body("A[0] = ünknown", expect!["line 3, column 12: `ünknown` is not defined here"]);
    check_body("A[0] = foo(1)", expect!["line 3, column 12: `foo` is not defined here"]);
}

#[test]
fn unsupported() {
    check(
        "@T.prim_func\ndef f(n: T.int32):\n    pass\n",
        expect!["line 2, column 10: a scalar parameter (a dynamic shape) is not supported here"],
    );
    check(
        "@T.prim_func\ndef f(A: T.Buffer((\"n\", 4))):\n    pass\n",
        expect!["line 2, column 20: a dynamic shape is not supported here"],
    );
    check(
        "@T.prim_func\ndef f(a: T.handle):\n    n = T.int64()\n    A = T.match_buffer(a, (n, 4))\n",
        expect!["line 4, column 28: a dynamic shape is not supported here"],
    );
    check_body(
        "A[0:4] = T.Broadcast(T.float32(0), 4)",
        expect!["line 3, column 14: the vector `T.Broadcast` is not supported here"],
    );
    check_body("A[T.Ramp(0, 1, 4)] = 1.0", expect!["line 3, column 7: the vector `T.Ramp` is not supported here"]);
    check_body("A[0:4] = 1.0", expect!["line 3, column 7: a slice is not supported here"]);
    check_body("while True:\n    pass", expect!["line 3, column 5: a `while` loop is not supported here"]);
    check_body(
        "A[0] = 1.0 if N[0] else 2.0",
        expect!["line 3, column 12: a conditional expression of Python (use `T.if_then_else`) is not supported here"],
    );
    check_body("A[0] = [x for x in A]", expect!["line 3, column 12: this kind of expression is not supported here"]);
    check_body("A[0] = f'{A}'", expect!["line 3, column 12: a formatted string is not supported here"]);
    check_body("A[0] = T.no_such_thing(1)", expect!["line 3, column 12: `T.no_such_thing` is not supported here"]);
    check_body("A[0] = A[0] ** 2", expect!["line 3, column 12: the operator `**` is not supported here"]);
    check_body("A[0] = A.shape[0]", expect!["line 3, column 12: the attribute `shape` is not supported here"]);
    check_body(
        "for i in range(0, 8, N[0]):\n    pass",
        expect!["line 3, column 26: a step that is not a positive literal is not supported here"],
    );
}

#[test]
fn too_deep() {
    check_body(
        &format!("A[0] = {}1{}", "(".repeat(300), ")".repeat(300)),
        expect!["line 3, column 212: brackets nest too deep"],
    );
    check_body(&format!("A[0] = {}N[0]", "- ".repeat(2000)), expect!["line 3, column 2008: operators nest too deep"]);
    check_body(&format!("A[0] = {}N[0]", "-".repeat(300)), expect!["line 3, column 268: operators nest too deep"]);
    let ifs: String = (0..300).map(|depth| format!("{}if N[0] == 0:\n", " ".repeat(depth))).collect();
    check_body(&format!("{ifs}{}pass", " ".repeat(300)), expect!["line 259, column 264: statements nest too deep"]);
    let indented: String = (0..1200).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect();
    check(&indented, expect!["line 1002, column 1002: statements nest too deep"]);
}

#[test]
fn function_count() {
    check("", expect!["expected one prim_func, found none"]);
    check(
        "@T.prim_func\ndef f():\n    pass\n\n@I.ir_module\nclass M:\n    @T.prim_func\n    def g():\n        pass\n",
        expect!["expected one prim_func, found 2: f, g"],
    );
}

#[test]
fn invalid() {
    let text = "@T.prim_func\ndef f(A: T.Buffer((0,))):\n    pass\n";
    check(
        text,
        expect!["line 2, column 5: function `f` is not a valid program: buffer `A`: every extent must be at least 1"],
    );
    assert!(matches!(parse_tvmscript(text), Err(ParseError::Invalid { function, .. }) if function == "f"));
    check(
        "@T.prim_func\ndef f(A: T.Buffer((4, 4), strides=(1,))):\n    pass\n",
        expect![
            "line 2, column 5: function `f` is not a valid program: buffer `A`: there must be one stride a dimension"
        ],
    );
}
