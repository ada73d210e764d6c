//! Bad input: exit code 2, and one line that says what and where.

use std::ops::ControlFlow;
use std::time::Duration;

use cdmpp::hardware::HardwareTable;
use cdmpp::ir::{CompactAst, Featurizer, Leaves, Program};
use cdmpp::model::train::{TrainConfig, fit};
use cdmpp::model::{Predictor, PredictorConfig, Query, Sample};
use expect_test::{Expect, expect};

use crate::place::Place;

const RECORD: &str = r#"{"task": "t", "name": "n", "networks": {"net": 1}, "schedule": 4, "program": "PROGRAM", "latency_s": {"tesla-t4": [LATENCY]}}"#;

/// A record file of one line.
fn record(place: &Place, program: &str, latency: &str) {
    let program = program.replace('\n', "\\n");
    place.write("one.jsonl", &(RECORD.replace("PROGRAM", &program).replace("LATENCY", latency) + "\n"));
}

const GOOD: &str = "program p(x: float32[4]) { x[0] = 1.0 }";

fn check(place: &Place, arguments: &str, expect: Expect) {
    expect.assert_eq(&place.refusal(arguments));
}

fn check_train(place: &Place, arguments: &str, expect: Expect) {
    check(place, &format!("train {arguments} --hardware hardware.json --out m.safetensors"), expect);
    assert!(!place.exists("m.safetensors"));
}

#[test]
fn bad_records() {
    let place = Place::new();
    record(&place, GOOD, "NaN");
    check_train(
        &place,
        "one.jsonl",
        expect!["error: one.jsonl:1: a value that is not finite (NaN) in the repeats of task `t` on `tesla-t4`"],
    );
    record(&place, GOOD, "0.0");
    check_train(
        &place,
        "one.jsonl",
        expect!["error: one.jsonl:1: a value that is not positive (0) in the repeats of task `t` on `tesla-t4`"],
    );
    record(&place, "program p(x: float32[4]) {\n y[0] = 1.0 }", "1e-3");
    check_train(
        &place,
        "one.jsonl",
        expect![
            "error: one.jsonl:1: record `n` (task `t`, schedule 4): its program cannot be read: line 2, column 2: no buffer is named `y` here"
        ],
    );
    check(
        &place,
        "features one.jsonl",
        expect![
            "error: one.jsonl:1: record `n` (task `t`, schedule 4): its program cannot be read: line 2, column 2: no buffer is named `y` here"
        ],
    );
    record(&place, "@T.prim_func\ndef f():\n    for i in T.sparse(4):\n        pass", "1e-3");
    check(
        &place,
        "features one.jsonl",
        expect![
            "error: one.jsonl:1: record `n` (task `t`, schedule 4): its program cannot be read: line 3, column 14: expected `range`, `T.serial`, `T.grid`, `T.parallel`, `T.vectorized`, `T.unroll` or `T.thread_binding`, found another call"
        ],
    );
    record(&place, "program p(x: float32[4]) { eval 0 }", "1e-3");
    check_train(&place, "one.jsonl", expect!["error: task `t`, schedule 4: the program has no store statement"]);
    place.write("one.jsonl", "\n{\"task\": \"t\", \"name\": 3}\n");
    check_train(
        &place,
        "one.jsonl",
        expect!["error: one.jsonl:2:23: not a record: invalid type: integer `3`, expected a string"],
    );
    check(
        &place,
        "features one.jsonl",
        expect!["error: one.jsonl:2:23: not a record: invalid type: integer `3`, expected a string"],
    );
    place.write("one.jsonl", "");
    check_train(&place, "one.jsonl", expect!["error: one.jsonl has no records"]);
    check_train(
        &place,
        "records.jsonl --max-spread 0",
        expect!["error: there is no measurement to use in 60 records (dropped, noisy: 180)"],
    );
}

