//! The engine against candle's autograd and against finite differences.

mod prediction;

use std::sync::Arc;
use std::time::Duration;

use candle_core::Device;
use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::{CompactAst, Featurizer, Leaves, Work};
use rand::Rng as _;

use super::layout::Layout;
use super::*;
use crate::backend::Parts;
use crate::blend::Blend;
use crate::candle::{Autograd, Encoder, Network, TransformerEncoder, Variables};
use crate::draws::generator;
use crate::examples::{Examples, Pool};
use crate::fitted::Fitted;
use crate::input::{FeatureInput, HardwareInput};
use crate::objective::{Objective as _, StepConfig, Sums};
use crate::samples::Samples;
use crate::survey::Survey;
use crate::train::TrainConfig;
use crate::{
    LabelKind, LabelTransform, NormPlacement, Predictor, PredictorConfig, Prior, Query, Sample, TransformerConfig,
};

const DIM: usize = 7;

struct Made;

impl Featurizer for Made {
    fn schema(&self) -> &str {
        "test/1"
    }
    fn dim(&self) -> usize {
        DIM
    }
    fn write(&self, _: &Leaves<'_>, out: &mut [f32]) {
        out.fill(0.0);
    }
}

/// A program with a constant feature, one of two values, and others of all sizes.
fn ast(seed: u64, n_leaves: usize) -> CompactAst {
    let mut rng = generator(seed, "features");
    let leaf = |_| {
        let mut leaf: [f32; DIM] = std::array::from_fn(|_| rng.random_range(0.0..6.0));
        (leaf[1], leaf[2], leaf[4]) = (3.0, f32::from(leaf[2] > 4.0), 1e4 * leaf[4]);
        leaf
    };
    let features = (0..n_leaves).flat_map(leaf).collect();
    let positions = (0..n_leaves as u32).map(|i| 2 * i + seed as u32 % 3 + u32::from(i > 2) * 1000).collect();
    let work = Work {
        operations: rng.random_range(1e3..1e6),
        footprint_bytes: rng.random_range(1e3..1e5),
        accessed_bytes: rng.random_range(1e5..1e6),
        n_blocks: 12.0,
        n_threads: 64.0,
    };
    CompactAst::from_parts(Made.schema(), DIM, features, positions, vec![1; n_leaves]).unwrap().with_work(work)
}

/// Everything that a training has.
struct Case {
    model: Predictor,
    fitted: Fitted,
    config: TrainConfig,
    asts: Vec<CompactAst>,
    hardware: Vec<HardwareSpec>,
}

impl Case {
    fn new(config: &PredictorConfig, leaves: &[usize], n_shards: usize) -> Self {
        let spec = |name: &str, values: &[(&str, f64)]| HardwareSpec::new(name, values.iter().copied()).unwrap();
        let hardware = vec![
            spec("slow", &[("clock", 1e3), ("cache", 4.0), ("peak_fp32_gflops", 1.0)]),
            spec("fast", &[("clock", 3e3), ("cache", 32.0), ("peak_fp32_gflops", 9.0), ("memory_bandwidth_gbs", 3.0)]),
            spec("other", &[("clock", 1.5e3), ("memory_bandwidth_gbs", 1.0)]),
        ];
        let asts: Vec<CompactAst> = leaves.iter().enumerate().map(|(i, n)| ast(i as u64, *n)).collect();
        let model = Predictor::new(config, &Made, &["clock", "cache"], 3).unwrap();
        let queries = asts.iter().flat_map(|ast| hardware.iter().map(move |hardware| Query { ast, hardware }));
        let samples: Vec<Sample<'_>> =
            queries.map(|query| Sample { query, latency: Duration::from_micros(1) }).collect();
        let samples = Samples::from(&samples);
        let survey = Survey::of(&model.identity, "sample", &samples).unwrap();
        let fitted = Fitted {
            labels: LabelTransform::fit(config.label, &[1e-5, 4e-5, 9e-5, 1.6e-4, 2.5e-4]).unwrap(),
            ..survey.fit(&model.identity, "sample", &samples).unwrap()
        };
        drop(samples);
        let mut config = TrainConfig { n_shards, hardware_noise: 0.0, ..TrainConfig::default() };
        config.loss.huber_delta = 0.7;
        Self { model, fitted, config, asts, hardware }
    }

