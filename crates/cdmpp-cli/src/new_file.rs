//! Files that appear when they are complete.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;

/// A file that is written beside its target and takes its place when it is [finished](Self::finish). Dropped before,
/// it leaves no trace.
#[derive(Debug)]
pub(crate) struct NewFile {
    path: PathBuf,
    writer: Sink,
}

#[derive(Debug)]
enum Sink {
    Temporary(BufWriter<NamedTempFile>),
    /// A pipe or a device, which must not be replaced.
    Special(BufWriter<File>),
}

impl NewFile {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let writer = Sink::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path: path.to_owned(), writer })
    }

    pub(crate) fn finish(self) -> Result<()> {
        let path = &self.path;
        self.writer.finish(path).with_context(|| format!("cannot write {}", path.display()))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.writer {
            Sink::Temporary(writer) => writer.write(bytes),
            Sink::Special(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.writer {
            Sink::Temporary(writer) => writer.flush(),
            Sink::Special(writer) => writer.flush(),
        }
    }
}

impl Sink {
    fn create(path: &Path) -> io::Result<Self> {
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Ok(Self::Special(BufWriter::new(File::options().write(true).open(path)?)));
        }
        Ok(Self::Temporary(BufWriter::new(temporary(path)?)))
    }

    fn finish(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Temporary(writer) => {
                let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.as_file().sync_all()?;
                file.persist(path)?;
                Ok(())
            }
            Self::Special(mut writer) => writer.flush(),
        }
    }
}

/// Fails now rather than after hours if a file could not be put at one of the paths later, or two would be one.
pub(crate) fn check_places<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Result<()> {
    let mut checked = BTreeSet::new();
    for path in paths {
        check_place(path)?;
        // However it is spelt.
        let place = folder(path).canonicalize().map(|folder| folder.join(path.file_name().unwrap_or_default()));
        if !checked.insert(place.with_context(|| format!("cannot write {}", path.display()))?) {
            bail!("cannot write two things to {}", path.display());
        }
    }
    Ok(())
}

fn check_place(path: &Path) -> Result<()> {
    if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        bail!("cannot write {}: it is there already and no file", path.display());
    }
    temporary(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

/// The folder of a path.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let folder = folder(path);
    if !folder.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("there is no folder {}", folder.display())));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".cdmpp-");
    #[cfg(unix)]
    {
        // As for any new file: what the user's mask allows, rather than the owner alone.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}
