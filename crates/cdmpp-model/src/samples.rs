//! What training learns from, and how it comes by the programs.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use cdmpp_hardware::HardwareSpec;
use cdmpp_ir::CompactAst;
use rayon::prelude::*;

use crate::query::Pairs;
use crate::{InputProblem, ModelError, Query, Sample};

/// Programs that are in memory at a time in a walk over all of them.
const CHUNK: usize = 1024;

/// Measured programs, which need not all be in memory: training reads those of a batch when it comes to it.
///
/// Slices of [`Sample`] turn into it by `into`; their programs are in memory already. [`read_by`](Self::read_by) takes
/// them from anywhere. The result of training does not depend on which it was.
///
/// # Complexity
/// 24 bytes a sample and 12 a program, beside the programs.
pub struct Samples<'a> {
    read: Box<dyn Read + 'a>,
    /// The numbers by which `read` knows the programs, in the order of their first samples.
    numbers: Vec<u32>,
    pub(crate) hardware: Vec<&'a HardwareSpec>,
    /// Program by program, and in their order for each.
    entries: Vec<Entry>,
    /// For every program, the end of its entries.
    ends: Vec<u32>,
    /// Gives the number of leaves of a program by its number, if that is known without reading it.
    n_leaves: Option<Box<CountLeaves<'a>>>,
}

type CountLeaves<'a> = dyn Fn(usize) -> usize + Send + Sync + 'a;

/// Where programs come from.
trait Read: Send + Sync {
    fn read(&self, number: usize) -> std::io::Result<Cow<'_, CompactAst>>;
}

/// A closure as a source of programs.
struct ReadBy<F, R>(F, PhantomData<fn() -> R>);

impl<'a, F: Fn(usize) -> std::io::Result<Cow<'a, CompactAst>> + Send + Sync> Read for ReadBy<F, &'a ()> {
    fn read(&self, number: usize) -> std::io::Result<Cow<'_, CompactAst>> {
        (self.0)(number)
    }
}

/// A sample of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// The index among the samples, as the caller gave them.
    pub(crate) index: u32,
    pub(crate) hardware: u32,
    /// `None` of what was not measured.
    pub(crate) latency: Option<Duration>,
}

impl<'a> Samples<'a> {
    /// Samples of programs that `read` gives by their numbers: a program's number, its hardware, its latency.
    ///
    /// Every program is read twice before the first epoch, and once in each; several threads read at a time. A program
    /// must be the same whenever it is read. (Without [`with_leaf_counts`](Self::with_leaf_counts) it is read once more.)
    ///
    /// # Panics
    /// If a number, or the number of samples, is 2³² or more.
    ///
    /// # Examples
    /// ```
    /// use std::borrow::Cow;
    /// use std::time::Duration;
    /// use cdmpp_hardware::HardwareSpec;
    /// use cdmpp_ir::CompactAst;
    /// use cdmpp_model::train::Samples;
    ///
    /// let cpu = HardwareSpec::new("cpu", [("clock_mhz", 3000.0)])?;
    /// let made = |number: usize| CompactAst::from_parts("made/1", 1, vec![number as f32], vec![1], vec![1]);
    /// let read = move |number| made(number).map(Cow::Owned).map_err(std::io::Error::other);
    /// let samples = Samples::read_by(read, (0..1_000_000).map(|number| (number, &cpu, Duration::from_micros(7))));
    /// assert_eq!(samples.n_samples(), 1_000_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_by(
        read: impl Fn(usize) -> std::io::Result<Cow<'a, CompactAst>> + Send + Sync + 'a,
        samples: impl IntoIterator<Item = (usize, &'a HardwareSpec, Duration)>,
    ) -> Self {
        let samples = samples.into_iter().map(|(number, spec, latency)| (number, spec, Some(latency)));
        Self::gather(Box::new(ReadBy(read, PhantomData)), samples)
    }

