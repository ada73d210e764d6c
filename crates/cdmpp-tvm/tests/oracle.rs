//! The default features against TVM 0.27's own extractor.
//!
//! `oracle.jsonl.zst` samples measured programs of the record files; `odd.jsonl.zst` are programs written by hand for the
//! corners of the extractor, `random.jsonl.zst` random ones. The latter two come from `data/make_odd.py`.

use std::io::{BufRead, BufReader};
use std::path::Path;

use cdmpp_ir::{AnsorFeaturizer, CompactAst, Expr, Node, Program};
use cdmpp_tvm::parse_tvmscript;
use serde_json::Value;

/// Numbers agree to this relative difference.
const TOLERANCE: f64 = 1e-4;
/// Where the five buffers start, and the columns of one.
const BUFFERS: usize = 57;
const BUFFER_COLUMNS: usize = 18;
/// The columns of a buffer that decide its place: bytes and lines.
const ORDER: [usize; 2] = [3, 5];

/// How many entries and programs there are, and how many of them agree.
#[derive(Debug, Default)]
struct Agreement {
    entries: usize,
    equal_entries: usize,
    programs: usize,
    equal_programs: usize,
}

impl Agreement {
    fn entries(&self) -> f64 {
        self.equal_entries as f64 / self.entries as f64
    }

    fn programs(&self) -> f64 {
        self.equal_programs as f64 / self.programs as f64
    }
}

fn is_close(a: f64, b: f64) -> bool {
    (a - b).abs() <= TOLERANCE * a.abs().max(b.abs())
}

/// The last leaf of each buffer that TVM has a row for, in the order of the buffers' first stores.
fn last_leaves(program: &Program) -> Vec<usize> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    let stores = program.nodes().filter_map(|node| match program[node] {
        Node::Store { buffer, value, .. } => Some((buffer.index(), value)),
        _ => None,
    });
    for (leaf, (buffer, value)) in stores.enumerate() {
        if matches!(program[value], Expr::Int { .. } | Expr::Float { .. }) {
            continue;
        }
        match found.iter_mut().find(|(known, _)| *known == buffer) {
            Some((_, last)) => *last = leaf,
            None => found.push((buffer, leaf)),
        }
    }
    found.into_iter().map(|(_, leaf)| leaf).collect()
}

/// Puts the blocks of buffers that tie in lines and bytes into the order of the wanted row.
fn align_ties(wanted: &[f64], row: &mut [f64]) {
    let block = |at: usize| BUFFERS + at * BUFFER_COLUMNS..BUFFERS + (at + 1) * BUFFER_COLUMNS;
    for at in 0..5 {
        let agrees =
            |row: &[f64], other| wanted[block(at)].iter().zip(&row[block(other)]).all(|(a, b)| is_close(*a, *b));
        let ties = |row: &[f64], other| {
            ORDER.iter().all(|column| is_close(row[block(at)][*column], row[block(other)][*column]))
        };
        if let Some(other) = (at + 1..5).find(|other| !agrees(row, at) && ties(row, *other) && agrees(row, *other)) {
            for column in 0..BUFFER_COLUMNS {
                row.swap(BUFFERS + at * BUFFER_COLUMNS + column, BUFFERS + other * BUFFER_COLUMNS + column);
            }
        }
    }
}

fn compare(file: &str) -> Agreement {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    let file = std::fs::File::open(path).unwrap();
    let mut agreement = Agreement::default();
    for line in BufReader::new(zstd::Decoder::new(file).unwrap()).lines() {
        let record: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let program = parse_tvmscript(record["program"].as_str().unwrap()).unwrap();
        let leaves = last_leaves(&program.canonical());
        let ast = CompactAst::encode(&program, &AnsorFeaturizer);
        let rows = record["features"].as_array().unwrap();
        let (mut entries, mut equal) = (0, 0);
        for (at, wanted) in rows.iter().enumerate() {
            let wanted: Vec<f64> = wanted.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
            entries += wanted.len();
            let Some(leaf) = leaves.get(at).filter(|_| leaves.len() == rows.len()) else { continue };
            let row = &ast.features()[leaf * ast.dim()..][..ast.dim()];
            let mut row: Vec<f64> = row.iter().map(|x| f64::from(*x)).collect();
            align_ties(&wanted, &mut row);
            equal += wanted.iter().zip(&row).filter(|(a, b)| is_close(**a, **b)).count();
        }
        agreement.entries += entries;
        agreement.equal_entries += equal;
        agreement.programs += 1;
        agreement.equal_programs += usize::from(entries == equal);
    }
    agreement
}

#[test]
fn measured_programs_agree_in_full() {
    let agreement = compare("oracle.jsonl.zst");
    assert_eq!((agreement.programs, agreement.equal_programs), (260, 260), "{agreement:?}");
}

#[test]
fn programs_for_the_corners_of_the_extractor_agree_in_full() {
    let agreement = compare("odd.jsonl.zst");
    assert_eq!((agreement.programs, agreement.equal_programs), (30, 30), "{agreement:?}");
}

/// Random programs have guards that nobody writes and buffers that they index far outside their shape. What is left there
/// is dead code that TVM removes only after it placed the allocations, and minima of several indices.
#[test]
fn random_programs_mostly_agree() {
    let agreement = compare("random.jsonl.zst");
    assert_eq!(agreement.programs, 300);
    assert!(agreement.entries() > 0.996 && agreement.programs() > 0.87, "{agreement:?}");
}
