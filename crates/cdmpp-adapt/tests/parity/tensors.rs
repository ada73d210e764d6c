//! The functions on tensors, against the same numbers and against the functions on slices.

use cdmpp_adapt::candle::candle_core::{DType, Device, Result, Tensor, Var};
use cdmpp_adapt::candle::{cmd, cmd_within, coral, median_bandwidths, mmd};

use super::{EXPECTED, Expected, sets};

/// A discrepancy with its settings.
type Function = fn(&Tensor, &Tensor) -> Result<Tensor>;

/// In the order of what PyTorch gives.
const DISCREPANCIES: [Function; 6] = [
    |source, target| cmd(source, target, 1),
    |source, target| cmd(source, target, 5),
    |source, target| cmd_within(source, target, 5, 1.0),
    |source, target| cmd_within(source, target, 3, 8.0),
    |source, target| mmd(source, target, &[0.5, 2.0, 8.0]),
    coral,
];

fn tensor(rows: &[Vec<f64>]) -> Tensor {
    Tensor::new(rows.to_vec(), &Device::Cpu).unwrap()
}

/// The value and the gradients to both sets.
fn with_gradients(discrepancy: Function, source: &Tensor, target: &Tensor) -> (f64, Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let (source, target) = (Var::from_tensor(source).unwrap(), Var::from_tensor(target).unwrap());
    let value = discrepancy(&source, &target).unwrap();
    let gradients = value.backward().unwrap();
    let gradient = |set: &Var| gradients.get(set).unwrap().to_dtype(DType::F64).unwrap().to_vec2().unwrap();
    (value.to_dtype(DType::F64).unwrap().to_scalar().unwrap(), gradient(&source), gradient(&target))
}

fn sum_of_magnitudes(rows: &[Vec<f64>]) -> f64 {
    rows.iter().flatten().map(|x| x.abs()).sum()
}

#[test]
fn values_and_gradients_are_those_of_pytorch() {
    let (source, target) = sets();
    for dtype in [DType::F64, DType::F32] {
        let tolerance = if dtype == DType::F64 { 1e-8 } else { 2e-5 };
        for (Expected { name, value, elements, sums, .. }, discrepancy) in EXPECTED.iter().zip(DISCREPANCIES) {
            let to_dtype = |rows| tensor(rows).to_dtype(dtype).unwrap();
            let (found, to_source, to_target) = with_gradients(discrepancy, &to_dtype(&source), &to_dtype(&target));
            let pairs = [
                (found, *value),
                (to_source[1][2], elements.0),
                (to_target[3][0], elements.1),
                (sum_of_magnitudes(&to_source), sums.0),
                (sum_of_magnitudes(&to_target), sums.1),
            ];
            for (found, expected) in pairs {
                let error = (found - expected).abs() / expected.abs().max(0.1);
                assert!(error < tolerance, "{name}, {dtype:?}: {found} is not {expected}");
            }
        }
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    const STEP: f64 = 1e-6;
    let (source, target) = sets();
    for (Expected { name, .. }, discrepancy) in EXPECTED.iter().zip(DISCREPANCIES) {
        let value = |source: &[Vec<f64>], target: &[Vec<f64>]| {
            discrepancy(&tensor(source), &tensor(target)).unwrap().to_scalar::<f64>().unwrap()
        };
        let (_, to_source, to_target) = with_gradients(discrepancy, &tensor(&source), &tensor(&target));
        let check = |found: f64, above: f64, below: f64| {
            let slope = (above - below) / (2.0 * STEP);
            assert!((found - slope).abs() < 1e-6 * slope.abs().max(1.0), "{name}: {found} is not {slope}");
        };
        let moved = |rows: &[Vec<f64>], i: usize, j: usize, by: f64| {
            let mut rows = rows.to_vec();
            rows[i][j] += by;
            rows
        };
        for j in 0..3 {
            for (i, row) in to_source.iter().enumerate() {
                let at = |by| value(&moved(&source, i, j, by), &target);
                check(row[j], at(STEP), at(-STEP));
            }
            for (i, row) in to_target.iter().enumerate() {
                let at = |by| value(&source, &moved(&target, i, j, by));
                check(row[j], at(STEP), at(-STEP));
            }
        }
    }
}

#[test]
fn equal_sets_are_at_rest() {
    let (source, _) = sets();
    // A set of one row has no spread at all.
    for set in [&source[..], &source[..1]] {
        for (Expected { name, .. }, discrepancy) in EXPECTED.iter().zip(DISCREPANCIES) {
            let (value, to_source, to_target) = with_gradients(discrepancy, &tensor(set), &tensor(set));
            assert!(value.abs() < 1e-15, "{name}: {value}");
            let gradient = sum_of_magnitudes(&to_source) + sum_of_magnitudes(&to_target);
            assert!(gradient < 1e-12, "{name}: {gradient}");
        }
    }
}

#[test]
fn the_gradient_of_cmd_does_not_shrink_embeddings() {
    let (source, target) = sets();
    // Growing both sets by one factor would change the discrepancy by the gradient times the sets.
    let along = |rows: &[Vec<f64>], gradient: &[Vec<f64>]| -> f64 {
        rows.iter().flatten().zip(gradient.iter().flatten()).map(|(x, slope)| x * slope).sum()
    };
    let growth = |discrepancy| {
        let (_, to_source, to_target) = with_gradients(discrepancy, &tensor(&source), &tensor(&target));
        along(&source, &to_source) + along(&target, &to_target)
    };
    assert!(growth(|source, target| cmd(source, target, 5)).abs() < 1e-10);
    assert!(growth(|source, target| cmd_within(source, target, 5, 8.0)) > 0.1);
}

/// Row-major values between −3 and 3 that look like none other.
fn values(n: usize, seed: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919 + seed * 104_729) % 1009) as f32 / 168.0 - 3.0).collect()
}