#[test]
fn bad_names_and_files() {
    let place = Place::new();
    check_train(&place, "no.jsonl", expect!["error: cannot open no.jsonl: No such file or directory (os error 2)"]);
    check_train(
        &place,
        "records.jsonl --test-networks bert_bse-b1",
        expect![
            "error: unknown network `bert_bse-b1`; nearest of 4 in the records: bert_base-b1, resnet18-b1, resnet50-b1"
        ],
    );
    check_train(
        &place,
        "records.jsonl --test-hardware epyc",
        expect![
            "error: unknown hardware `epyc`; nearest of 3 in the records: epyc-genoa-sse42-1c, epyc-genoa-avx512-1c, epyc-genoa-avx512-2c"
        ],
    );
    check_train(&place, "records.jsonl --features anson", expect!["error: unknown features `anson`; known: ansor"]);
    check_train(
        &place,
        "records.jsonl --config no.toml",
        expect!["error: cannot read the settings no.toml: No such file or directory (os error 2)"],
    );
    check_train(
        &place,
        "records.jsonl --resume",
        expect!["error: there is no training to resume: m.safetensors.state: No such file or directory (os error 2)"],
    );
    check_train(
        &place,
        "records.jsonl --report no/r.json",
        expect!["error: cannot write no/r.json: there is no folder no"],
    );
    check(
        &place,
        "train records.jsonl --hardware no.json --out m.safetensors",
        expect!["error: cannot read the hardware table no.json: No such file or directory (os error 2)"],
    );
    check(
        &place,
        "train records.jsonl --hardware hardware.json --out .",
        expect!["error: cannot write .: it is there already and no file"],
    );
    place.write("few.json", "[{\"name\": \"tesla-t4\", \"clock_mhz\": 1590}]");
    check(
        &place,
        "train records.jsonl --hardware few.json --out m.safetensors",
        expect![
            "error: few.json: needed for task `2d91fda549d2e2b5`, schedule 0: unknown hardware `epyc-genoa-avx512-1c`; nearest of 1: tesla-t4"
        ],
    );
    record(&place, GOOD, "1e-3");
    place.write("few.json", "[{\"name\": \"tesla-t4\"}]");
    check(
        &place,
        "train one.jsonl --validation 0 --hardware few.json --out m.safetensors",
        expect!["error: hardware_columns must have at least one column"],
    );
    place.write("few.json", "[{\"name\": \"tesla-t4\", \"clock_mhz\": -1}]");
    check(
        &place,
        "train records.jsonl --hardware few.json --out m.safetensors",
        expect![
            "error: hardware table few.json: line 1, column 38: column `clock_mhz` must be a finite number of at least 0, not -1"
        ],
    );
}

#[test]
fn bad_settings() {
    let place = Place::new();
    let refused = |text: &str, expect: Expect| {
        place.write("s.toml", text);
        let error = place.refusal("train records.jsonl --config s.toml --hardware hardware.json --out m.safetensors");
        // The list of all fields is long and grows.
        expect.assert_eq(error.split(", expected one of").next().unwrap());
    };
    refused("[training]\nepochs = 3\nlearning_rat = 0.1\n", expect!["error: s.toml:3: unknown field `learning_rat`"]);
    refused(
        "[model.transformer]\nn_heads = 5\n",
        expect!["error: settings: model.transformer.d_model must be a multiple of n_heads"],
    );
    refused("[cleaning]\nmax_spread = -1\n", expect!["error: settings: `max_spread` must be at least 0, not -1"]);
    check_train(
        &place,
        "records.jsonl --test-tasks 1.5",
        expect!["error: `test` must be above 0 and below 1, not 1.5"],
    );
    check_train(
        &place,
        "records.jsonl --validation nan",
        expect!["error: `validation` must be at least 0 and below 1, not NaN"],
    );
    check_train(&place, "records.jsonl --epochs 0", expect!["error: settings: training.epochs must be at least 1"]);
    check_train(
        &place,
        "records.jsonl --minutes soon",
        expect!["error: invalid value 'soon' for '--minutes <M>': invalid float literal"],
    );
    check_train(
        &place,
        "records.jsonl --test-tasks 0.2 --test-networks bert_base-b1",
        expect!["error: the argument '--test-tasks <FRACTION>' cannot be used with '--test-networks <A,B>'"],
    );
}

