//! What the model answers.

use std::time::Duration;

/// The answer to a [`Query`](crate::Query).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Prediction {
    /// The predicted latency.
    pub latency: Duration,
}
