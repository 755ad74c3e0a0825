//! How files are written: whole or not at all, and safe from a loss of power once they are there.
//!
//! Content goes to a temporary file in the destination's own folder, is given to the disk, and is renamed over the
//! destination; then the folder is given to the disk too. A reader, or a run that dies half-way, never sees half a file.
//! The new file has the mode of the one it replaces and, where the system allows it, its owner. A link is followed and
//! stays. What is no file (a device, a FIFO, a socket's name) is written through and never replaced, and `-` is standard
//! output. A temporary file is locked while its process lives: the first write of a later process to the same folder
//! removes what a killed one left.

use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use super::disk::{self, Appended, Step, sync, sync_folder};
use crate::{Error, Result};

/// How the name of a temporary file or folder begins.
const PREFIX: &str = ".onset-";
/// How it ends.
const SUFFIX: &str = ".tmp";
/// How the name of a folder that is being replaced ends; its own name stands before.
const REPLACED: &str = ".old";
/// The file that is locked where folders cannot be.
const LOCK: &str = ".onset.lock";
/// The file that stands in a folder as long as its files may be of two runs.
const INCOMPLETE: &str = "INCOMPLETE.txt";
/// Links that are followed, at most.
const MOST_LINKS: usize = 40;

/// Writes `bytes` to `path`, creating the folders above it.
///
/// # Errors
/// [`Error::Write`]; what was at `path` before is then still there. [`Error::Print`] for standard output.
pub fn bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    with(path, |out| out.write_all(bytes))
}

/// Writes `bytes` to `path`, whose folder must be there: for what must not be written where a file system was mounted
/// and is not any more.
///
/// # Errors
/// As [`bytes`], also when the folder is not there.
#[cfg(feature = "models")]
pub(crate) fn bytes_into_existing(path: &Path, bytes: &[u8]) -> Result<()> {
    fill(path, |out| out.write_all(bytes)).map_err(Error::write(path))
}

/// Lets `fill` write the content of `path`, creating the folders above it.
///
/// # Errors
/// [`Error::Write`], also when `fill` fails; what was at `path` before is then still there. [`Error::Print`] for standard
/// output.
pub fn with(path: &Path, fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
    if is_stdout(path) {
        let mut out = std::io::stdout().lock();
        return fill(&mut out).and_then(|()| out.flush()).map_err(Error::print);
    }
    disk::make_folders(above(path)).and_then(|()| self::fill(path, fill)).map_err(Error::write(path))
}

/// Whether `path` stands for standard output.
pub(crate) fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

/// Lets `fill` write the files of a new folder, which appears at `path` with all of them or not at all. A folder that is
/// there already is replaced.
///
/// # Errors
/// [`Error::Write`], and what `fill` returns; what was at `path` before is then still there.
#[cfg(feature = "models")]
pub(crate) fn folder(path: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let above = above(path);
    disk::make_folders(above).map_err(Error::write(path))?;
    sweep_once(above);
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    // Removed with all it holds unless it gets its name.
    let temporary = builder.tempdir_in(above).map_err(Error::write(path))?;
    disk::step(Step::Make(temporary.path(), true), || Ok(())).map_err(Error::write(path))?;
    // Says to a sweep that its process lives.
    let _held = File::open(temporary.path()).and_then(|folder| folder.try_lock().map(|()| folder).map_err(Into::into));
    fill(temporary.path())?;
    sync_folder(temporary.path()).map_err(Error::write(path))?;
    // Two folders cannot change places in one step: the old one waits beside the new until that has its name.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let old = above.join(format!("{PREFIX}{name}{REPLACED}"));
    let replaced = path.exists();
    if replaced {
        renamed(path, &old).map_err(Error::write(path))?;
    }
    if let Err(error) = renamed(temporary.path(), path) {
        if replaced {
            // Best effort: the error that is returned says that the folder could not be written.
            let _ = renamed(&old, path);
        }
        return Err(Error::write(path)(error));
    }
    sync_folder(above).map_err(Error::write(path))?;
    if replaced {
        disk::remove(&old).map_err(Error::write(path))?;
    }
    Ok(())
}

/// Removes from `folder` what this module left there half-written when its process was killed, and gives a folder that was
/// being replaced its name back where the new one did not get it. What a living process writes stays.
pub(crate) fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        // Left-overs are in nobody's way, and the next run tries again.
        if let Some(own) = rest.strip_suffix(REPLACED) {
            let own = folder.join(own);
            let _ = if own.exists() { disk::remove(&path) } else { renamed(&path, &own) };
        } else if rest.ends_with(SUFFIX) && is_abandoned(&path) {
            let _ = disk::remove(&path);
        }
    }
}

