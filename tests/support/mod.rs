//! What the tests of several binaries need: the program, and what all tests need.

// Each binary uses a part of it.
#![allow(dead_code, unused_imports)]

mod places;

use std::process::{Child, Command, Output};

pub use places::*;

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
