//! What can be wrong with a question for a discrepancy.

/// One of the two sets that a discrepancy compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first set: what is known.
    Source,
    /// The second set: what is adapted to.
    Target,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// A discrepancy cannot be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AdaptError {
    /// The caller's values do not divide into rows of the width that both sets have.
    #[error("{side}: {n_values} values do not make rows of {width}")]
    Width {
        /// The set.
        side: Side,
        /// How many values it has.
        n_values: usize,
        /// How many a row should have.
        width: usize,
    },
    /// The caller's set has no rows.
    #[error("{side}: there are no rows")]
    Empty {
        /// The set.
        side: Side,
    },
    /// The data have a value that is at no distance from others.
    #[error("{side}, row {row}, column {column}: must be finite, not {value}")]
    NotFinite {
        /// The set.
        side: Side,
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
        /// The value.
        value: f32,
    },
    /// The caller asks for no moments.
    #[error("the number of moments must be at least 1")]
    NoMoments,
    /// The caller's interval has no width.
    #[error("the width of the interval must be positive and finite, not {interval}")]
    Interval {
        /// Its width.
        interval: f64,
    },
    /// The caller gives no bandwidth.
    #[error("there must be a bandwidth")]
    NoBandwidth,
    /// The caller's bandwidth is no distance, or so small or large that its square is none.
    #[error("a bandwidth must be positive and finite, and so must its square: not {bandwidth}")]
    Bandwidth {
        /// The bandwidth.
        bandwidth: f64,
    },
    /// The values are too far apart, for these settings, for the discrepancy or its gradients to be numbers.
    #[error("the discrepancy or its gradient is too large for a number")]
    Overflow,
}
