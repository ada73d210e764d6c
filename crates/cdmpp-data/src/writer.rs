//! Records into a file.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cdmpp_file::NewFile;

use crate::{DataError, Record};

/// Record files are written once and read often.
const ZSTD_LEVEL: i32 = 10;

/// Writes records as JSON lines, compressed if the file's name ends in `.zst`.
///
/// Everything goes to a temporary file beside the target, which takes its place when [`finish`](Self::finish) is
/// called. A writer that is dropped before, or that failed, leaves the target as it was.
///
/// A NaN among the latencies is written as `null`.
#[derive(Debug)]
pub struct RecordWriter {
    path: PathBuf,
    /// `None` after a failed write: a file with half a record is never kept.
    sink: Option<Sink>,
    line: Vec<u8>,
}

impl RecordWriter {
    /// Starts a file.
    ///
    /// # Errors
    /// If no file can be created in the target's folder.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, DataError> {
        let path = path.into();
        match Sink::create(&path) {
            Ok(sink) => Ok(Self { path, sink: Some(sink), line: Vec::new() }),
            Err(source) => Err(DataError::Write { path, source }),
        }
    }

    /// Appends a record.
    ///
    /// # Errors
    /// If the record cannot be written, or an earlier one could not.
    pub fn write(&mut self, record: &Record) -> Result<(), DataError> {
        let result = self.sink.take().ok_or_else(failed_before).and_then(|mut sink| {
            self.line.clear();
            serde_json::to_writer(&mut self.line, record)?;
            self.line.push(b'\n');
            sink.write_all(&self.line)?;
            Ok(sink)
        });
        self.sink = Some(result.map_err(|source| DataError::Write { path: self.path.clone(), source })?);
        Ok(())
    }

    /// Completes the file and puts it at its path.
    ///
    /// # Errors
    /// If the rest cannot be written, or an earlier record could not.
    pub fn finish(self) -> Result<(), DataError> {
        let result = self.sink.ok_or_else(failed_before).and_then(Sink::finish);
        result.map_err(|source| DataError::Write { path: self.path, source })
    }
}

#[derive(Debug)]
enum Sink {
    Plain(NewFile),
    Zstd(Box<ZstdSink>),
}

struct ZstdSink(zstd::Encoder<'static, NewFile>);

impl std::fmt::Debug for ZstdSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ZstdSink").field(self.0.get_ref()).finish()
    }
}

impl Sink {
    fn create(path: &Path) -> io::Result<Self> {
        let file = NewFile::create(path)?;
        if path.extension() == Some(OsStr::new("zst")) {
            let mut encoder = zstd::Encoder::new(file, ZSTD_LEVEL)?;
            encoder.include_checksum(true)?;
            return Ok(Self::Zstd(Box::new(ZstdSink(encoder))));
        }
        Ok(Self::Plain(file))
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(writer) => writer.write_all(bytes),
            Self::Zstd(encoder) => encoder.0.write_all(bytes),
        }
    }

    fn finish(self) -> io::Result<()> {
        let file = match self {
            Self::Plain(file) => file,
            Self::Zstd(encoder) => encoder.0.finish()?,
        };
        Ok(file.finish()?)
    }
}

fn failed_before() -> io::Error {
    io::Error::other("an earlier record could not be written")
}
