//! The flags for the choice of what to measure.

use std::path::PathBuf;

use anyhow::Result;
use cdmpp::workflow::{ChoiceMethod, ChoiceRequest, ChoiceUnit, ProgramList, Weights};

/// How to choose, but for how many.
#[derive(Debug, clap::Args)]
pub(crate) struct ChoiceArgs {
    /// What is counted and chosen, and held out together: tasks with all their programs, or programs
    #[arg(long, value_name = "UNIT", default_value = "task")]
    unit: Unit,
    /// What is measured in any case, as JSON lines {"task": …} or {"task": …, "schedule": …}
    #[arg(long, value_name = "FILE", requires = "budget")]
    must: Option<PathBuf>,
    /// How much each task matters, as JSON lines {"task": …, "weight": …}, with "schedule" if programs are chosen: its
    /// share of the time, or the traffic that it serves
    #[arg(long, value_name = "FILE", requires = "budget")]
    weights: Option<PathBuf>,
    /// How to choose within the budget
    #[arg(long, value_name = "METHOD", default_value = "kmeans", requires = "budget")]
    method: Method,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Unit {
    Task,
    Program,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Method {
    /// The middle of every cluster of candidates, the largest cluster first
    Kmeans,
    /// By lot
    Random,
    /// What is farthest from all that is chosen
    Kcenter,
}

impl ChoiceArgs {
    pub(crate) fn request(&self) -> Result<ChoiceRequest> {
        Ok(ChoiceRequest {
            unit: match self.unit {
                Unit::Task => ChoiceUnit::Task,
                Unit::Program => ChoiceUnit::Program,
            },
            must: self.must.as_deref().map(ProgramList::read).transpose()?.unwrap_or_default(),
            weights: self.weights.as_deref().map(Weights::read).transpose()?,
            method: match self.method {
                Method::Kmeans => ChoiceMethod::Kmeans,
                Method::Random => ChoiceMethod::Random,
                Method::Kcenter => ChoiceMethod::Kcenter,
            },
        })
    }
}

/// Parses a budget.
pub(crate) fn budget(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(budget) => Ok(budget),
        Err(error) => Err(format!("{error}")),
    }
}