#[test]
fn bad_models_and_questions() {
    let place = Place::new();
    place.train("--out m.safetensors");
    let eval = |model: &str, rest: &str, expect| {
        check(&place, &format!("eval {model} records.jsonl --hardware hardware.json {rest}"), expect);
    };
    eval(
        "m.safetensors",
        "--networks bert_bse-b1",
        expect![
            "error: unknown network `bert_bse-b1`; nearest of 4 in the records: bert_base-b1, resnet18-b1, resnet50-b1"
        ],
    );
    eval(
        "m.safetensors",
        "--only-hardware tesla-t4",
        expect![
            "error: unknown hardware `tesla-t4`; nearest of 3 in the records: epyc-genoa-sse42-1c, epyc-genoa-avx512-1c, epyc-genoa-avx512-2c"
        ],
    );
    eval("no.safetensors", "", expect!["error: no.safetensors: No such file or directory (os error 2)"]);
    eval("hardware.json", "", expect!["error: hardware.json: not a complete safetensors file (header too large)"]);

    let model = place.read("m.safetensors");
    for (name, length) in [("most", model.len() - 1), ("half", model.len() / 2), ("little", 4), ("nothing", 0)] {
        std::fs::write(place.path("cut.safetensors"), &model[..length]).unwrap();
        let error = place.refusal("eval cut.safetensors records.jsonl --hardware hardware.json");
        assert!(error.starts_with("error: cut.safetensors: not a complete safetensors file"), "{name}: {error}");
    }
    std::fs::write(place.path("cut.safetensors"), &model[..model.len() / 2]).unwrap();
    eval(
        "cut.safetensors",
        "",
        expect![
            "error: cut.safetensors: not a complete safetensors file (incomplete metadata, file not fully covered)"
        ],
    );

    place.write("p.txt", GOOD);
    let predict = |rest: &str, expect| {
        check(&place, &format!("predict m.safetensors --hardware hardware.json --on {rest}"), expect);
    };
    predict(
        "tesla-t5 p.txt",
        expect!["error: hardware.json: unknown hardware `tesla-t5`; nearest of 24: tesla-t4, tesla-p4, titan-rtx"],
    );
    predict("tesla-t4 no.py", expect!["error: cannot read no.py: No such file or directory (os error 2)"]);
    predict(
        "tesla-t4 -",
        expect!["error: standard input: there is no program: neither a `prim_func` of TVMScript nor cdmpp's text form"],
    );
    place.write("p.txt", "program p(x: float32[4]) {\n  x[0] = y[0]\n}");
    predict("tesla-t4 p.txt", expect!["error: p.txt: line 2, column 10: no buffer is named `y` here"]);
    place.write("p.txt", "program p(x: float32[4]) { eval 0 }");
    predict("tesla-t4 p.txt", expect!["error: p.txt: p: the program has no store statement"]);
    check(&place, "inspect p.txt --features other", expect!["error: unknown features `other`; known: ansor"]);
    check(
        &place,
        "predict m.safetensors --hardware hardware.json p.txt",
        expect!["error: the following required arguments were not provided: --on <NAME>"],
    );
    check(
        &place,
        "inspekt p.txt",
        expect!["error: unrecognized subcommand 'inspekt'; tip: a similar subcommand exists: 'inspect'"],
    );
}

/// One column: 1.
struct One;

impl Featurizer for One {
    fn schema(&self) -> &str {
        "example/one/1"
    }

    fn dim(&self) -> usize {
        1
    }

    fn write(&self, _leaves: &Leaves<'_>, out: &mut [f32]) {
        out.fill(1.0);
    }
}

#[test]
fn a_model_of_other_features() {
    let place = Place::new();
    let table = HardwareTable::load(place.path("hardware.json")).unwrap();
    let program: Program = GOOD.parse().unwrap();
    let ast = CompactAst::encode(&program, &One);
    let query = Query { ast: &ast, hardware: table.get("tesla-t4").unwrap() };
    let sample = Sample { query, latency: Duration::from_millis(1) };
    let mut model = Predictor::new(&PredictorConfig::default(), &One, &table.columns(), 0).unwrap();
    let config = TrainConfig { epochs: 1, ..TrainConfig::default() };
    fit(&mut model, &[sample], &[], &config, &mut |_| ControlFlow::Continue(())).unwrap();
    model.save(&place.path("one.safetensors")).unwrap();
    place.write("p.txt", GOOD);
    check(
        &place,
        "eval one.safetensors records.jsonl --hardware hardware.json",
        expect![
            "error: one.safetensors: the model reads features of the schema `example/one/1`; this version of cdmpp makes `ansor/164/tvm-0.27/1`"
        ],
    );
    check(
        &place,
        "predict one.safetensors --hardware hardware.json --on tesla-t4 p.txt",
        expect![
            "error: one.safetensors: the model reads features of the schema `example/one/1`; this version of cdmpp makes `ansor/164/tvm-0.27/1`"
        ],
    );
}