    fn with_examples<R>(&self, f: impl FnOnce(&Examples<'_>) -> R) -> R {
        // One to three measurements a program.
        let queries = self.asts.iter().enumerate().flat_map(|(i, ast)| {
            self.hardware.iter().enumerate().skip(i % 3).map(move |(j, hardware)| (i, j, Query { ast, hardware }))
        });
        let samples: Vec<Sample<'_>> =
            queries.map(|(i, j, query)| Sample { query, latency: Duration::from_secs_f64(seconds(i, j)) }).collect();
        let samples = Samples::from(&samples);
        let survey = Survey::of(&self.model.identity, "sample", &samples).unwrap();
        let units = survey.units("sample", &self.fitted, samples.n_samples()).unwrap();
        let mut pool = Pool::new(&self.fitted);
        let programs: Vec<u32> = pool.add("sample", &samples, &units).collect();
        f(&pool.examples(&programs).unwrap())
    }

    /// The parameters, moved away from the zeros and ones that biases and norms start with.
    fn parameters(&self) -> Vec<f32> {
        let mut rng = generator(8, "parameters");
        let mut parameters = self.model.parameters.values().to_vec();
        parameters.iter_mut().for_each(|x| *x += rng.random_range(-0.1..0.1));
        parameters
    }

    fn step_config(&self) -> StepConfig {
        self.config.step()
    }

    fn engine(&self) -> Engine<'_> {
        Engine::new(&self.model.identity, &self.fitted, self.step_config())
    }

    fn autograd(&self) -> Autograd<'_> {
        Autograd::new(by_candle(&self.model), &self.fitted, self.step_config(), &Device::Cpu).unwrap()
    }

    /// The mean loss of all samples and its gradient.
    fn by_engine(&self, parameters: &[f32]) -> (f64, Vec<f32>) {
        let programs: Vec<u32> = (0..self.asts.len() as u32).rev().collect();
        self.with_examples(|examples| step(&mut self.engine(), parameters, examples, &programs, 5))
    }

    fn by_candle(&self, parameters: &[f32]) -> (f64, Vec<f32>) {
        let programs: Vec<u32> = (0..self.asts.len() as u32).collect();
        let blend = Blend { parts: &[(&programs, 1.0)], alignment: None };
        let mut gradient = Vec::new();
        let sums = self
            .with_examples(|examples| self.autograd().gradient(parameters, examples, &blend, 0, &mut gradient))
            .unwrap();
        (sums.loss, gradient)
    }
}

/// The built-in network of a model on candle's tensors.
fn by_candle(model: &Predictor) -> Network {
    let transformer = model.config().transformer.clone();
    let make = move |dim: usize, vars: candle_nn::VarBuilder<'_>| -> candle_core::Result<Box<dyn Encoder>> {
        Ok(Box::new(TransformerEncoder::new(&transformer, dim, &vars)?))
    };
    let variables = Variables::of(&model.parameters, &Device::Cpu).unwrap();
    Network::new(&model.identity, &make, variables, &Device::Cpu).unwrap()
}

/// The loss and the gradient of all parameters.
fn step(
    engine: &mut Engine<'_>,
    parameters: &[f32],
    examples: &Examples<'_>,
    programs: &[u32],
    step: usize,
) -> (f64, Vec<f32>) {
    let mut gradient = Vec::new();
    let own = engine.take(parameters);
    let blend = Blend { parts: &[(programs, 1.0)], alignment: None };
    let Sums { loss, squares } = engine.gradient(&own, examples, &blend, step, &mut gradient).unwrap();
    let expected: f64 = gradient.iter().map(|g| f64::from(*g).powi(2)).sum();
    assert!((squares - expected).abs() < 1e-5 * expected, "{squares} is not {expected}");
    let mut all = vec![0.0; parameters.len()];
    engine.put(&gradient, &mut all);
    (loss, all)
}

