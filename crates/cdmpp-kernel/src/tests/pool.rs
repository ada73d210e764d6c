use proptest::prelude::*;

use super::{assert_close, assert_slopes, random, wide};
use crate::arch::tests::on_every_arch;
use crate::{
    Pool, log_sum_exp_pool, log_sum_exp_pool_backward, max_pool, max_pool_backward, mean_pool, mean_pool_backward,
};

/// Applies `f` to the leaves of every sample, column by column.
fn plain(xs: &[f64], l: usize, d: usize, f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let samples = xs.chunks_exact(l * d);
    samples
        .flat_map(|xs| (0..d).map(|c| f(&(0..l).map(|j| xs[j * d + c]).collect::<Vec<_>>())).collect::<Vec<_>>())
        .collect()
}

fn mean(xs: &[f64]) -> f64 {
    xs.iter().sum::<f64>() / xs.len() as f64
}

fn log_sum_exp(xs: &[f64]) -> f64 {
    xs.iter().map(|x| x.exp()).sum::<f64>().ln()
}

fn largest(xs: &[f64]) -> f64 {
    xs.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// Packs rows densely that lie `stride` apart.
fn dense(rows: &[f32], pool: Pool) -> Vec<f32> {
    rows.chunks(pool.stride).flat_map(|row| row[..pool.d].to_vec()).collect()
}

fn check(b: usize, l: usize, d: usize, gap: usize) {
    let pool = Pool { l, d, stride: d + gap };
    let xs: Vec<f32> = random(1, b * l * d).iter().map(|x| 4.0 * x).collect();
    let grad = random(2, b * pool.stride);
    let before = random(3, b * l * d);
    let gradient = |dx: Vec<f32>| -> Vec<f32> { dx.iter().zip(&before).map(|(dx, before)| dx - before).collect() };
    on_every_arch(|| {
        let mut out = vec![9.0; b * pool.stride];
        mean_pool(&xs, pool, &mut out);
        assert_close(&dense(&out, pool), &plain(&wide(&xs), l, d, mean), 1e-6);
        let mut dx = before.clone();
        mean_pool_backward(&grad, pool, &mut dx);
        assert_slopes(&gradient(dx), &xs, &dense(&grad, pool), |xs| plain(xs, l, d, mean));

        log_sum_exp_pool(&xs, pool, &mut out);
        assert_close(&dense(&out, pool), &plain(&wide(&xs), l, d, log_sum_exp), 1e-6);
        let mut dx = before.clone();
        log_sum_exp_pool_backward(&xs, &out, &grad, pool, &mut dx);
        assert_slopes(&gradient(dx), &xs, &dense(&grad, pool), |xs| plain(xs, l, d, log_sum_exp));

        max_pool(&xs, pool, &mut out);
        assert_close(&dense(&out, pool), &plain(&wide(&xs), l, d, largest), 0.0);
        let mut dx = before.clone();
        max_pool_backward(&xs, &out, &grad, pool, &mut dx);
        assert_slopes(&gradient(dx), &xs, &dense(&grad, pool), |xs| plain(xs, l, d, largest));

        // What lies between the rows is not touched.
        assert!(out.chunks(pool.stride).all(|row| row[d..].iter().all(|x| *x == 9.0)));
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    #[test]
    fn pools_are_the_plain_ones(b in 0_usize..4, l in 1_usize..9, d in 1_usize..60, gap in 0_usize..5) {
        check(b, l, d, gap);
    }
}

#[test]
fn two_pools_share_a_matrix() {
    on_every_arch(|| {
        let (l, d) = (2, 3);
        let xs = [1.0, 2.0, 3.0, 3.0, 2.0, 1.0, 0.0, 0.0, 0.0, 2.0, 4.0, 6.0];
        let pool = Pool { l, d, stride: 2 * d };
        let mut out = [0.0; 12];
        mean_pool(&xs, pool, &mut out);
        max_pool(&xs, pool, &mut out[d..]);
        assert_eq!(out, [2.0, 2.0, 2.0, 3.0, 2.0, 3.0, 1.0, 2.0, 3.0, 2.0, 4.0, 6.0]);
    });
}

#[test]
fn the_first_of_equal_leaves_gets_the_gradient() {
    on_every_arch(|| {
        let pool = Pool { l: 3, d: 1, stride: 1 };
        let mut dx = [0.0; 3];
        max_pool_backward(&[1.0, 2.0, 2.0], &[2.0], &[5.0], pool, &mut dx);
        assert_eq!(dx, [0.0, 5.0, 0.0]);
    });
}

#[test]
fn extremes() {
    on_every_arch(|| {
        for at in 0..2 {
            let mut xs = [0.5; 2];
            xs[at] = f32::NAN;
            let pool = Pool { l: 2, d: 1, stride: 1 };
            let mut out = [0.0];
            mean_pool(&xs, pool, &mut out);
            assert!(out[0].is_nan());
            log_sum_exp_pool(&xs, pool, &mut out);
            assert!(out[0].is_nan());
            max_pool(&xs, pool, &mut out);
            assert!(out[0].is_nan());
        }
        let pool = Pool { l: 2, d: 2, stride: 2 };
        let mut out = [0.0; 2];
        log_sum_exp_pool(&[3e38, -3e38, 3e38, -3e38], pool, &mut out);
        assert_eq!(out, [3e38, -3e38]);
    });
}

#[test]
#[should_panic(expected = "mean_pool: 3 pooled elements of 1 samples")]
fn pooled_rows_of_the_wrong_length_are_refused() {
    mean_pool(&[0.0; 4], Pool { l: 2, d: 2, stride: 2 }, &mut [0.0; 3]);
}
