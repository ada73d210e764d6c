//! What is wrong with a model is told with its place.

use cdmpp_onnx::{Dims, Model, OnnxError};
use expect_test::{Expect, expect};

use crate::models::bytes;

#[track_caller]
fn check(name: &str, dims: &Dims, expected: Expect) {
    let error = Model::from_bytes(&bytes(name)).and_then(|model| model.shaped(dims)).unwrap_err();
    expected.assert_eq(&error.to_string());
}

#[test]
fn nodes_that_wait_for_each_other() {
    check("cycle", &Dims::default(), expect!["node `first` waits for its own result"]);
}

#[test]
fn a_shape_that_only_a_run_can_tell() {
    let expected = expect!["node `find`, operator NonZero: dimension 1 of output 0 is unknown: it depends on the data"];
    check("data_dependent", &Dims::default(), expected);
}

#[test]
fn an_operator_that_is_not_known() {
    check("unknown_operator", &Dims::default(), expect!["node `frob`, operator example.Frobnicate: not supported"]);
}

#[test]
fn a_symbol_without_a_value() {
    check("attention", &Dims::default(), expect!["input `x`, dimension 1: `sequence` has no value"]);
}

#[test]
fn impossible_dimensions() {
    check("mlp", &Dims::default().with("batch", -1), expect!["`x`: the shape [-1, 16] is impossible"]);
    check(
        "mlp",
        &Dims::default().with("batch", i64::MAX),
        expect!["`x`: the shape [9223372036854775807, 16] is impossible"],
    );
}

#[test]
fn files_that_are_no_models() {
    let message = |bytes: &[u8]| Model::from_bytes(bytes).unwrap_err().to_string();
    expect!["byte 0: the file holds no graph"].assert_eq(&message(b""));
    expect!["byte 1: a field of this form cannot stand here"].assert_eq(&message(b"no model"));
    let whole = bytes("cnn");
    expect!["byte 5: the file ends within a message"].assert_eq(&message(&whole[..whole.len() / 2]));
    let missing = Model::open("no such file").unwrap_err();
    assert!(matches!(missing, OnnxError::Read(_)));
}

/// A branch in a branch in a branch …: a small file, which a reader by recursion would overflow its stack on.
#[test]
fn messages_that_nest_without_end() {
    let mut graph = Vec::new();
    for _ in 0..200 {
        // attribute { g: … } in node { attribute: … } in graph { node: … }
        for tag in [6 << 3 | 2, 5 << 3 | 2, 1 << 3 | 2] {
            let mut outer = vec![tag];
            let mut length = graph.len();
            while length >= 128 {
                outer.push((length % 128) as u8 | 128);
                length /= 128;
            }
            outer.push(length as u8);
            outer.extend(&graph);
            graph = outer;
        }
    }
    let mut file = vec![7 << 3 | 2];
    let mut length = graph.len();
    while length >= 128 {
        file.push((length % 128) as u8 | 128);
        length /= 128;
    }
    file.push(length as u8);
    file.extend(graph);
    assert!(Model::from_bytes(&file).unwrap_err().to_string().ends_with("messages nest too deep"));
}
