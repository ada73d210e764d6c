//! Networks: replayed from measurements and from predictions, and their overheads.

use std::collections::BTreeMap;

use cdmpp::data::{JsonLines, RecordReader};
use cdmpp::replay::{Operator, OperatorGraph};
use serde_json::{Value, json};

use crate::place::{DATA, Place};

const ON: &str = "epyc-genoa-avx512-1c";

/// The bundled networks of CPUs, or of one hardware of the others.
fn bundled(file: &str) -> String {
    format!("{DATA}/{file}.jsonl.zst")
}

/// A graph on two lanes of the first records, the very first three times, with the measured latencies of its programs.
/// The whole takes a tenth more than its replay.
fn graph_of_records(place: &Place, name: &str, n: usize) -> OperatorGraph {
    let mut graph = OperatorGraph::new(name);
    let mut records: Vec<_> =
        RecordReader::open(place.path("records.jsonl")).unwrap().take(n).map(Result::unwrap).collect();
    records.extend([records[0].clone(), records[0].clone()]);
    let mut busy = [0.0, 0.0];
    for (index, record) in records.iter().enumerate() {
        let seconds = record.median_latency(ON).unwrap().as_secs_f64();
        busy[index % 2] += seconds;
        graph.ops.push(Operator {
            id: index as u64 + 100,
            name: format!("{} {index}", record.name),
            task: Some(record.task.clone()),
            schedule: Some(record.schedule),
            lane: Some(["even", "odd"][index % 2].into()),
            latency_s: BTreeMap::from([(ON.to_owned(), Some(seconds))]),
            ..Operator::default()
        });
    }
    graph.end_to_end_s.insert(ON.into(), vec![Some(1.1 * busy[0].max(busy[1]))]);
    graph
}

fn write(place: &Place, file: &str, graphs: &[OperatorGraph]) {
    let lines: Vec<String> = graphs.iter().map(|graph| graph.to_json().unwrap()).collect();
    place.write(file, &lines.join("\n"));
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-6 * b.abs() + 1e-8, "{a} is not {b}");
}

#[test]
fn a_measured_network_is_replayed() {
    let place = Place::new();
    let files = "--trace t.json --dot g.dot --report r.json";
    let networks = bundled("networks");
    let table = place.run(&format!("replay {networks} --networks resnet50-b1 --measured {ON} {files}"));
    for part in ["resnet50-b1 (best)", "lanes", "contributing most", "critical path: 57 operators"] {
        assert!(table.contains(part), "{table}");
    }
    let report = place.json("r.json");
    assert_eq!((&report["hardware"], &report["model"], &report["left_out"]), (&json!(ON), &Value::Null, &json!([])));
    let [graph] = report["graphs"].as_array().unwrap().as_slice() else { panic!("{report}") };
    assert_eq!(
        (&graph["network"], &graph["variant"], &graph["n_operators"]),
        (&json!("resnet50-b1"), &json!("best"), &json!(57))
    );
    assert_eq!((&graph["predicted_s"], &graph["program_error"]), (&Value::Null, &Value::Null));
    // One lane without overheads: the sum.
    let (sum, measured) = (number(&graph["sum_s"]), number(&graph["measured_s"]));
    near(number(&graph["replayed_s"]), sum);
    near(number(&graph["error"]), sum / measured - 1.0);
    assert_eq!(graph["error"], graph["replay_error"]);
    near(number(&graph["lanes"][0]["utilisation"]), 1.0);
    let contributions = graph["contributions"].as_array().unwrap();
    assert_eq!(contributions.len(), 10);
    for pair in contributions.windows(2) {
        assert!(number(&pair[0]["saved_s"]) >= number(&pair[1]["saved_s"]));
    }
    near(number(&contributions[0]["share"]), number(&contributions[0]["latency_s"]) / sum);
    let path = graph["critical_path"].as_array().unwrap();
    assert_eq!((path.len(), &path[0]["waited_for"]), (57, &json!("start")));
    near(number(&path[56]["end_s"]), sum);
    assert_eq!(
        place.json("t.json")["traceEvents"].as_array().unwrap().iter().filter(|event| event["ph"] == "X").count(),
        57
    );
    assert!(String::from_utf8(place.read("g.dot")).unwrap().starts_with("digraph \"resnet50-b1 (best)\" {"));
}

