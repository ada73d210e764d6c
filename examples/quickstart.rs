//! The main job, on the bundled measurements: learn from operators timed on five GPUs, then predict the operators of
//! networks that were never seen, on those GPUs and on one that was never seen either.
//!
//! `cargo run --release -p cdmpp-examples` leaves `a100-pcie-80gb` out; name another GPU after `--` to leave that out
//! too, for example `-- tesla-t4`.
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use cdmpp::data::{Dataset, HardwareTable, LoadConfig, SplitBy, split};
use cdmpp::ir::{AnsorFeaturizer, CompactAst};
use cdmpp::model::{Metrics, Prediction, Predictor, PredictorConfig, Query, Sample, Scored, train};
use indicatif::{ProgressBar, ProgressStyle};

/// Real networks; the training operators have made-up shapes.
const NETWORKS: &str = "neusight-test";
const SEED: u64 = 0;
const EPOCHS: usize = 80;

fn main() -> Result<()> {
    let start = Instant::now();
    let unknown = std::env::args().nth(1).unwrap_or_else(|| "a100-pcie-80gb".to_owned());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let hardware = HardwareTable::load(root.join("data/hardware.json"))?;

    let data = load(&root.join("data/gpu-operators.jsonl.zst"))?;
    let by = SplitBy::NetworksAndHardware { networks: vec![NETWORKS.into()], hardware: vec![unknown.clone()] };
    let asts = data.asts().expect("a data set stays in memory unless it is told where else to go");
    let sets = split(&data.keys(), &by, 0.1, SEED)?;
    let sample = |index: &usize| -> Result<Sample<'_>> {
        let measured = &data.measurements()[*index];
        let ast = &asts[measured.program];
        let query = Query { ast, hardware: hardware.get(&measured.hardware)? };
        Ok(Sample { query, latency: measured.latency })
    };
    let training = sets.train.iter().map(sample).collect::<Result<Vec<_>>>()?;
    let validation = sets.validation.iter().map(sample).collect::<Result<Vec<_>>>()?;
    // Of the unknown GPU only the unknown networks are tested, so that the lines of the table compare.
    let program = |index: &usize| &data.programs()[data.measurements()[*index].program];
    let tested: Vec<usize> =
        sets.test.iter().copied().filter(|index| program(index).networks.contains_key(NETWORKS)).collect();
    let test = tested.iter().map(sample).collect::<Result<Vec<_>>>()?;

    let columns: Vec<String> = hardware.performance_columns().into_iter().map(str::to_owned).collect();
    let config = PredictorConfig::default();
    let mut model = Predictor::new(&config, &AnsorFeaturizer, &columns, SEED)?;
    fit(&mut model, &training, &validation)?;

    let known: BTreeSet<&str> = training.iter().map(|sample| sample.query.hardware.name()).collect();
    let queries: Vec<Query<'_>> = test.iter().map(|sample| sample.query).collect();
    let predicted = model.predict(&queries)?;
    println!("trained on {} measurements of {} GPUs, validated on {};", training.len(), known.len(), validation.len());
    println!("tested on {} measurements of networks that are in neither:\n", test.len());
    let scored = |((index, sample), predicted): ((&usize, &Sample<'_>), &Prediction)| Scored {
        task: &program(index).task,
        hardware: &data.measurements()[*index].hardware,
        measured_s: sample.latency.as_secs_f64(),
        predicted_s: predicted.latency.as_secs_f64(),
    };
    print_table(tested.iter().zip(&test).zip(&predicted).map(scored), &known);

    let path = root.join("programs/linear.py");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let ast = CompactAst::encode(&cdmpp::tvm::parse_tvmscript(&text)?, &AnsorFeaturizer);
    println!("\na linear layer, from the TVMScript in examples/programs/linear.py:");
    for (name, measured_ms) in [("a100-pcie-80gb", 0.244), ("v100-pcie-32gb", 0.333), ("tesla-t4", 0.876)] {
        let predicted = model.predict(&[Query { ast: &ast, hardware: hardware.get(name)? }])?;
        let ms = predicted[0].latency.as_secs_f64() * 1e3;
        println!("  {name:<14} predicted {ms:.3} ms, measured {measured_ms:.3} ms");
    }
    println!("\n{:.0} s in all", start.elapsed().as_secs_f64());
    Ok(())
}

/// Reads, cleans and encodes the records.
fn load(path: &Path) -> Result<Dataset> {
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template("{msg} {wide_bar} {percent:>3} %")?);
    bar.set_message("reading ");
    let n_threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let config = LoadConfig { n_threads, ..LoadConfig::default() };
    let data = Dataset::load(&[path], &AnsorFeaturizer, &config, &mut |progress| {
        bar.set_length(progress.total_bytes);
        bar.set_position(progress.bytes);
    })?;
    bar.finish_and_clear();
    println!("{}", data.report());
    Ok(data)
}

/// Trains, and keeps the epoch that does best on the validation samples.
fn fit(model: &mut Predictor, training: &[Sample<'_>], validation: &[Sample<'_>]) -> Result<()> {
    let style = ProgressStyle::with_template("training {wide_bar} epoch {pos}/{len}, {msg}, {eta} to go")?;
    let bar = ProgressBar::new(EPOCHS as u64).with_style(style);
    let config = train::TrainConfig { epochs: EPOCHS, seed: SEED, ..train::TrainConfig::default() };
    train::fit(model, training, validation, &config, &mut |epoch| {
        if let Some(metrics) = epoch.validation {
            bar.set_message(format!("validation MAPE {:.1} %", metrics.mape * 100.0));
        }
        bar.set_position(epoch.number as u64);
        ControlFlow::Continue(())
    })?;
    bar.finish_and_clear();
    Ok(())
}

/// One line a GPU, and one for all known ones together.
fn print_table<'a>(scored: impl Iterator<Item = Scored<'a>>, known: &BTreeSet<&str>) {
    // The key sorts the lines.
    let mut lines: BTreeMap<(u8, &str), Vec<Scored<'_>>> = BTreeMap::new();
    for one in scored {
        if known.contains(one.hardware) {
            lines.entry((0, one.hardware)).or_default().push(one);
            lines.entry((1, "all of these")).or_default().push(one);
        } else {
            lines.entry((2, one.hardware)).or_default().push(one);
        }
    }
    println!("| GPU            | in training |     n |   MAPE | median APE | within 20 % |");
    println!("|----------------|-------------|------:|-------:|-----------:|------------:|");
    for ((kind, name), scored) in &lines {
        let m = Metrics::of(scored);
        let [mape, median, within] = [m.mape, m.median_ape, m.within_20].map(|share| share * 100.0);
        let known = if *kind == 2 { "no" } else { "yes" };
        println!("| {name:<14} | {known:<11} | {:>5} | {mape:>4.1} % | {median:>8.1} % | {within:>9.1} % |", m.n);
    }
}
