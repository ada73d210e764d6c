//! Records, some at a time.

use cdmpp_data::{DataError, Location, Record, RecordReader};

/// The next records, and what stopped them.
pub fn read_chunk(reader: &mut RecordReader, n: usize) -> (Vec<(Record, Location)>, Result<(), DataError>) {
    let mut chunk = Vec::new();
    while chunk.len() < n {
        match reader.next() {
            Some(Ok(record)) => chunk.push((record, reader.location().clone())),
            Some(Err(error)) => return (chunk, Err(error)),
            None => break,
        }
    }
    (chunk, Ok(()))
}
