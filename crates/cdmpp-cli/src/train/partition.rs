//! Which measurements are for training, validation and test.

use std::fmt;

use anyhow::Result;
use cdmpp::data::{Split, SplitBy, SplitCounts, Unit, split};
use serde::Serialize;

use crate::measured::Measured;

/// What the test and validation sets are made of.
#[derive(Debug, clap::Args)]
pub(crate) struct SplitArgs {
    /// Test on the programs of these networks, whose tasks are then in no other set
    ///
    /// May be given together with --test-hardware: the test set is then what is held out for either.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    test_networks: Vec<String>,
    /// Test on the measurements on these hardware
    #[arg(long, value_name = "X,Y", value_delimiter = ',')]
    test_hardware: Vec<String>,
    /// Test on about this fraction of the tasks, with all their programs
    #[arg(long, value_name = "FRACTION", conflicts_with_all = ["test_networks", "test_hardware"])]
    test_tasks: Option<f64>,
    /// Test on about this fraction of the programs
    #[arg(long, value_name = "FRACTION", conflicts_with_all = ["test_networks", "test_hardware", "test_tasks"])]
    test_records: Option<f64>,
    /// Validate on about this fraction of the rest
    #[arg(long, value_name = "FRACTION", default_value_t = 0.1)]
    validation: f64,
}

impl SplitArgs {
    fn by(&self) -> SplitBy {
        let (networks, hardware) = (self.test_networks.clone(), self.test_hardware.clone());
        match (self.test_tasks, self.test_records) {
            (Some(fraction), _) => SplitBy::Tasks(fraction),
            (_, Some(fraction)) => SplitBy::Records(fraction),
            _ => match (networks.is_empty(), hardware.is_empty()) {
                (true, true) => SplitBy::NoTest,
                (false, true) => SplitBy::Networks(networks),
                (true, false) => SplitBy::Hardware(hardware),
                (false, false) => SplitBy::NetworksAndHardware { networks, hardware },
            },
        }
    }
}

/// The sets, and how they came about.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) split: Split,
    by: SplitBy,
    validation: f64,
    counts: SplitCounts,
}

/// The part of the report about the split.
#[derive(Debug, Serialize)]
pub(super) struct Summary<'a> {
    by: &'a SplitBy,
    validation_fraction: f64,
    validation_unit: Unit,
    #[serde(flatten)]
    counts: SplitCounts,
}

impl Partition {
    pub(super) fn new(measured: &Measured, args: &SplitArgs, seed: u64) -> Result<Self> {
        let (by, keys) = (args.by(), measured.dataset.keys());
        let split = split(&keys, &by, args.validation, seed)?;
        let counts = split.counts(&keys, &by);
        Ok(Self { split, by, validation: args.validation, counts })
    }

    pub(super) fn summary(&self) -> Summary<'_> {
        Summary {
            by: &self.by,
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

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.counts.fmt(f)
    }
}
