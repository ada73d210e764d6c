//! Samples, gathered by program.

use std::hash::Hasher as _;
use std::ops::Range;
use std::time::Duration;

use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::CompactAst;
use siphasher::sip::SipHasher13;

use crate::network::Pairs;
use crate::predictor::Fitted;
use crate::{ModelError, Query, Sample};

/// Samples gathered by program, with their labels.
#[derive(Debug)]
pub(crate) struct Examples<'a> {
    pub(crate) asts: Vec<&'a CompactAst>,
    pub(crate) hardware: Vec<&'a HardwareSpec>,
    /// The inputs of the hardware, row by row.
    pub(crate) hardware_inputs: Vec<f32>,
    /// For every program, its measurements.
    pub(crate) measured: Vec<Vec<Measured>>,
    /// Beside `measured`, the inputs that come from the prior, one measurement after the other.
    pub(crate) priors: Vec<Vec<f32>>,
    pub(crate) n_samples: usize,
}

/// A measurement of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// The index of the hardware.
    pub(crate) hardware: u32,
    /// The latency in units of the prior; in seconds without one. NaN of what was not measured.
    pub(crate) units: f64,
    /// The transform of `units`.
    pub(crate) label: f32,
}

impl<'a> Examples<'a> {
    /// Gathers samples, which errors call `what`.
    pub(crate) fn new(what: &'static str, samples: &[Sample<'a>], fitted: &Fitted) -> Result<Self, ModelError> {
        let samples = samples.iter().map(|sample| (sample.query, Some(sample.latency)));
        Self::gather(what, samples, fitted)
    }

    /// Gathers what was not measured.
    pub(crate) fn unmeasured(what: &'static str, queries: &[Query<'a>], fitted: &Fitted) -> Result<Self, ModelError> {
        Self::gather(what, queries.iter().map(|query| (*query, None)), fitted)
    }

    fn gather(
        what: &'static str,
        samples: impl Iterator<Item = (Query<'a>, Option<Duration>)> + Clone,
        fitted: &Fitted,
    ) -> Result<Self, ModelError> {
        let Pairs { asts, hardware, pairs } = Pairs::new(samples.clone().map(|(query, _)| query));
        let mut measured = vec![Vec::new(); asts.len()];
        let mut priors = vec![Vec::new(); asts.len()];
        let n_samples = pairs.len();
        for (index, ((query, latency), (ast, hardware))) in samples.zip(pairs).enumerate() {
            let fail = |problem| ModelError::Input { what, index, problem };
            let unit = fitted.prior.append(query.ast, query.hardware, &mut priors[ast as usize]).map_err(fail)?;
            let units = latency.map_or(f64::NAN, |latency| latency.as_secs_f64() / unit);
            let label = latency.map_or(f32::NAN, |_| fitted.labels.forward(units) as f32);
            measured[ast as usize].push(Measured { hardware, units, label });
        }
        let mut hardware_inputs = Vec::new();
        hardware.iter().for_each(|spec| fitted.hardware.append(spec, &mut hardware_inputs));
        Ok(Self { asts, hardware, hardware_inputs, measured, priors, n_samples })
    }

    /// Takes the programs of others in after its own, each as one of its own even if it is here already, and gives their
    /// places.
    pub(crate) fn extend(&mut self, others: Self) -> Range<u32> {
        let start = self.asts.len() as u32;
        let width = others.hardware_inputs.len() / others.hardware.len().max(1);
        let mut columns = Vec::with_capacity(others.hardware.len());
        for (i, spec) in others.hardware.iter().enumerate() {
            let known = self.hardware.iter().position(|known| known == spec);
            columns.push(known.unwrap_or_else(|| {
                self.hardware.push(spec);
                self.hardware_inputs.extend_from_slice(&others.hardware_inputs[i * width..][..width]);
                self.hardware.len() - 1
            }) as u32);
        }
        self.measured.extend(others.measured.into_iter().map(|measured| {
            measured.into_iter().map(|one| Measured { hardware: columns[one.hardware as usize], ..one }).collect()
        }));
        self.asts.extend(others.asts);
        self.priors.extend(others.priors);
        self.n_samples += others.n_samples;
        start..self.asts.len() as u32
    }

    /// Cuts programs into runs of at least `batch_size` samples (the last run may have fewer).
    pub(crate) fn batches(&self, programs: &[u32], batch_size: usize) -> Vec<std::ops::Range<usize>> {
        let (mut batches, mut start, mut n) = (Vec::new(), 0, 0);
        for (i, program) in programs.iter().enumerate() {
            n += self.measured[*program as usize].len();
            if n >= batch_size || i + 1 == programs.len() {
                batches.push(start..i + 1);
                (start, n) = (i + 1, 0);
            }
        }
        batches
    }

    /// The number of samples of some programs.
    pub(crate) fn n_samples_of(&self, programs: &[u32]) -> usize {
        programs.iter().map(|program| self.measured[*program as usize].len()).sum()
    }

    /// Mixes everything that training sees into a hash.
    pub(crate) fn hash(&self, hasher: &mut SipHasher13) {
        for (ast, measured) in self.asts.iter().zip(&self.measured) {
            hasher.write_usize(ast.n_leaves());
            ast.features().iter().for_each(|x| hasher.write_u32(x.to_bits()));
            ast.positions().iter().chain(ast.depths()).for_each(|x| hasher.write_u32(*x));
            hasher.write_usize(measured.len());
            for one in measured {
                hasher.write_u32(one.hardware);
                hasher.write_u64(one.units.to_bits());
            }
        }
        self.priors.iter().flatten().for_each(|x| hasher.write_u32(x.to_bits()));
        for hardware in &self.hardware {
            for (column, value) in hardware.values() {
                hasher.write(column.as_bytes());
                hasher.write_u64(value.to_bits());
            }
            hasher.write(hardware.name().as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_keep_a_program_together() {
        let measured = |n: usize| vec![Measured { hardware: 0, units: 1.0, label: 0.0 }; n];
        let counts = [1, 3, 2, 1, 1, 1];
        let examples = Examples {
            asts: Vec::new(),
            hardware: Vec::new(),
            hardware_inputs: Vec::new(),
            measured: counts.map(measured).to_vec(),
            priors: Vec::new(),
            n_samples: counts.iter().sum(),
        };
        let order = [5, 4, 3, 2, 1, 0];
        assert_eq!(examples.batches(&order, 3), [0..3, 3..5, 5..6]);
        assert_eq!(examples.batches(&order, 1), [0..1, 1..2, 2..3, 3..4, 4..5, 5..6]);
        assert_eq!(examples.batches(&order, 9), vec![0..order.len(); 1]);
        assert!(examples.batches(&[], 9).is_empty());
    }
}
