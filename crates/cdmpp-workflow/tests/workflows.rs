//! Each workflow in a few lines, and stopped by its callback.

#![allow(clippy::unwrap_used, reason = "a test that unwraps an error fails, as it should")]

use std::ops::ControlFlow;
use std::path::PathBuf;

use cdmpp_data::{RecordReader, RecordWriter, SplitBy};
use cdmpp_hardware::HardwareTable;
use cdmpp_workflow::{
    AdaptRequest, AdaptTarget, DataRequest, Entry, EvaluateRequest, FitOverheadsRequest, LatencySource, PredictRequest,
    Progress, ReplayRequest, SelectRequest, Stop, TrainOutcome, TrainRequest, WorkflowError, adapt, evaluate,
    fit_overheads, predict, replay, select, test_overheads, train,
};
use tempfile::TempDir;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data");
const ON: &str = "epyc-genoa-sse42-1c";

/// A few records of many tasks.
fn records(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("records.jsonl");
    let mut writer = RecordWriter::create(&path).unwrap();
    for record in RecordReader::open(format!("{DATA}/cpu-programs.jsonl.zst")).unwrap().step_by(60) {
        writer.write(&record.unwrap()).unwrap();
    }
    writer.finish().unwrap();
    path
}

fn hardware() -> HardwareTable {
    HardwareTable::load(format!("{DATA}/hardware.json")).unwrap()
}

/// A small training that holds a hardware out.
fn training(records: &PathBuf) -> TrainRequest {
    let mut request = TrainRequest::new(DataRequest::new([records], hardware()));
    request.split = SplitBy::Hardware(vec![ON.to_owned()]);
    request.settings.training.epochs = 3;
    request.settings.model.head_hidden = vec![8];
    let transformer = &mut request.settings.model.transformer;
    (transformer.d_model, transformer.d_ff, transformer.n_heads, transformer.n_layers) = (8, 8, 2, 1);
    request
}

fn go_on(_: Progress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn from_records_to_an_adapted_model_without_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let records = records(&folder);
    let request = training(&records);
    let TrainOutcome { mut model, report, predictions, .. } = train(&request, &mut go_on).unwrap();
    let report = report.unwrap();
    assert_eq!(report.history.iter().map(|epoch| epoch.epoch).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(report.scores.overall.unwrap().n, predictions.len());

    let mut on_new = EvaluateRequest::new(request.data.clone());
    on_new.only_hardware = vec![ON.to_owned()];
    let evaluated = evaluate(&model, &on_new, &mut go_on).unwrap();
    assert_eq!(evaluated.report.scores, report.scores);

    let chosen: Vec<Entry> = select(Some(&model), &SelectRequest::new([&records], 3), &mut go_on).unwrap();
    assert_eq!(chosen.len(), 3);
    let mut request = AdaptRequest::new(request.data, AdaptTarget::Hardware(ON.to_owned()));
    request.measured = Some(chosen.iter().cloned().collect());
    let tuning = &mut request.settings.adaptation.tuning;
    (tuning.epochs, tuning.steps_per_epoch) = (1, 2);
    let adapted = adapt(&mut model, &request, &mut go_on).unwrap().report;
    assert_eq!(
        (adapted.zero_shot.by_network.len(), adapted.measured.chosen),
        (adapted.adapted.by_network.len(), chosen)
    );

    let table = hardware();
    let request = PredictRequest { files: vec![records], hardware: vec![table.get(ON).unwrap().clone()] };
    let mut n = 0;
    predict(&model, &request, &mut |answers| {
        n += answers.len();
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(n >= evaluated.predictions.len());
}

#[test]
fn a_stopped_training_keeps_the_best_model_and_goes_on_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let mut request = training(&records(&folder));
    let whole = train(&request, &mut go_on).unwrap();

    request.out = Some(folder.path().join("m.safetensors"));
    let stopped = train(&request, &mut |progress| match progress {
        Progress::Epoch(epoch) if epoch.number == 2 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    })
    .unwrap();
    assert_eq!((stopped.stop, stopped.outcome.epochs), (Some(Stop::Interrupted), 2));
    assert!(stopped.report.is_none() && request.out.as_ref().unwrap().exists());

    request.resume = true;
    let resumed = train(&request, &mut go_on).unwrap();
    assert_eq!(resumed.report.unwrap().scores, whole.report.unwrap().scores);
}

#[test]
fn every_workflow_that_reads_stops_when_it_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let records = records(&folder);
    let request = training(&records);
    let mut stop = |_: Progress<'_>| ControlFlow::Break(());
    let is_stopped = |error| matches!(error, WorkflowError::Stopped);
    assert!(is_stopped(train(&request, &mut stop).unwrap_err()));
    assert!(is_stopped(select(None, &SelectRequest::new([&records], 3), &mut stop).unwrap_err()));
    let mut model = train(&request, &mut go_on).unwrap().model;
    assert!(is_stopped(evaluate(&model, &EvaluateRequest::new(request.data.clone()), &mut stop).unwrap_err()));
    let mut request = AdaptRequest::new(request.data, AdaptTarget::Hardware(ON.to_owned()));
    request.budget = Some(2);
    assert!(is_stopped(adapt(&mut model, &request, &mut stop).unwrap_err()));
    let mut in_tuning = |progress: Progress<'_>| match progress {
        Progress::TuningEpoch(_) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    assert!(is_stopped(adapt(&mut model, &request, &mut in_tuning).unwrap_err()));
    let request = PredictRequest { files: vec![records], hardware: vec![hardware().get(ON).unwrap().clone()] };
    assert!(is_stopped(predict(&model, &request, &mut |_| ControlFlow::Break(())).unwrap_err()));
}

#[test]
fn networks_are_replayed_and_their_overheads_fitted() {
    let graphs = format!("{DATA}/networks.jsonl.zst");
    let on = "epyc-genoa-avx512-2c";
    let mut request = FitOverheadsRequest::new([&graphs]);
    request.hardware = vec![on.to_owned()];
    let fits = fit_overheads(&request).unwrap();
    let tested = test_overheads(&request).unwrap();
    assert_eq!(tested.networks.len(), fits[on].n_networks);

    let mut request = ReplayRequest::new([&graphs], LatencySource::Measured(on.to_owned()));
    let without = replay(&request, &mut go_on).unwrap();
    let (replayed, found) = (without.errors.error.unwrap(), tested.by_hardware[on].without.unwrap());
    assert_eq!(replayed.n, found.n);
    assert!((replayed.median - found.median).abs() < 1e-9);
    request.overheads = fits[on].overheads.clone();
    let with = replay(&request, &mut go_on).unwrap();
    assert_eq!((&with.overheads, with.graphs.len()), (&fits[on].overheads, without.graphs.len()));
}
