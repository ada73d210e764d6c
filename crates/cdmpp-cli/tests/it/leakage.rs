//! No label that may not be used has an influence.

use std::collections::BTreeSet;

use cdmpp::data::{Record, RecordWriter};
use serde_json::json;

use crate::adaptation::{NETWORKS, ON, QUICK, is_of_networks, place, records, tasks, untrained};
use crate::place::Place;

/// Writes the records with the latencies of some of them turned by one, on one hardware or on all.
fn turn(place: &Place, name: &str, on: Option<&str>, is_turned: impl Fn(&Record) -> bool) {
    let mut records = records(place);
    let some: Vec<usize> = (0..records.len()).filter(|i| is_turned(&records[*i])).collect();
    let labels: Vec<_> = some.iter().map(|i| records[*i].latency_s.clone()).collect();
    for (place, i) in some.iter().enumerate() {
        for (hardware, label) in &labels[(place + 1) % labels.len()] {
            if on.is_none_or(|on| on == hardware) {
                records[*i].latency_s.insert(hardware.clone(), label.clone());
            }
        }
    }
    let mut writer = RecordWriter::create(place.path(name)).unwrap();
    records.iter().for_each(|record| writer.write(record).unwrap());
    writer.finish().unwrap();
}

/// Compares what is adapted to records, and to those with other labels in the test set or in what may be used.
fn check_leakage(place: &Place, arguments: &str) {
    // What cleaning drops depends on labels.
    let run = |data: &str, out: &str| {
        let rest = format!("--hardware hardware.json --max-spread inf --out {out} --report {out}.json");
        place.run(&format!("adapt m.safetensors {data} {arguments} {rest}"))
    };
    let table = run("records.jsonl", "a.safetensors");
    let is_whole = arguments.contains("whole.toml");
    assert!(
        !is_whole || place.read("a.safetensors") != place.read("m.safetensors"),
        "{arguments}: nothing was learned"
    );
    let other = run("shuffled.jsonl", "b.safetensors");
    assert_ne!(table, other, "{arguments}: the test set has other labels");
    let chosen = |file: &str| place.json(file)["measured"]["chosen"].clone();
    assert_eq!(chosen("a.safetensors.json"), chosen("b.safetensors.json"), "{arguments}: the choice looks at labels");
    // What is chosen is used, and has other labels there.
    let is_same = place.read("a.safetensors") == place.read("b.safetensors");
    assert!(is_same || arguments.contains("--budget"), "{arguments}: another model");
    if arguments.contains("measured.jsonl") {
        run("used.jsonl", "b.safetensors");
        assert!(place.read("a.safetensors") != place.read("b.safetensors"), "{arguments}: nothing is looked at");
    }
}

fn list(place: &Place, name: &str, tasks: &[String]) {
    let line = |task: &String| json!({ "task": task }).to_string() + "\n";
    place.write(name, &tasks.iter().map(line).collect::<String>());
}

#[test]
fn labels_that_may_not_be_used_change_no_bit() {
    let place = place();
    let listed: Vec<String> = tasks(&place).into_iter().take(3).collect();
    list(&place, "measured.jsonl", &listed);
    turn(&place, "shuffled.jsonl", Some(ON), |record| !listed.contains(&record.task));
    turn(&place, "used.jsonl", Some(ON), |record| listed.contains(&record.task));
    for rest in [
        "--measured measured.jsonl --config whole.toml",
        "--measured measured.jsonl --config whole.toml --discrepancy cmd",
        "--budget 3 --discrepancy mmd --config whole.toml",
        "--budget 5 --unit program --method kcenter --config quick.toml",
        "--discrepancy coral --config quick.toml",
    ] {
        check_leakage(&place, &format!("--on {ON} {rest}"));
    }
}

#[test]
fn labels_of_new_networks_that_may_not_be_used_change_no_bit() {
    let place = untrained();
    place.train(&format!("--out m.safetensors --test-networks {NETWORKS} --validation 0"));
    place.write("whole.toml", &QUICK.replace("folds = 2", "folds = 0"));
    let own: BTreeSet<String> = records(&place).into_iter().filter(is_of_networks).map(|record| record.task).collect();
    let listed: Vec<String> = own.iter().take(2).cloned().collect();
    list(&place, "measured.jsonl", &listed);
    turn(&place, "shuffled.jsonl", None, |record| own.contains(&record.task) && !listed.contains(&record.task));
    turn(&place, "used.jsonl", None, |record| listed.contains(&record.task));
    for rest in ["--measured measured.jsonl --config whole.toml", "--discrepancy cmd --config whole.toml"] {
        check_leakage(&place, &format!("--on-networks {NETWORKS} {rest}"));
    }
}
