//! What real programs compute: the canonical form and the text form keep it, and no access leaves its buffer.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::path::Path;

use cdmpp_ir::{Elements, InterpretError, Node, Program};
use cdmpp_tvm::parse_tvmscript;
use serde_json::Value;

/// What a program may take; larger ones are left out.
const MAX_STEPS: u64 = 200_000;
const MAX_ELEMENTS: i64 = 300_000;
/// How many programs are run.
const N_PROGRAMS: usize = 20;

fn programs(file: &str) -> Vec<Program> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    let lines = BufReader::new(zstd::Decoder::new(std::fs::File::open(path).unwrap()).unwrap()).lines();
    let program = |line: std::io::Result<String>| {
        let record: Value = serde_json::from_str(&line.unwrap()).unwrap();
        parse_tvmscript(record["program"].as_str().unwrap()).unwrap()
    };
    lines.map(program).collect()
}

/// Small numbers, so that no integer product overflows and no float becomes infinite.
fn inputs(program: &Program) -> Vec<Elements> {
    let input = |(number, param): (usize, &cdmpp_ir::BufferId)| {
        let value = |at: i64| (at * 7 + number as i64 * 3) % 8;
        let n = program[*param].n_elements();
        if program[*param].dtype.is_float() {
            Elements::Floats((0..n).map(|at| value(at) as f64 / 8.0 + 0.125).collect())
        } else {
            Elements::Ints((0..n).map(|at| value(at) % 2).collect())
        }
    };
    program.params().iter().enumerate().map(input).collect()
}

fn are_close(a: &[Elements], b: &[Elements]) -> bool {
    let same =
        |(a, b): (&f64, &f64)| a == b || (a - b).abs() <= 1e-5 * a.abs().max(b.abs()) || a.is_nan() && b.is_nan();
    a.iter().zip(b).all(|pair| match pair {
        (Elements::Floats(a), Elements::Floats(b)) => a.len() == b.len() && a.iter().zip(b).all(same),
        (a, b) => a == b,
    })
}

/// The program with loops of two iterations at most: what it touches is a part of what it touched before.
fn shortened(program: &Program) -> Program {
    let extents = program.nodes().filter_map(|node| match program[node] {
        Node::Loop { extent, .. } if program.as_int(extent).is_some_and(|extent| extent > 2) => Some((extent, 2)),
        _ => None,
    });
    program.with_literals(&extents.collect::<Vec<_>>()).unwrap()
}

#[test]
fn accesses_of_real_programs_stay_inside() {
    let programs = programs("oracle.jsonl.zst");
    let found = programs.iter().map(|program| program.check_bounds(2_000));
    let (mut n_kept, n) = (0, programs.len());
    for (bounds, program) in found.zip(&programs) {
        assert!(bounds.outside.is_empty(), "{:?}\n{program}", bounds.outside);
        n_kept += usize::from(bounds.are_kept());
    }
    assert!(2 * n_kept > n, "{n_kept} of {n} programs are proved to stay inside their buffers");
}

#[test]
fn shortened_programs_keep_their_results() {
    let mut n_run = 0;
    for program in programs("oracle.jsonl.zst").iter().chain(&programs("scheduled.jsonl.zst")) {
        let n_elements: i64 = program.params().iter().map(|param| program[*param].n_elements()).sum();
        if n_elements > MAX_ELEMENTS || n_run == N_PROGRAMS {
            continue;
        }
        let program = shortened(program);
        let outputs = match program.interpret(inputs(&program), MAX_STEPS) {
            Ok(outputs) => outputs,
            Err(InterpretError::Steps { .. } | InterpretError::ThreadLoop { .. } | InterpretError::Call { .. }) => {
                continue;
            }
            Err(error) => panic!("{error}\n{program}"),
        };
        n_run += 1;
        let canonical = program.canonical();
        let simple = canonical.interpret(inputs(&program), MAX_STEPS).unwrap();
        assert!(are_close(&outputs, &simple), "{program}\n{canonical}");
        let read: Program = program.to_string().parse().unwrap();
        assert_eq!(read.interpret(inputs(&program), MAX_STEPS), Ok(outputs));
    }
    assert!(n_run >= N_PROGRAMS, "{n_run} programs are small enough");
}