/// Whether the process that made a temporary file or folder has gone: its lock went with it.
fn is_abandoned(path: &Path) -> bool {
    let usual = path.symlink_metadata().is_ok_and(|data| data.is_file() || data.is_dir());
    usual && File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

/// Sweeps a folder at the first write of this process to it.
fn sweep_once(folder: &Path) {
    static SWEPT: LazyLock<Mutex<HashSet<PathBuf>>> = LazyLock::new(Mutex::default);
    let mut swept = SWEPT.lock().unwrap_or_else(PoisonError::into_inner);
    // In a test one process stands for many.
    if swept.insert(folder.to_owned()) || cfg!(test) {
        sweep(folder);
    }
}

/// Takes `folder` for one run, creating it, until what is returned is dropped. The lock is the operating system's and
/// goes with its process, however that ends.
///
/// # Errors
/// [`Error::InUse`] when another run has it, [`Error::Write`] when it cannot be made or locked.
pub(crate) fn hold(folder: &Path) -> Result<File> {
    disk::make_folders(folder).map_err(Error::write(folder))?;
    // The folder itself where the system locks folders, so that nothing is left behind; else a file in it.
    let direct = File::open(folder).ok().and_then(|file| match file.try_lock() {
        Ok(()) => Some(Ok(file)),
        Err(TryLockError::WouldBlock) => Some(Err(Error::InUse { path: folder.to_owned() })),
        Err(TryLockError::Error(_)) => None,
    });
    direct.unwrap_or_else(|| {
        let path = folder.join(LOCK);
        let opened = File::options().write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(Error::write(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(Error::InUse { path: folder.to_owned() }),
            Err(TryLockError::Error(source)) => Err(Error::write(&path)(source)),
        }
    })
}

/// Lets `fill` write several files that belong together into `folder`, which no other run writes to meanwhile. Until all of
/// them are there the folder holds a file that says that they are not.
///
/// # Errors
/// [`Error::InUse`], [`Error::Write`], and what `fill` returns.
pub(crate) fn set<T>(folder: &Path, fill: impl FnOnce() -> Result<T>) -> Result<T> {
    let _held = hold(folder)?;
    let mark = folder.join(INCOMPLETE);
    bytes(&mark, b"A run is writing to this folder, or was stopped while it did: its files may be of two runs.\n")?;
    let outcome = fill()?;
    disk::remove(&mark).and_then(|()| sync_folder(folder)).map_err(Error::write(&mark))?;
    Ok(outcome)
}

/// Refuses a folder that holds the files of a set that was not finished.
///
/// # Errors
/// [`Error::File`].
pub(crate) fn finished(folder: &Path) -> Result<()> {
    if !folder.join(INCOMPLETE).exists() {
        return Ok(());
    }
    let problem = format!(
        "a run that writes to this folder was stopped, or has not ended: its files may be of two runs ({INCOMPLETE} says so); \
         repeat the command that wrote it"
    );
    Err(Error::File { path: folder.to_owned(), problem })
}

/// The folder `path` is in.
pub(super) fn above(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn fill(path: &Path, content: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> std::io::Result<()> {
    let path = &target(path)?;
    let there = match path.symlink_metadata() {
        Ok(data) => Some(data),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if there.as_ref().is_some_and(|data| !data.is_file() && !data.is_dir()) {
        let mut out = BufWriter::new(File::options().write(true).open(path)?);
        content(&mut out)?;
        return out.flush();
    }
    sweep_once(above(path));
    let mut temporary = temporary(above(path), there.as_ref())?;
    let place = temporary.path().to_owned();
    disk::step(Step::Make(&place, false), || Ok(()))?;
    let mut out = BufWriter::new(Appended { file: temporary.as_file_mut(), path: &place });
    content(&mut out)?;
    out.flush()?;
    drop(out);
    if let Some(there) = &there {
        keep(there, temporary.as_file())?;
    }
    sync(temporary.as_file(), &place)?;
    disk::step(Step::Rename(&place, path), || Ok(temporary.persist(path)?))?;
    sync_folder(above(path))
}

/// What is at the end of a chain of links, there or not.
pub(super) fn target(path: &Path) -> std::io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match std::fs::read_link(&path) {
            Ok(next) => path = above(&path).join(next),
            // No link, or nothing there.
            Err(_) => return Ok(path),
        }
    }
    Err(std::io::Error::other("too many links lead on from it"))
}

/// A locked temporary file, no more open to others than what it is to replace.
fn temporary(folder: &Path, there: Option<&std::fs::Metadata>) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    // A temporary file is private by default; results are made to be read by others, as far as the umask allows.
    #[cfg(unix)]
    builder.permissions(there.map_or_else(
        || std::os::unix::fs::PermissionsExt::from_mode(0o666),
        |there| std::os::unix::fs::PermissionsExt::from_mode(std::os::unix::fs::MetadataExt::mode(there) & 0o777),
    ));
    #[cfg(not(unix))]
    let _ = there;
    loop {
        let temporary = builder.tempfile_in(folder)?;
        // A sweep may have come between; it holds its lock for as long as it takes to remove the file.
        if temporary.as_file().lock().is_err() || temporary.path().exists() {
            return Ok(temporary);
        }
    }
}

/// Gives a new file the mode of the one it replaces, and its owner where that is allowed.
#[cfg(unix)]
fn keep(there: &std::fs::Metadata, new: &File) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let own = new.metadata()?;
    if (own.uid(), own.gid()) != (there.uid(), there.gid()) {
        // Only a privileged process may give a file away; the group alone may be allowed.
        let _ = fchown(new, Some(there.uid()), Some(there.gid())).or_else(|_| fchown(new, None, Some(there.gid())));
    }
    new.set_permissions(there.permissions())
}

#[cfg(not(unix))]
fn keep(there: &std::fs::Metadata, new: &File) -> std::io::Result<()> {
    new.set_permissions(there.permissions())
}

fn renamed(from: &Path, to: &Path) -> std::io::Result<()> {
    disk::step(Step::Rename(from, to), || std::fs::rename(from, to))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_that_is_replaced_keeps_its_mode() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret.csv");
        std::fs::write(&path, "old").expect("written");
        for mode in [0o600, 0o664] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("set");
            bytes(&path, b"new").expect("written");
            assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, mode);
        }
        assert_eq!(std::fs::read(&path).expect("there"), b"new");
        assert_eq!(names(folder.path()), ["secret.csv"]);
    }

    #[test]
    fn a_link_stays_and_its_target_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let (link, end) = (folder.path().join("link"), folder.path().join("below/end"));
        std::fs::create_dir(folder.path().join("below")).expect("made");
        symlink("below/end", &link).expect("linked");
        for text in ["first", "second"] {
            bytes(&link, text.as_bytes()).expect("written");
            assert_eq!(std::fs::read_to_string(&end).expect("there"), text);
            assert!(link.symlink_metadata().expect("there").is_symlink());
        }
        symlink("round", folder.path().join("round")).expect("linked");
        assert!(bytes(&folder.path().join("round"), b"").is_err());
    }

    #[test]
    fn a_device_is_written_through() {
        bytes(Path::new("/dev/null"), b"lost").expect("written");
        assert!(!std::fs::metadata("/dev/null").expect("there").is_file());
        assert!(bytes(Path::new("/dev/full"), b"too much").is_err());
    }

    #[test]
    fn what_a_killed_process_left_is_swept_and_what_a_living_one_writes_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let living = temporary(folder.path(), None).expect("made");
        std::fs::write(at(".onset-dead.tmp"), "half").expect("written");
        std::fs::create_dir(at(".onset-dead-folder.tmp")).expect("made");
        std::fs::write(at(".onset-dead-folder.tmp").join("part"), "half").expect("written");
        std::fs::create_dir_all(at(".onset-step-1.old")).expect("made");
        std::fs::create_dir_all(at(".onset-step-2.old")).expect("made");
        std::fs::create_dir_all(at("step-2")).expect("made");
        std::fs::write(at(".onset-of-somebody"), "stays").expect("written");
        sweep(folder.path());
        let own = living.path().file_name().expect("a name").to_string_lossy().into_owned();
        let mut expected = vec![".onset-of-somebody".to_owned(), own, "step-1".to_owned(), "step-2".to_owned()];
        expected.sort();
        assert_eq!(names(folder.path()), expected);
    }

    #[test]
    fn a_folder_is_held_by_one_run_and_free_when_that_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let held = hold(folder.path()).expect("free");
        assert!(matches!(hold(folder.path()), Err(Error::InUse { .. })));
        drop(held);
        drop(hold(folder.path()).expect("free again"));
        assert!(names(folder.path()).is_empty(), "something is left behind");
    }

    #[test]
    fn a_set_that_was_not_finished_is_marked_until_one_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let failed = set(folder.path(), || bytes(&folder.path().join("a"), b"1").and(Err::<(), _>(Error::Interrupted)));
        assert!(matches!(failed, Err(Error::Interrupted)));
        assert_eq!(names(folder.path()), [INCOMPLETE, "a"]);
        assert!(finished(folder.path()).expect_err("half of it").to_string().contains("two runs"));
        set(folder.path(), || bytes(&folder.path().join("b"), b"2")).expect("written");
        assert_eq!(names(folder.path()), ["a", "b"]);
        assert!(finished(folder.path()).is_ok());
    }

    #[cfg(feature = "models")]
    #[test]
    fn a_folder_appears_with_all_its_files_or_not_at_all() {
        let above = tempfile::tempdir().expect("a folder");
        let path = above.path().join("model");
        folder(&path, |new| bytes(&new.join("a"), b"1")).expect("written");
        let failed = folder(&path, |new| {
            bytes(&new.join("b"), b"2")?;
            Err(Error::Interrupted)
        });
        assert!(matches!(failed, Err(Error::Interrupted)));
        assert_eq!((names(above.path()), names(&path)), (vec!["model".to_owned()], vec!["a".to_owned()]));
        folder(&path, |new| bytes(&new.join("c"), b"3")).expect("written");
        assert_eq!((names(above.path()), names(&path)), (vec!["model".to_owned()], vec!["c".to_owned()]));
    }
}
