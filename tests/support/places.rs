//! What tests need, those in `src` too: places in the repository, folders of their own, patience.

// Each uses a part of it.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What tests give back that use `?`.
pub type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Longer than anything takes on the slowest machine: a test that waits so long hangs.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A path of the repository.
pub fn repository(path: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A path below `tests/fixtures`.
pub fn fixture(path: impl AsRef<Path>) -> PathBuf {
    repository("tests/fixtures").join(path)
}

/// A path as an argument of a command line.
pub fn argument(path: impl AsRef<Path>) -> String {
    path.as_ref().to_str().expect("UTF-8").to_owned()
}

/// The paper's 53 models, one row each, with four scores.
pub fn paper_wide() -> String {
    argument(fixture("fit/paper_wide.csv"))
}

/// Waits until something has come about.
pub fn until(what: &str, mut come: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !come() {
        assert!(begun.elapsed() < PATIENCE, "{what}: waited for in vain");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A folder of a test's own, gone with it.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A path in it, as an argument.
    pub fn at(&self, name: &str) -> String {
        argument(self.path(name))
    }

    /// Writes a file, with the folders above it; its path as an argument.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("in the folder")).expect("created");
        std::fs::write(&path, text).expect("written");
        argument(path)
    }
}

/// The study of the repository, to be written into any folder: what it reads has its whole path.
pub fn tiny_study(output: &str) -> String {
    repository_study("tiny.toml", output)
}

/// The same of any file in `studies`.
pub fn repository_study(file: &str, output: &str) -> String {
    let text = std::fs::read_to_string(repository("studies").join(file)).expect("the study");
    let text = text.replace("\"../tests/", &format!("\"{}/", argument(repository("tests"))));
    let text = text.replace("\"tiny/", &format!("\"{}/", argument(repository("studies/tiny"))));
    let line =
        |line: &str| if line.starts_with("output = ") { format!("output = \"{output}\"") } else { line.to_owned() };
    text.lines().map(|one| line(one) + "\n").collect()
}
