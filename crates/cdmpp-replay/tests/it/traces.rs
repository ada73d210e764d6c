//! Traces against the rules of the format (*Trace Event Format*, Google, 2016), as Perfetto's importer applies them.

use std::collections::{BTreeMap, BTreeSet};

use cdmpp_replay::{
    OperatorGraph, TaskGraph, Timeline, replay, write_chrome_trace, write_chrome_traces, write_dot, write_svg,
};
use serde_json::Value;

use crate::sketch::Sketch;

/// ResNet-50 as it was measured on a CPU.
const RESNET50: &str = include_str!("../data/resnet50.json");

fn resnet50() -> (TaskGraph, Timeline) {
    let network = OperatorGraph::from_json(RESNET50).unwrap();
    let graph = network.task_graph().unwrap();
    let timeline = replay(&graph, |task| network.latency_s(task, "epyc-genoa-avx512-1c")).unwrap();
    (graph, timeline)
}

fn two_lanes() -> (TaskGraph, Timeline) {
    let sketch = Sketch::parse(
        "lane x launch 0.25\na x 1\nb y 2\nview y 0 after a\nnext y 0.5 after view\nc x 1.5 after b\nd y 1 after c view\ne x 0.5 after b d",
    );
    let timeline = sketch.replay();
    (sketch.graph, timeline)
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn events(json: &str) -> Vec<Value> {
    let trace: Value = serde_json::from_str(json).unwrap();
    assert_eq!(trace["displayTimeUnit"], "ms");
    trace["traceEvents"].as_array().unwrap().clone()
}

/// A slice: process, thread, start and end in microseconds, name.
type Slice<'a> = (u64, u64, f64, f64, &'a str);

/// Checks every rule, and gives the slices and the flows from slice to slice.
fn validate(events: &[Value]) -> (Vec<Slice<'_>>, Vec<(usize, usize)>) {
    let number = |event: &Value, key: &str| event[key].as_f64().unwrap_or_else(|| panic!("no {key} in {event}"));
    let mut names = BTreeMap::new();
    let mut slices: Vec<Slice<'_>> = Vec::new();
    let mut points: BTreeMap<u64, Vec<&Value>> = BTreeMap::new();
    for event in events {
        // Every event has these.
        let [pid, tid] = ["pid", "tid"].map(|key| event[key].as_u64().unwrap());
        assert!(number(event, "ts") >= 0.0 && event["name"].is_string(), "{event}");
        match event["ph"].as_str().unwrap() {
            "M" => {
                let (name, args) = (event["name"].as_str().unwrap(), &event["args"]);
                assert!(args["name"].is_string() || args["sort_index"].is_u64(), "{event}");
                assert!(names.insert((name, pid, tid), args).is_none(), "{event}");
            }
            "X" => {
                assert!(event["cat"].is_string() && number(event, "dur") >= 0.0, "{event}");
                let start = number(event, "ts");
                slices.push((pid, tid, start, start + number(event, "dur"), event["name"].as_str().unwrap()));
            }
            "s" | "f" => {
                assert!(event["cat"].is_string() && event["name"] == "dependency", "{event}");
                points.entry(event["id"].as_u64().unwrap()).or_default().push(event);
            }
            _ => panic!("{event}"),
        }
    }
    for (pid, tid, ..) in &slices {
        assert!(names[&("process_name", *pid, 0)]["name"].is_string());
        assert!(names[&("thread_name", *pid, *tid)]["name"].is_string());
    }
    // Slices of one thread must not overlap, or they would be taken as nested.
    let mut sorted = slices.clone();
    sorted.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)).then(a.3.total_cmp(&b.3)));
    for pair in sorted.windows(2) {
        assert!((pair[0].0, pair[0].1) != (pair[1].0, pair[1].1) || pair[0].3 <= pair[1].2 + 1e-6, "{pair:?}");
    }
    // The importer sorts by time and keeps the order of the file otherwise. A point belongs to the slice of its thread
    // that was the last to start before it.
    let mut in_time: Vec<&Value> = events.iter().filter(|event| event["ph"] != "M").collect();
    in_time.sort_by(|a, b| number(a, "ts").total_cmp(&number(b, "ts")));
    let place = |event: &Value| in_time.iter().position(|other| std::ptr::eq(*other, event)).unwrap();
    let enclosing = |point: &Value| {
        let is_slice =
            |event: &&&Value| event["ph"] == "X" && ["pid", "tid"].iter().all(|key| event[key] == point[key]);
        let slice = in_time[..place(point)].iter().rfind(is_slice).unwrap_or_else(|| panic!("no slice before {point}"));
        let before = events.iter().take_while(|event| !std::ptr::eq(*event, *slice));
        let number_of_slice = before.filter(|event| event["ph"] == "X").count();
        let (ts, (.., start, end, _)) = (number(point, "ts"), slices[number_of_slice]);
        assert!(start <= ts && (ts < end || ts == start), "{point} is outside of {slice}");
        number_of_slice
    };
    // A flow has one start and one finish, which comes later.
    let flows = points.values().map(|points| {
        let [one, other] = points[..] else { panic!("{points:?}") };
        let (start, finish) = if one["ph"] == "s" { (one, other) } else { (other, one) };
        assert!(place(start) < place(finish));
        assert!(start["ph"] == "s" && finish["ph"] == "f" && finish["bp"] == "e");
        assert!(number(start, "ts") <= number(finish, "ts"));
        assert_eq!((&start["cat"], &start["pid"]), (&finish["cat"], &finish["pid"]));
        (enclosing(start), enclosing(finish))
    });
    let flows = flows.collect();
    (slices, flows)
}

