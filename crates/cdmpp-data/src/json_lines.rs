//! JSON values out of a file, a line each.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::DeserializeOwned;

use crate::error::{FileKind, LineProblem};
use crate::fingerprint::{Digest, Fingerprint};
use crate::non_finite::{self, Places};
use crate::{DataError, Location};

/// The first bytes of a zstd frame, and (but for four bits) of one that decoders skip.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const ZSTD_SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];

/// The first bytes of gzip, and of text with a byte-order mark.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BYTE_ORDER_MARKS: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];

/// A longer line is refused: a damaged or hostile file must not fill the memory. Graphs of networks have lines of
/// megabytes.
const MAX_LINE_BYTES: u64 = 64 << 20;

/// Where seconds may be that Python wrote as NaN or Infinity.
const SECONDS: Places = Places { keys: &["latency_s", "end_to_end_s"], admit: |key, token| token > key };

/// Reads any JSON values from lines, plain or compressed with zstd: an iterator that holds one line at a time.
///
/// Whether the data is compressed is decided by its first bytes, not by the file's name. Several compressed frames one
/// after the other are read as one. Blank lines are skipped, and a file without values gives none.
///
/// Below keys of the names `latency_s` and `end_to_end_s`, the NaN and Infinity of Python's `json`, which JSON does not
/// know, read as `null`.
///
/// After a line that is no such value the next line may be asked for; after a failed read the iterator ends.
///
/// # Examples
/// Operator graphs, which this crate does not know:
/// ```
/// use cdmpp_data::JsonLines;
///
/// #[derive(serde::Deserialize)]
/// struct Graph {
///     network: String,
/// }
///
/// let text = "{\"network\": \"tiny\"}\n{\"netwrk\": 1}\n";
/// let mut graphs = JsonLines::<Graph>::from_reader("graph", "memory", text.as_bytes())?;
/// assert_eq!(graphs.next().expect("there is a line")?.network, "tiny");
/// let error = graphs.next().expect("there is another").err().expect("which is no graph");
/// assert_eq!(error.to_string(), "memory:2:13: not a graph: missing field `network`");
/// # Ok::<(), cdmpp_data::DataError>(())
/// ```
pub struct JsonLines<T> {
    lines: Box<dyn BufRead + Send>,
    /// What a line is, in messages.
    what: &'static str,
    lenient: Places,
    max_line_bytes: u64,
    digest: Digest,
    at: Location,
    line: Vec<u8>,
    bytes_read: Arc<AtomicU64>,
    ended: bool,
    values: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> JsonLines<T> {
    /// Opens a file; `what` is the word for its lines in errors, such as `graph`.
    ///
    /// # Errors
    /// If it cannot be opened or its first bytes cannot be read, or it is gzip or starts with a byte-order mark.
    pub fn open(what: &'static str, path: impl AsRef<Path>) -> Result<Self, DataError> {
        let name = path.as_ref().display().to_string();
        match File::open(path) {
            Ok(file) => Self::from_reader(what, &name, file),
            Err(source) => Err(DataError::Open { path: name.into(), source }),
        }
    }

    /// Reads from memory, standard input or anything else; `name` stands for the file in errors.
    ///
    /// # Errors
    /// If the first bytes cannot be read, or are those of gzip or a byte-order mark.
    pub fn from_reader(what: &'static str, name: &str, reader: impl Read + Send + 'static) -> Result<Self, DataError> {
        let at = Location { file: name.into(), line: 0 };
        let bytes_read = Arc::new(AtomicU64::new(0));
        let counted = Counted { inner: reader, count: Arc::clone(&bytes_read) };
        let lines = match lines(counted) {
            Ok(Ok(lines)) => lines,
            Ok(Err(kind)) => return Err(DataError::Kind { file: at.file, kind }),
            Err(source) => return Err(DataError::Read { what, at, source }),
        };
        Ok(Self {
            lines,
            what,
            lenient: SECONDS,
            max_line_bytes: MAX_LINE_BYTES,
            digest: Digest::new(),
            at,
            line: Vec::new(),
            bytes_read,
            ended: false,
            values: PhantomData,
        })
    }

    /// The same with another limit for the bytes of a line, and of the blank lines between two values; 64 MiB otherwise.
    #[must_use]
    pub fn with_max_line_bytes(self, max_line_bytes: u64) -> Self {
        Self { max_line_bytes, ..self }
    }

    /// The fingerprint of what was read so far, decompressed. At the end it is that of the whole file.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.digest.fingerprint()
    }

