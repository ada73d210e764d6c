//! Operators of measured data sets: their form, and that each has a loop nest.
//!
//! The lines are shapes of public architectures run in ONNX Runtime, of NeuSight's and aiconfigurator's collections
//! (MIT; Apache-2.0), of `DeepBench` (Apache-2.0) and of `TopHub`; no times are among them.

use cdmpp_onnx::{Lowered, Operator};

const LINES: &str = include_str!("../operators.jsonl");

fn operators() -> impl Iterator<Item = (&'static str, Operator)> {
    LINES.lines().map(|line| (line, serde_json::from_str(line).unwrap()))
}

#[test]
fn what_is_read_is_written_the_same() {
    for (line, operator) in operators() {
        let written = serde_json::to_value(&operator).unwrap();
        assert_eq!(written, serde_json::from_str::<serde_json::Value>(line).unwrap());
    }
}

#[test]
fn every_operator_has_a_loop_nest_or_is_a_view() {
    let mut n_views = 0;
    for (line, operator) in operators() {
        match operator.lower() {
            Ok(Lowered::Program(program)) => assert!(program.n_nodes() > 0, "{line}"),
            Ok(_) => n_views += 1,
            Err(error) => panic!("{error}: {line}"),
        }
    }
    assert!(n_views > 4);
}

#[test]
fn what_changes_no_work_is_not_in_the_key() {
    let of = |attributes: &str| {
        let text = format!(
            r#"{{"op_type": "Conv", "domain": "", "attributes": {attributes},
                "inputs": [{{"shape": [1, 8, 9, 9], "type": "float32"}},
                           {{"shape": [8, 8, 3, 3], "type": "float32", "constant": true}}],
                "outputs": [{{"shape": [1, 8, 7, 7], "type": "float32"}}]}}"#
        );
        serde_json::from_str::<Operator>(&text).unwrap().key()
    };
    assert_eq!(of("{}"), of(r#"{"group": 1, "auto_pad": "NOTSET"}"#));
    assert_ne!(of("{}"), of(r#"{"activation": "Relu"}"#));
}

#[test]
fn what_has_no_loop_nest_is_named() {
    let text = r#"{"op_type": "Frobnicate", "domain": "example", "attributes": {}, "inputs": [], "outputs": []}"#;
    let error = serde_json::from_str::<Operator>(text).unwrap().lower().unwrap_err();
    assert_eq!(error.to_string(), "operator example.Frobnicate is not supported");
}
