//! Choosing what to measure, and adapting to it.

use std::collections::BTreeSet;

use cdmpp::data::{Record, RecordReader, RecordWriter};
use expect_test::{Expect, expect};
use serde_json::{Value, json};

use crate::place::{DATA, Place, lines};

pub(crate) const ON: &str = "epyc-genoa-sse42-1c";

pub(crate) const NETWORKS: &str = "bert_base-b1,bert_tiny-b1";

/// A few quick epochs.
pub(crate) const QUICK: &str = "
[adaptation.tuning]
epochs = 2
steps_per_epoch = 2
folds = 2
";

/// A folder whose records are of many tasks.
pub(crate) fn untrained() -> Place {
    let place = Place::new();
    let mut writer = RecordWriter::create(place.path("records.jsonl")).unwrap();
    for record in RecordReader::open(format!("{DATA}/cpu-programs.jsonl.zst")).unwrap().step_by(40) {
        writer.write(&record.unwrap()).unwrap();
    }
    writer.finish().unwrap();
    place
}

/// The same with a model that does not know one of the hardware.
pub(crate) fn place() -> Place {
    let place = untrained();
    place.train(&format!("--out m.safetensors --test-hardware {ON} --validation 0"));
    place.write("quick.toml", QUICK);
    place.write("whole.toml", &QUICK.replace("folds = 2", "folds = 0"));
    place
}

fn adapt(place: &Place, rest: &str) -> String {
    place.run(&format!("adapt m.safetensors {rest} --hardware hardware.json --on {ON}"))
}

pub(crate) fn records(place: &Place) -> Vec<Record> {
    RecordReader::open(place.path("records.jsonl")).unwrap().map(Result::unwrap).collect()
}

pub(crate) fn tasks(place: &Place) -> BTreeSet<String> {
    records(place).into_iter().map(|record| record.task).collect()
}

pub(crate) fn is_of_networks(record: &Record) -> bool {
    NETWORKS.split(',').any(|name| record.networks.contains_key(name))
}

#[test]
fn tasks_are_chosen_once_each_whatever_the_order_of_records() {
    let place = untrained();
    let all = tasks(&place);
    let mut writer = RecordWriter::create(place.path("reversed.jsonl")).unwrap();
    records(&place).iter().rev().for_each(|record| writer.write(record).unwrap());
    writer.finish().unwrap();
    for method in ["kmeans", "kcenter", "random"] {
        let text = place.run(&format!("select records.jsonl --budget 4 --method {method} --seed 3"));
        let chosen = lines(&text);
        let names: BTreeSet<String> = chosen.iter().map(|line| line["task"].as_str().unwrap().to_owned()).collect();
        assert!(chosen.len() == 4 && names.len() == 4 && names.is_subset(&all), "{method}: {text}");
        assert!(chosen.iter().all(|line| line.get("schedule").is_none()));
        assert_eq!(place.run(&format!("select reversed.jsonl --budget 4 --method {method} --seed 3")), text);
        assert_eq!(place.run(&format!("select records.jsonl --budget 4 --method {method} --seed 3 --out c.jsonl")), "");
        assert_eq!(String::from_utf8(place.read("c.jsonl")).unwrap(), text);
    }
    assert_eq!(lines(&place.run("select records.jsonl --budget 100000")).len(), all.len());
    let random = |seed| place.run(&format!("select records.jsonl --budget 4 --method random --seed {seed}"));
    assert!((0..5).any(|seed| random(seed) != random(9)));
}

#[test]
fn programs_are_chosen_with_their_schedules_by_features_or_embeddings() {
    let place = place();
    for model in ["", "--model m.safetensors"] {
        let chosen = lines(&place.run(&format!("select records.jsonl --unit program --budget 9 {model}")));
        let pairs: BTreeSet<(String, i64)> = chosen
            .iter()
            .map(|line| (line["task"].as_str().unwrap().to_owned(), line["schedule"].as_i64().unwrap()))
            .collect();
        assert_eq!(pairs.len(), 9);
        let known: BTreeSet<(String, i64)> =
            records(&place).into_iter().map(|record| (record.task, record.schedule)).collect();
        assert!(pairs.is_subset(&known));
    }
}

