//! The texts do what they say: every command in README and docs runs, shown output is what comes out, generated pages
//! are as generated, and every help text has examples.
//!
//! `ONSET_UPDATE=1 cargo test --release --test house docs` writes shown output and generated pages anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::support::{program, repository};

/// Commands that are not run, by how they begin, and why.
const NOT_RUN: &[(&str, &str)] = &[
    ("cargo test", "it would run this test"),
    ("onset reproduce", "tests/paper/reproduce.rs runs it, into a folder of its own"),
    ("onset fit TABLE...", "the reader's own table; docs/tutorial.md runs the command on one"),
    ("onset agree TABLE...", "the reader's own table; docs/agree.md runs the command on the second paper's"),
    ("onset models show pythia-70m", "the reader's own model; src/lm/tests/check.rs looks at others"),
    ("onset models check tests/fixtures/models/llama", "src/lm/tests/check.rs checks every fixture"),
    ("onset import lm-eval RESULTS", "the reader's own results; tests/harness/import.rs runs the command"),
    ("onset fit results/", "the reader's own results; tests/fit/command.rs reads others"),
    ("onset report lab", "what the lab wrote; tests/report/page.rs makes a page of the one in data/lab"),
    ("onset report my-study", "the reader's own study; tests/report/page.rs makes a page of one"),
    ("onset lab", "minutes; src/lab/tests.rs runs a smaller one"),
    ("onset explore", "it serves until it is stopped; tests/report/explore.rs runs it"),
    ("onset finetune", "the reader's own model and data"),
    ("cargo install", "minutes, and it would change the machine; what it compiles is what this test runs"),
    ("pip install ./python", "minutes, and an environment of Python; .ci/python builds the wheel and installs it"),
];

/// Commands that some page may have and none need.
const READERS_OWN: [&str; 2] = ["onset evaluate", "onset study"];

fn updating() -> bool {
    std::env::var_os("ONSET_UPDATE").is_some()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// README and every page of docs, in order.
fn pages() -> Vec<PathBuf> {
    let entries = fs::read_dir(repository("docs")).expect("docs is there");
    let mut pages: Vec<PathBuf> = entries.map(|e| e.expect("readable").path()).collect();
    pages.retain(|path| path.extension().is_some_and(|e| e == "md"));
    pages.sort();
    pages.insert(0, repository("README.md"));
    pages
}

/// A fenced block of a page: its language, its lines, and where they are among the page's lines.
struct Block {
    language: String,
    lines: std::ops::Range<usize>,
}

fn blocks(lines: &[&str]) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<(String, usize)> = None;
    for (n, line) in lines.iter().enumerate() {
        let Some(language) = line.strip_prefix("```") else { continue };
        match open.take() {
            None => open = Some((language.to_owned(), n + 1)),
            Some((language, start)) => found.push(Block { language, lines: start..n }),
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}

/// The commands of a block as `onset …`: comments and continued lines resolved.
fn commands(lines: &[&str]) -> Vec<String> {
    let text = lines.join("\n").replace("\\\n", " ");
    let lines = text.lines().map(|line| line.split(" # ").next().unwrap_or(line).trim());
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.replace("cargo run --release --", "onset")).map(|line| words(&line).join("\u{1f}")).collect()
}

/// The words of a command line; single quotes keep spaces.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => words.push(String::new()),
            c => words.last_mut().expect("never empty").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A copy of what the commands read: the tables of `data` and `docs`, and the tables that `reproduce` writes.
fn workplace() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a temporary folder");
    for folder in ["data", "data/lab/full", "data/train-before-test", "docs", "figures", "figures/corrected"] {
        let target = place.path().join(folder);
        fs::create_dir_all(&target).expect("new");
        for entry in fs::read_dir(repository(folder)).expect("it is there") {
            let path = entry.expect("readable").path();
            if path.extension().is_some_and(|e| e == "csv") {
                fs::copy(&path, target.join(path.file_name().expect("a file"))).expect("copied");
            }
        }
    }
    place
}

fn onset(arguments: &[&str], folder: &Path) -> Output {
    program().args(arguments).current_dir(folder).output().expect("the program starts")
}

/// Whether `text` is what a page shows, in which a line `…` stands for any lines.
fn shows(shown: &[&str], text: &str) -> bool {
    let all: Vec<&str> = text.lines().map(str::trim_end).collect();
    let pieces: Vec<&[&str]> = shown.split(|line| *line == "…").collect();
    let mut at = 0;
    for (k, piece) in pieces.iter().enumerate() {
        let last = k + 1 == pieces.len();
        let candidates = at..=all.len().saturating_sub(piece.len());
        let place = candidates.into_iter().find(|&place| {
            let fits = all.get(place..place + piece.len()) == Some(piece);
            fits && (k > 0 || place == 0) && (!last || piece.is_empty() || place + piece.len() == all.len())
        });
        let Some(place) = place else { return false };
        at = place + piece.len();
    }
    pieces.len() > 1 || at == all.len()
}

#[test]
fn an_ellipsis_stands_for_any_lines() {
    let text = "a\nb\nc\nd\n";
    for (shown, fits) in [("a\nb\nc\nd", true), ("a\n…\nd", true), ("a\n…", true), ("…\nd", true), ("b\n…", false)]
    {
        assert_eq!(shows(&shown.lines().collect::<Vec<_>>(), text), fits, "{shown}");
    }
    assert!(!shows(&["a", "b", "c"], text) && !shows(&["…", "c"], text) && !shows(&["a", "…", "b", "d"], text));
}

