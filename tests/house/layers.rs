//! Holds the shape of the house: imports go downward only, rooms on one floor do not import each other, and each
//! heavy dependency has a single door.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::repository;

/// Folder (or file) directly under `src`, and the floor it stands on.
const FLOORS: [(&str, u8); 22] = [
    // What tests inside the source need: tests/support/places.rs.
    ("support", 0),
    ("bounds", 0),
    ("encoding", 0),
    ("error", 0),
    ("serial", 0),
    ("support", 0),
    ("registry", 1),
    ("stats", 1),
    ("lm", 1),
    ("harness", 2),
    ("train", 2),
    ("analysis", 3),
    ("study", 4),
    ("lab", 4),
    ("plot", 5),
    ("report", 5),
    ("explore", 6),
    ("cli", 7),
    ("notebook", 7),
    ("fuzzing", 7),
    ("prelude", 7),
    ("main", 7),
];

/// Crate, and the only place under `src` that may name it.
const DOORS: [(&str, &str); 5] = [
    ("polars", "registry/table"),
    ("calamine", "registry/table/workbook.rs"),
    ("argmin", "stats/optimise/"),
    ("plotters", "plot/"),
    ("clap", "cli/"),
];

pub(crate) fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("src is readable") {
            let path = entry.expect("src is readable").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let root = repository("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            (path.strip_prefix(&root).expect("found below src").to_owned(), text)
        })
        .collect()
}

/// Whether a file holds tests only. What it uses to make its cases, and what it looks for, is no code of the room.
pub(crate) fn is_of_tests(path: &Path) -> bool {
    path.with_extension("").iter().any(|part| part == "tests")
}

/// First path component without its ending: `stats/hinge.rs` -> `stats`, `error.rs` -> `error`.
fn room(path: &Path) -> String {
    let first = path.iter().next().expect("a file has a name").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Code without comments, so that documentation may mention any crate.
pub(crate) fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")).map(|(n, line)| (n + 1, line))
}

/// The first segment of every path that starts with `crate::`, also inside braces (`use crate::{error::Error, stats}`).
fn imported(text: &str) -> Vec<String> {
    let code: String = code(text).map(|(_, line)| format!("{line}\n")).collect();
    let first_segment =
        |path: &str| path.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = Vec::new();
    for (at, matched) in code.match_indices("crate::") {
        let rest = &code[at + matched.len()..];
        let Some(braced) = rest.strip_prefix('{') else {
            found.push(first_segment(rest));
            continue;
        };
        let mut depth = 0;
        let end = braced.find(|c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            depth < 0
        });
        let mut depth = 0;
        let top_level = braced[..end.unwrap_or(braced.len())].split(|c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            c == ',' && depth == 0
        });
        found.extend(top_level.map(first_segment).filter(|name| !name.is_empty()));
    }
    found
}

#[test]
fn a_braced_import_is_seen_through() {
    let text = "use crate::{error::Error, stats::{hinge, linear},\n    plot};\n// use crate::cli;\n";
    assert_eq!(imported(text), ["error", "stats", "plot"]);
}

#[test]
fn imports_go_downward_only() {
    let floors: BTreeMap<&str, u8> = FLOORS.into_iter().collect();
    let mut broken = Vec::new();
    for (path, text) in sources() {
        let own = room(&path);
        if own == "lib" {
            continue;
        }
        let Some(&own_floor) = floors.get(own.as_str()) else {
            broken.push(format!("{}: `{own}` has no floor", path.display()));
            continue;
        };
        for target in imported(&text) {
            if target == own || !target.starts_with(|c: char| c.is_ascii_lowercase()) {
                continue;
            }
            match floors.get(target.as_str()) {
                Some(&floor) if floor < own_floor => {}
                Some(_) => broken.push(format!("{}: {own} imports {target}", path.display())),
                None => broken.push(format!("{}: `{target}` has no floor", path.display())),
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_heavy_dependency_has_one_door() {
    let mut broken = Vec::new();
    for (path, text) in sources() {
        for (krate, door) in DOORS {
            if path.to_string_lossy().starts_with(door) {
                continue;
            }
            for (number, line) in code(&text) {
                if line.contains(&format!("{krate}::")) || line.contains(&format!("use {krate};")) {
                    broken.push(format!("{}:{number}: {krate} outside {door}", path.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn only_the_command_line_and_the_notebooks_print() {
    let mut broken = Vec::new();
    for (path, text) in sources() {
        if matches!(room(&path).as_str(), "cli" | "notebook" | "main") || is_of_tests(&path) {
            continue;
        }
        for (number, line) in code(&text) {
            if ["println!", "eprintln!", "print!(", "dbg!"].iter().any(|m| line.contains(m)) {
                broken.push(format!("{}:{number}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "prints outside cli/ and notebook/:\n{}", broken.join("\n"));
}

#[test]
fn reports_are_given_what_they_show_and_compute_no_fit() {
    let mut broken = Vec::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| room(path) == "report" && !is_of_tests(path)) {
        for (number, line) in code(&text) {
            let functions = functions_of_stats(line);
            // Settings are what a fit is made by.
            let fits = ["FitSettings", "LabReport::of("].into_iter().filter(|name| line.contains(name));
            broken.extend(
                functions
                    .iter()
                    .map(String::as_str)
                    .chain(fits)
                    .map(|what| format!("{}:{number}: report/ uses {what}", path.display())),
            );
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// What a line takes from `stats` that is no type: names of types begin with a capital letter.
fn functions_of_stats(line: &str) -> Vec<String> {
    let Some((_, taken)) = line.split_once("crate::stats::") else { return Vec::new() };
    let last = taken.rsplit("::").next().unwrap_or(taken);
    let names = last.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|name| !name.is_empty());
    names.filter(|name| !name.starts_with(char::is_uppercase)).map(str::to_owned).collect()
}

#[test]
fn a_function_of_the_statistics_is_told_from_a_type() {
    assert!(functions_of_stats("use crate::stats::selection::{Curve, Verdict};").is_empty());
    assert_eq!(functions_of_stats("use crate::stats::itemnoise::{ItemNoise, wilson};"), ["wilson"]);
    assert_eq!(functions_of_stats("let (low, high) = crate::stats::itemnoise::wilson"), ["wilson"]);
}

#[test]
fn no_room_is_named_after_nothing() {
    for (path, _) in sources() {
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        assert!(
            !["util", "utils", "helper", "helpers", "common", "misc"].contains(&name.as_str()),
            "{}",
            path.display()
        );
    }
}
