//! Records out of a file, one at a time.

use std::io::Read;
use std::path::Path;

use crate::non_finite::Places;
use crate::{DataError, Fingerprint, JsonLines, Location, Record};

const WHAT: &str = "record";

/// A longer line is refused unless the caller allows it; the longest of the bundled data has some 30 KiB.
pub(crate) const MAX_RECORD_BYTES: u64 = 4 << 20;

/// In the lists of an object in the record itself: the latencies by hardware.
const LATENCIES: Places = Places { keys: &["latency_s"], admit: |key, token| key == 1 && token == 3 };

/// Reads records from JSON lines, plain or compressed with zstd: an iterator that holds one line at a time.
///
/// Whether the data is compressed is decided by its first bytes, not by the file's name. Several compressed frames one
/// after the other are read as one. Blank lines are skipped, and a file without records gives none.
///
/// A measurement may be `null`, and a list of latencies may have the NaN and Infinity of Python's `json`, which JSON
/// does not know: both read as NaN, for [`Cleaner`](crate::Cleaner) to refuse or to drop.
///
/// After a line that is not a record the next line may be asked for; after a failed read the iterator ends.
///
/// # Examples
/// ```
/// use cdmpp_data::RecordReader;
///
/// let text = "{\"task\": \"a\", \"name\": \"add\"}\n";
/// let mut reader = RecordReader::from_reader("memory", text.as_bytes())?;
/// let error = reader.next().expect("there is one line").unwrap_err();
/// assert_eq!(error.to_string(), "memory:1: not a record: missing field `program`");
/// # Ok::<(), cdmpp_data::DataError>(())
/// ```
#[derive(Debug)]
pub struct RecordReader(JsonLines<Record>);

impl RecordReader {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be opened or its first bytes cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataError> {
        Ok(Self::of(JsonLines::open(WHAT, path)?))
    }

    /// Reads from memory, standard input or anything else; `name` stands for the file in errors.
    ///
    /// # Errors
    /// If the first bytes cannot be read.
    pub fn from_reader(name: &str, reader: impl Read + Send + 'static) -> Result<Self, DataError> {
        Ok(Self::of(JsonLines::from_reader(WHAT, name, reader)?))
    }

    fn of(lines: JsonLines<Record>) -> Self {
        Self(lines.lenient_at(LATENCIES).with_max_line_bytes(MAX_RECORD_BYTES))
    }

    /// The same with another limit for the bytes of a record, and of the blank lines between two; 4 MiB otherwise.
    #[must_use]
    pub fn with_max_record_bytes(self, max_record_bytes: u64) -> Self {
        Self(self.0.with_max_line_bytes(max_record_bytes))
    }

    /// The fingerprint of what was read so far, decompressed. At the end it is that of the whole file.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint()
    }

    /// The line of the record that was read last; line 0 before the first.
    #[must_use]
    pub fn location(&self) -> &Location {
        self.0.location()
    }

    /// How many bytes were taken from the file so far, before decompression and with what is read ahead.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.0.bytes_read()
    }
}

impl Iterator for RecordReader {
    type Item = Result<Record, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}
