//! The numbers that training changes.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use safetensors::tensor::{Dtype, SafeTensors};

use crate::draws::{generator, uniform};
use crate::{CheckpointProblem, ModelError};

/// The parameters of a model: arrays with names, one after the other in the order of their names.
///
/// The first values of an array depend on the seed and its own name alone, so a further layer changes no other layer's
/// start.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    variables: Arc<[Variable]>,
    values: Vec<f32>,
}

/// One array among the parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    /// Where its values are, in row-major order.
    pub(crate) place: Range<usize>,
}

/// The values of an array before training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum First {
    Constant(f32),
    /// Between minus this and this.
    Uniform(f64),
}

/// Arrays to be made: their shapes and first values, by name.
pub(crate) type Declared = BTreeMap<String, (Vec<usize>, First)>;

impl Parameters {
    /// The number of trainable numbers.
    #[must_use]
    pub fn n_parameters(&self) -> usize {
        self.values.len()
    }

    /// All arrays, sorted by name: the name, the shape, the values in row-major order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[usize], &[f32])> {
        let values = |place: &Range<usize>| &self.values[place.clone()];
        self.variables.iter().map(move |Variable { name, shape, place }| (&**name, &**shape, values(place)))
    }

    /// Draws first values from a seed.
    pub(crate) fn seeded(declared: &Declared, seed: u64) -> Self {
        let mut values = Vec::new();
        for (name, (shape, first)) in declared {
            let n = values.len() + shape.iter().product::<usize>();
            match first {
                First::Constant(value) => values.resize(n, *value),
                First::Uniform(bound) => {
                    let mut rng = generator(seed, name);
                    values.resize_with(n, || uniform(&mut rng, -bound, *bound));
                }
            }
        }
        Self { variables: variables(declared.iter().map(|(name, (shape, _))| (name.clone(), shape.clone()))), values }
    }

    /// Takes values that are known.
    #[cfg(feature = "candle")]
    pub(crate) fn known(arrays: BTreeMap<String, (Vec<usize>, Vec<f32>)>) -> Self {
        let shapes = arrays.iter().map(|(name, (shape, _))| (name.clone(), shape.clone()));
        let variables = variables(shapes);
        Self { variables, values: arrays.into_values().flat_map(|(_, values)| values).collect() }
    }

    /// The same arrays with other values.
    pub(crate) fn with_values(&self, values: Vec<f32>) -> Self {
        assert_eq!(values.len(), self.values.len(), "other values are as many");
        Self { variables: Arc::clone(&self.variables), values }
    }

    pub(crate) fn variables(&self) -> &[Variable] {
        &self.variables
    }

    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    /// Takes declared arrays from a file; it must hold all of them, and nothing else.
    pub(crate) fn saved(declared: &Declared, tensors: &SafeTensors<'_>) -> Result<Self, ModelError> {
        let mut values = Vec::new();
        for (name, (shape, _)) in declared {
            let tensor = tensors.tensor(name).map_err(|_| CheckpointProblem::Missing { variable: name.clone() })?;
            if tensor.shape() != shape || tensor.dtype() != Dtype::F32 {
                let problem = CheckpointProblem::Variable {
                    variable: name.clone(),
                    found: format!("{:?} {:?}", tensor.dtype(), tensor.shape()),
                    expected: format!("{:?} {shape:?}", Dtype::F32),
                };
                return Err(problem.into());
            }
            values.extend(floats(tensor.data()));
        }
        let mut unused: Vec<String> =
            tensors.names().into_iter().filter(|name| !declared.contains_key(*name)).map(ToString::to_string).collect();
        if !unused.is_empty() {
            unused.sort_unstable();
            return Err(CheckpointProblem::Unused { variables: unused }.into());
        }
        Ok(Self {
            variables: variables(declared.iter().map(|(name, (shape, _))| (name.clone(), shape.clone()))),
            values,
        })
    }
}

fn variables(shapes: impl Iterator<Item = (String, Vec<usize>)>) -> Arc<[Variable]> {
    let mut end = 0;
    let variable = |(name, shape): (String, Vec<usize>)| {
        let start = end;
        end += shape.iter().product::<usize>();
        Variable { name, shape, place: start..end }
    };
    shapes.map(variable).collect()
}

/// Numbers from the bytes of a file.
pub(crate) fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().expect("a chunk of four has four bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(seed: u64, names: &[&str], name: &str) -> Vec<f32> {
        let declared = names.iter().map(|name| ((*name).to_owned(), (vec![3, 4], First::Uniform(1.0)))).collect();
        let parameters = Parameters::seeded(&declared, seed);
        parameters.iter().find(|(found, ..)| *found == name).unwrap().2.to_vec()
    }

    #[test]
    fn a_first_value_depends_on_seed_and_name_alone() {
        let alone = first(1, &["b"], "b");
        assert_eq!(alone, first(1, &["a", "b", "c"], "b"));
        assert_ne!(alone, first(1, &["a"], "a"));
        assert_ne!(alone, first(2, &["b"], "b"));
    }

    #[test]
    fn arrays_lie_in_the_order_of_their_names() {
        let declared = Declared::from([
            ("b".to_owned(), (vec![2], First::Constant(0.5))),
            ("a".to_owned(), (vec![1, 3], First::Constant(1.0))),
        ]);
        let parameters = Parameters::seeded(&declared, 0);
        assert_eq!(parameters.values(), [1.0, 1.0, 1.0, 0.5, 0.5]);
        let other = parameters.with_values(vec![1.0, 2.0, 3.0, 4.0, 5.0]);
        let arrays: Vec<_> = other.iter().collect();
        assert_eq!(arrays, [("a", &[1, 3][..], &[1.0, 2.0, 3.0][..]), ("b", &[2][..], &[4.0, 5.0][..])]);
    }
}
