//! What looks wrong in measured data.

use std::fmt;
use std::time::Duration;

use crate::Location;

/// A longer latency is more likely in another unit than seconds.
pub(crate) const LONG: Duration = Duration::from_secs(24 * 60 * 60);

/// Something in a record file that is valid and looks like a mistake. Prints as a sentence with its place.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum DataWarning {
    /// A program took more than a day.
    LongLatency {
        /// The first record with such a latency on this hardware.
        at: Location,
        /// The hardware.
        hardware: String,
        /// The latency.
        latency: Duration,
        /// How many measurements of the files are so long on this hardware.
        n: usize,
    },
}

impl fmt::Display for DataWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LongLatency { at, hardware, latency, n } => write!(
                f,
                "{at}: {} s on `{hardware}`, more than a day ({n} such measurements); are the latencies in seconds?",
                latency.as_secs_f64()
            ),
        }
    }
}
