use proptest::prelude::*;

use super::{assert_close, assert_slopes, random, wide};
use crate::arch::tests::on_every_arch;
use crate::{AttentionRoom, attention, attention_backward};

fn plain(qkv: &[f64], l: usize, d: usize, n_heads: usize) -> Vec<f64> {
    let size = d / n_heads;
    let mut out = Vec::new();
    for sample in qkv.chunks_exact(l * 3 * d) {
        let part = |place: usize, i: usize, head: usize| &sample[place * 3 * d + i * d + head * size..][..size];
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let mut ys = vec![0.0; l * d];
        for head in 0..n_heads {
            for i in 0..l {
                let score = |j: usize| (dot(part(i, 0, head), part(j, 1, head)) / (size as f64).sqrt()).exp();
                let total: f64 = (0..l).map(score).sum();
                for j in 0..l {
                    let weight = score(j) / total;
                    for (c, v) in part(j, 2, head).iter().enumerate() {
                        ys[i * d + head * size + c] += weight * v;
                    }
                }
            }
        }
        out.extend(ys);
    }
    out
}

fn check(b: usize, l: usize, size: usize, n_heads: usize) {
    let d = size * n_heads;
    // Scores that differ: with numbers below 1, all weights would be about the same.
    let qkv: Vec<f32> = random(1, b * l * 3 * d).iter().map(|x| 2.0 * x).collect();
    let grad = random(2, b * l * d);
    on_every_arch(|| {
        let room = &mut AttentionRoom::default();
        let mut out = vec![f32::NAN; b * l * d];
        attention(&qkv, l, d, n_heads, room, &mut out);
        assert_close(&out, &plain(&wide(&qkv), l, d, n_heads), 1e-5);
        let mut dqkv = vec![f32::NAN; b * l * 3 * d];
        attention_backward(&qkv, &grad, l, d, n_heads, room, &mut dqkv);
        assert!(dqkv.iter().all(|x| x.is_finite()));
        assert_slopes(&dqkv, &qkv, &grad, |qkv| plain(qkv, l, d, n_heads));
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    #[test]
    fn attention_is_the_plain_one(b in 0_usize..3, l in 1_usize..10, size in 1_usize..45, n_heads in 1_usize..4) {
        check(b, l, size, n_heads);
    }
}

/// Whole vectors, the sizes of the model, and more leaves than fit one block of weights.
#[test]
fn attention_of_many_leaves_is_the_plain_one() {
    for (b, l, size, n_heads) in
        [(2, 1, 16, 4), (2, 4, 32, 4), (1, 16, 64, 2), (1, 17, 41, 2), (1, 40, 16, 1), (1, 300, 5, 1)]
    {
        check(b, l, size, n_heads);
    }
}

#[test]
fn a_sample_does_not_depend_on_the_others() {
    let (b, l, d, n_heads) = (3, 5, 36, 2);
    let qkv = random(1, b * l * 3 * d);
    on_every_arch(|| {
        // Room that was used before, and for more.
        let room = &mut AttentionRoom::default();
        attention(&[1.0; 9 * 36 * 3], 9, 36, 4, room, &mut [0.0; 9 * 36]);
        let mut all = vec![0.0; b * l * d];
        attention(&qkv, l, d, n_heads, room, &mut all);
        for (qkv, all) in qkv.chunks_exact(l * 3 * d).zip(all.chunks_exact(l * d)) {
            let mut one = vec![0.0; l * d];
            attention(qkv, l, d, n_heads, room, &mut one);
            assert_eq!(one, all);
        }
    });
}

#[test]
fn large_scores_do_not_overflow_and_nan_is_not_hidden() {
    on_every_arch(|| {
        let (l, d) = (2, 3);
        let room = &mut AttentionRoom::default();
        let mut qkv = vec![1e4; l * 3 * d];
        let mut out = vec![0.0; l * d];
        attention(&qkv, l, d, 1, room, &mut out);
        assert!(out.iter().all(|y| (y - 1e4).abs() < 1.0));
        // A query that is NaN spoils its own row, a key all rows.
        qkv[0] = f32::NAN;
        attention(&qkv, l, d, 1, room, &mut out);
        assert!(out[..d].iter().all(|y| y.is_nan()) && out[d..].iter().all(|y| y.is_finite()));
        qkv[d] = f32::NAN;
        attention(&qkv, l, d, 1, room, &mut out);
        assert!(out.iter().all(|y| y.is_nan()));
        let mut dqkv = vec![0.0; l * 3 * d];
        attention_backward(&qkv, &vec![1.0; l * d], l, d, 1, room, &mut dqkv);
        assert!(dqkv.iter().any(|y| y.is_nan()));
    });
}

#[test]
#[should_panic(expected = "3 heads for a width of 8")]
fn heads_that_do_not_divide_the_width_are_refused() {
    attention(&[0.0; 24], 1, 8, 3, &mut AttentionRoom::default(), &mut [0.0; 8]);
}
