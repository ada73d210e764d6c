//! Writes a record file of invented programs with invented latencies: any number, from a seed.
//!
//! ```sh
//! cargo run --release -p cdmpp-benches --example synthetic -- 1000000 0 million.jsonl.zst
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use cdmpp::data::{DataError, Record, RecordWriter};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Programs of one task; those of the bundled records are about as many.
const PER_TASK: usize = 64;

/// The hardware of all records, which the bundled table has.
const HARDWARE: &str = "epyc-genoa-avx512-1c";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [n, seed, path] = arguments.as_slice() else { return usage() };
    let (Ok(n), Ok(seed)) = (n.parse(), seed.parse()) else { return usage() };
    match write(n, seed, path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

fn usage() -> ExitCode {
    fail("usage: synthetic RECORDS SEED FILE")
}

#[allow(clippy::print_stderr, reason = "it is a command")]
fn fail(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::from(2)
}

fn write(n: usize, seed: u64, path: &str) -> Result<(), DataError> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut writer = RecordWriter::create(path)?;
    for index in 0..n {
        let task = index / PER_TASK;
        let (program, seconds) = program(index, task, &mut rng);
        let repeats = (0..5).map(|_| seconds * (1.0 + 0.01 * rng.random_range(-1.0..1.0))).collect();
        writer.write(&Record {
            task: format!("task-{task}"),
            name: "synthetic".into(),
            networks: BTreeMap::from([(format!("network-{}", task % 8), 1)]),
            schedule: (index % PER_TASK) as i64,
            config: None,
            program,
            latency_s: BTreeMap::from([(HARDWARE.into(), repeats)]),
        })?;
    }
    writer.finish()
}

/// One to eight stages, as many as the task has, each tiled in its own way; and how long it takes.
fn program(index: usize, task: usize, rng: &mut Xoshiro256PlusPlus) -> (String, f64) {
    let n_stages = 1 + task * 5 % 8;
    let size = 1_i64 << (10 + task % 7);
    let mut text = format!("# {index}\nprogram p(x: float32[{size}], y: float32[{size}]) {{\n");
    let mut seconds = 2e-6;
    for stage in 0..n_stages {
        let (from, to) = if stage % 2 == 0 { ("x", "y") } else { ("y", "x") };
        let tile = 1_i64 << rng.random_range(1..9);
        let (outer, inner) = (["", " parallel"].choose(rng), ["", " vectorized", " unrolled"].choose(rng));
        let (outer, inner) = (outer.copied().unwrap_or(""), inner.copied().unwrap_or(""));
        let value = match task % 3 {
            0 => format!("{from}[i * {tile} + j] * 2.0"),
            1 => format!("{from}[i * {tile} + j] + {to}[i * {tile} + j]"),
            _ => format!("max({from}[j * {} + i], 0.0)", size / tile),
        };
        let lines = format!(
            "  for i in 0..{}{outer} {{ for j in 0..{tile}{inner} {{ {to}[i * {tile} + j] = {value} }} }}",
            size / tile
        );
        let _ = writeln!(text, "{lines}");
        let speed = if outer.is_empty() { 1.0 } else { 3.0 } * if inner.is_empty() { 1.0 } else { 4.0 };
        seconds += size as f64 * 1e-9 * (1.0 + 8.0 / tile as f64) / speed;
    }
    text.push_str("}\n");
    (text, seconds)
}
