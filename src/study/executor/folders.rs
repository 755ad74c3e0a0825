//! Folders of what was handed over to a queue, and the names it has there.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::study::cell::digest;
use crate::study::settings::Study;

/// What all jobs of a study are called at the beginning: the study's name and a digest of its folder.
pub(super) fn prefix(study: &Study) -> Result<String> {
    let output = std::path::absolute(&study.output).map_err(Error::read(&study.output))?;
    let folder: String = digest([output.to_string_lossy().as_ref()]).chars().take(10).collect();
    let name: String = study.name.chars().filter(|c| c.is_ascii_alphanumeric()).take(20).collect();
    Ok(format!("onset-{name}-{folder}"))
}

/// Makes the folder of the next submission in `all`. Its number is taken when the folder is there, so that two programs
/// that submit at once get two.
pub(super) fn next(all: &Path) -> Result<PathBuf> {
    let all = std::path::absolute(all).map_err(Error::read(all))?;
    std::fs::create_dir_all(&all).map_err(Error::write(&all))?;
    for number in 1..100_000 {
        let folder = all.join(format!("{number:04}"));
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::write(&folder)(error)),
        }
    }
    Err(Error::File { path: all, problem: "it holds 99,999 submissions; remove the old ones".into() })
}

/// The program that a task runs: the one that is named, or this one.
pub(super) fn program(named: Option<&PathBuf>) -> Result<PathBuf> {
    match named {
        Some(program) => Ok(program.clone()),
        None => std::env::current_exe().map_err(Error::read(Path::new("this program"))),
    }
}