#[test]
fn the_trace_of_resnet50_follows_the_rules() {
    let (graph, timeline) = resnet50();
    let json = text(|out| write_chrome_trace("resnet50", &graph, &timeline, out));
    let events = events(&json);
    let (slices, flows) = validate(&events);
    assert_eq!((slices.len(), flows.len()), (graph.n_tasks(), graph.n_dependencies()));
    assert_eq!(slices.len(), 57);
    // Microseconds.
    let end = slices.iter().map(|slice| slice.3).fold(0.0, f64::max);
    assert!((end - timeline.makespan().as_secs_f64() * 1e6).abs() < 1e-3);
    let threads: Vec<&Value> = events.iter().filter(|event| event["name"] == "thread_name").collect();
    assert!(threads.len() == 1 && threads[0]["args"]["name"] == "main");
    let critical = events.iter().filter(|event| event["args"]["critical"] == true).count();
    assert_eq!(critical, timeline.critical_path().len());
}

#[test]
fn flows_connect_what_depends() {
    let (graph, timeline) = two_lanes();
    let json = text(|out| write_chrome_trace("two lanes", &graph, &timeline, out));
    let events = events(&json);
    let (slices, flows) = validate(&events);
    let named: BTreeSet<(&str, &str)> = flows.iter().map(|(from, to)| (slices[*from].4, slices[*to].4)).collect();
    let expected: BTreeSet<(&str, &str)> =
        graph.dependencies().map(|(before, after, _)| (graph.name(before), graph.name(after))).collect();
    assert_eq!(named, expected);
}

#[test]
fn several_timelines_are_several_processes() {
    let (one, two) = (resnet50(), two_lanes());
    let timelines = [("one \"1\"", &one.0, &one.1), ("two", &two.0, &two.1)];
    let json = text(|out| write_chrome_traces(timelines, out));
    let events = events(&json);
    let (slices, flows) = validate(&events);
    assert_eq!(slices.len(), one.0.n_tasks() + two.0.n_tasks());
    assert_eq!(flows.len(), one.0.n_dependencies() + two.0.n_dependencies());
    let processes: Vec<&Value> = events.iter().filter(|event| event["name"] == "process_name").collect();
    assert_eq!(
        processes.iter().map(|event| event["args"]["name"].as_str().unwrap()).collect::<Vec<_>>(),
        ["one \"1\"", "two"]
    );
    let none = text(|out| write_chrome_traces([], out));
    assert!(serde_json::from_str::<Value>(&none).unwrap()["traceEvents"].as_array().unwrap().is_empty());
}

#[test]
fn a_graph_for_graphviz() {
    let (graph, timeline) = two_lanes();
    expect_test::expect![[r#"
        digraph "two \"lanes\"" {
          node [shape=box, fontname="sans-serif"];
          subgraph cluster_0 {
            label="x";
            t0 [label="a\n1000000.0 µs"];
            t4 [label="c\n1500000.0 µs", color=red];
            t6 [label="e\n500000.0 µs", color=red];
          }
          subgraph cluster_1 {
            label="y";
            t1 [label="b\n2000000.0 µs", color=red];
            t2 [label="view\n0.0 µs"];
            t3 [label="next\n500000.0 µs"];
            t5 [label="d\n1000000.0 µs", color=red];
          }
          t0 -> t2;
          t2 -> t3;
          t1 -> t4 [color=red];
          t4 -> t5 [color=red];
          t2 -> t5;
          t1 -> t6;
          t5 -> t6 [color=red];
        }
    "#]]
    .assert_eq(&text(|out| write_dot("two \"lanes\"", &graph, &timeline, out)));
}

#[test]
fn a_picture_has_a_bar_for_each_task_that_takes_time() {
    let (graph, timeline) = two_lanes();
    let svg = text(|out| write_svg(&graph, &timeline, out));
    assert_eq!(svg.matches("<title>").count(), graph.n_tasks() - 1);
    assert_eq!(svg.matches("#9f2d2d").count(), timeline.critical_path().len());
    assert_eq!(svg.matches("<g>").count(), svg.matches("</g>").count());
    let empty = text(|out| write_svg(&TaskGraph::new(), &replay(&TaskGraph::new(), |_| 1.0).unwrap(), out));
    assert!(empty.contains("0.0 ms"));
}
