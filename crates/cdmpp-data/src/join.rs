//! Measurements with the data sheets of their hardware.

use std::borrow::Cow;
use std::time::Duration;

use cdmpp_hardware::{HardwareSpec, HardwareTable};
use cdmpp_ir::CompactAst;

use crate::{DataError, Dataset};

/// A measurement with what a predictor is asked: the program and the hardware.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Joined<'a> {
    /// Its index in [`Dataset::measurements`].
    pub index: usize,
    /// What a predictor sees of the program.
    pub ast: Cow<'a, CompactAst>,
    /// The hardware.
    pub hardware: &'a HardwareSpec,
    /// The label.
    pub latency: Duration,
}

impl Dataset {
    /// Joins measurements with a table of hardware: the number of the program, for [`read`](Self::read), the hardware
    /// and the label. The order is that of the indices. Programs are not read, so that a data set of any size is trained
    /// on as it is: `cdmpp_model`'s `train::Samples::read_by` takes both.
    ///
    /// # Errors
    /// [`DataError::Hardware`] if a measurement's hardware is not in the table.
    ///
    /// # Panics
    /// If there is no measurement with one of the indices.
    ///
    /// # Examples
    /// ```no_run
    /// use cdmpp_data::{Dataset, HardwareTable, LoadConfig, SplitBy, split};
    /// # fn train<'a>(
    /// #     _: impl Fn(usize) -> std::io::Result<std::borrow::Cow<'a, cdmpp_ir::CompactAst>>,
    /// #     _: Vec<(usize, &'a cdmpp_data::HardwareSpec, std::time::Duration)>,
    /// # ) {}
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let table = HardwareTable::bundled();
    /// let config = LoadConfig::default();
    /// let data = Dataset::load(&["cpu-programs.jsonl.zst"], &cdmpp_ir::AnsorFeaturizer, &config, &mut |_| {})?;
    /// let sets = split(&data.keys(), &SplitBy::Tasks(0.2), 0.1, 0)?;
    ///
    /// // With cdmpp-model: `Samples::read_by(…)` instead of `train(…)`.
    /// train(|program| data.read(program), data.samples(&table, &sets.train)?);
    ///
    /// // And what it predicts, a thousand at a time.
    /// for chunk in data.chunks(&table, &sets.test, 1000)? {
    ///     for measured in chunk? {
    ///         println!("{} leaves on {}", measured.ast.n_leaves(), measured.hardware.name());
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn samples<'a>(
        &self,
        table: &'a HardwareTable,
        indices: &[usize],
    ) -> Result<Vec<(usize, &'a HardwareSpec, Duration)>, DataError> {
        let join = |&index: &usize| {
            let measurement = &self.measurements()[index];
            let hardware = table.get(&measurement.hardware).map_err(DataError::Hardware)?;
            Ok((measurement.program, hardware, measurement.latency))
        };
        indices.iter().map(join).collect()
    }

    /// Joins measurements with a table of hardware and reads their programs, some at a time, in the order of the
    /// indices.
    ///
    /// # Errors
    /// As [`samples`](Self::samples); each chunk as [`ast`](Self::ast).
    ///
    /// # Panics
    /// As [`samples`](Self::samples), or if the size is 0.
    ///
    /// # Examples
    /// See [`samples`](Self::samples).
    pub fn chunks<'a>(
        &'a self,
        table: &'a HardwareTable,
        indices: &'a [usize],
        size: usize,
    ) -> Result<impl Iterator<Item = Result<Vec<Joined<'a>>, DataError>>, DataError> {
        assert!(size > 0, "chunks have a size");
        let samples = self.samples(table, indices)?;
        let mut joined = indices.iter().zip(samples).map(|(&index, (program, hardware, latency))| {
            Ok(Joined { index, ast: self.ast(program)?, hardware, latency })
        });
        Ok(std::iter::from_fn(move || {
            let chunk: Result<Vec<_>, _> = joined.by_ref().take(size).collect();
            (!matches!(&chunk, Ok(chunk) if chunk.is_empty())).then_some(chunk)
        }))
    }
}
