use proptest::prelude::*;

use super::{assert_close, random, wide};
use crate::arch::tests::on_every_arch;
use crate::{AdamWState, AdamWStep, Line, Lines, adamw, add_columns, exp, relu_backward, square_sum};

#[test]
fn exponentials_are_close_over_the_whole_range() {
    on_every_arch(|| {
        let xs: Vec<f32> = (0..200_003).map(|i| -110.0 + i as f32 * 0.001_01).collect();
        let mut ys = xs.clone();
        exp(&mut ys);
        for (x, y) in xs.iter().zip(ys) {
            let exact = f64::from(*x).exp();
            if exact > f64::from(f32::MAX) {
                assert_eq!(y, f32::INFINITY, "{x}");
                continue;
            }
            // Subnormal results have an absolute spacing.
            let unit = (exact * f64::from(f32::EPSILON)).max(f64::from(f32::from_bits(1)));
            assert!((f64::from(y) - exact).abs() <= 1.5 * unit, "{x}: {y} is not {exact}");
        }
    });
}

#[test]
fn exponentials_of_extremes() {
    on_every_arch(|| {
        let mut xs = [f32::NEG_INFINITY, f32::MIN, -0.0, 0.0, f32::MAX, f32::INFINITY, f32::NAN];
        exp(&mut xs);
        assert_eq!(xs[..6], [0.0, 0.0, 1.0, 1.0, f32::INFINITY, f32::INFINITY]);
        assert!(xs[6].is_nan());
        exp(&mut []);
    });
}

#[test]
fn a_rectifier_lets_gradients_of_positive_results_pass() {
    on_every_arch(|| {
        for n in [0, 1, 6, 40, 69] {
            let ys = random(1, n);
            let before = random(2, n);
            let mut grad = before.clone();
            relu_backward(&ys, &mut grad);
            for i in 0..n {
                assert_eq!(grad[i], if ys[i] > 0.0 { before[i] } else { 0.0 });
            }
        }
        let mut grad = [1.0, 2.0, 3.0, f32::NAN, f32::NAN];
        relu_backward(&[0.0, -0.0, f32::NAN, 1.0, -1.0], &mut grad);
        assert_eq!(grad[..2], [0.0; 2]);
        assert!(grad[2].is_nan() && grad[3].is_nan());
        assert_eq!(grad[4], 0.0);
    });
}

#[test]
fn lines_are_straight_between_their_bounds() {
    on_every_arch(|| {
        for (rows, width, n) in [(0, 3, 4), (1, 1, 1), (3, 5, 0), (2, 7, 16), (4, 3, 37)] {
            let (xs, numbers) = (random(1, rows * width), random(2, 5 * n));
            let mut lines = Lines::default();
            for (i, part) in numbers.chunks(5).enumerate() {
                let [low, high] = [part[3].min(part[4]), part[3].max(part[4])];
                let line = Line { origin: part[0], slope: 3.0 * part[1], shift: part[2], low, high };
                lines.push((i * i % width) as u32, line);
            }
            assert_eq!((lines.len(), lines.is_empty()), (n, n == 0));
            let mut out = vec![0.0; rows * n];
            lines.write(&xs, width, &mut out);
            let expected: Vec<f64> = xs
                .chunks(width)
                .flat_map(|row| {
                    let value = |(i, part): (usize, &[f32])| {
                        let part = wide(part);
                        let y = (f64::from(row[i * i % width]) - part[0]) * 3.0 * part[1] + part[2];
                        y.clamp(part[3].min(part[4]), part[3].max(part[4]))
                    };
                    numbers.chunks(5).enumerate().map(value).collect::<Vec<_>>()
                })
                .collect();
            assert_close(&out, &expected, 1e-6);
        }
        let mut lines = Lines::default();
        lines.push(0, Line { origin: 0.0, slope: 1.0, shift: 0.0, low: -1.0, high: 1.0 });
        let mut out = [0.0; 4];
        lines.write(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.5], 1, &mut out);
        assert!(out[0].is_nan() && out[1..] == [1.0, -1.0, 0.5]);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn columns_add_up(rows in 0_usize..7, n in 1_usize..400) {
        let (xs, before) = (random(1, rows * n), random(2, n));
        let mut expected = wide(&before);
        for row in xs.chunks_exact(n) {
            for (sum, x) in expected.iter_mut().zip(row) {
                *sum += f64::from(*x);
            }
        }
        on_every_arch(|| {
            let mut sums = before.clone();
            add_columns(&xs, n, &mut sums);
            assert_close(&sums, &expected, 1e-6);
        });
    }

    #[test]
    fn squares_add_up(n in 0_usize..20_000) {
        let xs = random(1, n);
        let expected: f64 = wide(&xs).iter().map(|x| x * x).sum();
        on_every_arch(|| {
            let found = square_sum(&xs);
            assert!((found - expected).abs() <= 1e-6 * expected, "{found} is not {expected}");
        });
    }
}

/// The update, number by number and in double precision.
#[test]
fn a_step_is_the_plain_one() {
    let step =
        AdamWStep { step_size: 0.02, beta1: 0.9, beta2: 0.98, correct2: 3.0, shorten: 0.5, shrink: 0.99, average: 0.7 };
    let wide_step = |x: f32| f64::from(x);
    for (n, decayed) in
        [(0, vec![]), (5, vec![]), (5, vec![0..2, 2..5]), (100, vec![0..3, 20..70, 70..71]), (64, vec![0..0, 10..64])]
    {
        let (g, p, m) = (random(1, n), random(2, n), random(3, n));
        let (v, a) = (random(4, n).iter().map(|x| x * x).collect::<Vec<_>>(), random(5, n));
        let mut expected = [const { Vec::new() }; 4];
        for i in 0..n {
            let [g, p, m, v, a] = [g[i], p[i], m[i], v[i], a[i]].map(f64::from);
            let (beta1, beta2) = (wide_step(step.beta1), wide_step(step.beta2));
            let g = g * wide_step(step.shorten);
            let m = beta1 * m + (1.0 - beta1) * g;
            let v = beta2 * v + (1.0 - beta2) * g * g;
            let shrink = if decayed.iter().any(|range| range.contains(&i)) { wide_step(step.shrink) } else { 1.0 };
            let moved = wide_step(step.step_size) * m / ((v * wide_step(step.correct2)).sqrt() + 1e-8);
            let p = p * shrink - moved;
            let a = wide_step(step.average) * a + (1.0 - wide_step(step.average)) * p;
            for (all, one) in expected.iter_mut().zip([p, m, v, a]) {
                all.push(one);
            }
        }
        on_every_arch(|| {
            let (mut p, mut m, mut v, mut a) = (p.clone(), m.clone(), v.clone(), a.clone());
            let state = AdamWState { parameters: &mut p, first: &mut m, second: &mut v, average: &mut a };
            adamw(&step, &decayed, &g, state);
            for (found, expected) in [p, m, v, a].iter().zip(&expected) {
                assert_close(found, expected, 1e-6);
            }
        });
    }
}

#[test]
#[should_panic(expected = "adamw: the range 1..3")]
fn ranges_that_overlap_are_refused() {
    let step =
        AdamWStep { step_size: 0.0, beta1: 0.0, beta2: 0.0, correct2: 0.0, shorten: 0.0, shrink: 0.0, average: 0.0 };
    let [mut p, mut m, mut v, mut a] = [[0.0; 4]; 4];
    let state = AdamWState { parameters: &mut p, first: &mut m, second: &mut v, average: &mut a };
    adamw(&step, &[0..2, 1..3], &[0.0; 4], state);
}
