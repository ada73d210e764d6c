//! A GPU that the model has never seen: predict it from its data sheet, choose a few operators to measure there, and
//! adapt the model to what was measured.
//!
//! `cargo run --release -p cdmpp-examples --bin new_hardware` leaves `v100-pcie-32gb` out (another GPU may be named after
//! `--`), prints the errors and draws two pictures into `target/new_hardware`: the error against the number of measured
//! tasks, chosen by clustering and at random; and the embeddings of known GPUs and the new one, before and after.
#![allow(clippy::print_stdout, reason = "a program for people")]

mod pictures;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, ensure};
use cdmpp::adapt::cmd;
use cdmpp::data::{Dataset, HardwareTable, LoadConfig};
use cdmpp::ir::AnsorFeaturizer;
use cdmpp::model::train::{self, AdaptConfig, Compared, FineTuneConfig, Labelled};
use cdmpp::model::{Prediction, Predictor, PredictorConfig, Query, Sample};
use cdmpp::sample::{Budget, KMeansConfig, Rows, select_random, select_tasks};

use self::pictures::{Curve, draw_budgets, draw_embeddings};

const SEED: u64 = 0;
const EPOCHS: usize = 10;
const BUDGETS: [usize; 4] = [10, 20, 50, 100];
/// Fewer than by default, to be done sooner.
const FOLDS: usize = 3;
/// The budget of the second picture.
const BUDGET: usize = 50;
/// The most points of each colour.
const POINTS: usize = 400;

/// Measurements with the numbers of their tasks.
#[derive(Default)]
struct Part<'a> {
    samples: Vec<Sample<'a>>,
    tasks: Vec<usize>,
}

fn main() -> Result<()> {
    let start = Instant::now();
    let unknown = std::env::args().nth(1).unwrap_or_else(|| "v100-pcie-32gb".to_owned());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = PathBuf::from("target/new_hardware");
    std::fs::create_dir_all(&folder)?;
    let hardware = HardwareTable::load(root.join("data/hardware.json"))?;
    let config = LoadConfig { n_threads: std::thread::available_parallelism()?, ..LoadConfig::default() };
    let paths = [root.join("data/gpu-operators.jsonl.zst")];
    let data = Dataset::load(&paths, &AnsorFeaturizer, &config, &mut |_| {})?;

    // A task in three of the new GPU is for testing only; what is measured is chosen among the others.
    let names: BTreeSet<&str> = data.programs().iter().map(|program| &*program.task).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let (mut known, mut candidates, mut test) = (Part::default(), Part::default(), Part::default());
    let asts = data.asts().expect("a data set stays in memory unless it is told where else to go");
    for measurement in data.measurements() {
        let program = &data.programs()[measurement.program];
        let query = Query { ast: &asts[measurement.program], hardware: hardware.get(&measurement.hardware)? };
        let task = names.binary_search(&&*program.task).unwrap_or_default();
        let part = match *measurement.hardware == *unknown {
            false => &mut known,
            true if task % 3 == 0 => &mut test,
            true => &mut candidates,
        };
        part.samples.push(Sample { query, latency: measurement.latency });
        part.tasks.push(task);
    }
    ensure!(!test.samples.is_empty(), "nothing was measured on `{unknown}`");

    let columns: Vec<String> = hardware.performance_columns().into_iter().map(str::to_owned).collect();
    let mut model = Predictor::new(&PredictorConfig::default(), &AnsorFeaturizer, &columns, SEED)?;
    let training = train::TrainConfig { epochs: EPOCHS, ..train::TrainConfig::default() };
    train::fit(&mut model, &known.samples, &[], &training, &mut |_| ControlFlow::Continue(()))?;
    let path = folder.join("known.safetensors");
    model.save(&path)?;
    let zero_shot = error(&model, &test)?;
    println!("trained on {} measurements of other GPUs in {:.0} s", known.samples.len(), start.elapsed().as_secs_f64());
    println!("zero-shot error on {} operators of {unknown}: {:.1} %\n", test.samples.len(), 100.0 * zero_shot);

    println!("| measured tasks | by KMeans | at random |");
    println!("|---------------:|----------:|----------:|");
    let mut curves =
        [("KMeans", true), ("random", false)].map(|(name, by_kmeans)| (by_kmeans, Curve::new(name, zero_shot)));
    for budget in BUDGETS {
        for (by_kmeans, curve) in &mut curves {
            let measured = measure(&model, &candidates, budget, *by_kmeans)?;
            let mut tuned = Predictor::load(&path)?;
            fine_tune(&mut tuned, &known, &measured)?;
            curve.points.push((budget, error(&tuned, &test)?));
        }
        let [kmeans, random] = [0, 1].map(|i| curves[i].1.points.last().map_or(0.0, |(_, error)| 100.0 * error));
        println!("| {budget:>14} | {kmeans:>7.1} % | {random:>7.1} % |");
    }
    let budgets = folder.join("budgets.svg");
    draw_budgets(&budgets, &unknown, &curves.map(|(_, curve)| curve))?;

    // With a discrepancy, operators of the new GPU take part that are not measured.
    let mut adapted = Predictor::load(&path)?;
    let measured = measure(&model, &candidates, BUDGET, true)?;
    adapt(&mut adapted, &known, &candidates, &measured)?;
    println!("\nwith {BUDGET} tasks and CMD: {:.1} %", 100.0 * error(&adapted, &test)?);
    let embeddings = folder.join("embeddings.svg");
    let panels = [("before", &model), ("after", &adapted)]
        .map(|(title, model)| -> Result<_> { Ok((title, [embed(model, &known)?, embed(model, &test)?])) });
    let [before, after] = panels;
    draw_embeddings(&embeddings, &unknown, &[before?, after?])?;
    println!("drawn: {} and {}", budgets.display(), embeddings.display());
    println!("{:.0} s in all", start.elapsed().as_secs_f64());
    Ok(())
}

