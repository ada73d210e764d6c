//! The programs of networks, predicted.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cdmpp::data::{Fingerprint, Location, RecordReader};
use cdmpp::hardware::HardwareTable;
use cdmpp::ir::CompactAst;
use cdmpp::model::{ModelError, Predictor, Query};

use crate::graph_file::Network;
use crate::{featurizer, progress};

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
    networks: &[Network],
    model: &Path,
    programs: &[PathBuf],
    table: &Path,
    hardware: &str,
) -> Result<Vec<Vec<f64>>> {
    let predictor = Predictor::load(model)?;
    let featurizer = featurizer::of_schema(predictor.schema()).with_context(|| model.display().to_string())?.featurizer;
    let specs = HardwareTable::load(table)?;
    let spec = specs.get(hardware).with_context(|| table.display().to_string())?;
    let keys: Vec<Vec<Key>> = networks.iter().map(keys).collect::<Result<_>>()?;
    let mut wanted: HashMap<&Key, Option<Program>> = keys.iter().flatten().map(|key| (key, None)).collect();
    find(&mut wanted, programs, featurizer)?;

    // One query a program, in the order in which networks need them first.
    let (mut numbers, mut order, mut queries) = (HashMap::new(), Vec::new(), Vec::new());
    for (network, keys) in networks.iter().zip(&keys) {
        for (index, key) in keys.iter().enumerate() {
            let Some(Some(program)) = wanted.get(key) else {
                let (task, schedule) = key;
                bail!("{}: no record has task `{task}`, schedule {schedule}", network.op_place(index));
            };
            if let Entry::Vacant(entry) = numbers.entry(key) {
                entry.insert(queries.len());
                order.push(program);
                queries.push(Query { ast: &program.ast, hardware: spec });
            }
        }
    }
    let predicted = predictor.predict(&queries).map_err(|error| match error {
        ModelError::Input { index, problem, .. } => anyhow::anyhow!("{}: {problem}", order[index].at),
        other => other.into(),
    })?;
    let seconds = |key: &Key| predicted[numbers[key]].latency.as_secs_f64();
    Ok(keys.iter().map(|keys| keys.iter().map(seconds).collect()).collect())
}

/// What the operators of a network run.
fn keys(network: &Network) -> Result<Vec<Key>> {
    let key = |(index, op): (usize, &cdmpp::replay::Operator)| {
        let missing = |field| format!("{} has no `{field}`, by which its program is found", network.op_place(index));
        let task = op.task.clone().with_context(|| missing("task"))?;
        Ok((task, op.schedule.with_context(|| missing("schedule"))?))
    };
    network.graph.ops.iter().enumerate().map(key).collect()
}

/// Reads the programs that are wanted. One that is recorded twice must be the same.
fn find(
    wanted: &mut HashMap<&Key, Option<Program>>,
    files: &[PathBuf],
    featurizer: &dyn cdmpp::ir::Featurizer,
) -> Result<()> {
    let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let bar = progress::of_bytes(files.iter().map(size).sum(), "reading");
    for path in files {
        let mut reader = RecordReader::open(path)?;
        let mut read_before = 0;
        while let Some(record) = reader.next() {
            let record = record?;
            bar.inc(reader.bytes_read() - read_before);
            read_before = reader.bytes_read();
            let (at, fingerprint) = (reader.location(), record.fingerprint());
            let Some(found) = wanted.get_mut(&(record.task.clone(), record.schedule)) else { continue };
            match found {
                Some(first) if first.fingerprint != fingerprint => bail!(
                    "{at}: another program of task `{}`, schedule {} is at {}",
                    record.task,
                    record.schedule,
                    first.at
                ),
                Some(_) => {}
                None => {
                    let program = record.parse_program().with_context(|| at.to_string())?;
                    let ast = CompactAst::encode(&program, featurizer);
                    *found = Some(Program { at: at.clone(), fingerprint, ast });
                }
            }
        }
    }
    bar.finish_and_clear();
    Ok(())
}
