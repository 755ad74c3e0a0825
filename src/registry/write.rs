//! How files are written: whole or not at all.
//!
//! Content goes to a temporary file in the destination's own folder and is renamed over the destination when it is
//! complete, so that a reader, or a run that dies half-way, never sees half a file.

use std::io::{BufWriter, Write};
use std::path::Path;

use crate::{Error, Result};

/// How the name of a temporary file or folder begins.
const PREFIX: &str = ".onset-";
/// How it ends.
const SUFFIX: &str = ".tmp";
/// The extension of a folder about to be replaced.
const REPLACED: &str = "old";

/// Writes `bytes` to `path`, creating the folders above it.
///
/// # Errors
/// [`Error::Write`]; what was at `path` before is then still there.
pub fn bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    with(path, |out| out.write_all(bytes))
}

/// Writes `bytes` to `path`, whose folder must be there: for what must not be written where a file system was mounted
/// and is not any more.
///
/// # Errors
/// As [`bytes`], also when the folder is not there.
pub(crate) fn bytes_into_existing(path: &Path, bytes: &[u8]) -> Result<()> {
    fill(path, |out| out.write_all(bytes)).map_err(Error::write(path))
}

/// Lets `fill` write the content of `path`, creating the folders above it.
///
/// # Errors
/// [`Error::Write`], also when `fill` fails; what was at `path` before is then still there.
pub fn with(path: &Path, fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
    std::fs::create_dir_all(above(path)).and_then(|()| self::fill(path, fill)).map_err(Error::write(path))
}

/// Lets `fill` write the files of a new folder, which appears at `path` with all of them or not at all. A folder that is
/// there already is replaced.
///
/// # Errors
/// [`Error::Write`], and what `fill` returns; what was at `path` before is then still there.
pub(crate) fn folder(path: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let above = above(path);
    std::fs::create_dir_all(above).map_err(Error::write(path))?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    // Removed with all it holds unless it gets its name.
    let temporary = builder.tempdir_in(above).map_err(Error::write(path))?;
    fill(temporary.path())?;
    // Two folders cannot change places in one step: the old one waits beside the new until that has its name.
    let old = temporary.path().with_extension(REPLACED);
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

/// Removes from `folder` what this module left there half-written when its process was killed. Only for a folder that
/// nobody else writes to.
pub(crate) fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(PREFIX) && (name.ends_with(SUFFIX) || path.extension().is_some_and(|e| e == REPLACED)) {
            // Left-overs are in nobody's way, and the next run tries again.
            let _ = std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path));
        }
    }
}

/// The folder `path` is in.
fn above(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn fill(path: &Path, content: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> std::io::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    // A temporary file is private by default; results are made to be read by others, as far as the umask allows.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let temporary = builder.tempfile_in(above(path))?;
    let mut out = BufWriter::new(temporary);
    content(&mut out)?;
    let temporary = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    temporary.persist(path)?;
    Ok(())
}