#[test]
fn must_haves_come_first_and_weights_decide() {
    let place = untrained();
    let all: Vec<String> = tasks(&place).into_iter().collect();
    let line = |task: &str| json!({ "task": task }).to_string() + "\n";
    place.write("must.jsonl", &(line(&all[1]) + &line(&all[0])));
    let chosen = lines(&place.run("select records.jsonl --budget 3 --must must.jsonl"));
    assert_eq!((&chosen[0]["task"], &chosen[1]["task"]), (&json!(all[1]), &json!(all[0])));
    assert_eq!(chosen.len(), 3);

    let weigh =
        |task: &String| json!({"task": task, "weight": f64::from(u8::from(*task == all[2]))}).to_string() + "\n";
    place.write("weights.jsonl", &all.iter().map(weigh).collect::<String>());
    for method in ["kmeans", "kcenter", "random"] {
        let text = place.run(&format!("select records.jsonl --budget 1 --weights weights.jsonl --method {method}"));
        assert_eq!(text, line(&all[2]), "{method}");
    }
}

#[test]
fn the_report_tells_before_and_after_on_what_is_not_measured() {
    let place = place();
    let table = adapt(
        &place,
        "records.jsonl --config quick.toml --budget 2 --discrepancy cmd --max-spread inf --out a.safetensors --report r.json \
         --predictions p.jsonl",
    );
    assert!(table.contains("zero-shot") && table.contains("overall"), "{table}");
    let report = place.json("r.json");
    let chosen = report["measured"]["chosen"].as_array().unwrap();
    assert_eq!((chosen.len(), &report["measured"]["n_tasks"]), (2, &json!(2)));
    let is_chosen = |task: &Value| chosen.iter().any(|entry| entry["task"] == *task);
    let predictions = place.lines("p.jsonl");
    assert!(predictions.iter().all(|line| line["hardware"] == ON && !is_chosen(&line["task"])));
    let n = predictions.len() as u64;
    let used = report["measured"]["n_programs"].as_u64().unwrap();
    assert_eq!(n + used, records(&place).len() as u64);
    let source = &report["baselines"]["source"];
    assert_eq!((&source["model"], &source["n_fitted"]), (&report["overall"], &report["measured"]["n_measurements"]));
    for part in [&report["overall"], &report["zero_shot"]["overall"], &source["metrics"]] {
        assert_eq!(part["n"], n, "{part}");
    }
    assert!(report["baselines"]["roofline"]["factor"].as_f64().unwrap() > 0.0);
    let distance = &report["discrepancy"];
    assert_eq!((&distance["name"], &distance["layer"]), (&json!("cmd"), &json!("pair")));
    assert!(distance["before"].as_f64().unwrap() > 0.0 && distance["after"].is_number());
    assert_eq!(report["training"]["held_out_losses"].as_array().unwrap().len(), 3);
    assert_eq!(report["config"]["adaptation"]["tuning"]["folds"], 2);

    // The zero-shot scores are those of the model that was passed.
    place.run(&format!(
        "eval m.safetensors records.jsonl --hardware hardware.json --only-hardware {ON} --max-spread inf \
         --predictions e.jsonl"
    ));
    let before = place.lines("e.jsonl").into_iter().filter(|line| !is_chosen(&line["task"]));
    let errors: Vec<f64> = before
        .map(|line| (line["predicted_s"].as_f64().unwrap() / line["measured_s"].as_f64().unwrap() - 1.0).abs())
        .collect();
    let mape = errors.iter().sum::<f64>() / errors.len() as f64;
    let told = report["zero_shot"]["overall"]["mape"].as_f64().unwrap();
    assert!((mape - told).abs() < 1e-9 * mape, "{mape} is not {told}");
    place.run("eval a.safetensors records.jsonl --hardware hardware.json");
}

