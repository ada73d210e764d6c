//! Training: the same result however it comes about.

use std::io::{BufRead, BufReader};
use std::process::Command;

use serde_json::Value;

use crate::place::Place;

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let place = Place::new();
    place.train("--out a.safetensors --seed 7 --test-records 0.2");
    place.train("--out b.safetensors --seed 7 --test-records 0.2");
    place.train("--out c.safetensors --seed 8 --test-records 0.2");
    assert!(place.read("a.safetensors") == place.read("b.safetensors"), "one seed gave two models");
    assert!(place.read("a.safetensors") != place.read("c.safetensors"), "two seeds gave one model");
}

#[test]
fn what_does_not_fit_in_memory_is_trained_on_as_well() {
    let place = Place::new();
    let rest = "--test-records 0.2 --report";
    place.train(&format!("--out a.safetensors {rest} a.json"));
    place.train(&format!("--out b.safetensors --memory 0 {rest} b.json"));
    assert!(place.read("a.safetensors") == place.read("b.safetensors"), "a temporary file gave another model");
    assert_eq!(place.json("a.json")["overall"], place.json("b.json")["overall"]);
}

#[test]
fn a_training_that_stopped_goes_on_to_the_same_bytes() {
    let place = Place::new();
    // Without validation the last epoch is the best, so a training that stopped has another model than a whole one.
    place.train("--out whole.safetensors --test-tasks 0.3 --validation 0 --epochs 4 --report whole.json");
    let parts = "--out parts.safetensors --test-tasks 0.3 --validation 0 --epochs 4 --report parts.json";
    place.train(&format!("{parts} --minutes 0"));
    assert!(place.exists("parts.safetensors") && place.exists("parts.safetensors.state"));
    assert_eq!(place.json("parts.json")["training"]["epochs"], 1, "an epoch is done in any case");
    assert!(place.read("whole.safetensors") != place.read("parts.safetensors"), "stopping changed nothing");
    place.train(&format!("{parts} --minutes 0 --resume"));
    assert_eq!(place.json("parts.json")["training"]["epochs"], 2);
    place.train(&format!("{parts} --resume"));
    assert!(place.read("whole.safetensors") == place.read("parts.safetensors"), "resuming gave other bytes");
    assert_eq!(place.json("whole.json")["overall"], place.json("parts.json")["overall"]);
    assert!(!place.exists("parts.safetensors.state") && !place.exists("whole.safetensors.state"));
}

#[cfg(unix)]
#[test]
fn an_interrupted_training_keeps_what_it_has() {
    let place = Place::new();
    let train = "train records.jsonl --hardware hardware.json --config small.toml --out m.safetensors --epochs 1000000";
    let mut child = place.spawn(train);
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    let starts = |line: &Result<String, _>| line.as_ref().unwrap().starts_with("training: ");
    assert!(stderr.by_ref().any(|line| starts(&line)));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let last = stderr.map(Result::unwrap).last().unwrap();
    assert!(last.starts_with("interrupted after epoch ") && last.ends_with("--resume"), "{last}");
    place.run("eval m.safetensors records.jsonl --hardware hardware.json");
    let output = place.command(&format!("{train} --resume --seed 1")).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    let last = error.lines().last().unwrap();
    let said = "the training state belongs to another training: `training.seed` was 0 and is 1";
    assert_eq!(last, format!("error: m.safetensors.state: {said}"));
}

#[test]
fn without_a_test_set_everything_is_learnt() {
    let place = Place::new();
    let table = place.train("--out m.safetensors --validation 0 --report r.json --predictions p.jsonl");
    assert_eq!(table.lines().count(), 1, "{table}");
    let report = place.json("r.json");
    assert_eq!((&report["overall"], &report["validation"]), (&Value::Null, &Value::Null));
    assert_eq!(report["split"]["train"]["n_samples"], 180);
    assert_eq!(report["split"]["by"], "no_test");
    assert_eq!(place.read("p.jsonl"), b"");
}

#[test]
fn networks_and_hardware_are_held_out_together() {
    let place = Place::new();
    let held_out = "--test-networks bert_base-b1 --test-hardware epyc-genoa-sse42-1c";
    place.train(&format!("--out m.safetensors {held_out} --report r.json --predictions p.jsonl"));
    let report = place.json("r.json");
    assert_eq!(report["by_hardware"]["epyc-genoa-sse42-1c"]["n"], 60, "all programs on the held-out hardware");
    let others = place.lines("p.jsonl").into_iter().filter(|line| line["hardware"] != "epyc-genoa-sse42-1c");
    assert!(others.into_iter().all(|line| line["networks"]["bert_base-b1"].is_number()));
}

#[test]
fn settings_go_into_the_report() {
    let place = Place::new();
    place.train("--out m.safetensors --epochs 2 --seed 5 --max-spread 0.01 --on-bad-label drop --report r.json");
    let report = place.json("r.json");
    let config = &report["config"];
    assert_eq!(config["training"]["epochs"], 2);
    assert_eq!((&report["seed"], &config["training"]["seed"]), (&Value::from(5), &Value::from(5)));
    assert_eq!(
        (&config["cleaning"]["max_spread"], &config["cleaning"]["on_bad_label"]),
        (&0.01.into(), &"drop".into())
    );
    assert_eq!(config["model"]["transformer"]["d_model"], 8);
    let dropped = report["counts"]["dropped"]["noisy"].as_u64().unwrap();
    assert_eq!(report["counts"]["kept"], 180 - dropped);
    assert_eq!(report["cleaning"]["dropped"]["noisy"]["n"], dropped);
    assert!(dropped > 0);
}
