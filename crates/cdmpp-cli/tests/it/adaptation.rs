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
    place
}

fn adapt(place: &Place, rest: &str) -> String {
    place.run(&format!("adapt m.safetensors {rest} --hardware hardware.json --on {ON} --config quick.toml"))
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

    for (case, rest) in [
        "--measured measured.jsonl",
        "--measured measured.jsonl --discrepancy cmd",
        "--budget 3 --discrepancy mmd",
        "--budget 5 --unit program --method kcenter",
        "--discrepancy coral",
    ]
    .into_iter()
    .enumerate()
    {
        // What cleaning drops depends on labels.
        let run = |data: &str, out: &str| {
            adapt(&place, &format!("{data} {rest} --max-spread inf --out {out} --report {out}.json"))
        };
        let table = run("records.jsonl", "a.safetensors");
        assert!(place.read("a.safetensors") != place.read("m.safetensors") || case == 3, "{rest}: nothing was learned");
        if rest.contains("--budget") {
            // Another choice would have other labels to use: here it does not look at any.
            run("records.jsonl", "b.safetensors");
            let chosen = |file: &str| place.json(file)["measured"]["chosen"].clone();
            run("shuffled.jsonl", "c.safetensors");
            assert_eq!(chosen("b.safetensors.json"), chosen("c.safetensors.json"));
        } else {
            let other = run("shuffled.jsonl", "b.safetensors");
            assert_ne!(table, other, "{rest}: the test set has other labels");
        }
        assert!(place.read("a.safetensors") == place.read("b.safetensors"), "{rest}: another model");
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
        "records.jsonl --budget 2 --discrepancy cmd --out a.safetensors --report r.json --predictions p.jsonl",
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

fn check(place: &Place, arguments: &str, expect: Expect) {
    expect.assert_eq(&place.refusal(arguments));
}

#[test]
fn what_cannot_be_chosen_or_adapted_to_is_refused() {
    let place = place();
    place.write("must.jsonl", "{\"task\": \"nothing\"}\n");
    place.write("bad.jsonl", "{\"task\": \"nothing\", \"weight\": -1}\n");
    place.write("empty.jsonl", "");
    check(&place, "select empty.jsonl --budget 3", expect![""]);
    check(&place, "select records.jsonl --budget 3 --must must.jsonl", expect![""]);
    check(&place, "select records.jsonl --budget 3 --must bad.jsonl", expect![""]);
    check(&place, "select records.jsonl --budget 3 --weights bad.jsonl", expect![""]);
    check(&place, "select records.jsonl --budget 3 --weights empty.jsonl", expect![""]);
    check(&place, "select records.jsonl --budget 3 --method best", expect![""]);
    let adapt = |rest: &str, expect: Expect| {
        check(
            &place,
            &format!("adapt m.safetensors records.jsonl --hardware hardware.json {rest} --out a.safetensors"),
            expect,
        );
        assert!(!place.exists("a.safetensors"));
    };
    adapt("--on epyc --budget 3", expect![""]);
    adapt(&format!("--on {ON}"), expect![""]);
    adapt(&format!("--on {ON} --measured must.jsonl"), expect![""]);
    adapt(&format!("--on {ON} --measured empty.jsonl"), expect![""]);
    adapt(&format!("--on {ON} --measured empty.jsonl --budget 3"), expect![""]);
    adapt(&format!("--on {ON} --budget 100000"), expect![""]);
    place.write("bad.toml", "[adaptation]\nweights = 3\n");
    adapt(&format!("--on {ON} --budget 3 --config bad.toml"), expect![""]);
    place.write("bad.toml", "[adaptation.tuning]\nreplay = 1.0\n");
    adapt(&format!("--on {ON} --budget 3 --config bad.toml"), expect![""]);
    place.write("bad.toml", "[adaptation.tuning]\nfrozen = [\"encodr\"]\n");
    adapt(&format!("--on {ON} --budget 3 --config bad.toml"), expect![""]);
}