/// The tasks of the networks stay together, whatever hardware they ran on, and nothing of them is in the source.
#[test]
fn new_networks_are_a_target_like_new_hardware() {
    let place = untrained();
    place.train(&format!("--out m.safetensors --test-networks {NETWORKS} --validation 0"));
    place.write("quick.toml", QUICK);
    place.write("pair.toml", &format!("[adaptation]\nlayer = \"pair\"\n{QUICK}"));
    let (own, others): (Vec<Record>, Vec<Record>) = records(&place).into_iter().partition(is_of_networks);
    let tasks: BTreeSet<&str> = own.iter().map(|record| &*record.task).collect();
    let n_hardware = own[0].latency_s.len();
    assert!(n_hardware > 1 && own.len() > 2);
    let n_source = n_hardware * others.iter().filter(|record| !tasks.contains(&*record.task)).count();
    for (config, layer) in [("quick", "program"), ("pair", "pair")] {
        let output = place
            .command(&format!(
                "adapt m.safetensors records.jsonl --hardware hardware.json --on-networks {NETWORKS} --budget 2 \
                 --discrepancy cmd --config {config}.toml --max-spread inf --out a.safetensors --report r.json \
                 --predictions p.jsonl"
            ))
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && told.contains(&format!("source: {n_source} measurements")), "{told}");
        let report = place.json("r.json");
        let names: Vec<&str> = NETWORKS.split(',').collect();
        assert_eq!((&report["on_networks"], report.get("on")), (&json!(names), None));
        assert!(report["by_network"].as_object().unwrap().keys().all(|name| names.contains(&&**name)));
        assert_eq!(report["discrepancy"]["layer"], layer);
        assert_eq!(report["baselines"]["source"], Value::Null);
        assert_eq!(report["baselines"]["roofline"]["hardware"], Value::Null);
        let predictions = place.lines("p.jsonl");
        let is_own =
            |line: &Value| own.iter().any(|record| line["task"] == *record.task && line["schedule"] == record.schedule);
        assert!(predictions.iter().all(is_own));
        let measured = &report["measured"];
        let n = |name: &str| measured[name].as_u64().unwrap() as usize;
        assert_eq!(n("n_measurements"), n("n_programs") * n_hardware);
        assert_eq!(predictions.len() + n("n_measurements"), own.len() * n_hardware);
        let chosen: BTreeSet<&str> =
            measured["chosen"].as_array().unwrap().iter().map(|entry| entry["task"].as_str().unwrap()).collect();
        assert!(chosen.len() == 2 && predictions.iter().all(|line| !chosen.contains(line["task"].as_str().unwrap())));
    }
}

fn check(place: &Place, arguments: &str, expect: Expect) {
    expect.assert_eq(&place.refusal(arguments));
}

