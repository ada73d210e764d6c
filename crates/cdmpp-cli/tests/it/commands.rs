//! What the commands answer.

use std::io::{BufRead, BufReader, Write};

use expect_test::expect;
use serde_json::{Value, json};

use crate::place::{Place, lines};

const SCALE: &str = "program scale(x: float32[64]) {\n  for i in 0..64 parallel {\n    x[i] = x[i] * 2.0\n  }\n}\n";

const MODULE: &str = r#"
from tvm.script import ir as I
from tvm.script import tirx as T

@I.ir_module
class Module:
    @T.prim_func
    def zero(A: T.Buffer((64,), "float32")):
        for i in range(64):
            A[i] = T.float32(0)

    @T.prim_func
    def one(A: T.Buffer((64,), "float32")):
        for i in range(64):
            A[i] = T.float32(1)
"#;

#[test]
fn features_are_written_line_by_line() {
    let place = Place::new();
    let all = place.run("features records.jsonl");
    let values = lines(&all);
    assert_eq!(values.len(), 60);
    for (index, value) in values.iter().enumerate() {
        let count = |field: &str| value[field].as_array().unwrap().len();
        assert_eq!(value["record"], index);
        assert_eq!(value["schema"], "ansor/164/tvm-0.27/1");
        let n_leaves = count("buffers");
        assert!(n_leaves > 0 && [count("positions"), count("depths"), count("features")] == [n_leaves; 3]);
        assert!(value["features"].as_array().unwrap().iter().all(|row| row.as_array().unwrap().len() == 164));
        assert!(value["buffers"].as_array().unwrap().iter().all(Value::is_string));
    }
    assert_eq!(place.run("features records.jsonl --limit 7"), all.split_inclusive('\n').take(7).collect::<String>());
    assert_eq!(place.run("features records.jsonl --out f.jsonl"), "");
    assert_eq!(String::from_utf8(place.read("f.jsonl")).unwrap(), all);
    let twice = lines(&place.run("features records.jsonl records.jsonl --limit 61"));
    assert_eq!((&twice[60]["record"], &twice[60]["features"]), (&json!(60), &values[0]["features"]));
}

#[test]
fn the_lines_before_a_bad_record_are_written() {
    let place = Place::new();
    let text = String::from_utf8(place.read("records.jsonl")).unwrap();
    let mut records: Vec<&str> = text.lines().take(3).collect();
    records.push("{\"task\": 1}");
    place.write("bad.jsonl", &records.join("\n"));
    let output = place.command("features bad.jsonl").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(lines(&String::from_utf8(output.stdout).unwrap()).len(), 3);
    place.command("features bad.jsonl --out f.jsonl").output().unwrap();
    assert!(!place.exists("f.jsonl"), "half a file is no file");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let place = Place::new();
    let mut child = place.spawn("features records.jsonl records.jsonl records.jsonl");
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(lines(&first).len(), 1);
}

