//! Choosing what to measure, and adapting to it.

use std::collections::BTreeSet;

use cdmpp::data::{Record, RecordReader, RecordWriter};
use expect_test::{Expect, expect};
use serde_json::{Value, json};

use crate::place::{DATA, Place, lines};

const ON: &str = "epyc-genoa-sse42-1c";

/// A few quick epochs.
const QUICK: &str = "
[adaptation.tuning]
epochs = 2
steps_per_epoch = 2
folds = 2
";

/// A folder whose records are of many tasks.
fn untrained() -> Place {
    let place = Place::new();
    let mut writer = RecordWriter::create(place.path("records.jsonl")).unwrap();
    for record in RecordReader::open(format!("{DATA}/cpu-programs.jsonl.zst")).unwrap().step_by(40) {
        writer.write(&record.unwrap()).unwrap();
    }
    writer.finish().unwrap();
    place
}

/// The same with a model that does not know one of the hardware.
fn place() -> Place {
    let place = untrained();
    place.train(&format!("--out m.safetensors --test-hardware {ON} --validation 0"));
    place.write("quick.toml", QUICK);
    place.write("whole.toml", &QUICK.replace("folds = 2", "folds = 0"));
    place
}

fn adapt(place: &Place, rest: &str) -> String {
    place.run(&format!("adapt m.safetensors {rest} --hardware hardware.json --on {ON}"))
}

fn records(place: &Place) -> Vec<Record> {
    RecordReader::open(place.path("records.jsonl")).unwrap().map(Result::unwrap).collect()
}

fn tasks(place: &Place) -> BTreeSet<String> {
    records(place).into_iter().map(|record| record.task).collect()
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
fn labels_that_may_not_be_used_change_no_bit() {
    let place = place();
    let listed: Vec<String> = tasks(&place).into_iter().take(3).collect();
    let line = |task: &String| json!({ "task": task }).to_string() + "\n";
    place.write("measured.jsonl", &listed.iter().map(line).collect::<String>());

    // The latencies on the new hardware of all tasks that are not listed, turned by one.
    let mut records = records(&place);
    let others: Vec<usize> = (0..records.len()).filter(|i| !listed.contains(&records[*i].task)).collect();
    let labels: Vec<Vec<f64>> = others.iter().map(|i| records[*i].latency_s[ON].clone()).collect();
    for (place, i) in others.iter().enumerate() {
        records[*i].latency_s.insert(ON.to_owned(), labels[(place + 1) % labels.len()].clone());
    }
    let mut writer = RecordWriter::create(place.path("shuffled.jsonl")).unwrap();
    records.iter().for_each(|record| writer.write(record).unwrap());
    writer.finish().unwrap();
    // And what is used, turned by one.
    let mut used = records.clone();
    let own: Vec<usize> = (0..used.len()).filter(|i| listed.contains(&used[*i].task)).collect();
    for (place, i) in own.iter().enumerate() {
        let label = records[own[(place + 1) % own.len()]].latency_s[ON].clone();
        used[*i].latency_s.insert(ON.to_owned(), label);
    }
    let mut writer = RecordWriter::create(place.path("used.jsonl")).unwrap();
    used.iter().for_each(|record| writer.write(record).unwrap());
    writer.finish().unwrap();

    for rest in [
        "--measured measured.jsonl --config whole.toml",
        "--measured measured.jsonl --config whole.toml --discrepancy cmd",
        "--budget 3 --discrepancy mmd --config whole.toml",
        "--budget 5 --unit program --method kcenter --config quick.toml",
        "--discrepancy coral --config quick.toml",
    ] {
        // What cleaning drops depends on labels.
        let run = |data: &str, out: &str| {
            adapt(&place, &format!("{data} {rest} --max-spread inf --out {out} --report {out}.json"))
        };
        let table = run("records.jsonl", "a.safetensors");
        let is_whole = rest.contains("whole.toml");
        assert!(!is_whole || place.read("a.safetensors") != place.read("m.safetensors"), "{rest}: nothing was learned");
        let other = run("shuffled.jsonl", "b.safetensors");
        assert_ne!(table, other, "{rest}: the test set has other labels");
        let chosen = |file: &str| place.json(file)["measured"]["chosen"].clone();
        assert_eq!(chosen("a.safetensors.json"), chosen("b.safetensors.json"), "{rest}: the choice looks at labels");
        // What is chosen is used, and has other labels there.
        let is_same = place.read("a.safetensors") == place.read("b.safetensors");
        assert!(is_same || rest.contains("--budget"), "{rest}: another model");
        if rest.contains("measured.jsonl") {
            run("used.jsonl", "b.safetensors");
            assert!(place.read("a.safetensors") != place.read("b.safetensors"), "{rest}: nothing is looked at");
        }
    }
}

#[test]
fn the_report_tells_before_and_after_on_what_is_not_measured() {
    let place = place();
    let table = adapt(
        &place,
        "records.jsonl --config quick.toml --budget 2 --discrepancy cmd --out a.safetensors --report r.json --predictions p.jsonl",
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
    for part in [&report["overall"], &report["zero_shot"]["overall"], &report["baselines"]["source"]["metrics"]] {
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
        "eval m.safetensors records.jsonl --hardware hardware.json --only-hardware {ON} --predictions e.jsonl"
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
    let (networks, names) = ("bert_base-b1,bert_tiny-b1", ["bert_base-b1", "bert_tiny-b1"]);
    place.train(&format!("--out m.safetensors --test-networks {networks} --validation 0"));
    place.write("quick.toml", QUICK);
    place.run(&format!(
        "adapt m.safetensors records.jsonl --hardware hardware.json --on-networks {networks} --budget 2 --discrepancy cmd \
         --config quick.toml --max-spread inf --out a.safetensors --report r.json --predictions p.jsonl"
    ));
    let report = place.json("r.json");
    assert_eq!((&report["on_networks"], report.get("on")), (&json!(names), None));
    assert_eq!((&report["discrepancy"]["layer"], &report["baselines"]["source"]), (&json!("program"), &Value::Null));
    assert_eq!(report["baselines"]["roofline"]["hardware"], Value::Null);
    let own: Vec<Record> = records(&place)
        .into_iter()
        .filter(|record| names.iter().any(|name| record.networks.contains_key(*name)))
        .collect();
    let n_hardware = own[0].latency_s.len();
    assert!(n_hardware > 1 && own.len() > 2);
    let predictions = place.lines("p.jsonl");
    let is_own =
        |line: &Value| own.iter().any(|record| line["task"] == *record.task && line["schedule"] == record.schedule);
    assert!(predictions.iter().all(is_own));
    let used = report["measured"]["n_programs"].as_u64().unwrap() as usize;
    assert_eq!((predictions.len() + used, used % n_hardware), (own.len() * n_hardware, 0));
    let chosen: BTreeSet<&str> =
        report["measured"]["chosen"].as_array().unwrap().iter().map(|entry| entry["task"].as_str().unwrap()).collect();
    assert!(chosen.len() == 2 && predictions.iter().all(|line| !chosen.contains(line["task"].as_str().unwrap())));
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
    check(&place, "select records.jsonl --budget 0", expect!["error: --budget must be at least 1"]);
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
        expect!["error: must.jsonl:1: no measurement on `epyc-genoa-sse42-1c` is of task `nothing`"],
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
