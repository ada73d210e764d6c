//! Another encoder and another feature set, in a few lines each: the two traits that are meant to be replaced.
//!
//! `cargo run --release -p cdmpp-examples --bin custom_encoder`
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Result;
use cdmpp::data::{Dataset, HardwareTable, LoadConfig, SplitBy, split};
use cdmpp::ir::{ExprId, Featurizer, Leaves, Node, Program};
use cdmpp::model::candle_core::{self, Device, Tensor};
use cdmpp::model::candle_nn::{Linear, Module, VarBuilder, linear};
use cdmpp::model::{Batch, Encoder, Metrics, Predictor, PredictorConfig, Query, Sample, Scored, train};

// ANCHOR: featurizer
/// Three numbers a store: how often it runs, its depth, and the size of what it computes.
struct Rough;

impl Featurizer for Rough {
    fn schema(&self) -> &str {
        "example/rough/1"
    }
    fn dim(&self) -> usize {
        3
    }
    fn write(&self, leaves: &Leaves<'_>, out: &mut [f32]) {
        let program = leaves.program();
        for (leaf, row) in leaves.iter().zip(out.chunks_exact_mut(3)) {
            let extents = leaf.loops().iter().filter_map(|node| match program[*node] {
                Node::Loop { extent, .. } => program.as_int(extent),
                _ => None,
            });
            row[0] = extents.map(|extent| (extent as f32).log2()).sum();
            row[1] = leaf.depth() as f32;
            if let Node::Store { value, .. } = program[leaf.node()] {
                row[2] = size(program, value);
            }
        }
    }
}

/// The number of operations and operands.
fn size(program: &Program, expr: ExprId) -> f32 {
    let mut n = 1.0;
    program.for_each_operand(expr, |operand| n += size(program, operand));
    n
}
// ANCHOR_END: featurizer

// ANCHOR: encoder
/// The sum of the leaves, each through one hidden layer.
struct SumOfLeaves {
    up: Linear,
    down: Linear,
}

impl Encoder for SumOfLeaves {
    fn embed_dim(&self) -> usize {
        32
    }
    fn forward_t(&self, batch: &Batch, _train: bool) -> candle_core::Result<Tensor> {
        let hidden = self.up.forward(batch.features())?.relu()?;
        self.down.forward(&hidden)?.sum(1)
    }
}

fn encoder(dim: usize, vars: VarBuilder<'_>) -> candle_core::Result<Box<dyn Encoder>> {
    Ok(Box::new(SumOfLeaves { up: linear(dim, 64, vars.pp("up"))?, down: linear(64, 32, vars.pp("down"))? }))
}
// ANCHOR_END: encoder

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let hardware = HardwareTable::load(root.join("hardware.json"))?;
    let data = Dataset::load(&[root.join("cpu-programs.jsonl.zst")], &Rough, &LoadConfig::default(), &mut |_| {})?;
    let asts = data.asts().expect("a data set stays in memory unless it is told where else to go");
    let sets = split(&data.keys(), &SplitBy::Tasks(0.2), 0.1, 0)?;
    let samples = |indices: &[usize]| -> Result<Vec<Sample<'_>>> {
        let sample = |index: &usize| {
            let measured = &data.measurements()[*index];
            let ast = &asts[measured.program];
            Ok(Sample { query: Query { ast, hardware: hardware.get(&measured.hardware)? }, latency: measured.latency })
        };
        indices.iter().map(sample).collect()
    };
    let (training, validation, test) = (samples(&sets.train)?, samples(&sets.validation)?, samples(&sets.test)?);

    let columns: Vec<String> = hardware.performance_columns().into_iter().map(str::to_owned).collect();
    let config = PredictorConfig::default();
    let mut model = Predictor::with_encoder(&config, &Rough, &columns, 0, &Device::Cpu, encoder)?;
    let settings = train::TrainConfig { epochs: 10, ..train::TrainConfig::default() };
    train::fit(&mut model, &training, &validation, &settings, &mut |epoch| {
        println!("epoch {:>2}: training loss {:.3}", epoch.number, epoch.train_loss);
        ControlFlow::Continue(())
    })?;

    let queries: Vec<Query<'_>> = test.iter().map(|sample| sample.query).collect();
    let predicted = model.predict(&queries)?;
    let scored: Vec<Scored<'_>> = (sets.test.iter().zip(&test).zip(predicted))
        .map(|((index, sample), predicted)| Scored {
            task: &data.programs()[data.measurements()[*index].program].task,
            hardware: sample.query.hardware.name(),
            measured_s: sample.latency.as_secs_f64(),
            predicted_s: predicted.latency.as_secs_f64(),
        })
        .collect();
    let metrics = Metrics::of(&scored);
    println!("{} measurements of tasks never seen: median error {:.0} %", metrics.n, metrics.median_ape * 100.0);
    Ok(())
}
