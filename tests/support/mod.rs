//! What the tests of several binaries need: places in the repository, the program, folders of their own, patience.

// Each binary uses a part of it.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
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

/// The program, to be given arguments.
pub fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_onset"))
}

/// Runs the program to its end.
pub fn onset(arguments: &[&str]) -> Output {
    program().args(arguments).output().expect("the program starts")
}

/// What a run wrote to standard error.
pub fn complained(run: &Output) -> String {
    String::from_utf8_lossy(&run.stderr).into_owned()
}

/// Runs and expects success; what was written to standard output.
pub fn succeeds(command: &mut Command) -> String {
    let run = command.output().expect("the program starts");
    assert_eq!(run.status.code(), Some(0), "{command:?}: {}", complained(&run));
    String::from_utf8(run.stdout).expect("UTF-8")
}

/// What the program writes to standard output, if it succeeds.
pub fn printed(arguments: &[&str]) -> String {
    succeeds(program().args(arguments))
}

/// Runs and expects a refusal: exit code 2, one line on standard error, nothing on standard output. That line.
pub fn refused(command: &mut Command) -> String {
    let run = command.output().expect("the program starts");
    let said = complained(&run);
    assert_eq!(run.status.code(), Some(2), "{command:?}: {said}");
    assert!(run.stdout.is_empty(), "{command:?} prints something before it refuses");
    assert_eq!(said.lines().count(), 1, "{command:?}: {said}");
    said
}

/// Waits until something has come about.
pub fn until(what: &str, mut come: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !come() {
        assert!(begun.elapsed() < PATIENCE, "{what}: waited for in vain");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// What Ctrl-C sends.
#[cfg(unix)]
pub fn interrupt(child: &Child) {
    signal(child, "-INT");
}

/// What a system sends that ends its programs.
#[cfg(unix)]
pub fn terminate(child: &Child) {
    signal(child, "-TERM");
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill is there");
    assert!(sent.success());
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
