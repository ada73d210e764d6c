//! Operator graphs: what is read, what is refused.

use std::time::Duration;

use cdmpp_replay::{HandOver, Lane, Operator, OperatorGraph, replay};
use expect_test::{Expect, expect};

/// The error of a graph with these operators and other fields.
fn refused(ops: &str, others: &str, expect: Expect) {
    let text = format!("{{\"network\": \"net\", \"ops\": [{ops}]{others}}}");
    expect.assert_eq(&OperatorGraph::from_json(&text).unwrap_err().to_string());
}

const A: &str = r#"{"id": 7, "name": "a"}"#;

#[test]
fn what_cannot_be_is_refused() {
    refused(
        &format!(r#"{A}, {{"id": 7, "name": "b"}}"#),
        "",
        expect!["network `net`, operator `b` (id 7): its id is that of another operator"],
    );
    refused(
        r#"{"id": 0, "name": "a", "depends_on": [1]}"#,
        "",
        expect!["network `net`, operator `a` (id 0): there is no operator 1 to depend on"],
    );
    refused(
        r#"{"id": 0, "name": "a", "depends_on": [0]}"#,
        "",
        expect!["network `net`, operator `a` (id 0): it would wait for itself"],
    );
    refused(
        r#"{"id": 5, "name": "a", "depends_on": [6]}, {"id": 6, "name": "b", "depends_on": [5]}"#,
        "",
        expect!["network `net`, operator `b` (id 6): it would wait for itself"],
    );
    refused(
        A,
        r#", "version": 2"#,
        expect!["version 2 of operator graphs is not known; this reader knows version 1 at line 1 column 65"],
    );
    refused(A, r#", "version": "1""#, expect![[r#"invalid type: string "1", expected u64 at line 1 column 66"#]]);
    refused(
        A,
        r#", "lanes": [{"name": "x", "launch_gap_s": -1e-6}]"#,
        expect!["network `net`, lane `x`: a gap that is none: -1e-6 s"],
    );
    refused(
        A,
        r#", "lanes": [{"name": "x", "start_up_s": 1e300}]"#,
        expect!["network `net`, lane `x`: a gap that is none: 1e300 s"],
    );
    refused(
        A,
        r#", "lanes": [{"name": "x"}, {"name": "x"}]"#,
        expect!["network `net`, lane `x`: it is described twice"],
    );
    refused(
        A,
        r#", "hand_overs": [{"from": "x", "to": "y", "gap_s": -1}]"#,
        expect!["network `net`, hand-over from `x` to `y`: a gap that is none: -1.0 s"],
    );
    refused(
        A,
        r#", "hand_overs": [{"from": "x", "to": "y", "gap_s": 1}, {"from": "y", "to": "x", "gap_s": 1}, {"from": "x", "to": "y", "gap_s": 1}]"#,
        expect!["network `net`, hand-over from `x` to `y`: it is described twice"],
    );
    refused(r#"{"id": 1}"#, "", expect!["missing field `name` at line 1 column 36"]);
    refused(r#"{"id": -1, "name": "a"}"#, "", expect!["invalid value: integer `-1`, expected u64 at line 1 column 36"]);
    refused(
        r#"{"id": 1, "name": "a", "latency_s": {"x": 1, "x": 2}}"#,
        "",
        expect!["hardware `x` is given twice at line 1 column 79"],
    );
    refused(A, r#", "end_to_end_s": {"x": [1], "x": [2]}"#, expect!["hardware `x` is given twice at line 1 column 88"]);
    refused(
        r#"{"id": 1, "name": "a", "latency_s": {"x": "1"}}"#,
        "",
        expect![[r#"invalid type: string "1", expected f64 at line 1 column 72"#]],
    );
    expect!["EOF while parsing a value at line 1 column 0"]
        .assert_eq(&OperatorGraph::from_json("").unwrap_err().to_string());
}

#[test]
fn a_missing_version_is_the_first() {
    let text = format!("{{\"network\": \"net\", \"ops\": [{A}]}}");
    let graph = OperatorGraph::from_json(&text).unwrap();
    let with_version = text.replace('{', "{\"version\": 1, ").replacen("{\"version\": 1, \"id\"", "{\"id\"", 1);
    assert_eq!(OperatorGraph::from_json(&with_version).unwrap(), graph);
    expect![[r#"{"version":1,"network":"net","ops":[{"id":7,"name":"a","depends_on":[]}]}"#]]
        .assert_eq(&graph.to_json().unwrap());
    expect![[r#"{"version":1,"network":"","ops":[]}"#]].assert_eq(&OperatorGraph::default().to_json().unwrap());
}

#[test]
fn what_is_written_reads_the_same() {
    let mut graph = OperatorGraph::new("net");
    graph.variant = "best".into();
    graph.lanes = vec![Lane { name: "x".into(), launch_gap_s: 1e-6, start_up_s: 2e-3 }];
    graph.hand_overs = vec![HandOver { from: "x".into(), to: "y".into(), gap_s: 3e-6 }];
    graph.end_to_end_s.insert("h".into(), vec![Some(0.1), None]);
    let first = Operator {
        id: 3,
        name: "conv \"1\"".into(),
        op: Some("conv2d".into()),
        task: Some("abc".into()),
        schedule: Some(-1),
        lane: Some("x".into()),
        priority: -2,
        argument_bytes: Some(1 << 40),
        ..Operator::default()
    };
    let mut second = Operator { id: 1, name: "relu".into(), depends_on: vec![3, 3], ..Operator::default() };
    second.latency_s.insert("h".into(), Some(0.1 + 0.2));
    second.latency_s.insert("i".into(), None);
    graph.ops = vec![first, second];
    assert_eq!(OperatorGraph::from_json(&graph.to_json().unwrap()).unwrap(), graph);
}

#[test]
fn lanes_gaps_and_priorities_are_used() {
    let graph = OperatorGraph::from_json(
        r#"{
            "network": "net",
            "note": "other fields are ignored",
            "lanes": [{"name": "x", "launch_gap_s": 1, "start_up_s": 2}],
            "hand_overs": [{"from": "x", "to": "main", "gap_s": 3}],
            "ops": [
                {"id": 30, "name": "late", "lane": "x", "latency_s": {"h": 1}, "shape": "(1,)"},
                {"id": 20, "name": "early", "lane": "x", "priority": -1, "latency_s": {"h": 1}},
                {"id": 10, "name": "end", "depends_on": [20, 30], "latency_s": {"h": 1}}
            ]
        }"#,
    )
    .unwrap();
    let tasks = graph.task_graph().unwrap();
    let timeline = replay(&tasks, |task| graph.latency_s(task, "h")).unwrap();
    let starts: Vec<u64> = timeline.spans().iter().map(|span| span.start.as_secs()).collect();
    assert_eq!(starts, [5, 3, 9]);
    assert_eq!(tasks.n_dependencies(), 2);
    let error = replay(&tasks, |task| graph.latency_s(task, "g")).unwrap_err();
    assert_eq!(error.to_string(), "task `late` (0) has no latency");
}

#[test]
fn the_whole_is_the_median_of_its_repeats() {
    let mut graph = OperatorGraph::new("net");
    let mut measured = |repeats: &[Option<f64>]| {
        graph.end_to_end_s.insert("h".into(), repeats.to_vec());
        graph.measured("h").map_err(|error| error.to_string())
    };
    assert_eq!(measured(&[Some(3.0), Some(1.0), Some(9.0)]), Ok(Some(Duration::from_secs(3))));
    assert_eq!(measured(&[Some(3.0), Some(1.0)]), Ok(Some(Duration::from_secs(2))));
    assert_eq!(measured(&[]), Ok(None));
    for (repeat, expect) in [
        (None, expect!["network `net`, `end_to_end_s` on `h`: a measurement is missing or not finite"]),
        (Some(0.0), expect!["network `net`, `end_to_end_s` on `h`: a measurement that is none: 0.0 s"]),
        (Some(-1.0), expect!["network `net`, `end_to_end_s` on `h`: a measurement that is none: -1.0 s"]),
        (Some(f64::NAN), expect!["network `net`, `end_to_end_s` on `h`: a measurement that is none: NaN s"]),
    ] {
        expect.assert_eq(&measured(&[Some(1.0), repeat]).unwrap_err());
    }
    assert_eq!(graph.measured("another"), Ok(None));
}

/// Operators in the order of a file may all depend on later ones.
#[test]
fn a_long_network_in_reverse() {
    let mut graph = OperatorGraph::new("net");
    let n = 100_000_u64;
    graph.ops = (0..n)
        .map(|id| {
            let depends_on = if id + 1 < n { vec![id + 1] } else { Vec::new() };
            Operator { id, name: String::new(), depends_on, ..Operator::default() }
        })
        .collect();
    let tasks = graph.task_graph().unwrap();
    assert_eq!(replay(&tasks, |_| 1e-9).unwrap().makespan(), Duration::from_nanos(n));
}