// ANCHOR: measure
/// Chooses tasks by the embeddings of their programs, and measures them: here, looks their latencies up.
fn measure<'a>(model: &Predictor, candidates: &Part<'a>, budget: usize, by_kmeans: bool) -> Result<Part<'a>> {
    let budget = Budget::of(budget);
    let chosen = if by_kmeans {
        let queries: Vec<Query<'_>> = candidates.samples.iter().map(|sample| sample.query).collect();
        let embeddings = model.embed(&queries)?;
        select_tasks(
            Rows::new(&embeddings.values, embeddings.width)?,
            &candidates.tasks,
            &budget,
            &KMeansConfig::default(),
        )?
    } else {
        select_random(&candidates.tasks, &budget, SEED)?
    };
    let mut measured = Part::default();
    for (sample, task) in candidates.samples.iter().zip(&candidates.tasks) {
        if chosen.contains(task) {
            measured.samples.push(*sample);
            measured.tasks.push(*task);
        }
    }
    Ok(measured)
}
// ANCHOR_END: measure

// ANCHOR: adapt
fn fine_tune(model: &mut Predictor, known: &Part<'_>, measured: &Part<'_>) -> Result<()> {
    let labelled =
        Labelled { source: &(&known.samples).into(), measured: &(&measured.samples).into(), groups: &measured.tasks };
    let config = FineTuneConfig { folds: FOLDS, ..FineTuneConfig::default() };
    train::fine_tune(model, &labelled, &config, &mut |_| ControlFlow::Continue(()))?;
    Ok(())
}

fn adapt(model: &mut Predictor, known: &Part<'_>, candidates: &Part<'_>, measured: &Part<'_>) -> Result<()> {
    let labelled =
        Labelled { source: &(&known.samples).into(), measured: &(&measured.samples).into(), groups: &measured.tasks };
    let target: Vec<Query<'_>> = candidates.samples.iter().map(|sample| sample.query).collect();
    let discrepancy = |source: &[f32], target: &[f32], width: usize| {
        let found = cmd(source, target, width, 5)?;
        let (source_gradient, target_gradient) = (found.source_gradient, found.target_gradient);
        Ok(Compared { value: found.value, source_gradient, target_gradient })
    };
    let tuning = FineTuneConfig { folds: FOLDS, ..FineTuneConfig::default() };
    let config = AdaptConfig { tuning, ..AdaptConfig::default() };
    train::adapt(model, &labelled, &(&target).into(), &discrepancy, &config, &mut |_| ControlFlow::Continue(()))?;
    Ok(())
}
// ANCHOR_END: adapt

/// The mean of |predicted − measured| / measured.
fn error(model: &Predictor, part: &Part<'_>) -> Result<f64> {
    let queries: Vec<Query<'_>> = part.samples.iter().map(|sample| sample.query).collect();
    let ratio = |(sample, predicted): (&Sample<'_>, Prediction)| {
        (predicted.latency.as_secs_f64() / sample.latency.as_secs_f64() - 1.0).abs()
    };
    let errors = part.samples.iter().zip(model.predict(&queries)?).map(ratio);
    Ok(errors.sum::<f64>() / part.samples.len() as f64)
}

/// What the head reads of some programs on their hardware, as rows.
fn embed(model: &Predictor, part: &Part<'_>) -> Result<Vec<Vec<f32>>> {
    let step = part.samples.len().div_ceil(POINTS).max(1);
    let queries: Vec<Query<'_>> = part.samples.iter().step_by(step).map(|sample| sample.query).collect();
    Ok(model.embed_pairs(&queries)?.rows().map(<[f32]>::to_vec).collect())
}
