//! What loop nests compute, by the interpreter, against references written by hand.

use cdmpp_ir::{Elements, Program};
use cdmpp_onnx::{Attribute, ElementType, Lowered, Operator, Tensor};

/// An operator of tensors of single precision.
fn operator(op_type: &str, inputs: &[&[i64]], output: &[i64]) -> Operator {
    let tensor = |shape: &&[i64]| Tensor::new(*shape, ElementType::Float32);
    let (inputs, outputs) = (inputs.iter().map(tensor).collect(), vec![tensor(&output)]);
    Operator { op_type: op_type.to_owned(), domain: String::new(), attributes: [].into(), inputs, outputs }
}

fn with(mut operator: Operator, name: &str, value: Attribute) -> Operator {
    operator.attributes.insert(name.to_owned(), value);
    operator
}

/// Numbers without a pattern that a wrong index would keep.
fn numbers(n: i64, seed: i64) -> Vec<f64> {
    (0..n).map(|i| ((i * i * 7 + i * 3 + seed * 5) % 23 - 11) as f64 / 8.0).collect()
}

/// The result of an operator; the parameters are its inputs in order, and the result, which is the last.
#[track_caller]
fn run(operator: &Operator, inputs: &[Vec<f64>]) -> Vec<f64> {
    let Ok(Lowered::Program(program)) = operator.lower() else { panic!("{operator}") };
    let program: Program = program;
    let mut given: Vec<Elements> = inputs.iter().cloned().map(Elements::Floats).collect();
    for param in &program.params()[given.len()..] {
        given.push(Elements::zeros(program[*param].dtype, program[*param].n_elements() as usize));
    }
    let mut results = program.interpret(given, 10_000_000).unwrap();
    match results.pop() {
        Some(Elements::Floats(values)) => values,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (place, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= 1e-5 * (1.0 + b.abs()), "element {place}: {a} and not {b}");
    }
}

#[test]
fn products() {
    let (a, b) = (numbers(2 * 3 * 4, 1), numbers(4 * 5, 2));
    let expected: Vec<f64> =
        (0..2 * 3 * 5).map(|at| (0..4).map(|k| a[at / 5 * 4 + k] * b[k * 5 + at % 5]).sum()).collect();
    let inputs = [a.clone(), b.clone()];
    assert_close(&run(&operator("MatMul", &[&[2, 3, 4], &[4, 5]], &[2, 3, 5]), &inputs), &expected);
    let einsum =
        with(operator("Einsum", &[&[2, 3, 4], &[4, 5]], &[2, 3, 5]), "equation", Attribute::Text("bik,kj->bij".into()));
    assert_close(&run(&einsum, &inputs), &expected);
    // Transposed operands and a bias.
    let bias = numbers(5, 3);
    let gemm = operator("Gemm", &[&[4, 6], &[5, 4], &[5]], &[6, 5]);
    let gemm = with(with(gemm, "transA", Attribute::Int(1)), "transB", Attribute::Int(1));
    let expected: Vec<f64> = (0..6 * 5)
        .map(|at| (0..4).map(|k| a[k * 6 + at / 5] * b[at % 5 * 4 + k]).sum::<f64>() + bias[at % 5])
        .collect();
    assert_close(&run(&gemm, &[a, b, bias]), &expected);
}

/// A convolution by definition: batch 1, `c` channels, an image of 5 × 5, filters of 3 × 3.
fn convolution(x: &[f64], w: &[f64], c: i64, f: i64, group: i64, stride: i64, pad: i64) -> Vec<f64> {
    let (per, places) = (c / group, (5 + 2 * pad - 3) / stride + 1);
    let mut y = Vec::new();
    for filter in 0..f {
        for at in 0..places * places {
            let (row, column) = (at / places * stride - pad, at % places * stride - pad);
            let mut sum = 0.0;
            for k in 0..per * 9 {
                let (channel, i, j) = (filter / (f / group) * per + k / 9, row + k / 3 % 3, column + k % 3);
                if (0..5).contains(&i) && (0..5).contains(&j) {
                    sum += x[(channel * 25 + i * 5 + j) as usize] * w[(filter * per * 9 + k) as usize];
                }
            }
            y.push(sum);
        }
    }
    y
}

