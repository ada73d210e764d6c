//! Gradients reach every variable, and groups of programs do not mix.

use candle_nn::Module;
use rand::Rng;

use super::*;
use crate::candle::hybrid_loss::log_latency;
use crate::candle::{TransformerEncoder, in_one_line};
use crate::draws::generator;
use crate::{LabelKind, LabelTransform, NormPlacement, PredictorConfig, TransformerConfig};

const DIM: usize = 11;

fn ast(name: &str, n_leaves: usize) -> CompactAst {
    let mut rng = generator(3, name);
    let features = (0..n_leaves * DIM).map(|_| rng.random_range(-2.0..2.0)).collect();
    let positions = (0..n_leaves as u32).map(|i| 2 * i + 1).collect();
    CompactAst::from_parts("test/1", DIM, features, positions, vec![1; n_leaves]).unwrap()
}

/// An encoder of one's own: the mean of the leaves through one layer of candle's.
struct MeanOfLeaves(candle_nn::Linear);

impl Encoder for MeanOfLeaves {
    fn embed_dim(&self) -> usize {
        5
    }

    fn forward_t(&self, batch: &Batch, _train: bool) -> Result<Tensor> {
        self.0.forward(&batch.features().mean(1)?)
    }
}

fn mean_of_leaves(dim: usize, vars: VarBuilder<'_>) -> Result<Box<dyn Encoder>> {
    let encoder: Box<dyn Encoder> = Box::new(MeanOfLeaves(candle_nn::linear(dim, 5, vars.pp("leaf"))?));
    Ok(encoder)
}

fn identity(config: &PredictorConfig) -> Identity {
    let hardware_columns = vec!["clock".to_owned()];
    Identity { config: config.clone(), schema: "test/1".to_owned(), dim: DIM, hardware_columns }
}

/// The built-in encoder.
fn transformer(config: &PredictorConfig) -> Box<MakeEncoder> {
    let config = config.transformer.clone();
    Box::new(move |dim, vars| Ok(Box::new(TransformerEncoder::new(&config, dim, &vars)?)))
}

/// As published, but narrow.
fn paper_like() -> PredictorConfig {
    let paper = PredictorConfig::paper();
    PredictorConfig {
        feature_bins: 0,
        transformer: TransformerConfig {
            d_model: 12,
            n_layers: 3,
            d_ff: 20,
            pool_hidden: vec![9, 7],
            embed_dim: 6,
            ..paper.transformer
        },
        hardware_hidden: vec![8, 8],
        head_hidden: vec![10, 10, 10],
        label: paper.label,
        prior: paper.prior,
    }
}

/// Every variable gets a gradient from programs of these numbers of leaves.
#[track_caller]
fn check_cover(config: &PredictorConfig, encoder: &MakeEncoder, leaves: &[usize]) {
    let device = Device::Cpu;
    let asts: Vec<CompactAst> = leaves.iter().enumerate().map(|(i, n)| ast(&format!("program {i}"), *n)).collect();
    let asts: Vec<&CompactAst> = asts.iter().collect();
    let spec = |name: &str, clock| HardwareSpec::new(name, [("clock", clock)]).unwrap();
    let (slow, fast) = (spec("slow", 1e3), spec("fast", 2e3));
    let hardware = HardwareInput::fit(&["clock".to_owned()], &[&slow, &fast]);
    let input = FeatureInput::fit(DIM, config.feature_bins, asts.iter().map(|ast| ast.features()));
    let labels = LabelTransform::fit(config.label, &[1e-6, 2e-6, 5e-6, 4e-4]).unwrap();

    let variables = Variables::seeded(5, &device);
    let network = Network::new(&identity(config), encoder, variables, &device).unwrap();
    let mut rng = generator(5, "dropout");
    let z = network.embed(&asts, &input, Some(&mut rng)).unwrap();
    let h = network.embed_hardware(&[&slow, &fast], &hardware, None).unwrap();
    let pairs: Vec<(u32, u32)> = (0..asts.len() as u32).flat_map(|row| [(row, 0), (row, 1)]).collect();
    let priors = (0..pairs.len() * PriorInput::width(config)).map(|_| rng.random_range(-1.0..1.0)).collect();
    let hidden = network.hidden(&z, &h, &pairs, priors).unwrap();
    let predicted = log_latency(&labels, &network.read_out(&hidden).unwrap()).unwrap();
    let weights: Vec<f32> = pairs.iter().map(|_| rng.random_range(-1.0..1.0)).collect();
    let read_out = (predicted * Tensor::new(weights, &device).unwrap()).unwrap().sum_all().unwrap();
    let grads = read_out.backward().unwrap();
    for (name, var) in network.variables.all() {
        let grad = grads.get(&var).unwrap_or_else(|| panic!("`{name}` has no gradient, leaves {leaves:?}"));
        let values = grad.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(values.iter().all(|g| g.is_finite()), "`{name}`: {values:?}");
        assert!(values.iter().any(|g| g.abs() > 1e-12), "the gradient of `{name}` is 0, leaves {leaves:?}");
    }
}

