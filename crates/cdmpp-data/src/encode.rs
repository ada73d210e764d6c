//! From records to encoded programs.

use std::num::NonZero;

use cdmpp_ir::{CompactAst, Featurizer};

use crate::{DataError, Location, Record};

/// Parses and encodes the programs of some records, in order; each thread takes one stretch of them. The locations are for
/// errors.
///
/// # Errors
/// The first program that cannot be parsed.
pub fn encode_records(
    records: &[(Record, Location)],
    featurizer: &dyn Featurizer,
    n_threads: NonZero<usize>,
) -> Result<Vec<CompactAst>, DataError> {
    let encode_one = |(record, at): &(Record, Location)| {
        let program = record.parse_program().map_err(|error| error.located(at))?;
        Ok(CompactAst::encode(&program, featurizer))
    };
    let stretch = records.len().div_ceil(n_threads.get()).max(1);
    std::thread::scope(|scope| {
        let mut threads = Vec::with_capacity(n_threads.get());
        for records in records.chunks(stretch) {
            threads.push(scope.spawn(move || records.iter().map(encode_one).collect()));
        }
        let mut asts = Vec::with_capacity(records.len());
        for thread in threads {
            let stretch: Result<Vec<CompactAst>, DataError> =
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            asts.extend(stretch?);
        }
        Ok(asts)
    })
}