fn seconds(program: usize, hardware: usize) -> f64 {
    1e-5 * (1.0 + (program * 7 % 5) as f64).powi(2) / (1.0 + hardware as f64)
}

fn configs() -> Vec<PredictorConfig> {
    let transformer = TransformerConfig {
        d_model: 12,
        n_heads: 2,
        n_layers: 2,
        d_ff: 20,
        dropout: 0.0,
        embed_dim: 9,
        ..TransformerConfig::default()
    };
    let base = PredictorConfig {
        feature_bins: 4,
        transformer: transformer.clone(),
        hardware_hidden: vec![8],
        head_hidden: vec![16, 10],
        ..PredictorConfig::default()
    };
    let post = TransformerConfig { norm: NormPlacement::Post, n_layers: 3, n_heads: 3, ..transformer.clone() };
    let none = TransformerConfig { n_layers: 0, positional_encoding: false, ..transformer.clone() };
    vec![
        base.clone(),
        PredictorConfig { transformer: post.clone(), label: LabelKind::BoxCox, ..base.clone() },
        PredictorConfig {
            transformer: none.clone(),
            feature_bins: 0,
            hardware_hidden: vec![],
            prior: Prior::None,
            ..base.clone()
        },
        PredictorConfig {
            transformer: TransformerConfig { norm: NormPlacement::Post, pool_hidden: vec![7], ..none },
            head_hidden: vec![],
            ..base.clone()
        },
        PredictorConfig {
            transformer: TransformerConfig { pool_hidden: vec![11, 5], n_layers: 11, n_heads: 1, ..transformer },
            hardware_hidden: vec![6, 5, 4],
            feature_bins: 1,
            label: LabelKind::BoxCox,
            ..base
        },
    ]
}

const LEAVES: [usize; 12] = [2, 1, 5, 1, 2, 2, 5, 1, 1, 5, 2, 3];

#[track_caller]
fn assert_near(found: &[f32], expected: &[f32], tolerance: f32, names: &Layout) {
    let scale = expected.iter().map(|x| x.abs()).fold(0.0, f32::max);
    for (name, place) in &names.places {
        for i in place.clone() {
            let error = (found[i] - expected[i]).abs();
            let bound = tolerance * (scale + expected[i].abs());
            assert!(error <= bound, "{name}[{}]: {} is not {}", i - place.start, found[i], expected[i]);
        }
    }
}

fn layout(case: &Case) -> Layout {
    let width = FeatureInput::width(DIM, case.model.config().feature_bins);
    Layout::new(case.model.config(), width, HardwareInput::width(2))
}

/// With the names and shapes that candle's layers ask for.
#[test]
fn variables_lie_where_the_model_has_them() {
    for config in configs() {
        let case = Case::new(&config, &LEAVES, 1);
        let layout = layout(&case);
        let all = by_candle(&case.model).variables.all();
        assert_eq!(layout.places.len(), all.len());
        let arrays = case.model.parameters.iter().zip(case.model.parameters.variables());
        for ((name, place), ((expected, var), ((own, shape, _), variable))) in
            layout.places.iter().zip(all.into_iter().zip(arrays))
        {
            assert_eq!((name.as_str(), name), (own, &expected));
            assert_eq!((place, shape), (&variable.place, var.dims()));
            assert_eq!(var.rank() == 2, layout.linears.iter().any(|linear| linear.weight() == *place), "{name}");
        }
        assert_eq!(layout.n_parameters, case.model.parameters.n_parameters());
    }
}

