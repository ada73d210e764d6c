//! Labelled samples, of which training reads a batch at a time.

use std::borrow::Cow;
use std::ops::Range;

use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::CompactAst;
use rayon::prelude::*;

use crate::fitted::Fitted;
use crate::samples::Samples;
use crate::{ModelError, Query};

/// Sets of labelled samples side by side: training has one, fine-tuning those of the source and of the target. Programs
/// are numbered through all of them, and read when they are needed.
#[derive(Debug)]
pub(crate) struct Pool<'a> {
    fitted: &'a Fitted,
    parts: Vec<Part<'a>>,
    hardware: Vec<&'a HardwareSpec>,
    /// The inputs of the hardware, row by row.
    hardware_inputs: Vec<f32>,
}

/// One set.
#[derive(Debug)]
struct Part<'a> {
    /// What errors call a sample.
    what: &'static str,
    samples: &'a Samples<'a>,
    programs: Range<u32>,
    /// Beside the samples' entries.
    labelled: Vec<Labelled>,
}

/// Some programs with all that training sees of them.
#[derive(Debug)]
pub(crate) struct Examples<'a> {
    pub(crate) asts: Vec<Cow<'a, CompactAst>>,
    /// All hardware that there are samples of.
    pub(crate) hardware: &'a [&'a HardwareSpec],
    /// The inputs of the hardware, row by row.
    pub(crate) hardware_inputs: &'a [f32],
    /// For every program, its labelled samples.
    pub(crate) labelled: Vec<&'a [Labelled]>,
    /// Beside `labelled`, the inputs that come from the prior, one sample after the other.
    pub(crate) priors: Vec<Vec<f32>>,
}

/// A sample of a program, as the loss sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Labelled {
    /// The latency in units of the prior; in seconds without one. NaN of what was not measured.
    pub(crate) units: f64,
    /// The transform of `units`.
    pub(crate) label: f32,
    /// The index of the hardware.
    pub(crate) hardware: u32,
}

impl<'a> Pool<'a> {
    /// No samples yet.
    pub(crate) fn new(fitted: &'a Fitted) -> Self {
        Self { fitted, parts: Vec::new(), hardware: Vec::new(), hardware_inputs: Vec::new() }
    }

    /// Adds samples, which errors call `what`, each program as one of its own even if another set has it already; gives
    /// the programs' numbers. `units` are those of the labels, in the caller's order.
    pub(crate) fn add(&mut self, what: &'static str, samples: &'a Samples<'a>, units: &[f64]) -> Range<u32> {
        let mut columns = Vec::with_capacity(samples.hardware.len());
        for spec in &samples.hardware {
            let known = self.hardware.iter().position(|known| known == spec);
            columns.push(known.unwrap_or_else(|| {
                self.hardware.push(spec);
                self.fitted.hardware.append(spec, &mut self.hardware_inputs);
                self.hardware.len() - 1
            }) as u32);
        }
        let labels = &self.fitted.labels;
        let labelled = samples.entries().iter().map(|entry| {
            let hardware = columns[entry.hardware as usize];
            match entry.latency {
                Some(latency) => {
                    let units = latency.as_secs_f64() / units[entry.index as usize];
                    Labelled { units, label: labels.forward(units) as f32, hardware }
                }
                None => Labelled { units: f64::NAN, label: f32::NAN, hardware },
            }
        });
        let start = self.n_programs();
        let programs = start..start + samples.n_programs() as u32;
        self.parts.push(Part { what, samples, programs: programs.clone(), labelled: labelled.collect() });
        programs
    }

    pub(crate) fn n_programs(&self) -> u32 {
        self.parts.last().map_or(0, |part| part.programs.end)
    }

    /// The set of a program, and its number there.
    fn part(&self, program: u32) -> (&Part<'a>, usize) {
        let place = self.parts.partition_point(|part| part.programs.end <= program);
        let part = &self.parts[place];
        (part, (program - part.programs.start) as usize)
    }

    /// The samples of a program.
    pub(crate) fn labelled(&self, program: u32) -> &[Labelled] {
        let (part, program) = self.part(program);
        &part.labelled[part.samples.place(program)]
    }

    /// The number of samples of some programs.
    pub(crate) fn n_samples_of(&self, programs: &[u32]) -> usize {
        programs.iter().map(|program| self.labelled(*program).len()).sum()
    }

    /// Reads some programs with all that training sees of them, in this order.
    pub(crate) fn examples(&self, programs: &[u32]) -> Result<Examples<'_>, ModelError> {
        let read = |program: &u32| {
            let (part, program) = self.part(*program);
            let (ast, mut priors) = (part.samples.read(part.what, program)?, Vec::new());
            for entry in part.samples.of(program) {
                let fail = |problem| ModelError::input(part.what, entry.index as usize, problem);
                let hardware = part.samples.hardware[entry.hardware as usize];
                self.fitted.prior.append(&ast, hardware, &mut priors).map_err(fail)?;
            }
            Ok::<_, ModelError>((ast, priors))
        };
        let (asts, priors) = programs.par_iter().map(read).collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        Ok(Examples {
            asts,
            hardware: &self.hardware,
            hardware_inputs: &self.hardware_inputs,
            labelled: programs.iter().map(|program| self.labelled(*program)).collect(),
            priors,
        })
    }

    /// Reads some programs, and gives them with all their samples to a function.
    pub(crate) fn with_queries<R>(
        &self,
        programs: &[u32],
        f: impl FnOnce(&[Query<'_>]) -> Result<R, ModelError>,
    ) -> Result<R, ModelError> {
        let read = |program: &u32| {
            let (part, program) = self.part(*program);
            part.samples.read(part.what, program)
        };
        let asts = programs.par_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let mut queries = Vec::with_capacity(self.n_samples_of(programs));
        for (ast, program) in asts.iter().zip(programs) {
            let query = |one: &Labelled| Query { ast, hardware: self.hardware[one.hardware as usize] };
            queries.extend(self.labelled(*program).iter().map(query));
        }
        f(&queries)
    }

    /// Cuts programs into runs of at least `batch_size` samples (the last run may have fewer).
    pub(crate) fn batches(&self, programs: &[u32], batch_size: usize) -> Vec<Range<usize>> {
        cut(programs.iter().map(|program| self.labelled(*program).len()), batch_size)
    }
}

impl Examples<'_> {
    /// The number of samples of some programs.
    pub(crate) fn n_samples_of(&self, programs: &[u32]) -> usize {
        programs.iter().map(|program| self.labelled[*program as usize].len()).sum()
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
