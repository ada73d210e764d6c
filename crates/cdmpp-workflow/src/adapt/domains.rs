//! What is source, what is target, and what of the target may be used.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::error::{Result, WorkflowError};
use cdmpp_data::EncodedProgram;
use cdmpp_ir::CompactAst;
use cdmpp_model::Predictor;

use super::AdaptRequest;
use super::target::AdaptTarget;
use crate::choice::{Candidate, ChoiceUnit, choose};
use crate::measured::Measured;
use crate::program_list::{Entry, ProgramList};

/// Measurements by their part, as indices into those of the data set.
#[derive(Debug)]
pub(crate) struct Domains {
    /// On other hardware, or of other networks' tasks.
    pub(crate) source: Vec<usize>,
    /// On the new hardware, or of the new networks.
    pub(crate) target: Vec<usize>,
    /// Those of the target whose latencies may be used.
    pub(crate) measured: Vec<usize>,
    /// For each of them, what is held out together with it.
    pub(crate) groups: Vec<usize>,
    /// All others of the target.
    pub(crate) test: Vec<usize>,
    /// What was listed or chosen, in that order.
    pub(crate) chosen: Vec<Entry>,
}

impl Domains {
    pub(crate) fn new(
        measured: &Measured,
        asts: &[Cow<'_, CompactAst>],
        model: &Predictor,
        request: &AdaptRequest,
        seed: u64,
    ) -> Result<Self> {
        let all = measured.dataset.measurements();
        let of = &request.target;
        let (source, target) = of.split(measured)?;
        let chosen = match (&request.measured, request.budget) {
            (Some(list), _) => listed(list, measured, &target, of)?,
            (None, Some(budget)) => {
                let programs: BTreeSet<usize> = target.iter().map(|index| all[*index].program).collect();
                let candidate = |program: &usize| {
                    let EncodedProgram { task, schedule, .. } = &measured.dataset.programs()[*program];
                    Candidate { task, schedule: *schedule, ast: &asts[*program] }
                };
                let candidates: Vec<Candidate<'_>> = programs.iter().map(candidate).collect();
                choose(&candidates, Some(model), (budget, &request.choice), seed)?
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
            return Err(WorkflowError::NothingToTestOn { target: of.to_string() });
        }
        if used.is_empty() && (request.measured.is_some() || request.budget.is_some()) {
            return Err(WorkflowError::NothingMeasured { target: of.to_string() });
        }
        let groups = groups(measured, &used, request.choice.unit);
        Ok(Self { source, target, measured: used, groups, test, chosen })
    }

    /// The number of programs of which something is measured.
    pub(crate) fn n_programs(&self, measured: &Measured) -> usize {
        let program = |index: &usize| measured.dataset.measurements()[*index].program;
        self.measured.iter().map(program).collect::<BTreeSet<_>>().len()
    }

    /// The number of groups that are held out together.
    pub(crate) fn n_groups(&self) -> usize {
        self.groups.iter().collect::<BTreeSet<_>>().len()
    }

    /// The number of tasks of which something is measured.
    pub(crate) fn n_tasks(&self, measured: &Measured) -> usize {
        self.measured.iter().map(|index| &*measured.program(*index).task).collect::<BTreeSet<_>>().len()
    }
}

/// Reads what may be used; all of it was measured on the target.
fn listed(list: &ProgramList, measured: &Measured, target: &[usize], of: &AdaptTarget) -> Result<Vec<Entry>> {
    let is_there = |entry: &Entry| {
        let mut programs = target.iter().map(|index| measured.program(*index));
        programs.any(|program| entry.has(&program.task, program.schedule))
    };
    if let Some((entry, at)) = list.located().iter().find(|(entry, _)| !is_there(entry)) {
        let (at, entry) = (at.clone(), entry.clone());
        return Err(WorkflowError::NotMeasured { at, entry, target: of.to_string() });
    }
    Ok(list.located().iter().map(|(entry, _)| entry.clone()).collect())
}

/// What is held out together: the programs of a task, or the measurements of a program.
fn groups(measured: &Measured, used: &[usize], unit: ChoiceUnit) -> Vec<usize> {
    let names: Vec<(&str, Option<i64>)> = used
        .iter()
        .map(|index| {
            let program = measured.program(*index);
            (&*program.task, (unit == ChoiceUnit::Program).then_some(program.schedule))
        })
        .collect();
    let distinct: Vec<&(&str, Option<i64>)> = names.iter().collect::<BTreeSet<_>>().into_iter().collect();
    let place = |name| distinct.binary_search(&name).expect("every name is among the distinct ones");
    names.iter().map(place).collect()
}
