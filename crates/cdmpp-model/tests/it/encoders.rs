//! An encoder of one's own.

use cdmpp_hardware::HardwareSpec;
use cdmpp_model::candle_core::{Device, Result, Tensor};
use cdmpp_model::candle_nn::{self, Linear, Module, VarBuilder};
use cdmpp_model::train::fit;
use cdmpp_model::{Batch, Encoder, ModelError, Predictor};
use expect_test::expect;

use crate::report;
use crate::synthetic::{Synthetic, asts, columns, hardware, proceed, queries, quick, samples, small, trained};

/// The mean of the leaves through one layer, beside a layer that may be forgotten.
struct MeanOfLeaves {
    layer: Linear,
    unused: Option<Linear>,
}

impl Encoder for MeanOfLeaves {
    fn embed_dim(&self) -> usize {
        7
    }

    fn forward_t(&self, batch: &Batch, _train: bool) -> Result<Tensor> {
        assert_eq!(batch.features().dims()[1], batch.n_leaves());
        self.layer.forward(&batch.features().mean(1)?)
    }
}

fn mean_of_leaves(dim: usize, vars: VarBuilder<'_>) -> Result<Box<dyn Encoder>> {
    let layer = candle_nn::linear(dim, 7, vars.pp("leaf"))?;
    Ok(Box::new(MeanOfLeaves { layer, unused: None }))
}

fn forgetful(dim: usize, vars: VarBuilder<'_>) -> Result<Box<dyn Encoder>> {
    let layer = candle_nn::linear(dim, 7, vars.pp("leaf"))?;
    let encoder = MeanOfLeaves { layer, unused: Some(candle_nn::linear(dim, 7, vars.pp("unused"))?) };
    assert!(encoder.unused.is_some());
    Ok(Box::new(encoder))
}

fn untrained(encoder: fn(usize, VarBuilder<'_>) -> Result<Box<dyn Encoder>>) -> Predictor {
    Predictor::with_encoder(&small(), &Synthetic, &columns(), 0, &Device::Cpu, encoder).unwrap()
}

#[test]
fn it_trains_predicts_and_is_loaded_again() {
    let (asts, hardware) = (asts(6), hardware());
    let samples = samples(&asts, &hardware);
    let mut model = untrained(mean_of_leaves);
    let mut losses = Vec::new();
    let record = &mut |epoch: &cdmpp_model::train::Epoch<'_>| {
        losses.push(epoch.train_loss);
        proceed()
    };
    let mut config = quick(20);
    config.optimizer.learning_rate = 0.02;
    fit(&mut model, &samples, &[], &config, record).unwrap();
    assert!(losses[19] < 0.5 * losses[0], "{losses:?}");
    let embeddings = model.embed(&queries(&samples)).unwrap();
    assert_eq!((embeddings.n(), embeddings.width), (18, 7));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.save(&path).unwrap();
    let loaded = Predictor::load_with_encoder(&path, &Device::Cpu, mean_of_leaves).unwrap();
    assert_eq!(loaded.predict(&queries(&samples)).unwrap(), model.predict(&queries(&samples)).unwrap());

    // The default encoder finds none of its variables there, and this one has no use for those of the default one.
    let message = |error: &ModelError| report(error).replace(&format!("{}/", folder.path().display()), "");
    expect!["model.safetensors: there is no variable `encoder.block0.down.bias`"]
        .assert_eq(&message(&Predictor::load(&path).unwrap_err()));
    trained().save(&path).unwrap();
    expect!["model.safetensors: there is no variable `encoder.leaf.weight` in the checkpoint"]
        .assert_eq(&message(&Predictor::load_with_encoder(&path, &Device::Cpu, mean_of_leaves).unwrap_err()));
}

#[test]
fn a_variable_without_gradient_is_named() {
    let (asts, hardware) = (asts(3), hardware());
    let mut model = untrained(forgetful);
    let error = fit(&mut model, &samples(&asts, &hardware), &[], &quick(1), &mut |_| proceed()).unwrap_err();
    assert!(matches!(error, ModelError::Tensor(_)));
    expect!["variable `encoder.unused.bias` received no gradient"].assert_eq(&report(&error));
}

#[test]
fn unseen_hardware_is_predicted() {
    let asts = asts(2);
    let unseen = HardwareSpec::new("unseen", [("clock_mhz", 2500.0)]).unwrap();
    let queries: Vec<_> = asts.iter().map(|ast| cdmpp_model::Query { ast, hardware: &unseen }).collect();
    assert_eq!(trained().predict(&queries).unwrap().len(), 2);
}
