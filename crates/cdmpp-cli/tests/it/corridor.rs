//! The command and the library give the same answers, bit for bit.

use std::ops::ControlFlow;

use cdmpp::data::SplitBy;
use cdmpp::hardware::HardwareTable;
use cdmpp::workflow::{
    AdaptReport, AdaptRequest, AdaptSettings, AdaptTarget, DataRequest, EvaluateReport, EvaluateRequest, Progress,
    TrainReport, TrainRequest, TrainSettings, adapt, evaluate, train,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::adaptation::{ON, QUICK, untrained};
use crate::place::Place;

fn go_on(_: Progress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The report of the command is that of the library, and both are read as what was written.
fn same<R: Serialize + DeserializeOwned>(place: &Place, file: &str, report: &R) {
    let without_times = |mut report: Value| {
        report.as_object_mut().unwrap().remove("seconds").unwrap();
        report
    };
    // By way of text: a value would hold the digits of an `f32` as `f64`.
    let ours = serde_json::to_string(report).unwrap();
    // The command runs in the folder and names its files without it.
    let ours = ours.replace(&place.path("").display().to_string(), "");
    let ours = without_times(serde_json::from_str(&ours).unwrap());
    let text = String::from_utf8(place.read(file)).unwrap();
    let read: R = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string_pretty(&read).unwrap(), text.trim_end());
    assert_eq!(without_times(serde_json::from_str(&text).unwrap()), ours, "{file}");
}

#[test]
fn the_command_and_the_library_give_the_same_reports() {
    let place = untrained();
    place.write("quick.toml", QUICK);
    place.train(&format!("--out m.safetensors --test-hardware {ON} --report t.json"));
    place.run("eval m.safetensors records.jsonl --hardware hardware.json --report e.json");
    place.run(&format!(
        "adapt m.safetensors records.jsonl --hardware hardware.json --on {ON} --budget 4 --config quick.toml \
         --discrepancy cmd --out a.safetensors --report a.json"
    ));

    let hardware = HardwareTable::load(place.path("hardware.json")).unwrap();
    let data = DataRequest::new([place.path("records.jsonl")], hardware);
    let mut request = TrainRequest::new(data.clone());
    request.split = SplitBy::Hardware(vec![ON.to_owned()]);
    request.settings = TrainSettings::load(&place.path("small.toml")).unwrap();
    let mut trained = train(&request, &mut go_on).unwrap();
    same::<TrainReport>(&place, "t.json", trained.report.as_ref().unwrap());

    let evaluated = evaluate(&trained.model, &EvaluateRequest::new(data.clone()), &mut go_on).unwrap();
    same::<EvaluateReport>(&place, "e.json", &evaluated.report);

    let mut request = AdaptRequest::new(data, AdaptTarget::Hardware(ON.to_owned()));
    request.budget = Some(4);
    request.discrepancy = Some(cdmpp::workflow::DiscrepancyName::Cmd);
    request.settings = AdaptSettings::load(&place.path("quick.toml")).unwrap();
    let adapted = adapt(&mut trained.model, &request, &mut go_on).unwrap();
    same::<AdaptReport>(&place, "a.json", &adapted.report);
    trained.model.save(&place.path("own.safetensors")).unwrap();
    assert_eq!(place.read("own.safetensors"), place.read("a.safetensors"));
}
