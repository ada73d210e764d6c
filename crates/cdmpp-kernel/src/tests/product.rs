use proptest::prelude::*;

use super::{assert_close, random, wide};
use crate::arch::tests::on_every_arch;
use crate::{Finish, Packed, matmul, matmul_transposed};

/// `a` `(m, k)` times `b` `(k, n)`.
fn plain(m: usize, k: usize, n: usize, a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; m * n];
    for i in 0..m {
        for p in 0..k {
            for j in 0..n {
                out[i * n + j] += a[i * k + p] * b[p * n + j];
            }
        }
    }
    out
}

fn transposed<T: Copy>(rows: usize, columns: usize, xs: &[T]) -> Vec<T> {
    (0..columns * rows).map(|i| xs[(i % rows) * columns + i / rows]).collect()
}

/// Both products, both ways of packing, every finish.
fn check(m: usize, k: usize, n: usize) {
    let (a, b, bias) = (random(1, m * k), random(2, k * n), random(3, n));
    let (before, beside) = (random(4, m * n), random(5, m * n));
    let (at, bt) = (transposed(m, k, &a), transposed(k, n, &b));
    let ab = plain(m, k, n, &wide(&a), &wide(&b));
    let tolerance = 2e-7 * (k as f64 + 4.0);
    on_every_arch(|| {
        let (mut packed, mut other) = (Packed::default(), Packed::default());
        packed.pack(&b, k, n);
        other.pack_transposed(&bt, k, n);
        assert_eq!((packed.k(), packed.n()), (k, n));
        let finishes = [
            Finish::Write,
            Finish::Add,
            Finish::AddRelu,
            Finish::Bias(&bias),
            Finish::BiasRelu(&bias),
            Finish::BiasAdd(&bias),
            Finish::BiasBeside(&bias, &beside),
        ];
        for finish in finishes {
            let expected: Vec<f64> = (0..m * n)
                .map(|i| {
                    let (b, o) = (f64::from(bias[i % n]), f64::from(before[i]));
                    match finish {
                        Finish::Write => ab[i],
                        Finish::Add => o + ab[i],
                        Finish::AddRelu => (o + ab[i]).max(0.0),
                        Finish::Bias(_) => ab[i] + b,
                        Finish::BiasRelu(_) => (ab[i] + b).max(0.0),
                        Finish::BiasAdd(_) => o + ab[i] + b,
                        Finish::BiasBeside(..) => f64::from(beside[i]) + ab[i] + b,
                    }
                })
                .collect();
            let mut out = before.clone();
            matmul(m, &a, &packed, finish, &mut out);
            assert_close(&out, &expected, tolerance);
            let mut again = before.clone();
            matmul(m, &a, &other, finish, &mut again);
            assert_eq!(again, out, "packed from the transpose");
            let mut again = before.clone();
            matmul_transposed(m, &at, &packed, finish, &mut again);
            assert_eq!(again, out, "the transpose of the left-hand side");
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn products_are_the_plain_ones(m in 0_usize..20, k in 0_usize..70, n in 0_usize..150) {
        check(m, k, n);
    }
}

/// Shapes of the model, and ones that need several passes over the sum and several blocks of columns.
#[test]
fn large_products_are_the_plain_ones() {
    for (m, k, n) in [(13, 164, 128), (7, 930, 64), (3, 41, 69), (9, 256, 16), (8, 257, 17), (5, 600, 530), (1, 512, 1)]
    {
        check(m, k, n);
    }
}

/// A batch gives what its members alone do, to the bit.
#[test]
fn a_row_does_not_depend_on_the_others() {
    let (m, k, n) = (29, 300, 70);
    let (a, b, bias) = (random(1, m * k), random(2, k * n), random(3, n));
    on_every_arch(|| {
        let mut packed = Packed::default();
        packed.pack(&b, k, n);
        let mut all = vec![0.0; m * n];
        matmul(m, &a, &packed, Finish::BiasRelu(&bias), &mut all);
        for i in 0..m {
            let mut one = vec![0.0; n];
            matmul(1, &a[i * k..][..k], &packed, Finish::BiasRelu(&bias), &mut one);
            assert_eq!(one, all[i * n..][..n]);
        }
    });
}

#[test]
fn packing_again_leaves_nothing_of_before() {
    on_every_arch(|| {
        let mut packed = Packed::default();
        packed.pack(&[f32::NAN; 40 * 90], 40, 90);
        packed.pack(&[1.0; 3 * 5], 3, 5);
        let mut out = [0.0; 5];
        matmul(1, &[1.0, 2.0, 3.0], &packed.clone(), Finish::Write, &mut out);
        assert_eq!(out, [6.0; 5]);
        packed.pack_transposed(&[2.0; 2], 2, 1);
        matmul(1, &[1.0, 2.0], &packed, Finish::Write, &mut out[..1]);
        assert_eq!(out[0], 6.0);
    });
}

#[test]
fn a_rectifier_hides_no_nan() {
    on_every_arch(|| {
        let mut packed = Packed::default();
        packed.pack(&[1.0, -1.0, 0.0], 1, 3);
        let mut out = [0.0; 6];
        matmul(2, &[f32::NAN, f32::INFINITY], &packed, Finish::BiasRelu(&[0.0; 3]), &mut out);
        assert!(out[..3].iter().all(|x| x.is_nan()));
        assert_eq!(out[3..5], [f32::INFINITY, 0.0]);
        assert!(out[5].is_nan());
    });
}

#[test]
fn an_empty_sum_has_a_bias() {
    on_every_arch(|| {
        let mut packed = Packed::default();
        packed.pack(&[], 0, 3);
        let mut out = [1.0; 6];
        matmul(2, &[], &packed, Finish::BiasAdd(&[1.0, 2.0, 3.0]), &mut out);
        assert_eq!(out, [2.0, 3.0, 4.0, 2.0, 3.0, 4.0]);
        matmul_transposed(2, &[], &packed, Finish::Write, &mut out);
        assert_eq!(out, [0.0; 6]);
    });
}

#[test]
#[should_panic(expected = "matmul: the result of (2, 3)")]
fn a_result_of_the_wrong_length_is_refused() {
    let mut packed = Packed::default();
    packed.pack(&[0.0; 6], 2, 3);
    matmul(2, &[0.0; 4], &packed, Finish::Write, &mut [0.0; 5]);
}

#[test]
#[should_panic(expected = "matmul_transposed: the bias of 3 columns")]
fn a_bias_of_the_wrong_length_is_refused() {
    let mut packed = Packed::default();
    packed.pack(&[0.0; 6], 2, 3);
    matmul_transposed(2, &[0.0; 4], &packed, Finish::Bias(&[0.0; 2]), &mut [0.0; 6]);
}

#[test]
#[should_panic(expected = "matmul: what is beside the result of (2, 3)")]
fn a_short_cut_of_the_wrong_length_is_refused() {
    let mut packed = Packed::default();
    packed.pack(&[0.0; 6], 2, 3);
    matmul(2, &[0.0; 4], &packed, Finish::BiasBeside(&[0.0; 3], &[0.0; 5]), &mut [0.0; 6]);
}
