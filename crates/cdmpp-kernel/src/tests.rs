//! Every kernel against a naive one in double precision, on every instruction set that the machine has.

mod attention;
mod elementwise;
mod layer_norm;
mod pool;
mod product;

/// Numbers between −1 and 1 that differ by seed: a linear congruential generator is enough for that.
fn random(seed: u64, n: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

fn wide(xs: &[f32]) -> Vec<f64> {
    xs.iter().map(|x| f64::from(*x)).collect()
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(*found) - expected).abs();
        assert!(error <= tolerance * (1.0 + expected.abs()), "{i}: {found} is not {expected}");
    }
}

/// Compares a gradient with central differences of `f`, weighed by `grad`, in double precision.
#[track_caller]
fn assert_slopes(found: &[f32], at: &[f32], grad: &[f32], f: impl Fn(&[f64]) -> Vec<f64>) {
    let grad = wide(grad);
    let value = |xs: &[f64]| -> f64 {
        let ys = f(xs);
        assert_eq!(ys.len(), grad.len());
        ys.iter().zip(&grad).map(|(y, g)| y * g).sum()
    };
    let at = wide(at);
    assert_eq!(found.len(), at.len());
    // A few elements, spread over the whole, are enough for an analytic formula.
    for i in (0..at.len()).step_by(at.len().div_ceil(40).max(1)) {
        let moved = |by: f64| {
            let mut xs = at.clone();
            xs[i] += by;
            value(&xs)
        };
        let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert!((f64::from(found[i]) - slope).abs() <= 3e-5 * (1.0 + slope.abs()), "{i}: {} is not {slope}", found[i]);
    }
}
