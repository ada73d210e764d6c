//! Columns 147 to 156: the curve of arithmetic intensity.

/// The number of points on the curve.
pub(super) const N_POINTS: usize = 10;

/// Operations a byte at tenths of the operations, interpolated between the levels of the nest.
///
/// `levels` has, innermost first, the operations and the touched bytes of a run of each loop.
pub(super) fn curve(levels: &[(f64, f64)]) -> [f64; N_POINTS] {
    let mut points = [0.0; N_POINTS];
    let Some(&(total, _)) = levels.last() else { return points };
    if total <= 0.0 {
        return points;
    }
    let mut level = 0;
    for (i, point) in points.iter_mut().enumerate() {
        let wanted = (i + 1) as f64 / N_POINTS as f64 * total;
        // The last level has all operations: the search ends there at the latest.
        while level + 1 < levels.len() && levels[level].0 < wanted - 1e-4 {
            level += 1;
        }
        let (operations, bytes) = levels[level];
        *point = match level {
            0 => operations / bytes,
            _ => {
                let (below, below_bytes) = levels[level - 1];
                let slope = (operations / bytes - below / below_bytes) / (operations - below);
                below / below_bytes + slope * (wanted - below)
            }
        };
    }
    points
}