#[test]
fn loss_and_gradient_are_those_of_autograd() {
    for (i, config) in configs().iter().enumerate() {
        for (n_shards, leaves) in [(1, LEAVES.as_slice()), (3, &LEAVES), (2, &[1; 7]), (2, &[40, 40, 40]), (8, &[3, 4])]
        {
            let case = Case::new(config, leaves, n_shards);
            let parameters = case.parameters();
            let (loss, gradient) = case.by_engine(&parameters);
            let (expected_loss, expected) = case.by_candle(&parameters);
            assert!((loss - expected_loss).abs() < 1e-5 * expected_loss, "{i}: {loss} is not {expected_loss}");
            assert_near(&gradient, &expected, 1e-5, &layout(&case));
        }
    }
}

#[test]
fn what_an_earlier_step_left_behind_changes_nothing() {
    let mut config = configs().remove(0);
    config.transformer.dropout = 0.5;
    let case = Case::new(&config, &LEAVES, 3);
    let parameters = case.parameters();
    let mut engine = case.engine();
    let mut step = |parameters: &[f32], programs: &[u32], number| {
        case.with_examples(|examples| step(&mut engine, parameters, examples, programs, number))
    };
    let first = step(&parameters, &[3, 1, 4, 0, 5], 7);
    let larger: Vec<f32> = parameters.iter().map(|x| 2.0 * x).collect();
    assert_ne!(step(&larger, &[2, 7, 1, 8, 6, 9, 10, 11, 0], 8), first);
    // Programs may come in any order; the draws of a step are its own.
    assert_eq!(step(&parameters, &[1, 5, 4, 3, 0], 7), first);
    assert_ne!(step(&parameters, &[1, 5, 4, 3, 0], 9), first);
}

/// More leaves than pass the network together.
#[test]
fn groups_of_programs_add_up() {
    let leaves: Vec<usize> = (0..300).map(|i| [1, 2, 600, 3][if i == 7 { 2 } else { i % 2 * 3 }]).collect();
    let case = Case::new(&configs()[0], &leaves, 2);
    let parameters = case.parameters();
    let ((loss, gradient), (expected_loss, expected)) = (case.by_engine(&parameters), case.by_candle(&parameters));
    assert!((loss - expected_loss).abs() < 1e-5 * expected_loss, "{loss} is not {expected_loss}");
    assert_near(&gradient, &expected, 2e-5, &layout(&case));
}

/// Under dropout and noise, whose draws a step repeats.
#[test]
fn the_gradient_is_the_slope_of_the_loss() {
    for (i, config) in configs().into_iter().enumerate() {
        let mut config = config;
        config.transformer.dropout = 0.3;
        // Through more layers, a step that is not lost in rounding is not a small one.
        config.transformer.n_layers = config.transformer.n_layers.min(2);
        let mut case = Case::new(&config, &LEAVES, 2);
        case.config.hardware_noise = 0.2;
        let parameters = case.parameters();
        let (_, gradient) = case.by_engine(&parameters);
        let mut rng = generator(i as u64, "direction");
        for (name, place) in &layout(&case).places {
            // In a random direction of every variable.
            let direction: Vec<f64> = place.clone().map(|_| rng.random_range(-1.0..1.0)).collect();
            let expected: f64 = direction.iter().zip(&gradient[place.clone()]).map(|(x, g)| x * f64::from(*g)).sum();
            let size = (direction.iter().map(|x| x * x).sum::<f64>()).sqrt();
            let at = |by: f64| {
                let mut moved = parameters.clone();
                for (x, along) in moved[place.clone()].iter_mut().zip(&direction) {
                    *x += (by * along) as f32;
                }
                case.by_engine(&moved).0
            };
            // A kink of a rectifier within a step spoils it, so several lengths are tried.
            let slopes = [1e-3, 3e-4, 1e-4].map(|step| (at(step / size) - at(-step / size)) * size / (2.0 * step));
            let tolerance = 0.01 * expected.abs() + 1e-3 * size;
            let is_near = |slope: &f64| (slope - expected).abs() < tolerance;
            assert!(slopes.iter().any(is_near), "{i} {name}: {slopes:?} is not {expected}");
        }
    }
}

mod alignment;
