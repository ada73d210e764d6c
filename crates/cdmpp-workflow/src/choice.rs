//! The choice of what to measure.

use std::collections::BTreeMap;

use crate::error::{Result, WorkflowError};
use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::CompactAst;
use cdmpp_model::{Predictor, Query};
use cdmpp_sample::{Budget, KMeansConfig, Rows, select_farthest, select_random, select_tasks};
use serde::{Deserialize, Serialize};

use crate::program_list::{Entry, ProgramList, Weights};

/// How to choose within a budget.
#[derive(Clone, Debug, Default)]
pub struct ChoiceRequest {
    /// What is counted and chosen, and held out together.
    pub unit: ChoiceUnit,
    /// What is chosen in any case.
    pub must: ProgramList,
    /// How much each task or program matters: its share of the time, or the traffic that it serves. All alike if `None`.
    pub weights: Option<Weights>,
    /// How to choose.
    pub method: ChoiceMethod,
}

/// What is counted and chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChoiceUnit {
    /// Tasks, with all their programs.
    #[default]
    Task,
    /// Programs.
    Program,
}

/// How to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChoiceMethod {
    /// The middle of every cluster of candidates, the largest cluster first.
    #[default]
    Kmeans,
    /// By lot.
    Random,
    /// What is farthest from all that is chosen.
    Kcenter,
}

/// What may be chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) task: &'a str,
    pub(crate) schedule: i64,
    pub(crate) ast: &'a CompactAst,
}

/// Chooses by embeddings, or by features without a model. The result is in the order of choice.
pub(crate) fn choose(
    candidates: &[Candidate<'_>],
    model: Option<&Predictor>,
    (budget, how): (usize, &ChoiceRequest),
    seed: u64,
) -> Result<Vec<Entry>> {
    // Numbered in the order of names, so that the order of records does not matter.
    let entry = |candidate: &Candidate<'_>| Entry {
        task: candidate.task.to_owned(),
        schedule: (how.unit == ChoiceUnit::Program).then_some(candidate.schedule),
    };
    let mut numbers: BTreeMap<Entry, usize> = candidates.iter().map(|candidate| (entry(candidate), 0)).collect();
    numbers.values_mut().enumerate().for_each(|(i, number)| *number = i);
    let entries: Vec<Entry> = numbers.keys().cloned().collect();
    let of_rows: Vec<usize> = candidates.iter().map(|candidate| numbers[&entry(candidate)]).collect();

    let must_have = must_have(&how.must, &entries)?;
    let weights =
        how.weights.as_ref().map(|weights| entries.iter().map(|entry| weights.of(entry)).collect::<Result<Vec<f64>>>());
    let weights = weights.transpose()?;
    let budget = Budget { n_tasks: budget, must_have: &must_have, weights: weights.as_deref() };
    let chosen = if how.method == ChoiceMethod::Random {
        select_random(&of_rows, &budget, seed)?
    } else {
        let asts: Vec<&CompactAst> = candidates.iter().map(|candidate| candidate.ast).collect();
        let (values, dim) = model.map_or_else(|| Ok(by_features(&asts)), |model| by_embeddings(model, &asts))?;
        let rows = Rows::new(&values, dim)?;
        if how.method == ChoiceMethod::Kcenter {
            select_farthest(rows, &of_rows, &budget)?
        } else {
            select_tasks(rows, &of_rows, &budget, &KMeansConfig { seed, ..KMeansConfig::default() })?
        }
    };
    Ok(chosen.into_iter().map(|number| entries[number].clone()).collect())
}

/// The numbers of what a list names; a task stands for all its programs.
fn must_have(list: &ProgramList, entries: &[Entry]) -> Result<Vec<usize>> {
    let mut numbers = Vec::new();
    for (entry, at) in list.located() {
        let before = numbers.len();
        let is_meant =
            |own: &Entry| entry.task == own.task && (entry.schedule.is_none() || entry.schedule == own.schedule);
        numbers.extend((0..entries.len()).filter(|number| is_meant(&entries[*number])));
        if numbers.len() == before {
            return Err(WorkflowError::NotACandidate { at: at.clone(), entry: entry.clone() });
        }
    }
    Ok(numbers)
}

/// Programs as numbers without a model: the means and the largest values of their leaves' features, each column brought
/// to the interval from 0 to 1; columns that are the same for all are left out.
fn by_features(asts: &[&CompactAst]) -> (Vec<f32>, usize) {
    let dim = asts.first().map_or(0, |ast| ast.dim());
    let mut columns = Vec::with_capacity(2 * dim);
    for column in 0..dim {
        let of_leaves =
            |ast: &&CompactAst| ast.features().iter().skip(column).step_by(dim).copied().collect::<Vec<f32>>();
        let leaves: Vec<Vec<f32>> = asts.iter().map(of_leaves).collect();
        columns
            .push(leaves.iter().map(|leaf| leaf.iter().sum::<f32>() / leaf.len().max(1) as f32).collect::<Vec<f32>>());
        columns.push(leaves.iter().map(|leaf| leaf.iter().copied().reduce(f32::max).unwrap_or(0.0)).collect());
    }
    let mut scaled = Vec::new();
    for column in columns {
        let (low, high) = column.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
        if high > low {
            scaled.push(column.into_iter().map(|x| (x - low) / (high - low)).collect::<Vec<f32>>());
        }
    }
    if scaled.is_empty() {
        // All are alike.
        return (vec![0.0; asts.len()], 1);
    }
    let values = (0..asts.len()).flat_map(|row| scaled.iter().map(move |column| column[row])).collect();
    (values, scaled.len())
}

fn by_embeddings(model: &Predictor, asts: &[&CompactAst]) -> Result<(Vec<f32>, usize)> {
    // The embedding of a program does not depend on the hardware.
    let hardware = HardwareSpec::new::<&str>("any", [])?;
    let queries: Vec<Query<'_>> = asts.iter().map(|ast| Query { ast, hardware: &hardware }).collect();
    let embeddings = model.embed(&queries)?;
    Ok((embeddings.values, embeddings.width))
}
