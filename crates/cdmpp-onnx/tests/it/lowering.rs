//! The work of loop nests against closed formulas, and one nest in full.

use cdmpp_ir::{Program, Work};
use cdmpp_onnx::{Attribute, ElementType, Lowered, Operator, Tensor};
use expect_test::expect;

fn operator(op_type: &str, inputs: &[&[i64]], output: &[i64], ints: &[(&str, &[i64])]) -> Operator {
    let tensor = |shape: &&[i64]| Tensor::new(*shape, ElementType::Float32);
    let attributes = ints.iter().map(|(name, values)| ((*name).to_owned(), Attribute::Ints(values.to_vec())));
    Operator {
        op_type: op_type.to_owned(),
        domain: String::new(),
        attributes: attributes.collect(),
        inputs: inputs.iter().map(tensor).collect(),
        outputs: vec![tensor(&output)],
    }
}

fn program(operator: &Operator) -> Program {
    match operator.lower() {
        Ok(Lowered::Program(program)) => program,
        other => panic!("{operator}: {other:?}"),
    }
}

/// Every term of a sum is a multiplication, an addition and a store; every sum begins with a store.
fn n_terms(operator: &Operator) -> f64 {
    let n_results = operator.outputs[0].n_elements() as f64;
    (Work::of(&program(operator)).operations - n_results) / 3.0
}

#[test]
fn products_multiply_rows_by_columns() {
    assert_eq!(n_terms(&operator("MatMul", &[&[12, 7], &[7, 5]], &[12, 5], &[])), (12 * 7 * 5) as f64);
    // Leading axes are broadcast.
    let batched = operator("MatMul", &[&[3, 1, 12, 7], &[4, 7, 5]], &[3, 4, 12, 5], &[]);
    assert_eq!(n_terms(&batched), (3 * 4 * 12 * 7 * 5) as f64);
    // Vectors are rows and columns.
    assert_eq!(n_terms(&operator("MatMul", &[&[7], &[7, 5]], &[5], &[])), (7 * 5) as f64);
    assert_eq!(n_terms(&operator("MatMul", &[&[12, 7], &[7]], &[12], &[])), (12 * 7) as f64);
    // A constant matrix that a runtime packed is not listed.
    assert_eq!(n_terms(&operator("MatMul", &[&[12, 7]], &[12, 5], &[])), (12 * 7 * 5) as f64);
    let mut gemm = operator("Gemm", &[&[7, 12], &[5, 7]], &[12, 5], &[]);
    for name in ["transA", "transB"] {
        gemm.attributes.insert(name.to_owned(), Attribute::Int(1));
    }
    assert_eq!(n_terms(&gemm), (12 * 7 * 5) as f64);
    let mut einsum = operator("Einsum", &[&[2, 3, 4], &[4, 3]], &[2, 3], &[]);
    einsum.attributes.insert("equation".to_owned(), Attribute::Text("abc,cb->ab".to_owned()));
    assert_eq!(n_terms(&einsum), (2 * 3 * 4) as f64);
}

#[test]
fn convolutions_multiply_windows_by_weights() {
    let conv = |group: i64, domain: &str| {
        let mut conv = operator("Conv", &[&[2, 32, 9, 9], &[64, 32 / group, 3, 3]], &[2, 64, 7, 7], &[]);
        conv.attributes.insert("group".to_owned(), Attribute::Int(group));
        conv.domain = domain.to_owned();
        n_terms(&conv)
    };
    for group in [1, 2, 4] {
        let expected = (2 * 64 * 7 * 7 * (32 / group) * 9) as f64;
        assert_eq!(conv(group, ""), expected);
        assert_eq!(conv(group, "com.microsoft.nchwc"), expected);
    }
    // Strides and dilations: 9 - 2 * 2 places, every second of them.
    let strided = [("strides", &[2, 2][..]), ("dilations", &[2, 2])];
    let dilated = operator("Conv", &[&[1, 8, 9, 9], &[8, 8, 3, 3]], &[1, 8, 3, 3], &strided);
    assert_eq!(n_terms(&dilated), (8 * 3 * 3 * 8 * 9) as f64);
    // A transposed one spreads every element, begins and ends with a copy of the result.
    let transposed = operator("ConvTranspose", &[&[1, 8, 4, 4], &[8, 6, 2, 2]], &[1, 6, 8, 8], &[("strides", &[2, 2])]);
    assert_eq!(n_terms(&transposed), (8 * 4 * 4 * 6 * 4) as f64 + (6 * 8 * 8) as f64 / 3.0);
}

#[test]
fn a_margin_is_copied_first() {
    let padded = operator("Conv", &[&[1, 2, 4, 4], &[2, 2, 3, 3], &[2]], &[1, 2, 4, 4], &[("pads", &[1, 1, 1, 1])]);
    expect![[r#"
        program Conv(x0: float32[1, 2, 4, 4], x1: float32[2, 2, 3, 3], x2: float32[2], y: float32[1, 2, 4, 4]) {
          alloc padded: float32[1, 2, 6, 6]
        }"#]]
    .assert_eq(&head(&program(&padded).to_string()));
}

/// The first lines of a text, and the last.
fn head(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    [&lines[..2], &lines[lines.len() - 1..]].concat().join("\n")
}

#[test]
fn a_product_is_written_like_this() {
    expect![[r#"
        program MatMul(x0: float32[12, 7], x1: float32[7, 5], y: float32[12, 5]) {
          for i0 in 0..12 parallel {
            for i1 in 0..5 parallel {
              y[i0, i1] = 0.0
              for k0 in 0..7 {
                y[i0, i1] = y[i0, i1] + x0[i0, k0] * x1[k0, i1]
              }
            }
          }
        }
    "#]]
    .assert_eq(&program(&operator("MatMul", &[&[12, 7], &[7, 5]], &[12, 5], &[])).to_string());
}

#[test]
fn narrow_types_are_summed_in_wide_ones() {
    let mut matmul = operator("MatMul", &[&[4, 8], &[8, 4]], &[4, 4], &[]);
    let types = [
        (ElementType::Bfloat16, "float32(x0[i0, k0])"),
        (ElementType::Float8E4M3Fn, "float32(x0[i0, k0])"),
        (ElementType::Int8, "int32(x0[i0, k0])"),
    ];
    for (element_type, expected) in types {
        let tensors = matmul.inputs.iter_mut().chain(&mut matmul.outputs);
        tensors.for_each(|tensor| tensor.element_type = element_type);
        let text = program(&matmul).to_string();
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn views_and_empty_results_move_nothing() {
    assert_eq!(operator("Reshape", &[&[4, 6], &[1]], &[24], &[]).lower(), Ok(Lowered::View));
    assert_eq!(operator("Slice", &[&[4, 6]], &[4, 0], &[]).lower(), Ok(Lowered::View));
}
