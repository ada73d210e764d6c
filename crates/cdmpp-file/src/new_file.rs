//! A file that appears when it is complete.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::target::{Target, temporary_beside};
use crate::{FileError, FileProblem};

/// A file that is written beside its target and takes its place when it is [finished](Self::finish). Dropped before, it
/// leaves no trace, and what stood at the path is untouched.
///
/// A symbolic link stays a link: the file that it leads to is replaced. The mode of a replaced file is kept; a new file
/// gets what the user's mask allows. A device or a pipe is written through at once.
///
/// # Examples
/// See the [crate](crate).
#[derive(Debug)]
pub struct NewFile {
    path: PathBuf,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Temporary { writer: BufWriter<NamedTempFile>, target: PathBuf },
    Special(BufWriter<File>),
}

impl NewFile {
    /// Starts a file.
    ///
    /// # Errors
    /// If there is no such folder or nothing can be created there, or the path is a folder.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, FileError> {
        let path = path.into();
        let failed = |source| FileError::new(&path, FileProblem::Io { action: "create", source });
        let sink = match Target::of(&path)? {
            Target::File(target) => {
                Sink::Temporary { writer: BufWriter::new(temporary_beside(&target).map_err(failed)?), target }
            }
            Target::Special(target) => {
                let file = File::options().write(true).truncate(true).open(target);
                Sink::Special(BufWriter::new(file.map_err(failed)?))
            }
        };
        Ok(Self { path, sink })
    }

    /// The path that was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Completes the file and puts it at its path. When this returns, file and name are on the disk.
    ///
    /// # Errors
    /// If the rest cannot be written, or the file cannot be put at its place.
    pub fn finish(self) -> Result<(), FileError> {
        let Self { path, sink } = self;
        let failed = |action, source| FileError::new(&path, FileProblem::Io { action, source });
        match sink {
            Sink::Temporary { writer, target } => {
                let file = writer.into_inner().map_err(|error| failed("write", error.into_error()))?;
                file.as_file().sync_all().map_err(|error| failed("write", error))?;
                file.persist(&target).map_err(|error| failed("replace", error.error))?;
                sync_folder(&target).map_err(|error| failed("replace", error))
            }
            Sink::Special(mut writer) => writer.flush().map_err(|error| failed("write", error)),
        }
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::Temporary { writer, .. } => writer.write(bytes),
            Sink::Special(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Temporary { writer, .. } => writer.flush(),
            Sink::Special(writer) => writer.flush(),
        }
    }
}

/// Without this, a crash of the machine may leave the old name or none.
#[cfg(unix)]
fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = File::open(file.parent().expect("a file has a folder"));
    match folder.and_then(|folder| folder.sync_all()) {
        // Some file systems cannot; a folder may be writable but not readable.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

/// A folder cannot be opened as a file there.
#[cfg(not(unix))]
fn sync_folder(_file: &Path) -> io::Result<()> {
    Ok(())
}
