//! The variables that layers of candle's take their tensors from.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{DType, Device, Result, Shape, Tensor, Var};
use candle_nn::init::NormalOrUniform;
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};

use crate::draws::{generator, standard_normal, uniform};
use crate::parameters::Parameters;

/// The trainable variables of a model.
///
/// A layer asks candle's [`VarBuilder`] for its tensors, as in any candle model. The first value of a variable depends
/// on the seed and its own name alone, so adding a layer changes no other layer's start. (candle cannot seed its
/// generator on the CPU: <https://github.com/huggingface/candle/issues/2651>.)
#[derive(Clone, Debug)]
pub(crate) struct Variables {
    store: Arc<Mutex<Store>>,
    device: Device,
}

#[derive(Debug)]
struct Store {
    source: Source,
    vars: BTreeMap<String, Var>,
}

/// Where the first value of a variable comes from.
#[derive(Debug)]
enum Source {
    Seed(u64),
    Saved(BTreeMap<String, Tensor>),
}

impl Variables {
    /// No variables yet; those asked for are drawn from `seed`.
    pub(crate) fn seeded(seed: u64, device: &Device) -> Self {
        Self::new(Source::Seed(seed), device)
    }

    /// No variables yet; those asked for take their value from `saved`, and a name that is not there is an error.
    pub(crate) fn saved(saved: BTreeMap<String, Tensor>, device: &Device) -> Self {
        Self::new(Source::Saved(saved), device)
    }

    fn new(source: Source, device: &Device) -> Self {
        let store = Arc::new(Mutex::new(Store { source, vars: BTreeMap::new() }));
        Self { store, device: device.clone() }
    }

    /// The builder that layers take their tensors from.
    pub(crate) fn builder(&self) -> VarBuilder<'static> {
        let backend: Box<dyn SimpleBackend> = Box::new(Backend(Arc::clone(&self.store)));
        VarBuilder::from_backend(backend, DType::F32, self.device.clone())
    }

    /// All variables, sorted by name.
    pub(crate) fn all(&self) -> Vec<(String, Var)> {
        lock(&self.store).vars.iter().map(|(name, var)| (name.clone(), var.clone())).collect()
    }

    /// Those of a model, with its values.
    pub(crate) fn of(parameters: &Parameters, device: &Device) -> Result<Self> {
        let tensor = |(name, shape, values): (&str, &[usize], &[f32])| {
            Ok((name.to_owned(), Tensor::from_slice(values, shape, device)?))
        };
        Ok(Self::saved(parameters.iter().map(tensor).collect::<Result<_>>()?, device))
    }

    /// The values now.
    pub(crate) fn parameters(&self) -> Result<Parameters> {
        let array =
            |(name, var): (String, Var)| Ok((name, (var.dims().to_vec(), var.flatten_all()?.to_vec1::<f32>()?)));
        Ok(Parameters::known(self.all().into_iter().map(array).collect::<Result<_>>()?))
    }

    /// Sets all variables from the values of parameters.
    pub(crate) fn set_flat(&self, values: &[f32]) -> Result<()> {
        let mut rest = values;
        for (name, var) in &lock(&self.store).vars {
            let Some((part, others)) = rest.split_at_checked(var.elem_count()) else {
                candle_core::bail!("there are no values for variable `{name}`");
            };
            var.set(&Tensor::from_slice(part, var.shape(), &self.device)?)?;
            rest = others;
        }
        Ok(())
    }

    /// The names in the saved tensors that no layer asked for.
    pub(crate) fn unused(&self) -> Vec<String> {
        let store = lock(&self.store);
        match &store.source {
            Source::Seed(_) => Vec::new(),
            Source::Saved(saved) => saved.keys().filter(|name| !store.vars.contains_key(*name)).cloned().collect(),
        }
    }
}

/// A poisoned lock only means that another thread panicked between two consistent states.
fn lock(store: &Mutex<Store>) -> MutexGuard<'_, Store> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Backend(Arc<Mutex<Store>>);

