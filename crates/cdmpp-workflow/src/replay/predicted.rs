//! The programs of networks, predicted.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;

use crate::error::{At, GraphProblem, Result, WorkflowError};
use cdmpp_data::{Fingerprint, Location, RecordReader};
use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::{BuiltIn, CompactAst};
use cdmpp_model::{ModelError, Predictor, Query};

use crate::graph_file::NetworkGraph;
use crate::progress::{OnProgress, ReadBytes};

/// What a program is found by: its task and schedule.
type Key = (String, i64);

/// A program that an operator runs.
struct Program {
    at: Location,
    fingerprint: Fingerprint,
    ast: CompactAst,
}

/// The latency of every operator, in seconds, by network.
pub(super) fn latencies(
    networks: &[NetworkGraph],
    predictor: &Predictor,
    programs: &[PathBuf],
    spec: &HardwareSpec,
    on_progress: &mut OnProgress<'_>,
) -> Result<Vec<Vec<f64>>> {
    let featurizer = BuiltIn::of_schema(predictor.schema())?.featurizer();
    let keys: Vec<Vec<Key>> = networks.iter().map(keys).collect::<Result<_>>()?;
    let mut wanted: HashMap<&Key, Option<Program>> = keys.iter().flatten().map(|key| (key, None)).collect();
    find(&mut wanted, programs, featurizer, on_progress)?;

    // One query a program, in the order in which networks need them first.
    let (mut numbers, mut order, mut queries) = (HashMap::new(), Vec::new(), Vec::new());
    for (network, keys) in networks.iter().zip(&keys) {
        for (index, key) in keys.iter().enumerate() {
            let Some(Some(program)) = wanted.get(key) else {
                let (task, schedule) = key;
                let problem = GraphProblem::NoRecord { task: task.clone(), schedule: *schedule };
                return Err(WorkflowError::graph(network.op_place(index), problem));
            };
            if let Entry::Vacant(entry) = numbers.entry(key) {
                entry.insert(queries.len());
                order.push(program);
                queries.push(Query { ast: &program.ast, hardware: spec });
            }
        }
    }
    let predicted = predictor.predict(&queries).map_err(|error| match error {
        ModelError::Input { index, problem, .. } => {
            WorkflowError::Unpredictable { place: order[index].at.to_string(), problem }
        }
        other => other.into(),
    })?;
    let seconds = |key: &Key| predicted[numbers[key]].latency.as_secs_f64();
    Ok(keys.iter().map(|keys| keys.iter().map(seconds).collect()).collect())
}

/// What the operators of a network run.
fn keys(network: &NetworkGraph) -> Result<Vec<Key>> {
    let key = |(index, op): (usize, &cdmpp_replay::Operator)| {
        let missing = |field| WorkflowError::graph(network.op_place(index), GraphProblem::NoKey { field });
        let task = op.task.clone().ok_or_else(|| missing("task"))?;
        Ok((task, op.schedule.ok_or_else(|| missing("schedule"))?))
    };
    network.graph.ops.iter().enumerate().map(key).collect()
}

/// Reads the programs that are wanted. One that is recorded twice must be the same.
fn find(
    wanted: &mut HashMap<&Key, Option<Program>>,
    files: &[PathBuf],
    featurizer: &dyn cdmpp_ir::Featurizer,
    on_progress: &mut OnProgress<'_>,
) -> Result<()> {
    let mut read_bytes = ReadBytes::of_files(files);
    for path in files {
        let mut reader = RecordReader::open(path)?;
        let mut read_before = 0;
        while let Some(record) = reader.next() {
            let record = record?;
            let read = reader.bytes_read();
            if read > read_before {
                read_bytes.add(read - read_before, on_progress)?;
                read_before = read;
            }
            let (at, fingerprint) = (reader.location(), record.fingerprint());
            let Some(found) = wanted.get_mut(&(record.task.clone(), record.schedule)) else { continue };
            match found {
                Some(first) if first.fingerprint != fingerprint => {
                    let (at, first) = (at.clone(), first.at.clone());
                    return Err(WorkflowError::TwoPrograms { at, first, task: record.task, schedule: record.schedule });
                }
                Some(_) => {}
                None => {
                    let program = record.parse_program().at(|| at.to_string())?;
                    let ast = CompactAst::encode(&program, featurizer);
                    *found = Some(Program { at: at.clone(), fingerprint, ast });
                }
            }
        }
    }
    Ok(())
}
