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
