//! The kernels against candle's plain operations, and those against finite differences.

use candle_core::{DType, Device, Result, Tensor, Var};
use rand::Rng;

use super::{add_bias, add_bias_relu, attention, layer_norm};
use crate::draws::generator;

/// Values between −1 and 1.
fn random(name: &str, shape: &[usize]) -> Tensor {
    let mut rng = generator(7, name);
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.random_range(-1.0..1.0)).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn values(xs: &Tensor) -> Vec<f64> {
    xs.flatten_all().unwrap().to_dtype(DType::F64).unwrap().to_vec1().unwrap()
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= tolerance * (1.0 + expected.abs()), "{i}: {found} is not {expected}");
    }
}

/// The sum of a result, each element weighed by a fixed random number: a plain sum would hide errors that cancel.
fn read_out(result: &Tensor) -> Result<Tensor> {
    (result * random("read-out", result.dims()).to_dtype(result.dtype())?)?.sum_all()
}

/// Runs `f` on `f32`, where it takes the kernel, and on `f64`, where it takes the plain operations; compares results and
/// gradients, and the plain gradients with central differences.
#[track_caller]
fn check(shapes: &[&[usize]], f: &dyn Fn(&[Tensor]) -> Result<Tensor>) {
    let inputs: Vec<Tensor> =
        shapes.iter().enumerate().map(|(i, shape)| random(&format!("input {i}"), shape)).collect();
    let run = |dtype: DType| {
        let vars: Vec<Var> = inputs.iter().map(|xs| Var::from_tensor(&xs.to_dtype(dtype).unwrap()).unwrap()).collect();
        let tensors: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
        let result = f(&tensors).unwrap();
        let grads = read_out(&result).unwrap().backward().unwrap();
        (values(&result), vars.iter().map(|var| values(grads.get(var).expect("a gradient"))).collect::<Vec<_>>())
    };
    let (fast, fast_grads) = run(DType::F32);
    let (plain, plain_grads) = run(DType::F64);
    assert_close(&fast, &plain, 1e-5);
    for (fast, plain) in fast_grads.iter().zip(&plain_grads) {
        assert_close(fast, plain, 3e-5);
    }

    let scalar = |place: usize, xs: Vec<f64>| {
        let mut tensors: Vec<Tensor> = inputs.iter().map(|xs| xs.to_dtype(DType::F64).unwrap()).collect();
        tensors[place] = Tensor::from_vec(xs, shapes[place], &Device::Cpu).unwrap();
        read_out(&f(&tensors).unwrap()).unwrap().to_scalar::<f64>().unwrap()
    };
    for (place, grads) in plain_grads.iter().enumerate() {
        let at = values(&inputs[place]);
        // A few elements, spread over the tensor, are enough for an analytic formula.
        for i in (0..at.len()).step_by(at.len().div_ceil(12)) {
            let moved = |by: f64| {
                let mut xs = at.clone();
                xs[i] += by;
                scalar(place, xs)
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((grads[i] - slope).abs() <= 1e-6 * (1.0 + slope.abs()), "input {place}[{i}]: {} {slope}", grads[i]);
        }
    }
}

#[test]
fn layer_norm_is_the_plain_one() {
    for shape in [[2, 1, 8], [3, 7, 13], [1, 2, 3], [5, 4, 64]] {
        check(&[&shape, &shape[2..], &shape[2..]], &|xs| layer_norm(&xs[0], &xs[1], &xs[2]));
    }
}

#[test]
fn attention_is_the_plain_one() {
    // (batch, leaves, width, heads): one leaf, sizes of heads that are no multiple of 8, as many heads as columns.
    for (b, l, d, n_heads) in [(2, 1, 8, 2), (3, 7, 12, 3), (1, 5, 20, 1), (2, 4, 6, 6), (1, 33, 18, 2)] {
        check(&[&[b, l, 3 * d]], &|xs| attention(&xs[0], n_heads));
    }
}

#[test]
fn add_bias_is_the_plain_one() {
    for shape in [[1, 1], [3, 13], [7, 16]] {
        check(&[&shape, &shape[1..]], &|xs| add_bias(&xs[0], &xs[1]));
        check(&[&shape, &shape[1..]], &|xs| add_bias_relu(&xs[0], &xs[1]));
    }
    check(&[&[2, 3, 5], &[5]], &|xs| add_bias_relu(&xs[0], &xs[1]));
}

/// Inputs and incoming gradients that are views with other strides.
#[test]
fn views_are_as_good_as_copies() {
    check(&[&[7, 3, 13], &[13], &[13]], &|xs| layer_norm(&xs[0].transpose(0, 1)?, &xs[1], &xs[2])?.t());
    check(&[&[36, 7, 2]], &|xs| attention(&xs[0].transpose(0, 2)?, 3)?.transpose(0, 1));
    check(&[&[36, 7, 4]], &|xs| attention(&xs[0].transpose(0, 2)?.narrow(0, 1, 2)?, 2)?.narrow(1, 2, 3));
    check(&[&[5, 9], &[5]], &|xs| add_bias(&xs[0].t()?, &xs[1])?.t());
    check(&[&[5, 9], &[10]], &|xs| add_bias_relu(&xs[0].t()?, &xs[1].narrow(0, 3, 5)?)?.t());
    check(&[&[4, 6], &[6, 2], &[6, 2]], &|xs| {
        layer_norm(&xs[0], &xs[1].narrow(1, 0, 1)?.squeeze(1)?, &xs[2].narrow(1, 1, 1)?.squeeze(1)?)
    });
}

#[test]
fn nothing_hides_a_nan() {
    let with_nan = |shape: &[usize]| {
        let mut xs = random("nan", shape).flatten_all().unwrap().to_vec1::<f32>().unwrap();
        xs[0] = f32::NAN;
        Tensor::from_vec(xs, shape, &Device::Cpu).unwrap()
    };
    let one = random("one", &[6]);
    for result in [
        add_bias(&with_nan(&[2, 6]), &one),
        add_bias_relu(&with_nan(&[2, 6]), &one),
        layer_norm(&with_nan(&[2, 6]), &one, &one),
        attention(&with_nan(&[1, 2, 6]), 1),
    ] {
        assert!(values(&result.unwrap())[0].is_nan());
    }
}