    /// The same with other places for what Python writes.
    pub(crate) fn lenient_at(self, lenient: Places) -> Self {
        Self { lenient, ..self }
    }

    /// The line of the value that was read last; line 0 before the first.
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
        let (what, max_bytes) = (self.what, self.max_line_bytes);
        let mut n_blank = 0;
        loop {
            self.line.clear();
            let at = Location { line: self.at.line + 1, ..self.at.clone() };
            let limited = &mut (&mut self.lines).take(max_bytes.saturating_add(1));
            match limited.read_until(b'\n', &mut self.line) {
                Ok(0) => return Ok(false),
                Ok(n) if n as u64 > max_bytes => {
                    self.ended = true;
                    return Err(DataError::Malformed {
                        what,
                        at,
                        column: n,
                        problem: LineProblem::TooLong { max_bytes },
                    });
                }
                Ok(n) => {
                    self.at = at;
                    self.digest.add(&self.line);
                    if !self.line.trim_ascii().is_empty() {
                        return Ok(true);
                    }
                    n_blank += n as u64;
                    if n_blank > max_bytes {
                        self.ended = true;
                        let (at, problem) = (self.at.clone(), LineProblem::TooBlank { max_bytes });
                        return Err(DataError::Malformed { what, at, column: 0, problem });
                    }
                }
                Err(source) => {
                    self.ended = true;
                    return Err(DataError::Read { what, at, source });
                }
            }
        }
    }

    fn value(&self) -> Result<T, DataError> {
        let error = match serde_json::from_slice(&self.line) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        // Rare, hence only after the ordinary way failed. The columns of the second error may be shifted, but only
        // behind the place of the first.
        let second = non_finite::to_null(&self.line, self.lenient).map(|line| serde_json::from_slice(&line));
        match second {
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) => Err(DataError::malformed(self.what, self.at.clone(), &error)),
            None => Err(DataError::malformed(self.what, self.at.clone(), &error)),
        }
    }
}

impl<T: DeserializeOwned> Iterator for JsonLines<T> {
    type Item = Result<T, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.next_line() {
            Ok(true) => Some(self.value()),
            Ok(false) => {
                self.ended = true;
                None
            }
            Err(error) => Some(Err(error)),
        }
    }
}

impl<T> std::fmt::Debug for JsonLines<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JsonLines").field("what", &self.what).field("at", &self.at).finish_non_exhaustive()
    }
}

/// Looks at the first bytes and decompresses if they say so.
fn lines(mut reader: impl Read + Send + 'static) -> io::Result<Result<Box<dyn BufRead + Send>, FileKind>> {
    let mut start = Vec::with_capacity(ZSTD_MAGIC.len());
    (&mut reader).take(ZSTD_MAGIC.len() as u64).read_to_end(&mut start)?;
    if start.starts_with(&GZIP_MAGIC) {
        return Ok(Err(FileKind::Gzip));
    }
    if BYTE_ORDER_MARKS.into_iter().any(|mark| start.starts_with(mark)) {
        return Ok(Err(FileKind::ByteOrderMark));
    }
    let is_zstd = start == ZSTD_MAGIC || start.get(1..) == Some(&ZSTD_SKIPPABLE[..]) && start[0] & 0xf0 == 0x50;
    let whole = BufReader::new(Cursor::new(start).chain(reader));
    if is_zstd {
        return Ok(Ok(Box::new(BufReader::new(zstd::Decoder::with_buffer(whole)?))));
    }
    Ok(Ok(Box::new(whole)))
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