#[test]
fn a_program_is_inspected() {
    let place = Place::new();
    place.write("scale.txt", SCALE);
    let text = place.run("inspect scale.txt");
    let (nest_and_tree, features) = text.split_once("# Features").unwrap();
    expect![[r"
        # The loop nest, in canonical form

        program scale(x: float32[64]) {
          for i in 0..64 parallel {
            x[i] = x[i] * 2.0
          }
        }

        # Its Compact AST: 1 leaves

        rank
           0  root
           1    for i: 64 parallel
           2      leaf 0: store to x (depth 2)

    "]]
    .assert_eq(nest_and_tree);
    assert!(
        features.contains("float_mul") && features.contains("0:x") && !features.contains("int_divmod"),
        "{features}"
    );
}

#[test]
fn records_are_predicted_line_by_line() {
    let place = Place::new();
    place.train("--out m.safetensors");
    place.run("eval m.safetensors records.jsonl --hardware hardware.json --predictions p.jsonl");
    let on = "epyc-genoa-sse42-1c";
    let predict = |rest: &str| place.run(&format!("predict m.safetensors --hardware hardware.json --on {rest}"));
    let json = lines(&predict(&format!("{on} records.jsonl --json")));
    let text = predict(&format!("{on},tesla-t4 records.jsonl"));
    assert_eq!((json.len(), text.lines().count()), (place.lines("records.jsonl").len(), 2 * json.len()));
    for (i, line) in json.iter().enumerate() {
        let place = format!("records.jsonl:{}", i + 1);
        assert_eq!(text.lines().nth(2 * i).unwrap(), format!("{place}\t{on}\t{}", line["seconds"]));
    }
    for expected in place.lines("p.jsonl").iter().filter(|line| line["hardware"] == on) {
        let is_same = |line: &&serde_json::Value| ["task", "schedule"].iter().all(|key| line[key] == expected[key]);
        assert_eq!(json.iter().find(is_same).unwrap()["seconds"], expected["predicted_s"]);
    }
}

#[test]
fn predictions_are_numbers_for_scripts() {
    let place = Place::new();
    place.train("--out m.safetensors");
    place.write("scale.txt", SCALE);
    place.write("module.py", MODULE);
    let predict = |rest: &str| place.run(&format!("predict m.safetensors --hardware hardware.json --on {rest}"));
    let seconds: f64 = predict("tesla-t4 scale.txt").trim().parse().unwrap();
    assert!(seconds > 0.0);
    assert_eq!(
        predict("tesla-t4,tesla-p4 scale.txt").lines().next().unwrap(),
        format!("scale.txt\ttesla-t4\t{seconds}")
    );
    let two = predict("tesla-t4 module.py scale.txt");
    let names: Vec<&str> = two.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(names, ["module.py:zero", "module.py:one", "scale.txt"]);
    assert_eq!(
        lines(&predict("tesla-t4 scale.txt --json")),
        [json!({"file": "scale.txt", "program": "scale", "hardware": "tesla-t4", "seconds": seconds})]
    );
    let mut child = place.spawn("predict m.safetensors --hardware hardware.json --on tesla-t4 -");
    child.stdin.take().unwrap().write_all(SCALE.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{seconds}\n"));
}

#[test]
fn eval_repeats_the_test_of_training() {
    let place = Place::new();
    let files = "--report train.json --predictions train.jsonl";
    let table = place.train(&format!("--out m.safetensors --test-networks bert_base-b1 {files}"));
    assert!(table.contains("overall") && table.contains("  bert_base-b1"), "{table}");
    let files = "--report eval.json --predictions eval.jsonl";
    place.run(&format!("eval m.safetensors records.jsonl --hardware hardware.json --networks bert_base-b1 {files}"));
    let (train, eval) = (place.json("train.json"), place.json("eval.json"));
    for part in ["overall", "by_hardware", "by_network", "by_task", "versions", "counts", "cleaning"] {
        assert_eq!(train[part], eval[part], "{part}");
    }
    assert_eq!(place.read("train.jsonl"), place.read("eval.jsonl"));
    let fields =
        ["n", "mape", "median_ape", "within_10", "within_20", "rmse_s", "pairwise", "spearman", "top1", "top5"];
    assert!(fields.iter().all(|field| train["overall"][field].is_number()), "{}", train["overall"]);
    assert_eq!(train["split"]["by"], json!({"networks": ["bert_base-b1"]}));
    assert_eq!(train["split"]["test"]["n_samples"], train["overall"]["n"]);
    assert_eq!(train["split"]["test"]["n_samples"], place.lines("train.jsonl").len());
    assert_eq!(train["split"]["validation"]["n_samples"], train["validation"]["n"]);

    place.run("eval m.safetensors records.jsonl --hardware hardware.json --only-hardware epyc-genoa-sse42-1c --report one.json");
    let one = place.json("one.json");
    assert_eq!(one["by_hardware"].as_object().unwrap().keys().collect::<Vec<_>>(), ["epyc-genoa-sse42-1c"]);
    assert_eq!((&one["overall"]["n"], &one["by_network"].as_object().unwrap().len()), (&json!(60), &4));
}
