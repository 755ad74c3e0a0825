//! Who works on a cell: a locked file that says so.
//!
//! The lock is one of the operating system's (`flock` and its kin), which goes when its process goes, however it goes, so
//! a killed run leaves nothing to be tidied. File systems that several machines share do not always share locks: the file
//! therefore also says on which machine its owner is, and the owner touches it every [`BEAT`]. A lock of another machine
//! that could be taken is left alone until nobody has touched it for [`STALE`]. Its age is measured by the clock of the
//! file system, not by those of the machines.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How often an owner touches its locks.
pub(crate) const BEAT: Duration = Duration::from_secs(15);

/// How long a lock of another machine is believed without a touch.
pub(crate) const STALE: Duration = Duration::from_secs(180);

const AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// Who works on a cell.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Owner {
    /// Name of the machine.
    pub host: String,
    /// Its process.
    pub pid: u32,
    /// Tells this boot of the machine from others, where the system says.
    boot: String,
    /// The job of a queue that it is, as the environment variable `ONSET_JOB` says.
    pub job: Option<String>,
    /// What it is doing.
    pub doing: String,
}

impl Owner {
    /// This process.
    fn own() -> Self {
        static OWN: OnceLock<Owner> = OnceLock::new();
        OWN.get_or_init(|| {
            let line = |path: &str| std::fs::read_to_string(path).map(|text| text.trim().to_owned()).ok();
            let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
            let host = line("/proc/sys/kernel/hostname").or_else(|| variable("HOSTNAME"));
            Self {
                host: host.unwrap_or_else(|| "unknown machine".into()),
                pid: std::process::id(),
                boot: line("/proc/sys/kernel/random/boot_id").unwrap_or_default(),
                job: variable("ONSET_JOB"),
                doing: String::new(),
            }
        })
        .clone()
    }

    fn on_this_machine(&self) -> bool {
        let own = Self::own();
        self.host == own.host && self.boot == own.boot
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.job {
            Some(job) => write!(f, "job {job} on {}", self.host),
            None => write!(f, "process {} on {}", self.pid, self.host),
        }
    }
}

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    file: File,
    owner: Owner,
    written: Option<Instant>,
}

/// The result of an attempt to take a lock.
#[derive(Debug)]
pub(super) enum Taken {
    Mine(Lock),
    /// Somebody else works here; who, if that can be read.
    Theirs(Option<Owner>),
}

impl Lock {
    /// Takes the lock, or says whose it is. The folder it is in must be there.
    ///
    /// # Errors
    /// [`Error::Write`] when the file cannot be made, [`Error::File`] on a file system that has no locks.
    pub(super) fn take(path: &Path) -> Result<Taken> {
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = open.map_err(Error::write(path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Taken::Theirs(owner(&mut file))),
            Err(TryLockError::Error(error)) => {
                let problem = format!("this file system has no locks ({error}); put the study's `output` on another");
                return Err(Error::File { path: path.to_owned(), problem });
            }
        }
        if let Some(owner) = owner(&mut file)
            && !owner.on_this_machine()
            && age(&file, path).is_some_and(|age| age < STALE)
        {
            return Ok(Taken::Theirs(Some(owner)));
        }
        let lock = Self { path: path.to_owned(), held: Mutex::new(Held { file, owner: Owner::own(), written: None }) };
        lock.beat(None)?;
        Ok(Taken::Mine(lock))
    }

    /// Who holds the lock, without taking it; `None` when nobody does.
    pub(super) fn holder(path: &Path) -> Option<Owner> {
        let mut file = OpenOptions::new().read(true).write(true).open(path).ok()?;
        let found = owner(&mut file);
        match file.try_lock() {
            Err(_) => Some(found.unwrap_or_default()),
            Ok(()) => found.filter(|owner| !owner.on_this_machine() && age(&file, path).is_some_and(|age| age < STALE)),
        }
    }

    /// Touches the lock, and says what its owner is doing if that has changed; more often than once a second is
    /// remembered but not written.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(super) fn beat(&self, doing: Option<&str>) -> Result<()> {
        // A panic while the file was written leaves it written or not; both are whole states of a lock.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Held { file, owner, written } = &mut *held;
        if let Some(doing) = doing {
            doing.clone_into(&mut owner.doing);
        }
        if written.is_some_and(|at| at.elapsed() < AT_MOST_EVERY) {
            return Ok(());
        }
        let json = serde_json::to_vec(owner).unwrap_or_default();
        // In place, not by a rename: a renamed file would not be the one that is locked.
        let outcome = file.rewind().and_then(|()| file.set_len(0)).and_then(|()| file.write_all(&json));
        *written = Some(Instant::now());
        outcome.map_err(Error::write(&self.path))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let held = self.held.get_mut().unwrap_or_else(PoisonError::into_inner);
        // An empty file has no owner; one that cannot be emptied goes stale.
        let _ = held.file.set_len(0);
    }
}

fn owner(file: &mut File) -> Option<Owner> {
    let mut text = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut text)).ok()?;
    serde_json::from_str(&text).ok()
}

/// How long ago the file was touched, by the clock of its file system.
fn age(file: &File, path: &Path) -> Option<Duration> {
    let folder = path.parent()?;
    let now = tempfile::tempfile_in(folder).and_then(|mut probe| {
        probe.write_all(b"now")?;
        probe.metadata()?.modified()
    });
    let touched = file.metadata().and_then(|metadata| metadata.modified()).ok()?;
    Some(now.ok()?.duration_since(touched).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, owner: &Owner, touched: Duration) {
        std::fs::write(path, serde_json::to_string(owner).expect("JSON")).expect("written");
        let file = OpenOptions::new().write(true).open(path).expect("there");
        file.set_modified(std::time::SystemTime::now() - touched).expect("set");
    }

    #[test]
    fn a_lock_is_taken_once_and_free_when_it_is_dropped() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let Ok(Taken::Mine(lock)) = Lock::take(&path) else { panic!("it was free") };
        let Ok(Taken::Theirs(Some(owner))) = Lock::take(&path) else { panic!("it is held") };
        assert_eq!(owner.pid, std::process::id());
        assert_eq!(Lock::holder(&path), Some(owner));
        drop(lock);
        assert_eq!(Lock::holder(&path), None);
        assert!(matches!(Lock::take(&path), Ok(Taken::Mine(_))));
    }

    #[test]
    fn a_lock_of_another_machine_is_believed_until_it_is_stale() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let far = Owner { host: "far-away".into(), pid: 7, ..Owner::default() };
        write(&path, &far, Duration::from_secs(5));
        assert!(matches!(Lock::take(&path), Ok(Taken::Theirs(Some(owner))) if owner == far));
        write(&path, &far, STALE + Duration::from_secs(60));
        assert!(matches!(Lock::take(&path), Ok(Taken::Mine(_))));
    }

    #[test]
    fn a_killed_process_of_this_machine_leaves_no_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        write(&path, &Owner { pid: 1, ..Owner::own() }, Duration::ZERO);
        assert!(matches!(Lock::take(&path), Ok(Taken::Mine(_))));
    }
}