#[test]
fn several_networks_are_a_table_and_what_was_not_measured_is_told() {
    let place = Place::new();
    let mut other = graph_of_records(&place, "other-b1", 4);
    other.end_to_end_s = BTreeMap::new();
    other.ops.iter_mut().for_each(|op| op.latency_s.clear());
    let [one, two] = ["one-b1", "two-b1"].map(|name| graph_of_records(&place, name, 7));
    write(&place, "graphs.jsonl", &[one, two, other]);
    let output =
        place.command(&format!("replay graphs.jsonl --measured {ON} --trace t.json --report r.json")).output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(stdout.contains("one-b1") && stdout.contains("two-b1") && !stdout.contains("other-b1"), "{stdout}");
    assert!(stdout.contains("|error| of 2: mean 9.1%, median 9.1%"), "{stdout}");
    assert_eq!(stderr, format!("left out, since nothing of them was measured on `{ON}`: 1 graphs\n"));
    let report = place.json("r.json");
    assert_eq!(report["left_out"], json!(["other-b1"]));
    near(number(&report["errors"]["replay_error"]["median"]), 1.0 - 1.0 / 1.1);
    let events = place.json("t.json");
    let processes = events["traceEvents"].as_array().unwrap().iter().filter(|event| event["name"] == "process_name");
    assert_eq!(processes.count(), 2);
}

/// The replay of predictions against the predictions of `eval`, and the split of the error.
#[test]
fn a_predicted_network_is_replayed() {
    let place = Place::new();
    place.train("--out m.safetensors");
    place.run("eval m.safetensors records.jsonl --hardware hardware.json --predictions p.jsonl");
    let graph = graph_of_records(&place, "net-b1", 9);
    write(&place, "graph.jsonl", std::slice::from_ref(&graph));
    let predict = "--model m.safetensors --programs records.jsonl records.jsonl --hardware hardware.json";
    let table = place.run(&format!("replay graph.jsonl {predict} --on {ON} --report r.json"));
    assert!(table.contains("net-b1") && table.contains("critical path"), "{table}");
    let report = place.json("r.json");
    let of = &report["graphs"][0];

    let predictions = place.lines("p.jsonl");
    let predicted_s = |op: &Operator| {
        let is_of = |line: &&Value| {
            line["hardware"] == ON && line["task"] == json!(op.task) && line["schedule"] == json!(op.schedule)
        };
        number(&predictions.iter().find(is_of).unwrap()["predicted_s"])
    };
    let busy =
        |lane: &str| graph.ops.iter().filter(|op| op.lane.as_deref() == Some(lane)).map(predicted_s).sum::<f64>();
    near(number(&of["predicted_s"]), busy("even").max(busy("odd")));
    near(number(&of["replay_error"]), 1.0 / 1.1 - 1.0);
    let [error, programs, replay] = ["error", "program_error", "replay_error"].map(|key| number(&of[key]));
    near(error, programs + replay);
    near(error, number(&of["predicted_s"]) / number(&of["measured_s"]) - 1.0);
    assert_eq!(report["errors"]["error"]["n"], 1);
    let apes: Vec<f64> = graph.ops.iter().map(|op| (predicted_s(op) / op.latency_s[ON].unwrap() - 1.0).abs()).collect();
    near(number(&of["program_mape"]), apes.iter().sum::<f64>() / apes.len() as f64);

    // On hardware that nothing was measured on there is a prediction and no error.
    place.run(&format!("replay graph.jsonl {predict} --on tesla-t4 --report t4.json"));
    let of = &place.json("t4.json")["graphs"][0];
    assert!(number(&of["predicted_s"]) > 0.0);
    assert!(["measured_s", "replayed_s", "error", "program_error", "replay_error"].iter().all(|key| of[key].is_null()));
}