#[test]
fn every_variable_has_a_gradient() {
    let paper = paper_like();
    assert_eq!((paper.transformer.norm, paper.label), (NormPlacement::Post, LabelKind::BoxCox));
    for config in [PredictorConfig::default(), paper] {
        // One leaf; many; numbers that differ from the width and from the size of the batch.
        for leaves in [[1; 4].as_slice(), &[70, 70], &[5, 5, 5], &[3, 1, 4, 1, 5, 9]] {
            check_cover(&config, &*transformer(&config), leaves);
            check_cover(&config, &mean_of_leaves, leaves);
        }
    }
}

#[test]
fn a_program_embeds_the_same_whatever_stands_beside_it() {
    let config = PredictorConfig::default();
    let variables = Variables::seeded(0, &Device::Cpu);
    let network = Network::new(&identity(&config), &*transformer(&config), variables, &Device::Cpu).unwrap();
    let leaves = [3_usize, 1, 3, 8, 1, 1, 40];
    let asts: Vec<CompactAst> = leaves.iter().enumerate().map(|(i, n)| ast(&format!("program {i}"), *n)).collect();
    let input = FeatureInput::fit(DIM, config.feature_bins, asts.iter().map(CompactAst::features));
    let embed = |asts: &[&CompactAst]| network.embed(asts, &input, None).unwrap().to_vec2::<f32>().unwrap();
    let together = embed(&asts.iter().collect::<Vec<_>>());
    for (ast, z) in asts.iter().zip(&together) {
        for (alone, z) in embed(&[ast])[0].iter().zip(z) {
            assert!((alone - z).abs() <= 1e-5 * (1.0 + z.abs()), "{alone} is not {z}");
        }
    }
}

#[test]
fn more_leaves_than_one_group_may_have_keep_their_order() {
    let (a, b) = (ast("a", 1), ast("b", 1));
    let variables = Variables::seeded(0, &Device::Cpu);
    let config = PredictorConfig::default();
    let network = Network::new(&identity(&config), &mean_of_leaves, variables, &Device::Cpu).unwrap();
    let input = FeatureInput::fit(DIM, config.feature_bins, [a.features(), b.features()].into_iter());
    let asts: Vec<&CompactAst> = (0..LEAVES_PER_GROUP + 100).map(|i| if i % 3 == 0 { &a } else { &b }).collect();
    let z = network.embed(&asts, &input, None).unwrap().to_vec2::<f32>().unwrap();
    assert!(z[0] != z[1] && (0..z.len()).all(|i| z[i] == z[usize::from(i % 3 != 0)]));
}

#[test]
fn an_encoder_that_gives_another_shape_is_found_out() {
    struct Flat;
    impl Encoder for Flat {
        fn embed_dim(&self) -> usize {
            DIM
        }
        fn forward_t(&self, batch: &Batch, _train: bool) -> Result<Tensor> {
            batch.features().flatten(0, 1)
        }
    }
    let flat = |_: usize, _: VarBuilder<'_>| -> Result<Box<dyn Encoder>> { Ok(Box::new(Flat)) };
    let variables = Variables::seeded(0, &Device::Cpu);
    let network = Network::new(&identity(&PredictorConfig::default()), &flat, variables, &Device::Cpu).unwrap();
    let ast = ast("program", 2);
    let error =
        network.embed(&[&ast, &ast, &ast], &FeatureInput::fit(DIM, 0, [ast.features()].into_iter()), None).unwrap_err();
    expect_test::expect!["an encoder gave [6, 11], not (3, 11)"].assert_eq(&in_one_line(error));
}

#[test]
fn pairs_know_programs_by_address_and_hardware_by_value() {
    let (a, b) = (ast("program", 2), ast("program", 2));
    let t4 = HardwareSpec::new("t4", [("clock", 1.0)]).unwrap();
    let (copy, other) = (t4.clone(), HardwareSpec::new("t4", [("clock", 2.0)]).unwrap());
    let queries = [(&a, &t4), (&a, &copy), (&b, &t4), (&a, &other), (&b, &other)];
    let pairs = Pairs::new(queries.into_iter().map(|(ast, hardware)| Query { ast, hardware }));
    assert_eq!((pairs.asts.len(), pairs.hardware.len()), (2, 2));
    assert_eq!(pairs.pairs, [(0, 0), (0, 0), (1, 0), (0, 1), (1, 1)]);
}
