//! What an autotuner does: write candidate programs with the builder, ask the model for their latency, try the best.
//!
//! `cargo run --release -p cdmpp-examples --bin predict_program` trains a small model on the CPU records first; with
//! `-- MODEL` it loads a checkpoint of `cdmpp train` instead.
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Result;
use cdmpp::data::{Dataset, HardwareTable, LoadConfig, SplitBy, split};
use cdmpp::ir::{AnsorFeaturizer, Buffer, CompactAst, DataType, LoopKind, Program, VerifyError};
use cdmpp::model::{Predictor, PredictorConfig, Query, Sample, train};

const SIZE: i64 = 512;

// ANCHOR: candidate
/// A matrix product in tiles of `rows` × `columns`, with the columns of a tile in vector registers.
fn candidate(rows: i64, columns: i64) -> Result<Program, VerifyError> {
    Program::build("matmul", |body| {
        let [a, b, c] = ["A", "B", "C"].map(|name| body.param(Buffer::new(name, DataType::F32, [SIZE, SIZE])));
        body.for_extent("io", SIZE / rows, LoopKind::Parallel, |body, io| {
            body.for_extent("jo", SIZE / columns, LoopKind::Serial, |body, jo| {
                body.for_extent("k", SIZE, LoopKind::Serial, |body, k| {
                    body.for_extent("ii", rows, LoopKind::Unrolled, |body, ii| {
                        body.for_extent("ji", columns, LoopKind::Vectorized, |body, ji| {
                            let (n_rows, n_columns) = (body.int(rows, DataType::I64), body.int(columns, DataType::I64));
                            let (i, j) = (body.mul(io, n_rows), body.mul(jo, n_columns));
                            let (i, j) = (body.add(i, ii), body.add(j, ji));
                            let (x, y, sum) = (body.load(a, &[i, k]), body.load(b, &[k, j]), body.load(c, &[i, j]));
                            let product = body.mul(x, y);
                            let value = body.add(sum, product);
                            body.store(c, &[i, j], value);
                        });
                    });
                });
            });
        });
    })
}
// ANCHOR_END: candidate

fn main() -> Result<()> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let hardware = HardwareTable::load(data.join("hardware.json"))?;
    let model = match std::env::args().nth(1) {
        Some(path) => Predictor::load(Path::new(&path))?,
        None => trained(&data.join("cpu-programs.jsonl.zst"), &hardware)?,
    };

    // ANCHOR: rank
    let tiles: Vec<(i64, i64)> = [1, 2, 4, 8, 16].into_iter().flat_map(|i| [8, 16, 32, 64].map(|j| (i, j))).collect();
    let programs = tiles.iter().map(|(i, j)| candidate(*i, *j)).collect::<Result<Vec<_>, _>>()?;
    let asts: Vec<CompactAst> = programs.iter().map(|program| CompactAst::encode(program, &AnsorFeaturizer)).collect();
    let target = hardware.get("epyc-genoa-avx512-1c")?;
    let queries: Vec<Query<'_>> = asts.iter().map(|ast| Query { ast, hardware: target }).collect();
    let latencies = model.predict(&queries)?.into_iter().map(|prediction| prediction.latency);
    let mut ranked: Vec<_> = latencies.zip(&tiles).collect();
    ranked.sort();
    // ANCHOR_END: rank

    println!("{} candidates on {}, the fastest first:", ranked.len(), target.name());
    for (latency, (rows, columns)) in ranked.iter().take(5) {
        println!("  tiles of {rows:>2} x {columns:<2}  {:.2} ms", latency.as_secs_f64() * 1e3);
    }
    Ok(())
}

/// A model of the CPU records, trained for a few epochs only.
fn trained(records: &Path, hardware: &HardwareTable) -> Result<Predictor> {
    let data = Dataset::load(&[records], &AnsorFeaturizer, &LoadConfig::default(), &mut |_| {})?;
    let asts = data.asts().expect("a data set stays in memory unless it is told where else to go");
    let sets = split(&data.keys(), &SplitBy::Tasks(0.1), 0.1, 0)?;
    let sample = |index: &usize| -> Result<Sample<'_>> {
        let measured = &data.measurements()[*index];
        let ast = &asts[measured.program];
        Ok(Sample { query: Query { ast, hardware: hardware.get(&measured.hardware)? }, latency: measured.latency })
    };
    let training = sets.train.iter().map(sample).collect::<Result<Vec<_>>>()?;
    let columns: Vec<String> = hardware.performance_columns().into_iter().map(str::to_owned).collect();
    let mut model = Predictor::new(&PredictorConfig::default(), &AnsorFeaturizer, &columns, 0)?;
    let settings = train::TrainConfig { epochs: 10, ..train::TrainConfig::default() };
    train::fit(&mut model, &training, &[], &settings, &mut |_| ControlFlow::Continue(()))?;
    Ok(model)
}
