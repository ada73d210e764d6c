//! The committed models, shapes and all.

use cdmpp_onnx::{Dims, Model};
use expect_test::{Expect, expect};

pub(crate) fn bytes(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/models/{name}.onnx", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

#[track_caller]
fn check(name: &str, dims: &Dims, expected: Expect) {
    let shaped = Model::from_bytes(&bytes(name)).unwrap().shaped(dims).unwrap();
    let lines: Vec<String> = shaped
        .operators()
        .map(|(place, operator)| format!("{} {operator} after {:?}\n", place.name, place.depends_on))
        .collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn a_symbolic_batch_is_one_unless_it_is_set() {
    let one = expect![[r#"
        first Gemm([1, 16], [32, 16], [32]) -> [1, 32] after []
        act Relu([1, 32]) -> [1, 32] after [0]
        second Gemm([1, 32], [4, 32], [4]) -> [1, 4] after [1]
    "#]];
    check("mlp", &Dims::default(), one);
    let eight = expect![[r#"
        first Gemm([8, 16], [32, 16], [32]) -> [8, 32] after []
        act Relu([8, 32]) -> [8, 32] after [0]
        second Gemm([8, 32], [4, 32], [4]) -> [8, 4] after [1]
    "#]];
    check("mlp", &Dims { batch: Some(8), ..Dims::default() }, eight);
    let by_name = Model::from_bytes(&bytes("mlp")).unwrap().shaped(&Dims::default().with("batch", 8)).unwrap();
    assert_eq!(by_name.inputs().next().unwrap().1.shape, [8, 16]);
}

#[test]
fn a_batch_is_the_first_dimension_where_none_has_the_name() {
    let expected = expect![[r#"
        conv1 Conv([2, 3, 32, 32], [16, 3, 3, 3]) -> [2, 16, 16, 16] after []
        norm1 BatchNormalization([2, 16, 16, 16], [16], [16], [16], [16]) -> [2, 16, 16, 16] after [0]
        act1 Relu([2, 16, 16, 16]) -> [2, 16, 16, 16] after [1]
        pool MaxPool([2, 16, 16, 16]) -> [2, 16, 8, 8] after [2]
        conv2 Conv([2, 16, 8, 8], [16, 16, 3, 3], [16]) -> [2, 16, 8, 8] after [3]
        add Add([2, 16, 8, 8], [2, 16, 8, 8]) -> [2, 16, 8, 8] after [3, 4]
        act2 Relu([2, 16, 8, 8]) -> [2, 16, 8, 8] after [5]
        global GlobalAveragePool([2, 16, 8, 8]) -> [2, 16, 1, 1] after [6]
        flatten Flatten([2, 16, 1, 1]) -> [2, 16] after [7]
        head MatMul([2, 16], [16, 10]) -> [2, 10] after [8]
        bias Add([2, 10], [10]) -> [2, 10] after [9]
    "#]];
    check("cnn", &Dims { batch: Some(2), ..Dims::default() }, expected);
}

#[test]
fn shapes_that_the_graph_computes_are_followed() {
    let expected = expect![[r#"
        query MatMul([3, 5, 16], [16, 16]) -> [3, 5, 16] after []
        key MatMul([3, 5, 16], [16, 16]) -> [3, 5, 16] after []
        query4 Reshape([3, 5, 16], [4]) -> [3, 5, 2, 8] after [0]
        key4 Reshape([3, 5, 16], [4]) -> [3, 5, 2, 8] after [1]
        query_t Transpose([3, 5, 2, 8]) -> [3, 2, 5, 8] after [2]
        key_t Transpose([3, 5, 2, 8]) -> [3, 2, 8, 5] after [3]
        scores MatMul([3, 2, 5, 8], [3, 2, 8, 5]) -> [3, 2, 5, 5] after [4, 5]
        scale Div([3, 2, 5, 5], []) -> [3, 2, 5, 5] after [6]
        softmax Softmax([3, 2, 5, 5]) -> [3, 2, 5, 5] after [7]
        values MatMul([3, 2, 5, 5], [3, 2, 5, 8]) -> [3, 2, 5, 8] after [4, 8]
        merge_t Transpose([3, 2, 5, 8]) -> [3, 5, 2, 8] after [9]
        merge Reshape([3, 5, 2, 8], [3]) -> [3, 5, 16] after [10]
    "#]];
    check("attention", &Dims::default().with("batch", 3).with("sequence", 5), expected);
}

#[test]
fn of_a_branch_the_case_that_runs_is_taken() {
    check(
        "branch",
        &Dims::default().with("n", 64),
        expect![[r#"
        else Tanh([64]) -> [64] after []
    "#]],
    );
    check(
        "branch",
        &Dims::default().with("n", 128),
        expect![[r#"
        then Relu([128]) -> [128] after []
    "#]],
    );
}

#[test]
fn attributes_of_old_versions_are_read() {
    let expected = expect![[r#"
        unsqueeze Unsqueeze([6]) -> [1, 6] after []
        slice Slice([1, 6]) -> [1, 4] after [0]
        pad Pad([1, 4]) -> [1, 6] after [1]
        clip Clip([1, 6]) -> [1, 6] after [2]
        upsample Upsample([1, 6], [2]) -> [1, 12] after [3]
        softmax Softmax([1, 12]) -> [1, 12] after [4]
    "#]];
    check("old", &Dims::default(), expected);
}

#[test]
fn symbols_are_told() {
    assert_eq!(Model::from_bytes(&bytes("attention")).unwrap().symbols(), ["batch", "sequence"]);
}
