//! Whether a place can take what a command is going to write, looked at before the work begins.
//!
//! What stands here finds out early what [`write`](super::write) would run into at the end: a file where a folder must be,
//! a name that the file system does not take, a place where nothing may be written.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::write::{above, is_stdout, target};
use crate::{Error, Result};

/// Looks whether a folder of files can be written at `path`, there or not.
///
/// # Errors
/// [`Error::File`] for standard output, for what is no folder and for a link to nothing; [`Error::Write`] for a name or a place
/// that takes none.
pub(crate) fn folder(path: &Path) -> Result<()> {
    if is_stdout(path) {
        let problem =
            "stands for standard output, which cannot take several files; name a folder (`./-` is one of this name)";
        return Err(refused(path, problem));
    }
    match path.metadata() {
        Ok(data) if data.is_dir() => writable(path).map_err(Error::write(path)),
        Ok(_) => Err(refused(path, "is no folder, and several files are to be written; name a folder")),
        Err(error) if error.kind() == ErrorKind::NotFound => room(path, path),
        Err(error) => Err(Error::write(path)(error)),
    }
}

/// Looks whether a file can be written at `path`. Standard output can, and what is no file is written through.
///
/// # Errors
/// As for [`folder`], for a folder and for a name that only a folder has.
pub(crate) fn file(path: &Path) -> Result<()> {
    if is_stdout(path) {
        return Ok(());
    }
    if path.to_string_lossy().ends_with(std::path::is_separator) || path.is_dir() {
        return Err(refused(path, "is a folder, and one file is to be written; name a file"));
    }
    match path.metadata() {
        Ok(data) if !data.is_file() => Ok(()),
        Ok(_) => {
            let end = target(path).map_err(Error::write(path))?;
            writable(above(&end)).map_err(Error::write(path))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let end = target(path).map_err(Error::write(path))?;
            if path.is_symlink() && !above(&end).is_dir() {
                return Err(refused(path, "is a link into a folder that is not there; name another file"));
            }
            room(path, &end)
        }
        Err(error) => Err(Error::write(path)(error)),
    }
}

/// Whether `end`, which is not there, can be made; messages name `path`.
fn room(path: &Path, end: &Path) -> Result<()> {
    let mut missing: Vec<PathBuf> = vec![end.to_owned()];
    let mut place = above(end).to_owned();
    loop {
        match place.metadata() {
            Ok(data) if data.is_dir() => break,
            Ok(_) => return Err(refused(path, &format!("cannot be made: {} is no folder", place.display()))),
            Err(error) if error.kind() == ErrorKind::NotFound && place != above(&place) => {
                missing.push(place.clone());
                place = above(&place).to_owned();
            }
            Err(error) => return Err(Error::write(path)(error)),
        }
    }
    for name in missing.iter().filter_map(|one| one.file_name()) {
        // Which names are too long is known to the file system alone, which is asked in a folder that is there.
        match place.join(name).symlink_metadata() {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(Error::write(path)(error)),
            _ => {}
        }
    }
    if let Some(link) = missing.iter().find(|one| one.is_symlink()) {
        let problem = format!("cannot be made: {} is a link to nothing", link.display());
        return Err(refused(path, &problem));
    }
    writable(&place).map_err(Error::write(path))
}

/// Whether files can be made in a folder: rights and file systems have the last word, so one is made and removed.
fn writable(folder: &Path) -> std::io::Result<()> {
    let probe = folder.join(format!(".onset-probe-{}.tmp", std::process::id()));
    match File::create_new(&probe) {
        // What cannot be removed now is swept by the next run.
        Ok(_) => drop(std::fs::remove_file(&probe)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

fn refused(path: &Path, problem: &str) -> Error {
    Error::File { path: path.to_owned(), problem: problem.to_owned() }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// What is refused, and nothing else may be: by the end of its message, `None` where it is taken.
    type Expected = (&'static str, Option<&'static str>, Option<&'static str>);

    #[test]
    fn a_place_is_taken_or_refused_before_anything_is_written() {
        let root = tempfile::tempdir().expect("a folder");
        let at = |name: &str| root.path().join(name);
        std::fs::create_dir(at("folder")).expect("made");
        std::fs::write(at("file"), "old").expect("written");
        for (link, end) in [("to-folder", "folder"), ("to-file", "file"), ("to-new", "new"), ("to-nowhere", "gone/new")]
        {
            symlink(end, at(link)).expect("linked");
        }
        let long = "n".repeat(300);
        let (is_folder, no_folder) = (Some("is a folder"), Some("is no folder"));
        // As a folder, and as a file.
        let places: [Expected; 12] = [
            ("folder", None, is_folder),
            ("file", no_folder, None),
            ("to-folder", None, is_folder),
            ("to-file", no_folder, None),
            ("to-new", Some("link to nothing"), None),
            ("to-nowhere", Some("link to nothing"), Some("is a link into a folder")),
            ("new", None, None),
            ("new/below/it", None, None),
            ("new/", None, is_folder),
            ("file/below", Some("cannot"), Some("cannot")),
            ("to-new/below", Some("link to nothing"), Some("link to nothing")),
            ("/dev/null", no_folder, None),
        ];
        for (name, as_folder, as_file) in places {
            for (said, expected) in [(folder(&at(name)), as_folder), (file(&at(name)), as_file)] {
                let said = said.err().map(|error| error.to_string());
                let right = match (&said, expected) {
                    (None, None) => true,
                    (Some(said), Some(expected)) => said.contains(expected),
                    _ => false,
                };
                assert!(right, "{name}: {said:?}, not {expected:?}");
            }
        }
        for name in [long.clone(), format!("new/{long}"), format!("new/{long}/below")] {
            assert!(folder(&at(&name)).is_err() && file(&at(&name)).is_err(), "{name}");
        }
        let mut left: Vec<String> = std::fs::read_dir(root.path())
            .expect("there")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        left.sort();
        assert_eq!(left, ["file", "folder", "to-file", "to-folder", "to-new", "to-nowhere"]);
        assert_eq!(std::fs::read(at("file")).expect("there"), b"old");
    }

    #[test]
    fn standard_output_is_a_file_and_no_folder() {
        assert!(file("-".as_ref()).is_ok());
        let said = folder("-".as_ref()).expect_err("several files").to_string();
        assert!(said.contains("standard output") && said.contains("./-"), "{said}");
    }

    #[test]
    fn a_place_where_nothing_can_be_made_is_refused() {
        // The system's own folder of processes takes no files, whoever asks.
        if Path::new("/proc/self").is_dir() {
            assert!(folder("/proc/onset".as_ref()).is_err() && file("/proc/onset.csv".as_ref()).is_err());
        }
    }
}
