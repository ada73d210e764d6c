//! Samples with their labels, and batches of them.

use std::borrow::Cow;
use std::hash::Hasher as _;
use std::ops::Range;

use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::CompactAst;
use rayon::prelude::*;
use siphasher::sip::SipHasher13;

use super::samples::{Entry, Samples};
use crate::ModelError;
use crate::predictor::Fitted;

/// Samples with their labels, of which batches are read.
#[derive(Debug)]
pub(crate) struct LabelledSamples<'a, 'p> {
    /// What errors call a sample.
    what: &'static str,
    pub(crate) samples: &'a Samples<'p>,
    fitted: &'a Fitted,
    /// The inputs of the hardware, row by row.
    hardware_inputs: Vec<f32>,
    /// Beside the samples' entries.
    measured: Vec<Measured>,
}

/// Some programs with their samples.
#[derive(Debug)]
pub(crate) struct Examples<'a> {
    pub(crate) asts: Vec<Cow<'a, CompactAst>>,
    /// All hardware that there are samples of.
    pub(crate) hardware: &'a [&'a HardwareSpec],
    /// The inputs of the hardware, row by row.
    pub(crate) hardware_inputs: &'a [f32],
    /// For every program, its measurements.
    pub(crate) measured: Vec<&'a [Measured]>,
    /// Beside `measured`, the inputs that come from the prior, one measurement after the other.
    pub(crate) priors: Vec<Vec<f32>>,
}

/// A measurement of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// The latency in units of the prior; in seconds without one. NaN of what was not measured.
    pub(crate) units: f64,
    /// The transform of `units`.
    pub(crate) label: f32,
    /// The index of the hardware.
    pub(crate) hardware: u32,
}

impl<'a, 'p> LabelledSamples<'a, 'p> {
    /// Labels samples, which errors call `what`.
    pub(crate) fn new(what: &'static str, samples: &'a Samples<'p>, fitted: &'a Fitted) -> Result<Self, ModelError> {
        let mut hardware_inputs = Vec::new();
        samples.hardware.iter().for_each(|spec| fitted.hardware.append(spec, &mut hardware_inputs));
        let mut labelled = Self { what, samples, fitted, hardware_inputs, measured: Vec::new() };
        let mut measured = Vec::with_capacity(samples.n_samples());
        let mut priors = Vec::new();
        samples.for_each(what, |program, ast| {
            for entry in samples.of(program) {
                priors.clear();
                let units = entry.latency.as_secs_f64() / labelled.prior(ast, entry, &mut priors)?;
                measured.push(Measured { hardware: entry.hardware, units, label: fitted.labels.forward(units) as f32 });
            }
            Ok(())
        })?;
        labelled.measured = measured;
        Ok(labelled)
    }

    pub(crate) fn n_samples(&self) -> usize {
        self.measured.len()
    }

    pub(crate) fn n_programs(&self) -> usize {
        self.samples.n_programs()
    }

    /// The measurements of a program.
    pub(crate) fn measured(&self, program: u32) -> &[Measured] {
        &self.measured[self.samples.place(program as usize)]
    }

    /// Reads some programs.
    pub(crate) fn read(&self, programs: &[u32]) -> Result<Vec<Cow<'p, CompactAst>>, ModelError> {
        programs.par_iter().map(|program| self.samples.read(self.what, *program as usize)).collect()
    }

    /// Reads some programs with all that training sees of them.
    pub(crate) fn examples(&self, programs: &[u32]) -> Result<Examples<'_>, ModelError> {
        let read = |program: &u32| {
            let (ast, mut priors) = (self.samples.read(self.what, *program as usize)?, Vec::new());
            for entry in self.samples.of(*program as usize) {
                self.prior(&ast, entry, &mut priors)?;
            }
            Ok::<_, ModelError>((ast, priors))
        };
        let (asts, priors) = programs.par_iter().map(read).collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        Ok(Examples {
            asts,
            hardware: &self.samples.hardware,
            hardware_inputs: &self.hardware_inputs,
            measured: programs.iter().map(|program| self.measured(*program)).collect(),
            priors,
        })
    }

    /// Appends the inputs that come from the prior, and gives the unit of the label.
    fn prior(&self, ast: &CompactAst, entry: &Entry, out: &mut Vec<f32>) -> Result<f64, ModelError> {
        let (what, index) = (self.what, entry.index as usize);
        let fail = |problem| ModelError::Input { what, index, problem };
        self.fitted.prior.append(ast, self.samples.hardware[entry.hardware as usize], out).map_err(fail)
    }

    /// Cuts programs into runs of at least `batch_size` samples (the last run may have fewer).
    pub(crate) fn batches(&self, programs: &[u32], batch_size: usize) -> Vec<Range<usize>> {
        cut(programs.iter().map(|program| self.samples.place(*program as usize).len()), batch_size)
    }

    /// Mixes everything that training sees into a hash.
    pub(crate) fn hash(&self, hasher: &mut SipHasher13) -> Result<(), ModelError> {
        let mut priors = Vec::new();
        self.samples.for_each(self.what, |program, ast| {
            hasher.write_usize(ast.n_leaves());
            ast.features().iter().for_each(|x| hasher.write_u32(x.to_bits()));
            ast.positions().iter().chain(ast.depths()).for_each(|x| hasher.write_u32(*x));
            let measured = self.measured(program as u32);
            hasher.write_usize(measured.len());
            for (one, entry) in measured.iter().zip(self.samples.of(program)) {
                hasher.write_u32(one.hardware);
                hasher.write_u64(one.units.to_bits());
                priors.clear();
                self.prior(ast, entry, &mut priors)?;
                priors.iter().for_each(|x| hasher.write_u32(x.to_bits()));
            }
            Ok(())
        })?;
        for hardware in &self.samples.hardware {
            for (column, value) in hardware.values() {
                hasher.write(column.as_bytes());
                hasher.write_u64(value.to_bits());
            }
            hasher.write(hardware.name().as_bytes());
        }
        Ok(())
    }
}

impl Examples<'_> {
    /// The number of samples of some programs.
    pub(crate) fn n_samples_of(&self, programs: &[u32]) -> usize {
        programs.iter().map(|program| self.measured[*program as usize].len()).sum()
    }
}

/// Cuts programs with numbers of samples into runs of at least `batch_size` samples.
fn cut(counts: impl ExactSizeIterator<Item = usize>, batch_size: usize) -> Vec<Range<usize>> {
    let (mut batches, mut start, mut n) = (Vec::new(), 0, 0);
    let n_programs = counts.len();
    for (i, count) in counts.enumerate() {
        n += count;
        if n >= batch_size || i + 1 == n_programs {
            batches.push(start..i + 1);
            (start, n) = (i + 1, 0);
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_keep_a_program_together() {
        let cut = |batch_size| cut([1, 1, 1, 2, 3, 1].into_iter(), batch_size);
        assert_eq!(cut(3), [0..3, 3..5, 5..6]);
        assert_eq!(cut(1), [0..1, 1..2, 2..3, 3..4, 4..5, 5..6]);
        assert_eq!(cut(9), vec![0..6; 1]);
        assert!(super::cut([0; 0].into_iter(), 9).is_empty());
    }
}
