//! Predictions beside their measurements.

use std::collections::BTreeMap;

use cdmpp_model::Scored;
use serde::{Deserialize, Serialize};

use crate::measured::Measured;

/// A measurement and what a model says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictedMeasurement {
    /// The task.
    pub task: String,
    /// The program of the task.
    pub schedule: i64,
    /// The hardware.
    pub hardware: String,
    /// The networks that use the task, and how often.
    pub networks: BTreeMap<String, u32>,
    /// The measured latency, in seconds.
    pub measured_s: f64,
    /// The predicted latency, in seconds.
    pub predicted_s: f64,
}

impl PredictedMeasurement {
    /// The predictions of the measurements `indices`.
    pub(crate) fn of_all(measured: &Measured, indices: &[usize], scored: &[Scored<'_>]) -> Vec<Self> {
        let line = |(&index, &Scored { task, hardware, measured_s, predicted_s }): (&usize, &Scored<'_>)| {
            let program = measured.program(index);
            Self {
                task: task.to_owned(),
                schedule: program.schedule,
                hardware: hardware.to_owned(),
                networks: (*program.networks).clone(),
                measured_s,
                predicted_s,
            }
        };
        indices.iter().zip(scored).map(line).collect()
    }
}
