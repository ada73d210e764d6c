//! What is fitted beside the variables comes from the training samples alone.

use std::time::Duration;

use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::{CompactAst, Featurizer};
use cdmpp_model::train::fit;
use cdmpp_model::{Query, Sample};

use crate::synthetic::{DIM, Synthetic, asts, bytes, hardware, proceed, quick, samples, small, untrained};

/// The checkpoint after one epoch; the best of one is that one, whatever validation says.
fn checkpoint(training: &[Sample<'_>], validation: &[Sample<'_>]) -> Vec<u8> {
    let mut model = untrained(&small(), 0);
    fit(&mut model, training, validation, &quick(1), &mut |_| proceed()).unwrap();
    bytes(&model)
}

#[test]
fn validation_samples_change_no_bit() {
    let (asts, hardware) = (asts(8), hardware());
    let samples = samples(&asts, &hardware);
    let (training, validation) = samples.split_at(18);
    let expected = checkpoint(training, validation);
    assert!(expected == checkpoint(training, &[]));

    let mut slower = validation.to_vec();
    slower.iter_mut().for_each(|sample| sample.latency *= 1_000);
    assert!(expected == checkpoint(training, &slower));

    let far = CompactAst::from_parts(Synthetic.schema(), DIM, vec![1e6; 4 * DIM], vec![9; 4], vec![1; 4]).unwrap();
    let huge = HardwareSpec::new("huge", [("clock_mhz", 1e9), ("cache_mb", 1e9)]).unwrap();
    let query = Query { ast: &far, hardware: &huge };
    assert!(expected == checkpoint(training, &[Sample { query, latency: Duration::from_secs(9) }]));

    // A training sample, however, does count.
    let mut slower = training.to_vec();
    slower[0].latency *= 2;
    assert!(expected != checkpoint(&slower, validation));
}

#[test]
fn a_trained_model_keeps_its_statistics() {
    let (asts, hardware) = (asts(8), hardware());
    let samples = samples(&asts, &hardware);
    let mut model = untrained(&small(), 0);
    fit(&mut model, &samples[..12], &[], &quick(1), &mut |_| proceed()).unwrap();
    let transform = model.label_transform().cloned();
    assert!(transform.is_some());
    fit(&mut model, &samples[12..], &[], &quick(1), &mut |_| proceed()).unwrap();
    assert_eq!(model.label_transform(), transform.as_ref());
}

/// Copies of a specification are one hardware, so they do not count more in the statistics.
#[test]
fn copies_of_a_hardware_count_once() {
    let (asts, hardware) = (asts(4), hardware());
    let shared = samples(&asts, &hardware);
    let copies: Vec<HardwareSpec> = shared.iter().map(|sample| sample.query.hardware.clone()).collect();
    let copied: Vec<Sample<'_>> = shared
        .iter()
        .zip(&copies)
        .map(|(sample, hardware)| Sample { query: Query { hardware, ..sample.query }, ..*sample })
        .collect();
    assert!(checkpoint(&shared, &[]) == checkpoint(&copied, &[]));
}
