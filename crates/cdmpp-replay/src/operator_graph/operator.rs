//! The operators of a network.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::unique;

/// An operator of an [`OperatorGraph`](super::OperatorGraph).
///
/// In JSON only `id` and `name` must be there, and other fields are ignored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Operator {
    /// What other operators refer to; different for each.
    pub id: u64,
    /// Its name, for people.
    pub name: String,
    /// What kind of operator it is, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op: Option<String>,
    /// What it computes: the task of a record file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// How: the schedule of the record file; −1 for the unscheduled program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<i64>,
    /// The lane that it runs on; `main` if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// Its rank among those that are ready at the same time: lower numbers go first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub priority: i32,
    /// The operators that must have ended, by id.
    #[serde(default)]
    pub depends_on: Vec<u64>,
    /// The bytes of all operands and results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument_bytes: Option<u64>,
    /// What it took alone, in seconds, by hardware.
    #[serde(default, deserialize_with = "unique::map", skip_serializing_if = "BTreeMap::is_empty")]
    pub latency_s: BTreeMap<String, Option<f64>>,
}

impl Operator {
    /// How it is called in messages.
    pub(super) fn place(&self) -> String {
        format!("operator `{}` (id {})", self.name, self.id)
    }
}

fn is_zero(priority: &i32) -> bool {
    *priority == 0
}
