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
/// rows than columns too. It is found by weighted least squares again and again. Columns are few: nothing is gained from a
/// library for matrices.
pub(super) fn minimise(rows: &[(Vec<f64>, f64)], n_columns: usize) -> (f64, Vec<f64>) {
    let mut c = vec![0.0; n_columns];
    let error = |row: &(Vec<f64>, f64), c: &[f64]| row.1 - row.0.iter().zip(c).map(|(x, c)| x * c).sum::<f64>();
    for _ in 0..200 {
        let before = c;
        let (mut gram, mut moment) = (vec![vec![0.0; n_columns]; n_columns], vec![0.0; n_columns]);
        for row in rows {
            let weight = (KNEE / error(row, &before).abs()).min(1.0);
            for (i, x) in row.0.iter().enumerate() {
                moment[i] += weight * x * row.1;
                for (cell, other) in gram[i].iter_mut().zip(&row.0) {
                    *cell += weight * x * other;
                }
            }
        }
        (0..n_columns).for_each(|i| gram[i][i] += 1.0);
        c = non_negative(&gram, &moment);
        if c.iter().zip(&before).all(|(new, old)| (new - old).abs() <= 1e-7 * (1.0 + new.abs())) {
            break;
        }
    }
    let loss = rows.iter().map(|row| huber(error(row, &c))).sum::<f64>() + 0.5 * c.iter().map(|c| c * c).sum::<f64>();
    (loss, c)
}

/// The `c ≥ 0` that minimises `½ cᵀ gram c − momentᵀ c`, for a positive definite `gram`.
///
/// # References
/// Lawson and Hanson, *Solving least squares problems*, 1974, chapter 23.
fn non_negative(gram: &[Vec<f64>], moment: &[f64]) -> Vec<f64> {
    let n = moment.len();
    let mut c = vec![0.0; n];
    let mut free = vec![false; n];
    // Each round frees a coordinate for good or ends; rounding could make it go in circles.
    for _ in 0..3 * n {
        let descent = |i: usize| moment[i] - gram[i].iter().zip(&c).map(|(g, c)| g * c).sum::<f64>();
        let steepest = (0..n).filter(|i| !free[*i]).max_by(|i, j| descent(*i).total_cmp(&descent(*j)));
        let Some(steepest) = steepest.filter(|i| descent(*i) > 1e-10 * (1.0 + moment[*i].abs())) else { break };
        free[steepest] = true;
        loop {
            let columns: Vec<usize> = (0..n).filter(|i| free[*i]).collect();
            let solution = solve(gram, moment, &columns);
            if solution.iter().all(|value| *value > 0.0) {
                columns.iter().zip(solution).for_each(|(i, value)| c[*i] = value);
                break;
            }
            // As far as possible towards the solution; what gets to zero first stays there.
            let (mut step, mut first) = (f64::INFINITY, steepest);
            for (&i, &value) in columns.iter().zip(&solution).filter(|(_, value)| **value <= 0.0) {
                let until_zero = c[i] / (c[i] - value);
                if until_zero < step || until_zero.is_nan() {
                    (step, first) = (until_zero, i);
                }
            }
            let step = if step.is_finite() { step } else { 0.0 };
            columns.iter().zip(&solution).for_each(|(i, value)| c[*i] += step * (value - c[*i]));
            c[first] = 0.0;
            free[first] = false;
        }
    }
    c
}

/// Solves the equations of some columns by elimination, which is stable without exchanges for a positive definite
/// matrix.
fn solve(gram: &[Vec<f64>], moment: &[f64], columns: &[usize]) -> Vec<f64> {
    let mut rows: Vec<Vec<f64>> =
        columns.iter().map(|i| columns.iter().map(|j| gram[*i][*j]).chain([moment[*i]]).collect()).collect();
    let n = columns.len();
    for pivot in 0..n {
        let (above, below) = rows.split_at_mut(pivot + 1);
        for row in below {
            let factor = row[pivot] / above[pivot][pivot];
            row.iter_mut().zip(&above[pivot]).skip(pivot).for_each(|(cell, other)| *cell -= factor * other);
        }
    }
    let mut solution = vec![0.0; n];
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| rows[i][j] * solution[j]).sum();
        solution[i] = (rows[i][n] - known) / rows[i][i];
    }
    solution
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

    /// The numbers are those of the same problem without the knee:
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