#[test]
fn what_cannot_be_chosen_or_adapted_to_is_refused() {
    let place = place();
    place.write("must.jsonl", "{\"task\": \"nothing\"}\n");
    place.write("bad.jsonl", "{\"task\": \"nothing\", \"weight\": -1}\n");
    place.write("empty.jsonl", "");
    check(&place, "select empty.jsonl --budget 3", expect!["error: there is no program to choose from"]);
    check(
        &place,
        "select records.jsonl --budget 0",
        expect!["error: invalid value '0' for '--budget <K>': must be at least 1"],
    );
    check(
        &place,
        "select records.jsonl --budget 3 --must must.jsonl",
        expect!["error: must.jsonl:1: task `nothing` is not among the candidates"],
    );
    check(
        &place,
        "select records.jsonl --budget 3 --must bad.jsonl",
        expect!["error: bad.jsonl:1:28: not a task or program: unknown field `weight`, expected `task` or `schedule`"],
    );
    check(
        &place,
        "select records.jsonl --budget 3 --weights bad.jsonl",
        expect!["error: bad.jsonl:1: the weight of task `nothing` must be finite and not negative, and is -1"],
    );
    check(
        &place,
        "select records.jsonl --budget 3 --weights empty.jsonl",
        expect!["error: empty.jsonl: task `159192f41e9b1bca` has no weight"],
    );
    check(
        &place,
        "select records.jsonl --budget 3 --method best",
        expect!["error: invalid value 'best' for '--method <METHOD>' [possible values: kmeans, random, kcenter]"],
    );
    let adapt = |rest: &str, expect: Expect| {
        check(
            &place,
            &format!("adapt m.safetensors records.jsonl --hardware hardware.json {rest} --out a.safetensors"),
            expect,
        );
        assert!(!place.exists("a.safetensors"));
    };
    adapt(
        "--on epyc --budget 3",
        expect![
            "error: unknown hardware `epyc`; nearest of 3 in the records: epyc-genoa-sse42-1c, epyc-genoa-avx512-1c, epyc-genoa-avx512-2c"
        ],
    );
    adapt(
        &format!("--on {ON}"),
        expect!["error: there is nothing to adapt by: give --measured, --budget or --discrepancy"],
    );
    adapt(
        &format!("--on {ON} --measured must.jsonl"),
        expect!["error: must.jsonl:1: task `nothing` is in no measurement on `epyc-genoa-sse42-1c`"],
    );
    adapt(&format!("--on {ON} --measured empty.jsonl"), expect!["error: nothing is measured on `epyc-genoa-sse42-1c`"]);
    adapt(
        &format!("--on {ON} --measured empty.jsonl --budget 3"),
        expect!["error: the argument '--measured <FILE>' cannot be used with '--budget <K>'"],
    );
    adapt(
        &format!("--on {ON} --budget 100000"),
        expect!["error: every measurement on `epyc-genoa-sse42-1c` is used: there is none to test on"],
    );
    adapt(
        "--budget 3",
        expect!["error: the following required arguments were not provided: <--on <NAME>|--on-networks <A,B>>"],
    );
    adapt(
        &format!("--on {ON} --on-networks bert_base-b1 --budget 3"),
        expect!["error: the argument '--on <NAME>' cannot be used with '--on-networks <A,B>'"],
    );
    adapt(
        "--on-networks bert --budget 3",
        expect![
            "error: unknown network `bert`; nearest of 14 in the records: bert_base-b1, bert_tiny-b1, mobilenet_v2-b1"
        ],
    );
    let all: BTreeSet<String> = records(&place).into_iter().flat_map(|record| record.networks.into_keys()).collect();
    let all: Vec<String> = all.into_iter().collect();
    let arguments = format!(
        "adapt m.safetensors records.jsonl --hardware hardware.json --budget 3 --out a.safetensors --on-networks {}",
        all.join(",")
    );
    let refusal = place.refusal(&arguments);
    assert!(refusal.starts_with("error: there is no source beside the measurements of the networks `"), "{refusal}");
    adapt(&format!("--on {ON} --budget 0"), expect!["error: invalid value '0' for '--budget <K>': must be at least 1"]);
    adapt(
        &format!("--on {ON} --discrepancy cmd --must must.jsonl"),
        expect!["error: the following required arguments were not provided: --budget <K>"],
    );
    adapt(
        &format!("--on {ON} --discrepancy cmd --method random"),
        expect!["error: the following required arguments were not provided: --budget <K>"],
    );
    adapt(
        &format!("--on {ON} --budget 3 --report ./a.safetensors"),
        expect!["error: cannot write two things to ./a.safetensors"],
    );
    place.write("bad.toml", "[adaptation]\nweights = 3\n");
    adapt(
        &format!("--on {ON} --budget 3 --config bad.toml"),
        expect![
            "error: bad.toml:2: unknown field `weights`, expected one of `weight`, `warm_up`, `layer`, `target_batch_size`, `tuning`"
        ],
    );
    place.write("bad.toml", "[adaptation.tuning]\nreplay = 1.0\n");
    adapt(
        &format!("--on {ON} --budget 3 --config bad.toml"),
        expect!["error: settings: tuning.replay must be at least 0 and below 1"],
    );
}
