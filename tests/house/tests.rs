//! The tests themselves: few binaries, because each is linked with everything, and no file that is forgotten.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::support::repository;

/// Each costs half a minute of a cold build.
const MOST_BINARIES: usize = 12;

/// Names and paths of what lies in `tests` or in a folder below it.
fn entries(folder: &str) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(repository("tests").join(folder)).expect("readable");
    let paths = entries.map(|entry| entry.expect("readable").path());
    paths.map(|path| (path.file_name().expect("a name").to_string_lossy().into_owned(), path)).collect()
}

#[test]
fn there_are_at_most_twelve_binaries_and_every_file_belongs_to_one() {
    let mut binaries = Vec::new();
    for (name, path) in entries("") {
        assert!(path.is_dir(), "tests/{name} would be a binary of its own: it belongs into a folder");
        let Ok(main) = fs::read_to_string(path.join("main.rs")) else { continue };
        let modules = main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
        let mut named: BTreeSet<String> = modules.map(str::to_owned).collect();
        assert!(named.remove("support"), "tests/{name}/main.rs does not use tests/support");
        let files = entries(&name).into_iter().filter_map(|(file, _)| file.strip_suffix(".rs").map(str::to_owned));
        let files: BTreeSet<String> = files.filter(|file| file != "main").collect();
        assert_eq!(named, files, "tests/{name}: what main.rs names, and the files there");
        binaries.push(name);
    }
    assert!((1..=MOST_BINARIES).contains(&binaries.len()), "{binaries:?}");
}
