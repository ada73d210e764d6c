//! Programs that tuning draws its steps from.

use std::borrow::Cow;
use std::ops::Range;
use std::time::Duration;

use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::CompactAst;

use super::examples::{Examples, Measured};
use crate::network::Pairs;
use crate::predictor::Fitted;
use crate::{ModelError, Query, Sample};

/// Programs of source and target with their labels; all in memory, as they are few or shared with the caller.
#[derive(Debug, Default)]
pub(crate) struct Pool<'a> {
    pub(crate) asts: Vec<&'a CompactAst>,
    pub(crate) hardware: Vec<&'a HardwareSpec>,
    /// The inputs of the hardware, row by row.
    pub(crate) hardware_inputs: Vec<f32>,
    /// For every program, its measurements.
    pub(crate) measured: Vec<Vec<Measured>>,
    /// Beside `measured`, the inputs that come from the prior, one measurement after the other.
    pub(crate) priors: Vec<Vec<f32>>,
}

impl<'a> Pool<'a> {
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
        for (index, ((query, latency), (ast, hardware))) in samples.zip(pairs).enumerate() {
            let fail = |problem| ModelError::Input { what, index, problem };
            let unit = fitted.prior.append(query.ast, query.hardware, &mut priors[ast as usize]).map_err(fail)?;
            let units = latency.map_or(f64::NAN, |latency| latency.as_secs_f64() / unit);
            let label = latency.map_or(f32::NAN, |_| fitted.labels.forward(units) as f32);
            measured[ast as usize].push(Measured { units, label, hardware });
        }
        let mut hardware_inputs = Vec::new();
        hardware.iter().for_each(|spec| fitted.hardware.append(spec, &mut hardware_inputs));
        Ok(Self { asts, hardware, hardware_inputs, measured, priors })
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
        start..self.asts.len() as u32
    }

    /// Some programs, in this order, with all that training sees of them.
    pub(crate) fn examples(&self, programs: &[u32]) -> Examples<'_> {
        let places = || programs.iter().map(|program| *program as usize);
        Examples {
            asts: places().map(|place| Cow::Borrowed(self.asts[place])).collect(),
            hardware: &self.hardware,
            hardware_inputs: &self.hardware_inputs,
            measured: places().map(|place| &*self.measured[place]).collect(),
            priors: places().map(|place| self.priors[place].clone()).collect(),
        }
    }

    /// The number of samples of some programs.
    pub(crate) fn n_samples_of(&self, programs: &[u32]) -> usize {
        programs.iter().map(|program| self.measured[*program as usize].len()).sum()
    }
}
