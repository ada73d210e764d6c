//! A file or standard output.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::{FileError, FileProblem, NewFile};

/// The names of standard output.
const STANDARD: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// Where an output goes: `-` and `/dev/stdout` are standard output, everything else is a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Standard output; for text only.
    Standard,
    /// A file, which is [written whole](NewFile).
    File(PathBuf),
}

impl Output {
    /// The place of an output that is text.
    #[must_use]
    pub fn text(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        if is_standard(&path) { Self::Standard } else { Self::File(path) }
    }

    /// The place of an output that is not text, such as a checkpoint.
    ///
    /// # Errors
    /// If the path means standard output.
    pub fn binary(path: impl Into<PathBuf>) -> Result<Self, FileError> {
        let path = path.into();
        if is_standard(&path) {
            return Err(FileError::new(&path, FileProblem::BinaryToStandardOutput));
        }
        Ok(Self::File(path))
    }

    /// Starts the output.
    ///
    /// # Errors
    /// As [`NewFile::create`].
    pub fn create(&self) -> Result<OutputFile, FileError> {
        Ok(OutputFile(match self {
            Self::Standard => Sink::Standard(BufWriter::new(io::stdout())),
            Self::File(path) => Sink::File(NewFile::create(path)?),
        }))
    }
}

/// An [`Output`] that is being written. A file takes its place when it is [finished](Self::finish).
#[derive(Debug)]
pub struct OutputFile(Sink);

#[derive(Debug)]
enum Sink {
    Standard(BufWriter<io::Stdout>),
    File(NewFile),
}

impl OutputFile {
    /// Completes the output.
    ///
    /// # Errors
    /// As [`NewFile::finish`]; for standard output, if it is closed.
    pub fn finish(self) -> Result<(), FileError> {
        match self.0 {
            Sink::Standard(mut writer) => {
                writer.flush().map_err(|source| FileError::write(Path::new("standard output"), source))
            }
            Sink::File(file) => file.finish(),
        }
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Sink::Standard(writer) => writer.write(bytes),
            Sink::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Sink::Standard(writer) => writer.flush(),
            Sink::File(file) => file.flush(),
        }
    }
}

/// Whether a path means standard output.
pub(crate) fn is_standard(path: &Path) -> bool {
    STANDARD.into_iter().any(|name| path == Path::new(name))
}
