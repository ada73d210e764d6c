//! Where a path leads.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::{FileError, FileProblem};

/// As many as Linux follows.
const MAX_LINKS: usize = 40;

/// What writing to a path means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A regular file, there or not: a new file takes its place. Its folder is canonical, and it is no link.
    File(PathBuf),
    /// A device, a pipe or a socket: it is written through and never replaced.
    Special(PathBuf),
}

impl Target {
    /// Follows the symbolic links of a path, also those that lead to no file yet.
    pub(crate) fn of(path: &Path) -> Result<Self, FileError> {
        Self::resolve(path).map_err(|problem| FileError::new(path, problem))
    }

    fn resolve(path: &Path) -> Result<Self, FileProblem> {
        let mut path = path.to_owned();
        for _ in 0..=MAX_LINKS {
            let Some(name) = path.file_name() else { return Err(FileProblem::IsFolder) };
            let folder = match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            let place = match folder.canonicalize() {
                Ok(folder) if folder.is_dir() => folder.join(name),
                _ => return Err(FileProblem::NoFolder { folder: folder.to_owned() }),
            };
            let is_device = is_of_the_system(&place);
            if !is_device && let Ok(link) = place.read_link() {
                path = place.parent().expect("a file has a folder").join(link);
                continue;
            }
            return match place.metadata() {
                Ok(metadata) if metadata.is_dir() => Err(FileProblem::IsFolder),
                Ok(metadata) if is_device || !metadata.is_file() => Ok(Self::Special(place)),
                Err(_) if is_device => Err(FileProblem::NoDevice),
                _ => Ok(Self::File(place)),
            };
        }
        Err(FileProblem::LinkCircle)
    }
}

/// Whether a path is in `/dev` or `/proc`: `/dev/fd/3` may lead to a regular file, whose writer expects its bytes there
/// and no new file. `/dev/shm` is an ordinary folder in memory.
fn is_of_the_system(path: &Path) -> bool {
    cfg!(unix) && (path.starts_with("/dev") || path.starts_with("/proc")) && !path.starts_with("/dev/shm")
}

/// A temporary file beside a regular file, with the mode that the file is to have.
pub(crate) fn temporary_beside(file: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".cdmpp-");
    #[cfg(unix)]
    {
        // As for any new file: what the user's mask allows, rather than the owner alone.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let temporary = builder.tempfile_in(file.parent().expect("a file has a folder"))?;
    #[cfg(unix)]
    if let Ok(metadata) = file.metadata() {
        use std::os::unix::fs::PermissionsExt;
        // Without the set-user-id bit and its like: the new file may have another owner.
        let mode = metadata.permissions().mode() & 0o777;
        temporary.as_file().set_permissions(std::fs::Permissions::from_mode(mode))?;
    }
    Ok(temporary)
}
