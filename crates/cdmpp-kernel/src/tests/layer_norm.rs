use proptest::prelude::*;

use super::{assert_close, assert_slopes, random, wide};
use crate::arch::tests::on_every_arch;
use crate::{layer_norm, layer_norm_backward};

fn plain(xs: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let d = weight.len();
    let mut out = Vec::new();
    for row in xs.chunks_exact(d) {
        let mean = row.iter().sum::<f64>() / d as f64;
        let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / d as f64;
        let scale = 1.0 / (variance + 1e-5).sqrt();
        out.extend((0..d).map(|i| (row[i] - mean) * scale * weight[i] + bias[i]));
    }
    out
}

fn check(rows: usize, d: usize) {
    let (xs, weight, bias, grad) = (random(1, rows * d), random(2, d), random(3, d), random(4, rows * d));
    let (before_w, before_b) = (random(5, d), random(6, d));
    on_every_arch(|| {
        let mut out = vec![f32::NAN; rows * d];
        layer_norm(&xs, &weight, &bias, &mut out);
        assert_close(&out, &plain(&wide(&xs), &wide(&weight), &wide(&bias)), 3e-5);

        let mut dx = vec![f32::NAN; rows * d];
        let (mut dweight, mut dbias) = (before_w.clone(), before_b.clone());
        layer_norm_backward(&xs, &weight, &grad, &mut dx, &mut dweight, &mut dbias);
        for i in 0..d {
            dweight[i] -= before_w[i];
            dbias[i] -= before_b[i];
        }
        // One column is its own mean: its slope is 0, and the difference of large numbers.
        if d > 1 {
            assert_slopes(&dx, &xs, &grad, |xs| plain(xs, &wide(&weight), &wide(&bias)));
        }
        assert_slopes(&dweight, &weight, &grad, |weight| plain(&wide(&xs), weight, &wide(&bias)));
        assert_slopes(&dbias, &bias, &grad, |bias| plain(&wide(&xs), &wide(&weight), bias));
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    #[test]
    fn norms_are_the_plain_ones(rows in 0_usize..6, d in 3_usize..70) {
        check(rows, d);
    }
}

#[test]
fn norms_of_the_model_are_the_plain_ones() {
    for (rows, d) in [(3, 64), (2, 128), (2, 256), (1, 930), (4, 1)] {
        check(rows, d);
    }
}

#[test]
fn nothing_and_nan() {
    on_every_arch(|| {
        layer_norm(&[], &[], &[], &mut []);
        let mut out = [0.0; 6];
        layer_norm(&[f32::NAN, 0.0, 0.0, 1.0, 2.0, 3.0], &[1.0; 3], &[0.0; 3], &mut out);
        assert!(out[..3].iter().all(|x| x.is_nan()) && out[3..].iter().all(|x| x.is_finite()));
    });
}

#[test]
#[should_panic(expected = "7 elements in rows of 3")]
fn rows_that_are_not_whole_are_refused() {
    layer_norm(&[0.0; 7], &[0.0; 3], &[0.0; 3], &mut [0.0; 7]);
}
