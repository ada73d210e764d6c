//! Robust least squares for few non-negative numbers.

/// Beyond so many deviations an error counts linearly, not by its square: with normal errors this loses 5 % of
/// efficiency (Huber, 1964).
const KNEE: f64 = 1.345;

/// Huber's loss of an error in units of its deviation.
pub(super) fn huber(error: f64) -> f64 {
    let size = error.abs();
    if size <= KNEE { 0.5 * size * size } else { KNEE * (size - 0.5 * KNEE) }
}

/// Minimises `Σ huber(y − X c) + ½ ‖c‖²` over `c ≥ 0`; the minimum and its place.
///
/// Both parts are convex and the second strictly so: there is one minimum, whatever the data, and it exists for fewer
/// rows than columns too. It is found by weighted least squares again and again, each solved one coordinate after the
/// other. Columns are few, so nothing is gained from a library for matrices.
pub(super) fn minimise(rows: &[(Vec<f64>, f64)], n_columns: usize) -> (f64, Vec<f64>) {
    let mut c = vec![0.0; n_columns];
    let error = |row: &(Vec<f64>, f64), c: &[f64]| row.1 - row.0.iter().zip(c).map(|(x, c)| x * c).sum::<f64>();
    for _ in 0..200 {
        let before = c.clone();
        let (mut gram, mut moment) = (vec![vec![0.0; n_columns]; n_columns], vec![0.0; n_columns]);
        for row in rows {
            let weight = (KNEE / error(row, &c).abs()).min(1.0);
            for (i, x) in row.0.iter().enumerate() {
                moment[i] += weight * x * row.1;
                for (cell, other) in gram[i].iter_mut().zip(&row.0) {
                    *cell += weight * x * other;
                }
            }
        }
        (0..n_columns).for_each(|i| gram[i][i] += 1.0);
        descend(&gram, &moment, &mut c);
        if c.iter().zip(&before).all(|(new, old)| (new - old).abs() <= 1e-7) {
            break;
        }
    }
    let loss = rows.iter().map(|row| huber(error(row, &c))).sum::<f64>() + 0.5 * c.iter().map(|c| c * c).sum::<f64>();
    (loss, c)
}

/// Minimises `½ cᵀ gram c − momentᵀ c` over `c ≥ 0`.
fn descend(gram: &[Vec<f64>], moment: &[f64], c: &mut [f64]) {
    for _ in 0..500 {
        let mut moved: f64 = 0.0;
        for i in 0..c.len() {
            let others: f64 = (0..c.len()).filter(|j| *j != i).map(|j| gram[i][j] * c[j]).sum();
            let new = ((moment[i] - others) / gram[i][i]).max(0.0);
            moved = moved.max((new - c[i]).abs());
            c[i] = new;
        }
        if moved <= 1e-9 {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn squares_inside_and_lines_outside() {
        assert_eq!((huber(0.0), huber(1.0), huber(-1.0)), (0.0, 0.5, 0.5));
        assert!((huber(KNEE) - huber(KNEE + 1e-9)).abs() < 1e-8);
        assert!((huber(11.0) - huber(10.0) - KNEE).abs() < 1e-12);
    }

    /// Against SciPy's solver for the same problem without the knee:
    /// `scipy.optimize.nnls(np.vstack([X, np.eye(3)]), np.concatenate([y, np.zeros(3)]))`
    #[test]
    fn it_is_least_squares_where_errors_are_small() {
        let rows: Vec<(Vec<f64>, f64)> =
            [([1.0, 0.5, -0.2], 0.9), ([0.3, 2.0, 0.4], 0.8), ([-0.5, 0.1, 1.0], -0.4), ([0.8, -1.0, 0.6], 0.7)]
                .map(|(x, y)| (x.to_vec(), y))
                .to_vec();
        let (_, c) = minimise(&rows, 3);
        let expected = [0.624_755_191_955_664, 0.181_992_641_709_367, 0.072_686_324_552_224];
        assert!(c.iter().zip(expected).all(|(c, e)| (c - e).abs() < 1e-6), "{c:?}");
    }

    #[test]
    fn one_row_far_off_hardly_moves_it() {
        let mut rows: Vec<(Vec<f64>, f64)> = (0..20).map(|_| (vec![10.0], 20.0)).collect();
        let (_, plain) = minimise(&rows, 1);
        rows.push((vec![10.0], 20_000.0));
        let (_, robust) = minimise(&rows, 1);
        assert!((plain[0] - 2.0).abs() < 0.01 && (robust[0] - 2.0).abs() < 0.02, "{plain:?} {robust:?}");
    }

    proptest! {
        /// No small step from the minimum, to either side where it is allowed, leads lower.
        #[test]
        fn it_is_the_minimum(rows in prop::collection::vec((prop::collection::vec(-3.0..3.0, 3), -5.0..5.0), 0..12)) {
            let (least, c) = minimise(&rows, 3);
            let value = |c: &[f64]| {
                let error = |(x, y): &(Vec<f64>, f64)| y - x.iter().zip(c).map(|(x, c)| x * c).sum::<f64>();
                rows.iter().map(|row| huber(error(row))).sum::<f64>() + 0.5 * c.iter().map(|c| c * c).sum::<f64>()
            };
            prop_assert!((value(&c) - least).abs() < 1e-9 && c.iter().all(|c| *c >= 0.0));
            for i in 0..3 {
                for step in [-1e-3, 1e-3] {
                    let mut other = c.clone();
                    other[i] = (other[i] + step).max(0.0);
                    prop_assert!(value(&other) >= least - 1e-8, "{:?} {:?}", c, other);
                }
            }
        }
    }
}
