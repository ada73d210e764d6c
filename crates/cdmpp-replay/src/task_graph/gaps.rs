//! Times in which nothing runs.

use std::time::Duration;

use super::{LaneId, TaskGraph, TaskId};
use crate::ReplayError;

impl TaskGraph {
    /// Sets the time from which on a lane is there.
    ///
    /// # Errors
    /// If there is no such lane.
    pub fn set_start_up(&mut self, lane: LaneId, start_up: Duration) -> Result<(), ReplayError> {
        self.check_lane(lane)?;
        self.lanes[lane.index()].start_up = nanos(start_up);
        Ok(())
    }

    /// The time from which on a lane is there.
    ///
    /// # Panics
    /// If there is no such lane.
    #[must_use]
    pub fn start_up(&self, lane: LaneId) -> Duration {
        Duration::from_nanos(self.lanes[lane.index()].start_up)
    }

    /// Sets the time that passes before each task of a lane.
    ///
    /// # Errors
    /// If there is no such lane.
    pub fn set_launch_gap(&mut self, lane: LaneId, gap: Duration) -> Result<(), ReplayError> {
        self.check_lane(lane)?;
        self.lanes[lane.index()].launch_gap = nanos(gap);
        Ok(())
    }

    /// The time that passes before each task of a lane.
    ///
    /// # Panics
    /// If there is no such lane.
    #[must_use]
    pub fn launch_gap(&self, lane: LaneId) -> Duration {
        Duration::from_nanos(self.lanes[lane.index()].launch_gap)
    }

    /// Sets the time that passes between the end of a task on one lane and the readiness of a task on another (or on
    /// the same one) that depends on it. It comes on top of the gap of the dependency.
    ///
    /// # Errors
    /// If there is no such lane.
    pub fn set_hand_over(&mut self, from: LaneId, to: LaneId, gap: Duration) -> Result<(), ReplayError> {
        self.check_lane(from)?;
        self.check_lane(to)?;
        self.hand_overs.insert((from, to), nanos(gap));
        Ok(())
    }

    /// A dependency's gap with the hand-over of its lanes.
    pub(crate) fn gap_of(&self, before: TaskId, after: TaskId, gap: u64) -> u64 {
        // Most graphs have no hand-overs.
        if self.hand_overs.is_empty() {
            return gap;
        }
        let lanes = (self.lane(before), self.lane(after));
        gap.saturating_add(self.hand_overs.get(&lanes).copied().unwrap_or(0))
    }
}

/// What is too long stays too long: the replay refuses the sum.
pub(super) fn nanos(gap: Duration) -> u64 {
    u64::try_from(gap.as_nanos()).unwrap_or(u64::MAX)
}