#[test]
fn every_command_of_the_texts_runs_and_shows_what_is_shown() {
    let mut problems = Vec::new();
    let (mut run, mut skipped) = (0, BTreeSet::new());
    for page in pages() {
        let name = page.file_name().expect("a file").to_string_lossy().into_owned();
        let text = read(&page);
        let lines: Vec<&str> = text.lines().collect();
        let blocks = blocks(&lines);
        let mut replaced: Vec<(std::ops::Range<usize>, String)> = Vec::new();
        // Commands of a page build on each other.
        let place = workplace();
        let lines_of = |block: &Block| lines[block.lines.clone()].iter();
        for block in blocks.iter().filter(|block| block.language.is_empty()) {
            let command = lines_of(block).find(|line| line.starts_with("onset "));
            problems.extend(command.map(|line| format!("{name}: `{line}` stands in a block that is not marked `sh`")));
        }
        for (k, block) in blocks.iter().enumerate().filter(|(_, block)| block.language == "sh") {
            let mut printed = String::new();
            for command in commands(&lines[block.lines.clone()]) {
                let words: Vec<&str> = command.split('\u{1f}').collect();
                let line = words.join(" ");
                if let Some((start, _)) = NOT_RUN.iter().find(|(start, _)| line.starts_with(start)) {
                    skipped.insert(*start);
                    continue;
                }
                if READERS_OWN.iter().any(|start| line.starts_with(start)) {
                    continue;
                }
                assert_eq!(words[0], "onset", "{name}: `{line}` is neither run nor excused");
                let output = onset(&words[1..], place.path());
                run += 1;
                if !output.status.success() {
                    problems.push(format!("{name}: `{line}`: {}", String::from_utf8_lossy(&output.stderr)));
                }
                printed.push_str(&String::from_utf8_lossy(&output.stdout));
            }
            let next = blocks.get(k + 1).filter(|next| {
                let between = &lines[block.lines.end + 1..next.lines.start - 1];
                next.language == "text" && between.iter().all(|line| line.is_empty())
            });
            let Some(next) = next else { continue };
            let shown = &lines[next.lines.clone()];
            if shows(shown, &printed) {
                continue;
            }
            if updating() && !shown.contains(&"…") {
                replaced.push((next.lines.clone(), printed));
            } else {
                problems.push(format!("{name}, line {}: what comes out is\n{printed}", next.lines.start + 1));
            }
        }
        if !replaced.is_empty() {
            let mut all = lines.clone();
            for (range, printed) in replaced.iter().rev() {
                all.splice(range.clone(), printed.lines().map(str::trim_end));
            }
            fs::write(&page, all.join("\n") + "\n").expect("written");
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(run > 0, "no page has a command");
    let unused: Vec<&str> = NOT_RUN.iter().map(|(start, _)| *start).filter(|s| !skipped.contains(s)).collect();
    assert!(unused.is_empty(), "excused, but in no text: {unused:?}");
}

#[test]
fn every_page_is_in_the_contents_of_the_site_and_on_its_map() {
    let lists = ["SUMMARY.md", "README.md"].map(|name| (name, read(&repository("docs").join(name))));
    let names: Vec<String> = pages()
        .iter()
        .filter(|page| page.starts_with(repository("docs")))
        .map(|page| page.file_name().expect("a file").to_string_lossy().into_owned())
        .filter(|name| lists.iter().all(|(list, _)| list != name))
        .collect();
    assert!(names.len() > 20, "{names:?}");
    for (list, text) in &lists {
        let missing: Vec<&String> = names.iter().filter(|name| !text.contains(&format!("]({name})"))).collect();
        assert!(missing.is_empty(), "docs/{list} lacks {missing:?}");
    }
}

#[test]
fn the_page_about_the_paper_is_written_from_the_report() {
    let report = fs::read(repository("figures/reproduction.csv")).expect("the report is there");
    let page = onset::report::reproduction_page::markdown(&report).expect("a page");
    let path = repository("docs/paper.md");
    if updating() {
        fs::write(&path, &page).expect("written");
    }
    assert!(read(&path) == page, "docs/paper.md is not what `just paper-page` writes");
}

#[test]
fn every_command_has_examples_in_its_help() {
    let place = tempfile::tempdir().expect("a temporary folder");
    // Each command with the help of the one above it, which may hold its examples.
    let mut left: Vec<(Vec<String>, String)> = vec![(Vec::new(), String::new())];
    let mut without = Vec::new();
    while let Some((path, above)) = left.pop() {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let output = onset(&arguments, place.path());
        assert!(output.status.success(), "onset {}", arguments.join(" "));
        let help = String::from_utf8(output.stdout).expect("UTF-8");
        let example = format!("  onset {}", path.join(" "));
        if !examples(&help).chain(examples(&above)).any(|line| line.starts_with(example.trim_end())) {
            without.push(example);
        }
        let commands = help.split("Commands:\n").nth(1).unwrap_or("").split("\n\n").next().unwrap_or("");
        // The names stand two columns in; their descriptions may go on further right.
        let named = commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        for name in named.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
            left.push((path.iter().cloned().chain([name.to_owned()]).collect(), help.clone()));
        }
    }
    assert!(without.is_empty(), "no examples in the help of {without:?}");
}

/// The lines of a help text's examples.
fn examples(help: &str) -> impl Iterator<Item = &str> {
    // The last section of that name: options may have one as well.
    help.split_once("Examples:\n").map_or("", |_| help.rsplit("Examples:\n").next().unwrap_or("")).lines()
}
