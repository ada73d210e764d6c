//! One walk over all samples before training.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;

use crate::fitted::{Fitted, Identity};
use crate::input::{FeatureInput, HardwareInput, LeafSample, N_VALUES, PriorInput, Rates, Roofline, missing};
use crate::samples::Samples;
use crate::{InputProblem, LabelTransform, ModelError, Prior, Query};

/// What one walk over samples finds: that they can be used, and what statistics, labels and the fingerprint of training
/// need of them. Programs that lie in a file are read once for it.
#[derive(Debug)]
pub(crate) struct Survey {
    /// For every sample, in the caller's order, the roofline in seconds; NaN without one.
    rooflines: Vec<f64>,
    /// Beside it, the values of the prior; empty if the model has none.
    values: Vec<f32>,
    /// The first sample without a roofline.
    without: Option<(usize, InputProblem)>,
    n_leaves: usize,
    /// Leaves for the bins, if they were asked for.
    leaves: LeafSample,
    /// A hash of everything that training sees.
    digest: u64,
}

impl Survey {
    /// Walks over samples, which errors call `what`.
    pub(crate) fn of(identity: &Identity, what: &'static str, samples: &Samples<'_>) -> Result<Self, ModelError> {
        let measured = samples.entries().iter().filter(|entry| entry.latency.is_some_and(|latency| latency.is_zero()));
        let zero = measured.map(|entry| entry.index as usize).min();
        let n_leaves = match samples.n_leaves() {
            Some(n) => n,
            None => count_leaves(what, samples)?,
        };
        let has_prior = identity.config.prior == Prior::Roofline;
        let n = samples.n_samples();
        let mut survey = Self {
            rooflines: vec![f64::NAN; if has_prior { n } else { 0 }],
            values: vec![0.0; if has_prior { n * N_VALUES } else { 0 }],
            without: None,
            n_leaves,
            leaves: LeafSample::of(identity.dim, n_leaves),
            digest: 0,
        };
        let rates: Vec<Rates> = samples.hardware.iter().map(|spec| Rates::new(spec)).collect();
        let (mut hasher, mut row) = (SipHasher13::new(), Vec::with_capacity(N_VALUES));
        samples.for_each(what, |program, ast| {
            let entries = samples.of(program);
            let query = Query { ast, hardware: samples.hardware[entries[0].hardware as usize] };
            identity.check_queries(what, std::iter::once(query)).map_err(|error| match error {
                ModelError::Input { what, problem, .. } => ModelError::input(what, entries[0].index as usize, problem),
                other => other,
            })?;
            survey.leaves.look_at(ast.features());
            hasher.write_usize(ast.n_leaves());
            ast.features().iter().for_each(|x| hasher.write_u32(x.to_bits()));
            ast.positions().iter().chain(ast.depths()).for_each(|x| hasher.write_u32(*x));
            for entry in entries {
                hasher.write_u32(entry.hardware);
                hasher.write_u128(entry.latency.map_or(u128::MAX, |latency| latency.as_nanos()));
                if !has_prior {
                    continue;
                }
                let index = entry.index as usize;
                match Roofline::new(ast, rates[entry.hardware as usize]) {
                    Some(roofline) => {
                        row.clear();
                        roofline.append(&mut row);
                        survey.values[index * N_VALUES..][..N_VALUES].copy_from_slice(&row);
                        survey.rooflines[index] = roofline.seconds();
                    }
                    None if survey.without.as_ref().is_none_or(|(first, _)| index < *first) => {
                        survey.without = Some((index, missing(ast, samples.hardware[entry.hardware as usize])));
                    }
                    None => {}
                }
            }
            // What the roofline is made of.
            if let Some(work) = ast.work() {
                [work.operations, work.footprint_bytes, work.accessed_bytes, work.n_blocks, work.n_threads]
                    .iter()
                    .for_each(|x| hasher.write_u64(x.to_bits()));
            }
            Ok(())
        })?;
        if let Some(index) = zero {
            return Err(ModelError::input(what, index, InputProblem::ZeroLatency));
        }
        for hardware in &samples.hardware {
            for (column, value) in hardware.values() {
                hasher.write(column.as_bytes());
                hasher.write_u64(value.to_bits());
            }
            hasher.write(hardware.name().as_bytes());
        }
        survey.digest = hasher.finish();
        Ok(survey)
    }

    /// A hash of everything that training sees of the samples.
    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }

    /// Fits everything that is fitted beside the parameters, on these samples alone. All of them have a prior, or none.
    ///
    /// Programs that lie in a file are read once more.
    pub(crate) fn fit(
        &self,
        identity: &Identity,
        what: &'static str,
        samples: &Samples<'_>,
    ) -> Result<Fitted, ModelError> {
        let Identity { config, hardware_columns, .. } = identity;
        let has_prior = self.rooflines.iter().any(|seconds| !seconds.is_nan());
        let prior = match &self.without {
            Some((index, problem)) if has_prior => {
                return Err(ModelError::input(what, *index, problem.clone()));
            }
            _ => PriorInput::fit(config, has_prior.then_some(&*self.values)),
        };
        let mut units = vec![f64::NAN; samples.n_samples()];
        for entry in samples.entries() {
            let index = entry.index as usize;
            let unit = if has_prior { self.rooflines[index] } else { 1.0 };
            units[index] = entry.latency.map_or(f64::NAN, |latency| latency.as_secs_f64()) / unit;
        }
        let labels = LabelTransform::fit(config.label, &units).ok_or(ModelError::Empty { what, of: "sample" })?;
        drop(units);
        let blocks = |visit: &mut dyn FnMut(&[f32])| {
            samples.for_each(what, |_, ast| {
                visit(ast.features());
                Ok(())
            })
        };
        Ok(Fitted {
            features: FeatureInput::fit_scaling(config.feature_bins, self.n_leaves, &self.leaves, blocks)?,
            hardware: HardwareInput::fit(hardware_columns, &samples.hardware),
            prior,
            labels,
        })
    }

    /// For every sample, in the caller's order, what its label is a multiple of, in seconds.
    pub(crate) fn units(&self, what: &'static str, fitted: &Fitted, n: usize) -> Result<Vec<f64>, ModelError> {
        if fitted.prior.values().is_none() {
            return Ok(vec![1.0; n]);
        }
        match &self.without {
            Some((index, problem)) => Err(ModelError::input(what, *index, problem.clone())),
            None => Ok(self.rooflines.clone()),
        }
    }
}

fn count_leaves(what: &'static str, samples: &Samples<'_>) -> Result<usize, ModelError> {
    let mut n = 0;
    samples.for_each(what, |_, ast| {
        n += ast.n_leaves();
        Ok(())
    })?;
    Ok(n)
}