    /// The same of programs that were not measured: the target of an [adaptation](super::train::adapt()).
    ///
    /// # Panics
    /// As [`read_by`](Self::read_by).
    pub fn unmeasured_by(
        read: impl Fn(usize) -> std::io::Result<Cow<'a, CompactAst>> + Send + Sync + 'a,
        queries: impl IntoIterator<Item = (usize, &'a HardwareSpec)>,
    ) -> Self {
        Self::gather(
            Box::new(ReadBy(read, PhantomData)),
            queries.into_iter().map(|(number, spec)| (number, spec, None)),
        )
    }

    /// Says how many leaves a program has by its number, where that is known without reading it.
    #[must_use]
    pub fn with_leaf_counts(self, n_leaves: impl Fn(usize) -> usize + Send + Sync + 'a) -> Self {
        Self { n_leaves: Some(Box::new(n_leaves)), ..self }
    }

    fn gather(
        read: Box<dyn Read + 'a>,
        samples: impl Iterator<Item = (usize, &'a HardwareSpec, Option<Duration>)>,
    ) -> Self {
        let (mut numbers, mut hardware) = (Vec::new(), Vec::new());
        let (mut rows, mut columns) = (HashMap::new(), HashMap::new());
        let (mut entries, mut programs) = (Vec::new(), Vec::new());
        for (number, spec, latency) in samples {
            let program = *rows.entry(number).or_insert_with(|| {
                numbers.push(u32::try_from(number).expect("a program's number is below 2³²"));
                numbers.len() as u32 - 1
            });
            let column = *columns.entry(std::ptr::from_ref(spec)).or_insert_with(|| {
                hardware.iter().position(|known| *known == spec).unwrap_or_else(|| {
                    hardware.push(spec);
                    hardware.len() - 1
                }) as u32
            });
            let index = u32::try_from(entries.len()).expect("there are less than 2³² samples");
            entries.push(Entry { index, hardware: column, latency });
            programs.push(program);
        }
        Self::gathered(read, numbers, hardware, entries, &programs)
    }

    /// Puts the samples of a program side by side; `programs` are those of the samples.
    fn gathered(
        read: Box<dyn Read + 'a>,
        numbers: Vec<u32>,
        hardware: Vec<&'a HardwareSpec>,
        mut entries: Vec<Entry>,
        programs: &[u32],
    ) -> Self {
        let mut ends = vec![0; numbers.len()];
        programs.iter().for_each(|program| ends[*program as usize] += 1);
        let mut n = 0;
        ends.iter_mut().for_each(|end| {
            n += *end;
            *end = n;
        });
        entries.sort_by_key(|entry| programs[entry.index as usize]);
        Self { read, numbers, hardware, entries, ends, n_leaves: None }
    }

    /// The number of samples.
    #[must_use]
    pub fn n_samples(&self) -> usize {
        self.entries.len()
    }

    /// The number of programs.
    #[must_use]
    pub fn n_programs(&self) -> usize {
        self.numbers.len()
    }

    /// The place of a program's samples among all of them.
    pub(crate) fn place(&self, program: usize) -> std::ops::Range<usize> {
        let start = program.checked_sub(1).map_or(0, |before| self.ends[before]);
        start as usize..self.ends[program] as usize
    }

    /// The samples, program by program.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The samples of a program.
    pub(crate) fn of(&self, program: usize) -> &[Entry] {
        &self.entries[self.place(program)]
    }

    /// Reads a program; an error calls its first sample `what`.
    pub(crate) fn read(&self, what: &'static str, program: usize) -> Result<Cow<'_, CompactAst>, ModelError> {
        self.read.read(self.numbers[program] as usize).map_err(|error| ModelError::Input {
            what,
            index: self.of(program)[0].index as usize,
            problem: InputProblem::Unreadable { reason: error.to_string() },
        })
    }

    /// The number of leaves of all programs, if it is known without reading them.
    pub(crate) fn n_leaves(&self) -> Option<usize> {
        let count = self.n_leaves.as_ref()?;
        Some(self.numbers.iter().map(|number| count(*number as usize)).sum())
    }

    /// Calls a function with every program, in order.
    pub(crate) fn for_each(
        &self,
        what: &'static str,
        mut f: impl FnMut(usize, &CompactAst) -> Result<(), ModelError>,
    ) -> Result<(), ModelError> {
        for start in (0..self.n_programs()).step_by(CHUNK) {
            let end = (start + CHUNK).min(self.n_programs());
            let asts: Vec<_> =
                (start..end).into_par_iter().map(|program| self.read(what, program)).collect::<Result<_, _>>()?;
            (start..end).zip(&asts).try_for_each(|(program, ast)| f(program, ast))?;
        }
        Ok(())
    }
}

impl<'a> Samples<'a> {
    /// Samples of programs that are in memory.
    fn in_memory(samples: impl Iterator<Item = (Query<'a>, Option<Duration>)> + Clone) -> Self {
        let Pairs { asts, hardware, pairs } = Pairs::new(samples.clone().map(|(query, _)| query));
        let entry = |(index, ((_, latency), (_, hardware))): (usize, ((Query<'_>, _), &(u32, u32)))| Entry {
            index: index as u32,
            hardware: *hardware,
            latency,
        };
        let entries = samples.zip(&pairs).enumerate().map(entry).collect();
        let programs: Vec<u32> = pairs.iter().map(|(program, _)| *program).collect();
        let numbers = (0..asts.len() as u32).collect();
        let counts: Vec<usize> = asts.iter().map(|ast| ast.n_leaves()).collect();
        let read = move |number: usize| Ok(Cow::Borrowed(asts[number]));
        Self::gathered(Box::new(ReadBy(read, PhantomData)), numbers, hardware, entries, &programs)
            .with_leaf_counts(move |number| counts[number])
    }
}

impl<'a> From<&'a [Sample<'a>]> for Samples<'a> {
    fn from(samples: &'a [Sample<'a>]) -> Self {
        Self::in_memory(samples.iter().map(|sample| (sample.query, Some(sample.latency))))
    }
}

impl<'a> From<&'a [Query<'a>]> for Samples<'a> {
    fn from(queries: &'a [Query<'a>]) -> Self {
        Self::in_memory(queries.iter().map(|query| (*query, None)))
    }
}

impl<'a> From<&'a Vec<Sample<'a>>> for Samples<'a> {
    fn from(samples: &'a Vec<Sample<'a>>) -> Self {
        samples.as_slice().into()
    }
}

impl<'a> From<&'a Vec<Query<'a>>> for Samples<'a> {
    fn from(queries: &'a Vec<Query<'a>>) -> Self {
        queries.as_slice().into()
    }
}

impl<'a, const N: usize> From<&'a [Sample<'a>; N]> for Samples<'a> {
    fn from(samples: &'a [Sample<'a>; N]) -> Self {
        samples.as_slice().into()
    }
}

impl fmt::Debug for Samples<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Samples");
        out.field("n_samples", &self.n_samples()).field("n_programs", &self.n_programs()).finish_non_exhaustive()
    }
}