impl SimpleBackend for Backend {
    fn get(&self, shape: Shape, name: &str, init: Init, dtype: DType, device: &Device) -> Result<Tensor> {
        let mut store = lock(&self.0);
        let var = match store.vars.get(name) {
            Some(var) => var.clone(),
            None => {
                let first = match &store.source {
                    Source::Seed(seed) => first_value(*seed, name, &shape, init, device)?.to_dtype(dtype)?,
                    Source::Saved(saved) => match saved.get(name) {
                        Some(tensor) if tensor.dtype() != dtype => {
                            candle_core::bail!("variable `{name}` holds {:?}, not {dtype:?}", tensor.dtype())
                        }
                        Some(tensor) => tensor.to_device(device)?,
                        None => candle_core::bail!("there is no variable `{name}` in the checkpoint"),
                    },
                };
                let var = Var::from_tensor(&first)?;
                store.vars.insert(name.to_owned(), var.clone());
                var
            }
        };
        if var.shape() != &shape {
            candle_core::bail!("variable `{name}` has shape {:?}, not {shape:?}", var.shape());
        }
        Ok(var.as_tensor().clone())
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> Result<Tensor> {
        match lock(&self.0).vars.get(name) {
            Some(var) => Ok(var.as_tensor().clone()),
            None => candle_core::bail!("variable `{name}` was asked for without a shape before it was made"),
        }
    }

    fn contains_tensor(&self, name: &str) -> bool {
        lock(&self.0).vars.contains_key(name)
    }
}

fn first_value(seed: u64, name: &str, shape: &Shape, init: Init, device: &Device) -> Result<Tensor> {
    let mut rng = generator(seed, name);
    let normal = |rng: &mut _, mean: f64, deviation: f64| (mean + deviation * standard_normal(rng)) as f32;
    let n = shape.elem_count();
    let values: Vec<f32> = match init {
        Init::Const(value) => vec![value as f32; n],
        Init::Uniform { lo, up } => (0..n).map(|_| uniform(&mut rng, lo, up)).collect(),
        Init::Randn { mean, stdev } => (0..n).map(|_| normal(&mut rng, mean, stdev)).collect(),
        Init::Kaiming { dist, fan, non_linearity } => {
            let deviation = non_linearity.gain() / (fan.for_shape(shape) as f64).sqrt();
            match dist {
                NormalOrUniform::Normal => (0..n).map(|_| normal(&mut rng, 0.0, deviation)).collect(),
                NormalOrUniform::Uniform => {
                    let bound = 3_f64.sqrt() * deviation;
                    (0..n).map(|_| uniform(&mut rng, -bound, bound)).collect()
                }
            }
        }
    };
    Tensor::from_vec(values, shape.clone(), device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candle::in_one_line;

    fn values(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    fn first(seed: u64, names: &[&str], name: &str) -> Vec<f32> {
        let variables = Variables::seeded(seed, &Device::Cpu);
        for name in names {
            variables.builder().get_with_hints((3, 4), name, Init::Uniform { lo: -1.0, up: 1.0 }).unwrap();
        }
        let all: BTreeMap<_, _> = variables.all().into_iter().collect();
        values(&all[name])
    }

    #[test]
    fn a_first_value_depends_on_seed_and_name_alone() {
        let alone = first(1, &["b"], "b");
        assert_eq!(alone, first(1, &["a", "b", "c"], "b"));
        assert_eq!(alone, first(1, &["c", "b", "a"], "b"));
        assert_ne!(alone, first(1, &["a"], "a"));
        assert_ne!(alone, first(2, &["b"], "b"));
    }

    #[test]
    fn first_values_have_the_distribution_that_was_asked_for() {
        let shape = Shape::from((100, 100));
        let kaiming = |dist| Init::Kaiming {
            dist,
            fan: candle_nn::init::FanInOut::FanIn,
            non_linearity: candle_nn::init::NonLinearity::ReLU,
        };
        let inits = [
            (Init::Const(0.5), 0.5, 0.0),
            (Init::Uniform { lo: 1.0, up: 3.0 }, 2.0, 1.0 / 3.0),
            (Init::Randn { mean: -1.0, stdev: 0.5 }, -1.0, 0.25),
            (kaiming(NormalOrUniform::Normal), 0.0, 0.02),
            (kaiming(NormalOrUniform::Uniform), 0.0, 0.02),
        ];
        for (init, mean, variance) in inits {
            let xs = values(&first_value(0, "w", &shape, init, &Device::Cpu).unwrap());
            let found = xs.iter().map(|x| f64::from(*x)).sum::<f64>() / xs.len() as f64;
            let spread = xs.iter().map(|x| (f64::from(*x) - found).powi(2)).sum::<f64>() / xs.len() as f64;
            assert!((found - mean).abs() < 0.02, "{init:?}: {found}");
            assert!((spread - variance).abs() < 0.05 * variance + 1e-12, "{init:?}: {spread}");
        }
    }

    #[test]
    fn a_name_has_one_shape_and_one_value() {
        let variables = Variables::seeded(0, &Device::Cpu);
        let vars = variables.builder();
        let ask = |shape: (usize, usize)| vars.get_with_hints(shape, "w", Init::Uniform { lo: 0.0, up: 1.0 });
        assert_eq!(values(&ask((2, 3)).unwrap()), values(&ask((2, 3)).unwrap()));
        expect_test::expect!["variable `w` has shape [2, 3], not [3, 2]"]
            .assert_eq(&in_one_line(ask((3, 2)).unwrap_err()));
    }

    #[test]
    fn values_go_to_parameters_and_back() {
        let variables = Variables::seeded(0, &Device::Cpu);
        for (name, n) in [("b", 2), ("a", 3)] {
            variables.builder().get_with_hints(n, name, Init::Randn { mean: 0.0, stdev: 1.0 }).unwrap();
        }
        variables.set_flat(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        let parameters = variables.parameters().unwrap();
        assert_eq!(parameters.values(), [1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(values(&variables.all()[1].1), [4.0, 5.0]);
        assert!(variables.set_flat(&[1.0, 2.0, 3.0, 4.0]).is_err());
        let again = Variables::of(&parameters, &Device::Cpu).unwrap();
        again.builder().get(3, "a").unwrap();
        assert_eq!(again.unused(), ["b"]);
    }
}
