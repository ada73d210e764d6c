//! What is source, what is target, and what of the target may be used.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use anyhow::{Result, bail};
use cdmpp::data::EncodedProgram;
use cdmpp::ir::CompactAst;
use cdmpp::model::Predictor;

use super::AdaptArgs;
use super::target::Target;
use crate::choice::{Candidate, Unit, choose};
use crate::measured::Measured;
use crate::program_list::{self, Entry};

/// Measurements by their part, as indices into those of the data set.
#[derive(Debug)]
pub(super) struct Domains {
    /// On other hardware, or of other networks' tasks.
    pub(super) source: Vec<usize>,
    /// On the new hardware, or of the new networks.
    pub(super) target: Vec<usize>,
    /// Those of the target whose latencies may be used.
    pub(super) measured: Vec<usize>,
    /// For each of them, what is held out together with it.
    pub(super) groups: Vec<usize>,
    /// All others of the target.
    pub(super) test: Vec<usize>,
    /// What was listed or chosen, in that order.
    pub(super) chosen: Vec<Entry>,
}

impl Domains {
    pub(super) fn new(
        measured: &Measured,
        asts: &[Cow<'_, CompactAst>],
        model: &Predictor,
        (of, args): (&Target, &AdaptArgs),
        seed: u64,
    ) -> Result<Self> {
        let all = measured.dataset.measurements();
        let (source, target) = of.split(measured)?;
        let chosen = match (&args.measured, args.budget) {
            (Some(path), _) => listed(path, measured, &target, of)?,
            (None, Some(budget)) => {
                let programs: BTreeSet<usize> = target.iter().map(|index| all[*index].program).collect();
                let candidate = |program: &usize| {
                    let EncodedProgram { task, schedule, .. } = &measured.dataset.programs()[*program];
                    Candidate { task, schedule: *schedule, ast: &asts[*program] }
                };
                let candidates: Vec<Candidate<'_>> = programs.iter().map(candidate).collect();
                choose(&candidates, Some(model), (budget, &args.choice), seed)?
            }
            (None, None) => Vec::new(),
        };
        let entries: BTreeSet<&Entry> = chosen.iter().collect();
        let is_chosen = |index: &usize| {
            let program = measured.program(*index);
            let entry = |schedule| Entry { task: program.task.to_string(), schedule };
            entries.contains(&entry(None)) || entries.contains(&entry(Some(program.schedule)))
        };
        let (used, test): (Vec<usize>, Vec<usize>) = target.iter().copied().partition(is_chosen);
        if test.is_empty() {
            bail!("every measurement {of} is used: there is none to test on");
        }
        if used.is_empty() && (args.measured.is_some() || args.budget.is_some()) {
            bail!("nothing is measured {of}");
        }
        let groups = groups(measured, &used, args.choice.unit);
        Ok(Self { source, target, measured: used, groups, test, chosen })
    }

    /// The number of programs of which something is measured.
    pub(super) fn n_programs(&self, measured: &Measured) -> usize {
        let program = |index: &usize| measured.dataset.measurements()[*index].program;
        self.measured.iter().map(program).collect::<BTreeSet<_>>().len()
    }

    /// The number of tasks of which something is measured.
    pub(super) fn n_tasks(&self, measured: &Measured) -> usize {
        self.measured.iter().map(|index| &*measured.program(*index).task).collect::<BTreeSet<_>>().len()
    }
}

/// Reads what may be used; all of it was measured on the target.
fn listed(path: &Path, measured: &Measured, target: &[usize], of: &Target) -> Result<Vec<Entry>> {
    let list = program_list::read(path)?;
    let is_there = |entry: &Entry| {
        let mut programs = target.iter().map(|index| measured.program(*index));
        programs.any(|program| entry.has(&program.task, program.schedule))
    };
    if let Some((entry, at)) = list.iter().find(|(entry, _)| !is_there(entry)) {
        bail!("{at}: {entry} is in no measurement {of}");
    }
    Ok(list.into_iter().map(|(entry, _)| entry).collect())
}

/// What is held out together: the programs of a task, or the measurements of a program.
fn groups(measured: &Measured, used: &[usize], unit: Unit) -> Vec<usize> {
    let names: Vec<(&str, Option<i64>)> = used
        .iter()
        .map(|index| {
            let program = measured.program(*index);
            (&*program.task, (unit == Unit::Program).then_some(program.schedule))
        })
        .collect();
    let distinct: Vec<&(&str, Option<i64>)> = names.iter().collect::<BTreeSet<_>>().into_iter().collect();
    let place = |name| distinct.binary_search(&name).expect("every name is among the distinct ones");
    names.iter().map(place).collect()
}

impl fmt::Display for Domains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, measured, test, groups, .. } = self;
        let n_groups = groups.iter().collect::<BTreeSet<_>>().len();
        write!(
            f,
            "source: {} measurements; target: {} measured in {n_groups} groups, {} to test on",
            source.len(),
            measured.len(),
            test.len()
        )
    }
}
