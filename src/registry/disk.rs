//! The steps that files are changed by: every one that [`write`](super::write), journals and states take goes through here,
//! so that a test can let each of them fail and can replay what a loss of power leaves of them.

use std::fs::File;
use std::io::{ErrorKind, Result, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// A change to the disk. Only tests look at it.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(all(test, feature = "models")), allow(dead_code))]
pub(crate) enum Step<'a> {
    /// A file or folder that was not there is.
    Make(&'a Path, bool),
    /// Bytes at the end of a file.
    Write(&'a Path, &'a [u8]),
    /// A file becomes this long.
    Cut(&'a Path, u64),
    /// The content of a file is on the disk.
    Sync(&'a Path),
    /// The names in a folder are on the disk.
    SyncFolder(&'a Path),
    /// The first becomes the second.
    Rename(&'a Path, &'a Path),
    /// A file or folder goes with all it holds.
    Remove(&'a Path),
}

/// Takes a step.
#[cfg(not(all(test, feature = "models")))]
pub(crate) fn step<T>(_: Step<'_>, act: impl FnOnce() -> Result<T>) -> Result<T> {
    act()
}

#[cfg(all(test, feature = "models"))]
pub(crate) use watch::{reading, step};

/// Reads what a run itself has written.
#[cfg(not(all(test, feature = "models")))]
#[cfg_attr(not(feature = "models"), allow(dead_code))]
pub(crate) fn reading<T>(_: &Path, act: impl FnOnce() -> Result<T>) -> Result<T> {
    act()
}

/// The bytes of a file that was found in a folder or named by another file. What is no file, such as a FIFO, is not opened:
/// it could keep whoever reads it waiting without end.
pub(crate) fn read_found(path: &Path) -> Result<Vec<u8>> {
    let data = std::fs::metadata(path)?;
    if !data.is_file() && !data.is_dir() {
        return Err(std::io::Error::other("it is a FIFO, a device or a socket"));
    }
    std::fs::read(path)
}

/// The same as text.
pub(crate) fn read_found_text(path: &Path) -> Result<String> {
    String::from_utf8(read_found(path)?).map_err(|error| std::io::Error::new(ErrorKind::InvalidData, error))
}

/// The bytes of a file that a run itself has written.
#[cfg_attr(not(feature = "models"), allow(dead_code))]
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    reading(path, || std::fs::read(path))
}

/// Writes to the end of a file.
pub(crate) fn append(file: &mut File, path: &Path, bytes: &[u8]) -> Result<()> {
    let outcome = step(Step::Write(path, bytes), || file.write_all(bytes));
    // What fails half-way has written half.
    #[cfg(all(test, feature = "models"))]
    if outcome.as_ref().is_err_and(watch::is_injected) {
        file.write_all(&bytes[..bytes.len() / 2])?;
    }
    outcome
}

/// A file that is written to its end.
pub(super) struct Appended<'a> {
    pub(super) file: &'a mut File,
    pub(super) path: &'a Path,
}

impl Write for Appended<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        append(self.file, self.path, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Makes a folder and those above it.
pub(crate) fn make_folders(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        make_folders(above)?;
    }
    make_folder(path)
}

/// Makes a folder whose name in the one above it is on the disk; one that is there stays.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    let made = step(Step::Make(path, true), || std::fs::create_dir(path));
    match made {
        Ok(()) => match path.parent().filter(|above| !above.as_os_str().is_empty()) {
            Some(above) => sync_folder(above),
            None => Ok(()),
        },
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes a file this long.
#[cfg(feature = "models")]
pub(crate) fn cut(file: &File, path: &Path, length: u64) -> Result<()> {
    step(Step::Cut(path, length), || file.set_len(length))
}

/// Removes a file or folder.
pub(crate) fn remove(path: &Path) -> Result<()> {
    step(Step::Remove(path), || match path.is_dir() && !path.is_symlink() {
        true => std::fs::remove_dir_all(path),
        false => std::fs::remove_file(path),
    })
}

/// Records steps, and lets one of them fail.
#[cfg(all(test, feature = "models"))]
pub(crate) mod watch {
    use std::io::{Error, Result};
    use std::path::{Path, PathBuf};
    use std::sync::{Mutex, PoisonError};

    use super::Step;

    /// A step as it is kept; paths are those below the watched folder.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) enum Kept {
        Make(PathBuf, bool),
        Write(PathBuf, Vec<u8>),
        Cut(PathBuf, u64),
        Sync(PathBuf),
        SyncFolder(PathBuf),
        Rename(PathBuf, PathBuf),
        Remove(PathBuf),
    }

    /// A folder whose changes are recorded until this is dropped.
    pub(crate) struct Watch {
        root: PathBuf,
    }

    struct Watched {
        root: PathBuf,
        fail_at: Option<usize>,
        fail_reading: Option<usize>,
        count: usize,
        reads: usize,
        steps: Vec<Kept>,
    }

    static WATCHED: Mutex<Vec<Watched>> = Mutex::new(Vec::new());

    impl Watch {
        /// Watches `root`; step `fail_at` (from 0) fails once.
        pub(crate) fn of(root: &Path, fail_at: Option<usize>) -> Self {
            Self::with(root, fail_at, None)
        }

        /// Watches `root`; reading number `at` (from 0) fails once.
        pub(crate) fn failing_to_read(root: &Path, at: usize) -> Self {
            Self::with(root, None, Some(at))
        }

        fn with(root: &Path, fail_at: Option<usize>, fail_reading: Option<usize>) -> Self {
            let root = root.to_owned();
            let watched = Watched { root: root.clone(), fail_at, fail_reading, count: 0, reads: 0, steps: Vec::new() };
            WATCHED.lock().unwrap_or_else(PoisonError::into_inner).push(watched);
            Self { root }
        }

        /// How often something was read.
        pub(crate) fn reads(&self) -> usize {
            let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
            watched.iter().find(|one| one.root == self.root).map_or(0, |one| one.reads)
        }

        /// The steps so far.
        pub(crate) fn steps(&self) -> Vec<Kept> {
            let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
            watched.iter().find(|one| one.root == self.root).map(|one| one.steps.clone()).unwrap_or_default()
        }
    }

    impl Drop for Watch {
        fn drop(&mut self) {
            WATCHED.lock().unwrap_or_else(PoisonError::into_inner).retain(|one| one.root != self.root);
        }
    }

    /// What a failed step says.
    const INJECTED: &str = "injected";

    pub(super) fn is_injected(error: &Error) -> bool {
        error.to_string() == INJECTED
    }

    /// Counts a step; whether it is the one that fails. One that does not is recorded.
    fn fails(step: Step<'_>) -> bool {
        let path = match step {
            Step::Make(path, _) | Step::Write(path, _) | Step::Cut(path, _) | Step::Sync(path) => path,
            Step::SyncFolder(path) | Step::Rename(path, _) | Step::Remove(path) => path,
        };
        let mut all = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(watched) = all.iter_mut().find(|one| path.starts_with(&one.root)) else { return false };
        let below = |path: &Path| path.strip_prefix(&watched.root).unwrap_or(path).to_owned();
        let kept = match step {
            Step::Make(path, folder) => Kept::Make(below(path), folder),
            Step::Write(path, bytes) => Kept::Write(below(path), bytes.to_vec()),
            Step::Cut(path, length) => Kept::Cut(below(path), length),
            Step::Sync(path) => Kept::Sync(below(path)),
            Step::SyncFolder(path) => Kept::SyncFolder(below(path)),
            Step::Rename(from, to) => Kept::Rename(below(from), below(to)),
            Step::Remove(path) => Kept::Remove(below(path)),
        };
        let fails = watched.fail_at == Some(watched.count);
        watched.count += 1;
        if !fails {
            watched.steps.push(kept);
        }
        fails
    }

    /// Reads, unless it is the reading that fails.
    pub(crate) fn reading<T>(path: &Path, act: impl FnOnce() -> Result<T>) -> Result<T> {
        let mut all = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        let fails = all.iter_mut().find(|one| path.starts_with(&one.root)).is_some_and(|watched| {
            watched.reads += 1;
            watched.fail_reading == Some(watched.reads - 1)
        });
        drop(all);
        if fails { Err(Error::other(INJECTED)) } else { act() }
    }

    /// Takes a step, unless it is the one that fails.
    pub(crate) fn step<T>(step: Step<'_>, act: impl FnOnce() -> Result<T>) -> Result<T> {
        if fails(step) { Err(Error::other(INJECTED)) } else { act() }
    }
}

/// Whether a file system was met that does not take data on request.
static UNSYNCED: AtomicBool = AtomicBool::new(false);

/// Whether something was written where the file system cannot be asked to put it on the disk: a loss of power can then
/// take more than documented.
pub(crate) fn was_unsynced() -> bool {
    UNSYNCED.load(Ordering::Relaxed)
}

/// Has the system put a file on the disk.
pub(crate) fn sync(file: &File, path: &Path) -> Result<()> {
    forgiven(step(Step::Sync(path), || if cfg!(test) { Ok(()) } else { file.sync_all() }))
}

/// The same for the names in a folder. Only Unix opens folders.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    match cfg!(unix) {
        true => {
            let sync = || File::open(folder).and_then(|folder| if cfg!(test) { Ok(()) } else { folder.sync_all() });
            forgiven(step(Step::SyncFolder(folder), sync))
        }
        false => Ok(()),
    }
}

/// Some file systems cannot sync, which is said once; an error of the disk is an error.
fn forgiven(outcome: Result<()>) -> Result<()> {
    match outcome {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
            UNSYNCED.store(true, Ordering::Relaxed);
            Ok(())
        }
        // A folder that may be written but not listed.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            UNSYNCED.store(true, Ordering::Relaxed);
            Ok(())
        }
        other => other,
    }
}
