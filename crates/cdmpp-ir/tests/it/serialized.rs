//! The serialised forms.

use cdmpp_ir::{CompactAst, Program, Work};
use expect_test::{Expect, expect};

/// Checks why a JSON text is refused.
fn check<T: serde::de::DeserializeOwned + std::fmt::Debug>(json: &str, expected: Expect) {
    expected.assert_eq(&serde_json::from_str::<T>(json).expect_err("the text is refused").to_string());
}

#[test]
fn a_program_is_its_text_with_a_version() {
    let program: Program = "program f(A: float32[4]) { A[0] = nan }".parse().expect("the text is a program");
    let json = serde_json::to_string(&program).expect("a program serialises");
    expect![[r#"{"version":1,"text":"program f(A: float32[4]) {\n  A[0] = nan\n}\n"}"#]].assert_eq(&json);
    assert_eq!(serde_json::from_str::<Program>(&json).expect("the text reads back"), program);
}

#[test]
fn other_programs_are_refused() {
    check::<Program>(
        r#"{"version": 2, "text": "program f() { }"}"#,
        expect!["format version 2; this build reads version 1"],
    );
    check::<Program>(r#"{"text": "program f() { }"}"#, expect!["missing field `version` at line 1 column 27"]);
    check::<Program>(
        r#"{"version": 1, "text": "program f() { }", "x": 0}"#,
        expect!["unknown field `x`, expected `version` or `text` at line 1 column 45"],
    );
    check::<Program>(
        r#"{"version": 1, "text": "program f() {"}"#,
        expect!["line 1, column 14: found the end of the text, expected a statement or `}`"],
    );
    check::<Program>(
        r#"{"version": 1, "text": "program f() { if 1 { } }"}"#,
        expect!["line 1, column 15: the program is not well formed: node0: a condition must be a bool"],
    );
}

#[test]
fn a_compact_ast_keeps_every_part() {
    let ast = CompactAst::from_parts("test/1", 2, vec![1.5, -0.0, 3.0e-8, 4.0], vec![2, 3], vec![2, 2]);
    let ast = ast.expect("the lengths fit");
    let json = serde_json::to_string(&ast).expect("a Compact AST serialises");
    expect![[
        r#"{"version":1,"schema":"test/1","dim":2,"features":[1.5,-0.0,3e-8,4.0],"positions":[2,3],"depths":[2,2],"work":null}"#
    ]]
    .assert_eq(&json);
    assert_eq!(serde_json::from_str::<CompactAst>(&json).expect("the text reads back"), ast);
    let work = Work { operations: 0.5, footprint_bytes: 1.0, accessed_bytes: 2.0, n_blocks: 3.0, n_threads: 4.0 };
    let ast = ast.with_work(work);
    let json = serde_json::to_string(&ast).expect("a Compact AST serialises");
    assert!(json.ends_with(
        r#""work":{"operations":0.5,"footprint_bytes":1.0,"accessed_bytes":2.0,"n_blocks":3.0,"n_threads":4.0}}"#
    ));
    assert_eq!(serde_json::from_str::<CompactAst>(&json).expect("the text reads back"), ast);
}

#[test]
fn other_compact_asts_are_refused() {
    check::<CompactAst>(
        r#"{"version":0,"schema":"s","dim":1,"features":[1],"positions":[1],"depths":[1]}"#,
        expect!["format version 0; this build reads version 1"],
    );
    check::<CompactAst>(
        r#"{"version":1,"schema":"s","dim":2,"features":[1],"positions":[1],"depths":[1]}"#,
        expect!["1 leaves of width 2 need 2 features and 1 depths, not 1 and 1"],
    );
    check::<CompactAst>(
        r#"{"version":1,"schema":"s","dim":1,"features":[1],"positions":[1],"depths":[]}"#,
        expect!["1 leaves of width 1 need 1 features and 1 depths, not 1 and 0"],
    );
    check::<CompactAst>(
        r#"{"version":1,"schema":"s","dim":18446744073709551615,"features":[],"positions":[1,2],"depths":[1,2]}"#,
        expect!["2 leaves of width 18446744073709551615 need 18446744073709551615 features and 2 depths, not 0 and 2"],
    );
}
