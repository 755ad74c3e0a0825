//! The keywords of the Python package are the options of the program: python/tests asks the same of the built package, later.

use std::collections::BTreeSet;
use std::fs;

use onset::cli::options;

use crate::support::repository;

/// How the files of figures look, which only the program writes.
const LOOK: &[&str] = &["width", "height", "title", "font-size", "theme", "labels"];

/// A function of the package: its file, its keywords that are no options, and the options that only the program has.
struct Call {
    file: &'static str,
    command: &'static str,
    own: &'static [&'static str],
    left: &'static [&'static str],
    figures: bool,
}

const CALLS: &[Call] = &[
    Call { file: "_fit.py", command: "fit", own: &["data"], left: &["format", "out"], figures: true },
    Call { file: "_agree.py", command: "agree", own: &["data"], left: &["format", "out"], figures: true },
    Call {
        file: "_harness.py",
        command: "evaluate",
        own: &["model", "progress"],
        left: &["format", "dry-run", "write-out"],
        figures: false,
    },
    Call {
        file: "_training.py",
        command: "finetune",
        own: &["model", "progress"],
        left: &["format", "dry-run"],
        figures: false,
    },
    Call {
        file: "_training.py",
        command: "lab",
        own: &["progress"],
        left: &["format", "calibrate", "same-makes"],
        figures: true,
    },
];

/// The names between the parentheses of `def NAME(`, each on a line of its own.
fn keywords(file: &str, name: &str) -> BTreeSet<String> {
    let path = repository("python/onset_curves").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let signature =
        text.split_once(&format!("\ndef {name}(")).unwrap_or_else(|| panic!("{file} has no `def {name}(`")).1;
    let lines = signature.lines().take_while(|line| !line.starts_with(')'));
    lines.filter_map(|line| Some(line.trim().split_once(':')?.0.replace('_', "-"))).collect()
}

#[test]
fn keywords_of_python_are_the_options_of_the_program() {
    for Call { file, command, own, left, figures } in CALLS {
        let keywords = keywords(file, command);
        assert!(keywords.len() > 5, "{command}: {keywords:?}");
        let found: BTreeSet<String> = keywords.into_iter().filter(|name| !own.contains(&name.as_str())).collect();
        let leave = |name: &str| left.contains(&name) || (*figures && LOOK.contains(&name));
        let options = options::of(command).expect("a subcommand").into_iter().map(|option| option.name);
        let options: BTreeSet<String> = options.filter(|name| !leave(name)).collect();
        assert_eq!(found, options, "`{command}` in python/onset_curves/{file} and `onset {command}`");
    }
}
