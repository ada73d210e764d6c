//! Checks of outputs before long work.

use std::path::{Path, PathBuf};

use crate::output::is_standard;
use crate::target::{Target, temporary_beside};
use crate::{FileError, FileProblem};

/// An output before it is written, with what the caller calls it.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    role: &'a str,
    path: &'a Path,
    is_text: bool,
}

impl<'a> Place<'a> {
    /// An output that is text and may be standard output. `role` is what the user calls it, such as `--report`.
    #[must_use]
    pub fn text(role: &'a str, path: &'a Path) -> Self {
        Self { role, path, is_text: true }
    }

    /// An output that is not text and must be a file.
    #[must_use]
    pub fn binary(role: &'a str, path: &'a Path) -> Self {
        Self { role, path, is_text: false }
    }
}

/// Fails now rather than after hours: if an output could not be written later, if two outputs are one file, or if an
/// output is one of the inputs, however they are spelt.
///
/// An input is a name for the message and a path; `-` means standard input there, and what is missing is not looked at.
/// Files are compared by canonical path and, where the system has it, by device and inode. Several outputs may share a
/// device such as `/dev/null`.
///
/// # Errors
/// The first output that fails, with its role.
///
/// # Examples
/// See the [crate](crate).
pub fn check_places(outputs: &[Place<'_>], inputs: &[(&str, &Path)]) -> Result<(), FileError> {
    let inputs: Vec<(&str, Known)> = inputs.iter().filter_map(|(name, path)| Some((*name, Known::of(path)?))).collect();
    let mut checked: Vec<(&str, Option<Known>)> = Vec::new();
    for output in outputs {
        let fail = |problem| Err(FileError::new(output.path, problem).of_role(output.role));
        let known = output.check().map_err(|error| error.of_role(output.role))?;
        if let Some(known) = &known
            && let Some((input, _)) = inputs.iter().find(|(_, input)| input.is(known))
        {
            return fail(FileProblem::IsInput { input: (*input).to_owned() });
        }
        let is_same = |other: &Option<Known>| match (other, &known) {
            (Some(other), Some(known)) => other.is(known),
            (None, None) => true,
            _ => false,
        };
        let is_shared = known.as_ref().is_some_and(|known| known.is_special);
        if !is_shared && let Some((other, _)) = checked.iter().find(|(_, other)| is_same(other)) {
            return fail(FileProblem::TwoOutputs { other: (*other).to_owned() });
        }
        checked.push((output.role, known));
    }
    Ok(())
}

impl Place<'_> {
    /// Where the output goes if it can be written; `None` for standard output.
    fn check(&self) -> Result<Option<Known>, FileError> {
        let fail = |problem| Err(FileError::new(self.path, problem));
        if is_standard(self.path) {
            return if self.is_text { Ok(None) } else { fail(FileProblem::BinaryToStandardOutput) };
        }
        match Target::of(self.path)? {
            Target::File(path) => match temporary_beside(&path) {
                Ok(_) => Ok(Some(Known::at(path, false))),
                Err(source) => fail(FileProblem::Io { action: "create", source }),
            },
            Target::Special(path) => Ok(Some(Known::at(path, true))),
        }
    }
}

/// A file as the system knows it.
struct Known {
    path: PathBuf,
    inode: Option<(u64, u64)>,
    is_special: bool,
}

impl Known {
    /// An input; `None` if it is missing or standard input.
    fn of(path: &Path) -> Option<Self> {
        if path == Path::new("-") {
            return None;
        }
        Some(Self::at(path.canonicalize().ok()?, false))
    }

    fn at(path: PathBuf, is_special: bool) -> Self {
        Self { inode: inode(&path), path, is_special }
    }

    fn is(&self, other: &Self) -> bool {
        self.path == other.path || (self.inode.is_some() && self.inode == other.inode)
    }
}

#[cfg(unix)]
fn inode(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    path.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn inode(_path: &Path) -> Option<(u64, u64)> {
    None
}
