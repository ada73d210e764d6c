//! Records out of a file, one at a time.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{DataError, Location, Record, non_finite};

/// The first bytes of a zstd frame, and (but for four bits) of one that decoders skip.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const ZSTD_SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];

/// A longer line is refused: a damaged or hostile file must not fill the memory.
const MAX_LINE_BYTES: u64 = 64 << 20;

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
/// assert_eq!(error.to_string(), "memory:1:28: not a record: missing field `networks`");
/// # Ok::<(), cdmpp_data::DataError>(())
/// ```
pub struct RecordReader {
    lines: Box<dyn BufRead + Send>,
    at: Location,
    line: Vec<u8>,
    bytes_read: Arc<AtomicU64>,
    ended: bool,
}

impl RecordReader {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be opened or its first bytes cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let name = path.as_ref().display().to_string();
        match File::open(path) {
            Ok(file) => Self::from_reader(&name, file),
            Err(source) => Err(DataError::Read { at: Location { file: name.into(), line: 0 }, source }),
        }
    }

    /// Reads from memory, standard input or anything else; `name` stands for the file in errors.
    ///
    /// # Errors
    /// If the first bytes cannot be read.
    pub fn from_reader(name: &str, reader: impl Read + Send + 'static) -> Result<Self, DataError> {
        let at = Location { file: name.into(), line: 0 };
        let bytes_read = Arc::new(AtomicU64::new(0));
        let counted = Counted { inner: reader, count: Arc::clone(&bytes_read) };
        match lines(counted) {
            Ok(lines) => Ok(Self { lines, at, line: Vec::new(), bytes_read, ended: false }),
            Err(source) => Err(DataError::Read { at, source }),
        }
    }

    /// The line of the record that was read last; line 0 before the first.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.at
    }

    /// How many bytes were taken from the file so far, before decompression and with what is read ahead.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// Reads up to the next line that is not blank; `false` at the end.
    fn next_line(&mut self) -> Result<bool, DataError> {
        loop {
            self.line.clear();
            let at = Location { line: self.at.line + 1, ..self.at.clone() };
            let limited = &mut (&mut self.lines).take(MAX_LINE_BYTES);
            match limited.read_until(b'\n', &mut self.line) {
                Ok(0) => return Ok(false),
                Ok(n) if n as u64 == MAX_LINE_BYTES && self.line.last() != Some(&b'\n') => {
                    self.ended = true;
                    let what = format!("the line is longer than {} MiB", MAX_LINE_BYTES >> 20);
                    return Err(DataError::Malformed { at, column: n, what });
                }
                Ok(_) => self.at = at,
                Err(source) => {
                    self.ended = true;
                    return Err(DataError::Read { at, source });
                }
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    fn record(&self) -> Result<Record, DataError> {
        let error = match serde_json::from_slice(&self.line) {
            Ok(record) => return Ok(record),
            Err(error) => error,
        };
        // Rare, hence only after the ordinary way failed. The columns of the second error may be shifted, but only
        // behind the place of the first.
        let second = non_finite::to_null(&self.line).map(|line| serde_json::from_slice(&line));
        match second {
            Some(Ok(record)) => Ok(record),
            Some(Err(error)) => Err(DataError::malformed(self.at.clone(), &error)),
            None => Err(DataError::malformed(self.at.clone(), &error)),
        }
    }
}

impl Iterator for RecordReader {
    type Item = Result<Record, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.next_line() {
            Ok(true) => Some(self.record()),
            Ok(false) => {
                self.ended = true;
                None
            }
            Err(error) => Some(Err(error)),
        }
    }
}

impl std::fmt::Debug for RecordReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordReader").field("at", &self.at).finish_non_exhaustive()
    }
}

/// Looks at the first bytes and decompresses if they say so.
fn lines(mut reader: impl Read + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    let mut start = Vec::with_capacity(ZSTD_MAGIC.len());
    (&mut reader).take(ZSTD_MAGIC.len() as u64).read_to_end(&mut start)?;
    let is_zstd = start == ZSTD_MAGIC || start.get(1..) == Some(&ZSTD_SKIPPABLE[..]) && start[0] & 0xf0 == 0x50;
    let whole = BufReader::new(Cursor::new(start).chain(reader));
    if is_zstd {
        return Ok(Box::new(BufReader::new(zstd::Decoder::with_buffer(whole)?)));
    }
    Ok(Box::new(whole))
}

/// Counts the bytes that pass.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.count.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}