#[test]
fn convolutions() {
    for (c, f, group, stride, pad) in [(3, 4, 1, 1, 0), (4, 6, 2, 2, 1), (4, 4, 4, 1, 1), (2, 4, 2, 2, 0)] {
        let places = (5 + 2 * pad - 3) / stride + 1;
        let conv = operator("Conv", &[&[1, c, 5, 5], &[f, c / group, 3, 3]], &[1, f, places, places]);
        let conv = with(with(conv, "group", Attribute::Int(group)), "strides", Attribute::Ints(vec![stride; 2]));
        let conv = with(conv, "pads", Attribute::Ints(vec![pad; 4]));
        let (x, w) = (numbers(c * 25, 1), numbers(f * c / group * 9, 2));
        let expected = convolution(&x, &w, c, f, group, stride, pad);
        assert_close(&run(&conv, &[x, w]), &expected);
    }
}

#[test]
fn convolutions_in_blocks() {
    // Channels of one block lie beside each other: batch, block, row, column, lane; weights with their filters last.
    let (c, f) = (8, 8);
    let (x, w) = (numbers(c * 25, 1), numbers(f * c * 9, 2));
    let expected = convolution(&x, &w, c, f, 1, 1, 1);
    let blocked = |at: usize, n: usize| (at % 8) * n + at / 8;
    let x_blocked: Vec<f64> = (0..x.len()).map(|at| x[blocked(at, 25)]).collect();
    let w_blocked: Vec<f64> = (0..w.len()).map(|at| w[blocked(at, 72)]).collect();
    let mut conv = operator("Conv", &[&[1, c, 5, 5], &[f, c, 3, 3]], &[1, f, 5, 5]);
    conv.domain = "com.microsoft.nchwc".to_owned();
    let found = run(&with(conv, "pads", Attribute::Ints(vec![1; 4])), &[x_blocked, w_blocked]);
    let expected: Vec<f64> = (0..expected.len()).map(|at| expected[blocked(at, 25)]).collect();
    assert_close(&found, &expected);
}

#[test]
fn a_transposed_convolution_is_the_gradient_of_one() {
    // Each element of the image, times the filter, at its place of the result.
    let (x, w) = (numbers(2 * 9, 1), numbers(2 * 3 * 4, 2));
    let mut expected = vec![0.0; 3 * 36];
    for (at, value) in x.iter().enumerate() {
        let (channel, row, column) = (at / 9, at / 3 % 3, at % 3);
        for k in 0..3 * 4 {
            let (filter, i, j) = (k / 4, row * 2 + k / 2 % 2, column * 2 + k % 2);
            expected[filter * 36 + i * 6 + j] += value * w[channel * 12 + k];
        }
    }
    let transposed = operator("ConvTranspose", &[&[1, 2, 3, 3], &[2, 3, 2, 2]], &[1, 3, 6, 6]);
    assert_close(&run(&with(transposed, "strides", Attribute::Ints(vec![2; 2])), &[x, w]), &expected);
}

#[test]
fn pools() {
    let x = numbers(2 * 16, 1);
    let window = |at: usize| (0..4).map(move |k| at / 4 * 16 + (at / 2 % 2 * 2 + k / 2) * 4 + at % 2 * 2 + k % 2);
    let of = |op_type: &str| {
        let pool = operator(op_type, &[&[1, 2, 4, 4]], &[1, 2, 2, 2]);
        let pool = with(pool, "kernel_shape", Attribute::Ints(vec![2; 2]));
        run(&with(pool, "strides", Attribute::Ints(vec![2; 2])), std::slice::from_ref(&x))
    };
    let most = |at| window(at).map(|place| x[place]).fold(f64::MIN, f64::max);
    assert_close(&of("MaxPool"), &(0..8).map(most).collect::<Vec<_>>());
    let mean = |at| window(at).map(|place| x[place]).sum::<f64>() / 4.0;
    assert_close(&of("AveragePool"), &(0..8).map(mean).collect::<Vec<_>>());
}

fn softmax(row: &[f64]) -> Vec<f64> {
    let total: f64 = row.iter().map(|value| value.exp()).sum();
    row.iter().map(|value| value.exp() / total).collect()
}

#[test]
fn norms() {
    let (x, scale, bias) = (numbers(3 * 7, 1), numbers(7, 2), numbers(7, 3));
    let expected: Vec<f64> = x.chunks(7).flat_map(softmax).collect();
    assert_close(&run(&operator("Softmax", &[&[3, 7]], &[3, 7]), std::slice::from_ref(&x)), &expected);
    let layer = |row: &[f64]| -> Vec<f64> {
        let mean = row.iter().sum::<f64>() / 7.0;
        let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 7.0;
        let terms = row.iter().zip(&scale).zip(&bias);
        terms.map(|((value, scale), bias)| (value - mean) / (variance + 1e-5).sqrt() * scale + bias).collect()
    };
    let expected: Vec<f64> = x.chunks(7).flat_map(layer).collect();
    let norm = operator("LayerNormalization", &[&[3, 7], &[7], &[7]], &[3, 7]);
    assert_close(&run(&norm, &[x.clone(), scale.clone(), bias.clone()]), &expected);
    // A residual is added before.
    let half: Vec<f64> = x.iter().map(|value| value / 2.0).collect();
    let mut skip = operator("SkipLayerNormalization", &[&[3, 7], &[3, 7], &[7], &[7]], &[3, 7]);
    skip.domain = "com.microsoft".to_owned();
    assert_close(&run(&skip, &[half.clone(), half, scale.clone(), bias.clone()]), &expected);
}