#[test]
fn fitted_overheads_are_used() {
    let place = Place::new();
    // Chains of equal programs, with 20 µs between them.
    let chain = |(index, n): (usize, u64)| {
        let mut graph = OperatorGraph::new(format!("chain{index}-b1"));
        let latency = [50e-6, 400e-6][index % 2];
        graph.ops = (0..n)
            .map(|id| Operator {
                id,
                name: "matmul".into(),
                depends_on: (id > 0).then(|| id - 1).into_iter().collect(),
                latency_s: BTreeMap::from([("gpu".to_owned(), Some(latency))]),
                ..Operator::default()
            })
            .collect();
        graph.end_to_end_s.insert("gpu".into(), vec![Some(n as f64 * (latency + 20e-6))]);
        graph
    };
    let graphs: Vec<OperatorGraph> = [100, 150, 200, 300, 500, 800].into_iter().enumerate().map(chain).collect();
    write(&place, "graphs.jsonl", &graphs);
    let table = place.run("fit-overheads graphs.jsonl --on gpu --out o.json --leave-one-out --report l.json");
    assert!(table.contains("gpu: 6 networks of 6 architectures") && table.contains("launch gap"), "{table}");
    assert!(table.contains("without overheads") && !table.contains("off by more"), "{table}");
    let overheads = &place.json("o.json")["hardware"]["gpu"]["overheads"];
    assert!((number(&overheads["launch_gap_s"]) / 20e-6 - 1.0).abs() < 0.05, "{overheads}");
    let terms = &place.json("o.json")["hardware"]["gpu"]["terms"];
    assert!(terms.as_array().unwrap().iter().all(|term| term["standard_error"].is_number()), "{terms}");
    let tested = place.json("l.json");
    assert!(number(&tested["overall"]["without"]["median"]) > 0.04);
    assert!(number(&tested["overall"]["fitted_on_others"]["max"]) < 0.01, "{tested}");

    place.run("replay graphs.jsonl --measured gpu --overheads o.json --report r.json");
    let report = place.json("r.json");
    assert_eq!(&report["overheads"]["launch_gap_s"], &overheads["launch_gap_s"]);
    assert!(number(&report["errors"]["replay_error"]["max"]) < 0.01, "{report}");
    // Without `--on`, all hardware.
    place.run("fit-overheads graphs.jsonl --out all.json");
    assert_eq!(place.json("all.json"), place.json("o.json"));
}

/// The numbers of the book, on the measurements that are bundled: overheads from other architectures.
#[test]
fn overheads_carry_over_to_other_networks() {
    let place = Place::new();
    place.run(&format!("fit-overheads {} --leave-one-out --report neusight.json", bundled("networks-neusight")));
    let overall = &place.json("neusight.json")["overall"];
    assert_eq!(overall["fitted_on_others"]["n"], 113);
    let [median, p80] = ["median", "p80"].map(|key| number(&overall["fitted_on_others"][key]));
    assert!(median < 0.03 && p80 < 0.09, "{overall}");
    place.run(&format!("fit-overheads {} --leave-one-out --report cpu.json", bundled("networks")));
    let overall = &place.json("cpu.json")["overall"];
    let [median, p90] = ["median", "p90"].map(|key| number(&overall["fitted_on_others"][key]));
    assert_eq!(overall["fitted_on_others"]["n"], 21);
    assert!(median < 0.065 && p90 < 0.22, "{overall}");
}

#[test]
fn bundled_graphs_are_written_as_they_are_read() {
    for graph in JsonLines::<OperatorGraph>::open("graph", bundled("networks")).unwrap() {
        let graph = graph.unwrap();
        assert_eq!(OperatorGraph::from_json(&graph.to_json().unwrap()).unwrap(), graph);
    }
}
