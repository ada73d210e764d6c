//! How long a task takes, as callers have it.

use std::time::Duration;

/// The latency of a task as the caller of a replay gives it: a [`Duration`], seconds, or nothing.
///
/// A closure that looks latencies up may return any of `Duration`, `f64` (seconds), and `Option`s of them. What is
/// missing, negative or not finite is not replaced by anything: the replay fails and names the task.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use cdmpp_replay::{ReplayError, TaskGraph, replay};
///
/// let mut graph = TaskGraph::new();
/// let lane = graph.add_lane("cpu");
/// graph.add_task("relu", lane)?;
/// assert_eq!(replay(&graph, |_| 1e-3)?.makespan(), Duration::from_millis(1));
/// assert_eq!(replay(&graph, |_| Some(Duration::from_millis(1)))?.makespan(), Duration::from_millis(1));
/// assert_eq!(replay(&graph, |_| None::<f64>).unwrap_err().to_string(), "task `relu` (0) has no latency");
/// # Ok::<(), ReplayError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latency(Given);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Given {
    Duration(Duration),
    Seconds(f64),
    Nothing,
}

impl Latency {
    /// Whole nanoseconds; the refused seconds if it is no latency.
    pub(crate) fn nanos(self) -> Result<u64, Option<f64>> {
        let duration = match self.0 {
            Given::Duration(duration) => duration,
            Given::Seconds(seconds) => Duration::try_from_secs_f64(seconds).map_err(|_| Some(seconds))?,
            Given::Nothing => return Err(None),
        };
        u64::try_from(duration.as_nanos()).map_err(|_| Some(duration.as_secs_f64()))
    }
}

impl From<Duration> for Latency {
    fn from(duration: Duration) -> Self {
        Self(Given::Duration(duration))
    }
}

impl From<f64> for Latency {
    /// Seconds, rounded to nanoseconds.
    fn from(seconds: f64) -> Self {
        Self(Given::Seconds(seconds))
    }
}

impl<T: Into<Self>> From<Option<T>> for Latency {
    fn from(latency: Option<T>) -> Self {
        latency.map_or(Self(Given::Nothing), Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_latencies_pass() {
        let nanos = |latency: Latency| latency.nanos();
        assert_eq!(nanos(Duration::from_micros(3).into()), Ok(3_000));
        assert_eq!(nanos(1.6e-9.into()), Ok(2));
        assert_eq!(nanos((-0.0).into()), Ok(0));
        assert_eq!(nanos(Some(2.0).into()), Ok(2_000_000_000));
        assert_eq!(nanos(None::<Duration>.into()), Err(None));
        for bad in [-1e-9, f64::INFINITY, f64::NEG_INFINITY, 1e11, 1e300] {
            assert_eq!(nanos(bad.into()), Err(Some(bad)));
        }
        assert!(nanos(f64::NAN.into()).is_err_and(|seconds| seconds.is_some_and(f64::is_nan)));
        assert!(nanos(Duration::MAX.into()).is_err());
    }
}
