//! How files are written: whole or not at all.
//!
//! Content goes to a temporary file in the destination's own folder and is renamed over the destination when it is
//! complete, so that a reader, or a run that dies half-way, never sees half a file.

use std::io::{BufWriter, Write};
use std::path::Path;

use crate::{Error, Result};

/// Writes `bytes` to `path`, creating the folders above it.
///
/// # Errors
/// [`Error::Write`]; what was at `path` before is then still there.
pub fn bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    with(path, |out| out.write_all(bytes))
}

/// Lets `fill` write the content of `path`, creating the folders above it.
///
/// # Errors
/// [`Error::Write`], also when `fill` fails; what was at `path` before is then still there.
pub fn with(path: &Path, fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
    write(path, fill).map_err(Error::write(path))
}

/// Lets `fill` write the files of a new folder, which appears at `path` with all of them or not at all. A folder that is
/// there already is replaced.
///
/// # Errors
/// [`Error::Write`], and what `fill` returns; what was at `path` before is then still there.
pub fn folder(path: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let above = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(above).map_err(Error::write(path))?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".onset-").suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    // Removed with all it holds unless it gets its name.
    let temporary = builder.tempdir_in(above).map_err(Error::write(path))?;
    fill(temporary.path())?;
    // Two folders cannot change places in one step: the old one waits beside the new until that has its name.
    let old = temporary.path().with_extension("old");
    let replaced = path.exists();
    if replaced {
        std::fs::rename(path, &old).map_err(Error::write(path))?;
    }
    if let Err(error) = std::fs::rename(temporary.path(), path) {
        if replaced {
            // Best effort: the error that is returned says that the folder could not be written.
            let _ = std::fs::rename(&old, path);
        }
        return Err(Error::write(path)(error));
    }
    if replaced {
        std::fs::remove_dir_all(&old).map_err(Error::write(path))?;
    }
    Ok(())
}

fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".onset-").suffix(".tmp");
    // A temporary file is private by default; results are made to be read by others, as far as the umask allows.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let temporary = builder.tempfile_in(folder)?;
    let mut out = BufWriter::new(temporary);
    fill(&mut out)?;
    let temporary = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    temporary.persist(path)?;
    Ok(())
}
