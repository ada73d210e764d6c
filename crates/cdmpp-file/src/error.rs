//! Why a file cannot be written.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A file cannot be written, or must not be. What stood at its path is untouched.
#[derive(Debug)]
#[non_exhaustive]
pub struct FileError {
    /// The path as the caller gave it.
    pub path: PathBuf,
    /// What the caller calls this output, such as `--report`; `None` where nothing was said.
    pub role: Option<String>,
    /// What is wrong.
    pub problem: FileProblem,
}

/// What keeps a file from being written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// The folder of the file does not exist.
    #[error("there is no folder {}", folder.display())]
    NoFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// The path is a folder.
    #[error("it is a folder")]
    IsFolder,
    /// The path is in `/dev`, where no files are made, and there is no such device.
    #[error("there is no such device")]
    NoDevice,
    /// The chain of symbolic links does not end.
    #[error("its symbolic links lead in a circle")]
    LinkCircle,
    /// The output is binary and would go to standard output.
    #[error("it is binary and cannot go to standard output; give the name of a file")]
    BinaryToStandardOutput,
    /// Two outputs are one file.
    #[error("it is also the place of another output ({other})")]
    TwoOutputs {
        /// What the caller calls the other output.
        other: String,
    },
    /// The output is one of the inputs.
    #[error("it would overwrite an input ({input})")]
    IsInput {
        /// What the caller calls the input.
        input: String,
    },
    /// The system refuses: no permission, no space, a closed pipe.
    #[error("the system refuses to {action} it")]
    Io {
        /// What was tried: `create`, `write`, `replace`.
        action: &'static str,
        /// What the system says.
        source: io::Error,
    },
}

impl FileError {
    pub(crate) fn new(path: &Path, problem: FileProblem) -> Self {
        Self { path: path.to_owned(), role: None, problem }
    }

    /// A failed write to this path.
    #[must_use]
    pub fn write(path: &Path, source: io::Error) -> Self {
        Self::new(path, FileProblem::Io { action: "write", source })
    }

    pub(crate) fn of_role(mut self, role: &str) -> Self {
        self.role = Some(role.to_owned());
        self
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(role) = &self.role {
            write!(f, "{role}: ")?;
        }
        write!(f, "cannot write {}", self.path.display())?;
        match &self.problem {
            // The source says the rest.
            FileProblem::Io { .. } => Ok(()),
            problem => write!(f, ": {problem}"),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            FileProblem::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// The system's own error where there is one; else an error that says the problem without the path.
impl From<FileError> for io::Error {
    fn from(error: FileError) -> Self {
        let kind = match &error.problem {
            FileProblem::NoFolder { .. } | FileProblem::NoDevice => io::ErrorKind::NotFound,
            FileProblem::IsFolder => io::ErrorKind::IsADirectory,
            _ => io::ErrorKind::InvalidInput,
        };
        match error.problem {
            FileProblem::Io { source, .. } => source,
            problem => Self::new(kind, problem),
        }
    }
}