#[test]
fn slices_answer_what_tensors_do() {
    type Slices = fn(&[f32], &[f32], usize) -> std::result::Result<cdmpp_adapt::Discrepancy, cdmpp_adapt::AdaptError>;
    let pairs: [(&str, Function, Slices); 4] = [
        ("cmd", |s, t| cmd(s, t, 5), |s, t, width| cdmpp_adapt::cmd(s, t, width, 5)),
        ("cmd_within", |s, t| cmd_within(s, t, 4, 6.0), |s, t, width| cdmpp_adapt::cmd_within(s, t, width, 4, 6.0)),
        (
            "mmd",
            |s, t| mmd(s, t, &median_bandwidths(s, t)?),
            |s, t, width| cdmpp_adapt::mmd(s, t, width, &cdmpp_adapt::median_bandwidths(s, t, width)?),
        ),
        ("coral", coral, cdmpp_adapt::coral),
    ];
    // One row and many; fewer, as many and more columns than a vector has lanes.
    for (n, m, width) in [(1, 1, 1), (1, 6, 3), (33, 20, 8), (40, 57, 19)] {
        let (source, target) = (values(n * width, 1), values(m * width, 2));
        for (name, tensors, slices) in pairs {
            let found = slices(&source, &target, width).unwrap();
            for (dtype, tolerance) in [(DType::F64, 1e-6), (DType::F32, 1e-5)] {
                let side = |values: &[f32], n| {
                    Tensor::from_slice(values, (n, width), &Device::Cpu).unwrap().to_dtype(dtype).unwrap()
                };
                let (value, to_source, to_target) = with_gradients(tensors, &side(&source, n), &side(&target, m));
                assert!(
                    (found.value - value).abs() <= tolerance * value.max(0.1),
                    "{name}: {} is not {value}",
                    found.value
                );
                for (found, expected) in [(&found.source_gradient, to_source), (&found.target_gradient, to_target)] {
                    let largest = expected.iter().flatten().fold(1e-6_f64, |largest, slope| largest.max(slope.abs()));
                    for (found, expected) in found.iter().zip(expected.iter().flatten()) {
                        let error = (f64::from(*found) - expected).abs();
                        assert!(error <= tolerance * largest, "{name}, {n}, {dtype:?}: {found} is not {expected}");
                    }
                }
            }
        }
    }
}
