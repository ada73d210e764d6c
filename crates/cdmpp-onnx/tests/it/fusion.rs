//! Rewritten models.

use cdmpp_onnx::{Dims, Fusion, Lowered, Model};
use expect_test::{Expect, expect};

use crate::models::bytes;

#[track_caller]
fn check(name: &str, fusion: Fusion, expected: Expect) {
    let dims = Dims::default().with("n", 1).with("batch", 1).with("sequence", 5);
    let plain = Model::from_bytes(&bytes(name)).unwrap().shaped(&dims).unwrap();
    let fused = fusion.apply(&plain);
    let lines: Vec<String> = fused
        .operators()
        .map(|(place, operator)| {
            // Whatever a runtime makes of a model has loop nests too.
            assert!(matches!(operator.lower(), Ok(Lowered::Program(_) | Lowered::View)), "{operator}");
            let activation = operator.text("activation").map(|name| format!(" then {name}")).unwrap_or_default();
            format!("{operator}{activation} after {:?}\n", place.depends_on)
        })
        .collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn convolutions_take_norms_residuals_and_activations_in() {
    check(
        "cnn",
        Fusion::OnnxRuntime { block: 8 },
        expect![[r#"
        com.microsoft.nchwc.Conv([1, 3, 32, 32], [16, 3, 3, 3], [16]) -> [1, 16, 16, 16] then Relu after []
        com.microsoft.nchwc.MaxPool([1, 16, 16, 16]) -> [1, 16, 8, 8] after [0]
        com.microsoft.nchwc.Conv([1, 16, 8, 8], [16, 16, 3, 3], [16], [1, 16, 8, 8]) -> [1, 16, 8, 8] then Relu after [1]
        com.microsoft.nchwc.GlobalAveragePool([1, 16, 8, 8]) -> [1, 16, 1, 1] after [2]
        com.microsoft.nchwc.ReorderOutput([1, 16, 1, 1]) -> [1, 16, 1, 1] after [3]
        Flatten([1, 16, 1, 1]) -> [1, 16] after [4]
        Gemm([1, 16], [10]) -> [1, 10] after [5]
    "#]],
    );
}

#[test]
fn channels_are_padded_to_blocks() {
    check(
        "cnn",
        Fusion::OnnxRuntime { block: 32 },
        expect![[r#"
        com.microsoft.nchwc.Conv([1, 3, 32, 32], [32, 3, 3, 3], [32]) -> [1, 32, 16, 16] then Relu after []
        com.microsoft.nchwc.MaxPool([1, 32, 16, 16]) -> [1, 32, 8, 8] after [0]
        com.microsoft.nchwc.ReorderOutput([1, 32, 8, 8]) -> [1, 16, 8, 8] after [1]
        com.microsoft.nchwc.Conv([1, 16, 8, 8], [32, 16, 3, 3], [32], [1, 32, 8, 8]) -> [1, 32, 8, 8] then Relu after [1, 2]
        com.microsoft.nchwc.GlobalAveragePool([1, 32, 8, 8]) -> [1, 32, 1, 1] after [3]
        com.microsoft.nchwc.ReorderOutput([1, 32, 1, 1]) -> [1, 16, 1, 1] after [4]
        Flatten([1, 16, 1, 1]) -> [1, 16] after [5]
        Gemm([1, 16], [10]) -> [1, 10] after [6]
    "#]],
    );
}

#[test]
fn factors_and_transpositions_go_into_products() {
    check(
        "attention",
        Fusion::OnnxRuntime { block: 8 },
        expect![[r#"
        MatMul([1, 5, 16]) -> [1, 5, 16] after []
        MatMul([1, 5, 16]) -> [1, 5, 16] after []
        Reshape([1, 5, 16], [4]) -> [1, 5, 2, 8] after [0]
        Reshape([1, 5, 16], [4]) -> [1, 5, 2, 8] after [1]
        Transpose([1, 5, 2, 8]) -> [1, 2, 5, 8] after [2]
        Transpose([1, 5, 2, 8]) -> [1, 2, 8, 5] after [3]
        com.microsoft.FusedMatMul([1, 2, 5, 8], [1, 2, 8, 5]) -> [1, 2, 5, 5] after [4, 5]
        Softmax([1, 2, 5, 5]) -> [1, 2, 5, 5] after [6]
        MatMul([1, 2, 5, 5], [1, 2, 5, 8]) -> [1, 2, 5, 8] after [4, 7]
        Transpose([1, 2, 5, 8]) -> [1, 5, 2, 8] after [8]
        Reshape([1, 5, 2, 8], [3]) -> [1, 5, 16] after [9]
    "#]],
    );
}

#[test]
fn without_a_profile_nothing_changes() {
    let plain = Model::from_bytes(&bytes("cnn")).unwrap().shaped(&Dims::default().with("n", 1)).unwrap();
    let same = Fusion::None.apply(&plain);
    assert!(plain.operators().eq(same.operators()));
}

#[test]
fn profiles_have_names() {
    assert_eq!(Fusion::named("none", 512), Some(Fusion::None));
    assert_eq!(Fusion::named("onnxruntime", 256), Some(Fusion::OnnxRuntime { block: 8 }));
    assert_eq!(Fusion::named("onnxruntime", 512), Some(Fusion::OnnxRuntime { block: 16 }));
    assert_eq!(Fusion::named("other", 512), None);
}
