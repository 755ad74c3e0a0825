//! The study's folder: a marker that says what it is, and the failures of its cells.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::cell::{CELLS, Cell, EVALUATIONS, TRAINING};
use super::settings::Study;
use crate::error::{Error, Result};
use crate::registry::{disk, write};

/// Stands in the folder as long as it is there; a mount point whose file system has gone does not have it.
const MARKER: &str = "onset-study.json";

#[derive(Serialize, Deserialize)]
struct Marker {
    study: String,
}

/// Why a cell failed the last time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What stopped it.
    pub error: String,
    /// How often it has failed since it last got anything done.
    pub times: u32,
}

/// Makes the study's folder, or finds it.
///
/// # Errors
/// [`Error::Write`]; [`Error::File`] when another study is in the folder.
pub(super) fn open(study: &Study) -> Result<()> {
    let path = study.output.join(MARKER);
    mark(study, &path)?;
    make_folder(&study.output.join(CELLS))
}

/// Makes the cell's folder. Never those above it: they would be made where a file system was mounted before.
///
/// # Errors
/// [`Error::Write`], also when the study's folder has gone.
pub(super) fn make(cell: &Cell) -> Result<()> {
    make_folder(&cell.folder)
}

fn make_folder(folder: &Path) -> Result<()> {
    disk::make_folder(folder).map_err(Error::write(folder))
}

fn mark(study: &Study, path: &Path) -> Result<()> {
    match disk::read(path) {
        Ok(bytes) => {
            let other = serde_json::from_slice::<Marker>(&bytes).ok().filter(|marker| marker.study != study.name);
            match other {
                Some(other) => {
                    let problem = format!("the folder holds the study `{}`; choose another `output`", other.study);
                    Err(Error::File { path: study.output.clone(), problem })
                }
                None => Ok(()),
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let marker = serde_json::to_vec(&Marker { study: study.name.clone() });
            write::bytes(path, &marker.map_err(|e| Error::write(path)(e.into()))?)
        }
        Err(error) => Err(Error::read(path)(error)),
    }
}

/// Refuses to write into a folder that is not the study's: without this a vanished mount would be filled from below.
///
/// # Errors
/// [`Error::Write`].
pub(super) fn still_there(cell: &Cell) -> Result<()> {
    let output = cell.folder.parent().and_then(Path::parent).unwrap_or(&cell.folder);
    let marker = output.join(MARKER);
    std::fs::metadata(&marker).map(drop).map_err(Error::write(&marker))
}

/// Why the cell failed, if its last run did.
pub(super) fn failure(cell: &Cell) -> Option<Failure> {
    serde_json::from_slice(&std::fs::read(cell.failure()).ok()?).ok()
}

/// Notes that the cell failed.
///
/// # Errors
/// [`Error::Write`].
pub(super) fn note_failure(cell: &Cell, error: &str) -> Result<()> {
    still_there(cell)?;
    let times = failure(cell).map_or(1, |last| last.times.saturating_add(1));
    let path = cell.failure();
    let json = serde_json::to_vec(&Failure { error: error.to_owned(), times });
    write::bytes_into_existing(&path, &json.map_err(|e| Error::write(&path)(e.into()))?)
}

/// Forgets the finished cell's failures, and what it kept for a restart.
pub(super) fn tidy(cell: &Cell, keep_evaluations: bool) {
    // Left-overs are in nobody's way, and the next run tries again.
    let _ = disk::remove(&cell.failure());
    let _ = disk::remove(&cell.folder.join(TRAINING));
    if !keep_evaluations {
        let _ = disk::remove(&cell.folder.join(EVALUATIONS));
    }
}

/// Whether nothing is left that [`tidy`] would remove.
pub(super) fn is_tidy(cell: &Cell, keep_evaluations: bool) -> bool {
    let left = |path: &Path| path.symlink_metadata().is_ok();
    !left(&cell.failure())
        && !left(&cell.folder.join(TRAINING))
        && (keep_evaluations || !left(&cell.folder.join(EVALUATIONS)))
}

/// What a person has to do before anything else can go on, if the error says that the disk, not the cell, is at fault.
pub(super) fn remedy(error: &Error, output: &Path) -> Option<String> {
    use std::io::ErrorKind;
    let Error::Write { path, source } = error else { return None };
    let output_of = |path: &PathBuf| path.starts_with(output);
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(format!(
            "no space is left for {}: free some and run the study again; what is finished is kept",
            path.display()
        )),
        ErrorKind::ReadOnlyFilesystem | ErrorKind::StaleNetworkFileHandle => {
            Some(format!("{}: {source}; mount it again and run the study again", path.display()))
        }
        _ if output_of(path) && !output.join(MARKER).exists() => Some(format!(
            "{} is not there any more (a vanished mount?); bring it back and run the study again",
            output.display()
        )),
        _ => None,
    }
}
