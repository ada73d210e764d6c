//! Which measurements are for training, validation and test.

use cdmpp_data::{Split, SplitBy, SplitCounts, Unit, split};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::measured::Measured;

/// The sets, and how they came about.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) split: Split,
    by: SplitBy,
    validation: f64,
    pub(super) counts: SplitCounts,
}

/// The part of a report about the split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitSummary {
    /// What the test set is made of.
    pub by: SplitBy,
    /// About this fraction of the rest is for validation.
    pub validation_fraction: f64,
    /// What stays together in the validation set.
    pub validation_unit: Unit,
    /// The sizes of the sets.
    #[serde(flatten)]
    pub counts: SplitCounts,
}

impl Partition {
    pub(super) fn new(measured: &Measured, by: SplitBy, validation: f64, seed: u64) -> Result<Self> {
        let keys = measured.dataset.keys();
        let split = split(&keys, &by, validation, seed)?;
        let counts = split.counts(&keys, &by);
        Ok(Self { split, by, validation, counts })
    }

    pub(super) fn summary(&self) -> SplitSummary {
        SplitSummary {
            by: self.by.clone(),
            validation_fraction: self.validation,
            validation_unit: self.split.validation_unit,
            counts: self.counts,
        }
    }

    /// The networks that a report tells apart if they alone are held out; `None` means all.
    pub(super) fn held_out_networks(&self) -> Option<&[String]> {
        match &self.by {
            SplitBy::Networks(networks) => Some(networks),
            _ => None,
        }
    }
}
