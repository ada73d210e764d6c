//! Bad graphs, overheads and questions: exit code 2, and one line that says what and where.

use expect_test::{Expect, expect};

use crate::place::{DATA, Place};

const GRAPH: &str = r#"{"network": "net-b1", "ops": [OPS], "end_to_end_s": {"gpu": [1e-3]}}"#;
const A: &str = r#"{"id": 0, "name": "conv", "latency_s": {"gpu": 1e-3}}"#;

fn check(place: &Place, arguments: &str, expect: Expect) {
    expect.assert_eq(&place.refusal(arguments));
}

/// What both commands say of a graph with these operators.
fn refused(place: &Place, ops: &str, expect: Expect) {
    place.write("g.jsonl", &format!("\n{}\n", GRAPH.replace("OPS", ops)));
    let error = place.refusal("replay g.jsonl --measured gpu --trace t.json --dot g.dot --report r.json");
    assert_eq!(place.refusal("fit-overheads g.jsonl --on gpu --out o.json"), error);
    expect.assert_eq(&error);
    assert!(["t.json", "g.dot", "r.json", "o.json"].iter().all(|file| !place.exists(file)));
}

#[test]
fn graphs_that_cannot_be() {
    let place = Place::new();
    refused(
        &place,
        &format!(r#"{A}, {{"id": 0, "name": "relu"}}"#),
        expect![
            "error: g.jsonl:2: not a graph: network `net-b1`, operator `relu` (id 0): its id is that of another operator"
        ],
    );
    refused(
        &place,
        r#"{"id": 0, "name": "conv", "depends_on": [3]}"#,
        expect![
            "error: g.jsonl:2: not a graph: network `net-b1`, operator `conv` (id 0): there is no operator 3 to depend on"
        ],
    );
    refused(
        &place,
        r#"{"id": 4, "name": "conv", "depends_on": [5]}, {"id": 5, "name": "relu", "depends_on": [4]}"#,
        expect!["error: g.jsonl:2: not a graph: network `net-b1`, operator `relu` (id 5): it would wait for itself"],
    );
    refused(
        &place,
        &format!(
            r#"{A}], "hand_overs": [{{"from": "x", "to": "y", "gap_s": 0}}, {{"from": "x", "to": "y", "gap_s": 0}}"#
        ),
        expect!["error: g.jsonl:2: not a graph: network `net-b1`, hand-over from `x` to `y`: it is described twice"],
    );
    refused(&place, "", expect!["error: g.jsonl:2: network `net-b1` has no operators"]);
    refused(&place, r#"{"id": 0}"#, expect!["error: g.jsonl:2:39: not a graph: missing field `name`"]);
}

#[test]
fn latencies_that_are_none() {
    let place = Place::new();
    let with = |latency: &str| format!(r#"{A}, {{"id": 1, "name": "relu", "latency_s": {{{latency}}}}}"#);
    refused(
        &place,
        &with(""),
        expect!["error: g.jsonl:2: network `net-b1`: operator `relu` (id 1) has no latency on `gpu`"],
    );
    refused(
        &place,
        &with(r#""gpu": null"#),
        expect!["error: g.jsonl:2: network `net-b1`: operator `relu` (id 1) has no latency on `gpu`"],
    );
    refused(
        &place,
        &with(r#""gpu": NaN"#),
        expect!["error: g.jsonl:2: network `net-b1`: operator `relu` (id 1) has no latency on `gpu`"],
    );
    refused(
        &place,
        &with(r#""gpu": -Infinity"#),
        expect!["error: g.jsonl:2: network `net-b1`: operator `relu` (id 1) has no latency on `gpu`"],
    );
    refused(
        &place,
        &with(r#""gpu": -1e-3"#),
        expect![
            "error: g.jsonl:2: network `net-b1`: operator `relu` (id 1) has a latency on `gpu` that is none: -0.001 s"
        ],
    );
    refused(
        &place,
        &with(r#""gpu": "1""#),
        expect![[r#"error: g.jsonl:2:135: not a graph: invalid type: string "1", expected f64"#]],
    );
}

#[test]
fn files_that_are_no_graphs() {
    let place = Place::new();
    check(
        &place,
        "replay no.jsonl --measured gpu",
        expect!["error: cannot open no.jsonl: No such file or directory (os error 2)"],
    );
    place.write("empty.jsonl", "");
    check(&place, "replay empty.jsonl --measured gpu", expect!["error: empty.jsonl: there is no operator graph"]);
    check(
        &place,
        "fit-overheads empty.jsonl --on gpu --out o.json",
        expect!["error: empty.jsonl: there is no operator graph"],
    );
    check(
        &place,
        "replay records.jsonl --measured gpu",
        expect!["error: records.jsonl:1:4653: not a graph: missing field `network`"],
    );
    place.write("new.jsonl", r#"{"version": 7, "network": "net", "ops": []}"#);
    check(
        &place,
        "replay new.jsonl --measured gpu",
        expect![
            "error: new.jsonl:1:13: not a graph: version 7 of operator graphs is not known; this reader knows version 1"
        ],
    );
    let whole = std::fs::read(format!("{DATA}/networks.jsonl.zst")).unwrap();
    std::fs::write(place.path("cut.jsonl.zst"), &whole[..whole.len() / 2]).unwrap();
    check(
        &place,
        "replay cut.jsonl.zst --measured gpu",
        expect!["error: cut.jsonl.zst:1: cannot read the graphs: incomplete frame"],
    );
    check(
        &place,
        "fit-overheads cut.jsonl.zst --on gpu --out o.json",
        expect!["error: cut.jsonl.zst:1: cannot read the graphs: incomplete frame"],
    );
}

#[test]
fn questions_without_an_answer() {
    let place = Place::new();
    place.write("g.jsonl", &GRAPH.replace("OPS", A));
    let networks = format!("{DATA}/networks.jsonl.zst");
    check(
        &place,
        &format!("replay {networks} --measured epyc-genoa"),
        expect![
            "error: unknown hardware `epyc-genoa`; nearest of 3 in the graphs: epyc-genoa-sse42-1c, epyc-genoa-avx512-1c, epyc-genoa-avx512-2c"
        ],
    );
    check(
        &place,
        &format!("fit-overheads {networks} --on epyc-genoa --out o.json"),
        expect![
            "error: unknown hardware `epyc-genoa`; nearest of 3 in the graphs: epyc-genoa-sse42-1c, epyc-genoa-avx512-1c, epyc-genoa-avx512-2c"
        ],
    );
    check(
        &place,
        "replay g.jsonl --measured gpu --networks net-b2",
        expect!["error: unknown network `net-b2`; nearest of 1 in the graphs: net-b1"],
    );
    check(
        &place,
        "replay g.jsonl",
        expect!["error: the following required arguments were not provided: --measured <NAME>"],
    );
    check(
        &place,
        "replay g.jsonl --measured gpu --model m.safetensors",
        expect!["error: the argument '--measured <NAME>' cannot be used with '--model <MODEL>'"],
    );
    check(
        &place,
        "replay g.jsonl --model m.safetensors",
        expect![
            "error: the following required arguments were not provided: --programs <DATA>... --hardware <FILE> --on <NAME>"
        ],
    );
    check(
        &place,
        "replay g.jsonl --measured gpu --trace no/t.json",
        expect!["error: cannot write no/t.json: there is no folder no"],
    );
    check(
        &place,
        "replay g.jsonl --measured gpu --trace t.json --report t.json",
        expect!["error: cannot write two things to t.json"],
    );
    check(
        &place,
        "fit-overheads g.jsonl --on gpu --out o.json --leave-one-out --report o.json",
        expect!["error: cannot write two things to o.json"],
    );
    check(
        &place,
        "fit-overheads g.jsonl --on gpu",
        expect!["error: the following required arguments were not provided: --out <FILE>"],
    );
    check(
        &place,
        "fit-overheads g.jsonl --on gpu --out o.json --report r.json",
        expect!["error: the following required arguments were not provided: --leave-one-out"],
    );
    check(
        &place,
        "fit-overheads g.jsonl --on gpu --out o.json",
        expect![
            "error: on `gpu`: overheads cannot be fitted: one network cannot tell what is left of its overheads in another; two or more can"
        ],
    );
    place.write("alone.jsonl", &GRAPH.replace("OPS", A).replace("end_to_end_s", "whole"));
    check(&place, "fit-overheads alone.jsonl --out o.json", expect!["error: no graph has a measured whole"]);
    let lanes = r#""lanes": [{"name": "main", "start_up_s": 1e10}, {"name": "y", "start_up_s": 1e10}], "ops""#;
    place.write("long.jsonl", &GRAPH.replace("OPS", A).replace("\"ops\"", lanes));
    check(
        &place,
        "replay long.jsonl --measured gpu",
        expect![
            "error: long.jsonl:1: network `net-b1`: `gaps` must be less than 584 years together, in seconds, not 20000000000"
        ],
    );
    place.write("none.jsonl", &GRAPH.replace("OPS", A).replace("[1e-3]", "[1e-3, 0]"));
    check(
        &place,
        "replay none.jsonl --measured gpu",
        expect!["error: none.jsonl:1: network `net-b1`, `end_to_end_s` on `gpu`: a measurement that is none: 0.0 s"],
    );
}

#[test]
fn programs_that_are_not_there() {
    let place = Place::new();
    place.train("--out m.safetensors");
    let predict = |on: &str, expect| {
        let model = "--model m.safetensors --programs records.jsonl --hardware hardware.json";
        check(&place, &format!("replay g.jsonl {model} --on {on}"), expect);
    };
    place.write("g.jsonl", &GRAPH.replace("OPS", A));
    predict(
        "tesla-t5",
        expect!["error: hardware.json: unknown hardware `tesla-t5`; nearest of 24: tesla-t4, tesla-p4, titan-rtx"],
    );
    predict(
        "tesla-t4",
        expect![
            "error: g.jsonl:1: network `net-b1`: operator `conv` (id 0) has no `task`, by which its program is found"
        ],
    );
    let op = |fields: &str| A.replace("\"name\"", &format!("{fields}, \"name\""));
    place.write("g.jsonl", &GRAPH.replace("OPS", &op(r#""task": "t""#)));
    predict(
        "tesla-t4",
        expect![
            "error: g.jsonl:1: network `net-b1`: operator `conv` (id 0) has no `schedule`, by which its program is found"
        ],
    );
    place.write("g.jsonl", &GRAPH.replace("OPS", &op(r#""task": "t", "schedule": 3"#)));
    predict(
        "tesla-t4",
        expect!["error: g.jsonl:1: network `net-b1`: operator `conv` (id 0): no record has task `t`, schedule 3"],
    );
    let program = |body: &str| {
        format!(
            r#"{{"task": "t", "name": "n", "networks": {{}}, "schedule": 3, "program": "program p(x: float32[4]) {{ {body} }}", "latency_s": {{}}}}"#
        )
    };
    place.write("records.jsonl", &format!("{}\n{}\n", program("x[0] = 1.0"), program("x[1] = 1.0")));
    predict(
        "tesla-t4",
        expect!["error: records.jsonl:2: another program of task `t`, schedule 3 is at records.jsonl:1"],
    );
    place.write("records.jsonl", &program("y[0] = 1.0"));
    predict(
        "tesla-t4",
        expect![
            "error: records.jsonl:1: record `n` (task `t`, schedule 3): its program cannot be read: line 1, column 28: no buffer is named `y` here"
        ],
    );
    place.write("records.jsonl", &program("eval 0"));
    predict("tesla-t4", expect!["error: records.jsonl:1: the program has no store statement"]);
}

#[test]
fn overheads_that_are_none() {
    let place = Place::new();
    place.write("g.jsonl", &GRAPH.replace("OPS", A));
    let with = |text: &str, expect| {
        place.write("o.json", text);
        check(&place, "replay g.jsonl --measured gpu --overheads o.json", expect);
    };
    check(
        &place,
        "replay g.jsonl --measured gpu --overheads no.json",
        expect!["error: cannot read the overheads no.json: No such file or directory (os error 2)"],
    );
    with("{}", expect!["error: o.json: not a file of overheads: missing field `format` at line 1 column 2"]);
    with(
        r#"{"format": "cdmpp-overheads/2", "hardware": {}}"#,
        expect![
            "error: o.json: overheads of the format `cdmpp-overheads/2`; this version of cdmpp reads `cdmpp-overheads/1`"
        ],
    );
    let file = r#"{"format": "cdmpp-overheads/1", "hardware": {"gpu": {"overheads": OVERHEADS}}}"#;
    with(
        &file.replace("\"gpu\"", "\"cpu\"").replace("OVERHEADS", "{}"),
        expect!["error: unknown hardware `gpu`; nearest of 1 in o.json: cpu"],
    );
    with(
        &file.replace("OVERHEADS", r#"{"launch_gap_s": -1}"#),
        expect!["error: o.json: `launch_gap_s` must be finite and at least 0, not -1"],
    );
    with(
        &file.replace("OVERHEADS", r#"{"launch_gap": 1}"#),
        expect![
            "error: o.json: not a file of overheads: unknown field `launch_gap`, expected one of `launch_gap_s`, `hidden_launch_s`, `hand_over_s_per_byte`, `slowdown`, `start_up_s` at line 1 column 79"
        ],
    );
    with(
        &file.replace("OVERHEADS", r#"{"hand_over_s_per_byte": 1e-9}"#),
        expect![
            "error: g.jsonl:1: network `net-b1`: no operator has `argument_bytes`, which the hand-over of the overheads needs"
        ],
    );
}