#[test]
fn attention() {
    // One head of three elements; the last two of four places ask, and see what is not behind them.
    let (q, k, v) = (numbers(2 * 3, 1), numbers(4 * 3, 2), numbers(4 * 3, 3));
    for is_causal in [0, 1] {
        let mut expected = Vec::new();
        for query in 0..2 {
            let n = if is_causal == 1 { 3 + query } else { 4 };
            let score = |l: usize| (0..3).map(|d| q[query * 3 + d] * k[l * 3 + d]).sum::<f64>() / 3_f64.sqrt();
            let shares = softmax(&(0..n).map(score).collect::<Vec<_>>());
            expected.extend((0..3).map(|d| (0..n).map(|l| shares[l] * v[l * 3 + d]).sum::<f64>()));
        }
        let shapes: [&[i64]; 3] = [&[1, 1, 2, 3], &[1, 1, 4, 3], &[1, 1, 4, 3]];
        let attention = with(operator("Attention", &shapes, &[1, 1, 2, 3]), "is_causal", Attribute::Int(is_causal));
        assert_close(&run(&attention, &[q.clone(), k.clone(), v.clone()]), &expected);
    }
}

#[test]
fn movement() {
    let x = numbers(24, 1);
    let perm = Attribute::Ints(vec![2, 0, 1]);
    let transposed = with(operator("Transpose", &[&[2, 3, 4]], &[4, 2, 3]), "perm", perm);
    let expected: Vec<f64> = (0..24).map(|at| x[at % 6 / 3 * 12 + at % 3 * 4 + at / 6]).collect();
    assert_close(&run(&transposed, std::slice::from_ref(&x)), &expected);

    let deep = with(operator("DepthToSpace", &[&[1, 4, 2, 3]], &[1, 1, 4, 6]), "blocksize", Attribute::Int(2));
    let place = |at: usize| (at / 6 % 2 * 2 + at % 2) * 6 + at / 12 * 3 + at % 6 / 2;
    assert_close(&run(&deep, std::slice::from_ref(&x)), &(0..24).map(|at| x[place(at)]).collect::<Vec<_>>());

    let joined = with(operator("Concat", &[&[2, 2], &[2, 1]], &[2, 3]), "axis", Attribute::Int(1));
    let expected = [x[0], x[1], 5.0, x[2], x[3], 6.0];
    assert_close(&run(&joined, &[x[..4].to_vec(), vec![5.0, 6.0]]), &expected);
}

#[test]
fn reductions_and_formulas() {
    let x = numbers(12, 1);
    let mean = with(operator("ReduceMean", &[&[3, 4]], &[3]), "axes", Attribute::Ints(vec![1]));
    let expected: Vec<f64> = x.chunks(4).map(|row| row.iter().sum::<f64>() / 4.0).collect();
    assert_close(&run(&mean, std::slice::from_ref(&x)), &expected);
    let each = |op_type: &str, formula: fn(f64) -> f64| {
        let found = run(&operator(op_type, &[&[12]], &[12]), std::slice::from_ref(&x));
        assert_close(&found, &x.iter().map(|value| formula(*value)).collect::<Vec<_>>());
    };
    each("Relu", |x| x.max(0.0));
    each("Sigmoid", |x| 1.0 / (1.0 + (-x).exp()));
    each("HardSwish", |x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0));
    each("Softplus", |x| x.exp().ln_1p());
    each("Elu", |x| if x > 0.0 { x } else { x.exp() - 1.0 });
    each("Neg", |x| -x);
    each("Sign", |x| if x == 0.0 { 0.0 } else { x.signum() });
    let sum = operator("Add", &[&[3, 4], &[4]], &[3, 4]);
    let expected: Vec<f64> = (0..12).map(|at| x[at] + x[at % 4]).collect();
    assert_close(&run(&sum, &[x.clone(), x[..4].to_vec()]), &expected);
}
