//! `onset reproduce` as a user runs it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use crate::support::{argument, complained, program, refused, repository};

fn onset(arguments: &[&str], threads: &str) -> Output {
    program().args(arguments).env("RAYON_NUM_THREADS", threads).output().expect("the program starts")
}

/// The files of a folder by name; those of `corrected` as `corrected/name`.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for (prefix, folder) in [("", folder.to_owned()), ("corrected/", folder.join("corrected"))] {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let entry = entry.expect("readable");
            if entry.path().is_file() {
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                found.insert(name, fs::read(entry.path()).expect("readable"));
            }
        }
    }
    found
}

/// A copy of the repository's tables in which `edit` has changed one file's text.
fn damaged(file: &str, edit: impl Fn(&str) -> String) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for entry in fs::read_dir(repository("data")).expect("data is there") {
        let path = entry.expect("readable").path();
        if path.is_file() {
            fs::copy(&path, folder.path().join(path.file_name().expect("a file"))).expect("copied");
        }
    }
    let path = folder.path().join(file);
    let text = fs::read_to_string(&path).expect("a table");
    let edited = edit(&text);
    assert_ne!(text, edited, "the edit changes {file}");
    fs::write(&path, edited).expect("written");
    folder
}

/// Runs on damaged tables, expects exit code 2, nothing written, and every one of `said` in the message.
fn refuses(folder: &Path, said: &[&str]) {
    let out = tempfile::tempdir().expect("a temporary folder");
    let target = out.path().join("figures");
    let message = refused(program().args(["reproduce", "--data", &argument(folder), "--out", &argument(&target)]));
    for word in said {
        assert!(message.contains(word), "`{word}` is not in: {message}");
    }
    assert!(!target.exists(), "something was written");
}

#[test]
fn the_committed_figures_are_what_the_command_writes_on_any_number_of_threads() {
    let committed = files(&repository("figures"));
    for threads in ["1", "2"] {
        let out = tempfile::tempdir().expect("a temporary folder");
        let run = onset(&["reproduce", "--out", out.path().to_str().expect("UTF-8")], threads);
        assert!(run.status.success(), "{}", complained(&run));
        let written = files(out.path());
        assert_eq!(written.keys().collect::<Vec<_>>(), committed.keys().collect::<Vec<_>>());
        let changed: Vec<&String> = written.keys().filter(|name| written[*name] != committed[*name]).collect();
        assert!(changed.is_empty(), "with {threads} threads these differ from the committed files: {changed:?}");
    }
}

#[test]
fn fifteen_figures_come_in_two_readings_and_three_formats_with_their_data() {
    let committed = files(&repository("figures"));
    let drawn: Vec<&str> = committed.keys().filter_map(|name| name.strip_suffix(".svg")).collect();
    assert_eq!(drawn.len(), 2 * 15, "{drawn:?}");
    for name in drawn {
        assert!(committed[&format!("{name}.png")].starts_with(b"\x89PNG"), "{name}");
        assert!(committed[&format!("{name}.pdf")].starts_with(b"%PDF"), "{name}");
        assert!(
            committed[&format!("{name}.csv")].starts_with(b"panel,kind,series,label,x,y,low,high,text\n"),
            "{name}"
        );
    }
}

#[test]
fn only_draws_what_was_asked_for() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let folder = out.path().to_str().expect("UTF-8");
    let run = onset(&["reproduce", "--only", "gain,causal_direct", "--mode", "paper", "--out", folder], "2");
    assert!(run.status.success());
    let names: Vec<String> = files(out.path()).into_keys().collect();
    assert_eq!(
        names,
        ["causal_direct.csv", "gain.csv", "gain.pdf", "gain.png", "gain.svg", "reproduction-partial.csv"]
    );
}

#[test]
fn the_corrected_reading_alone_takes_the_folder_for_itself() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let folder = out.path().to_str().expect("UTF-8");
    let run = onset(&["reproduce", "--only", "causal_direct", "--mode", "corrected", "--out", folder], "2");
    assert!(run.status.success());
    let written = files(out.path());
    assert_eq!(written.keys().collect::<Vec<_>>(), ["causal_direct.csv", "reproduction-partial.csv"]);
    let committed = files(&repository("figures"));
    assert_eq!(written["causal_direct.csv"], committed["corrected/causal_direct.csv"]);
    let report = String::from_utf8_lossy(&written["reproduction-partial.csv"]).into_owned();
    assert!(report.lines().next().expect("a header").contains(",paper,verdict,corrected,low,high,equivalence_margin,"));
}

#[test]
fn an_unknown_figure_is_named_with_those_there_are() {
    let run = onset(&["reproduce", "--only", "mian"], "2");
    let message = complained(&run);
    assert_eq!(run.status.code(), Some(2));
    assert!(message.contains("`mian`") && message.contains("emergence"), "{message}");
}

#[test]
fn a_missing_column_is_named() {
    refuses(damaged("models.csv", |t| t.replacen("tokens", "toks", 1)).path(), &["models.csv", "`tokens`"]);
}

#[test]
fn a_family_with_two_spellings_is_refused() {
    let folder = damaged("models.csv", |t| t.replacen("llama-13b,llama-1,", "llama-13b,LLaMA-1,", 1));
    refuses(folder.path(), &["models.csv", "row", "`family`"]);
}

#[test]
fn a_repeated_row_is_refused() {
    let folder = damaged("evaluations.csv", |t| {
        let last = t.trim_end().lines().last().expect("rows").to_owned();
        format!("{t}{last}\n")
    });
    refuses(folder.path(), &["evaluations.csv", "row"]);
}

#[test]
fn a_value_that_is_no_number_or_out_of_range_is_refused_with_its_place() {
    for value in ["NaN", "1.5", "-0.1", "high", "inf"] {
        let folder = damaged("evaluations.csv", |t| {
            let mut lines: Vec<String> = t.lines().map(str::to_owned).collect();
            let column = lines[0].split(',').position(|c| c == "value").expect("a column of values");
            let row = lines.iter().position(|l| l.contains(",arc_challenge,")).expect("a row of ARC");
            let mut cells: Vec<&str> = lines[row].split(',').collect();
            cells[column] = value;
            lines[row] = cells.join(",");
            lines.join("\n") + "\n"
        });
        refuses(folder.path(), &["evaluations.csv", "row", "`value`"]);
    }
}

#[test]
fn an_unknown_model_is_refused() {
    let folder = damaged("evaluations.csv", |t| t.replacen("\npythia-70m,", "\npythia-7om,", 1));
    refuses(folder.path(), &["evaluations.csv", "row", "`model`", "pythia-7om"]);
}

#[test]
fn an_empty_table_and_a_missing_one_are_refused() {
    refuses(damaged("models.csv", |_| String::new()).path(), &["models.csv"]);
    let folder = damaged("models.csv", |t| format!("{t}\n"));
    fs::remove_file(folder.path().join("evaluations.csv")).expect("removed");
    refuses(folder.path(), &["evaluations.csv"]);
}

#[test]
fn an_output_folder_that_cannot_be_made_is_an_error_and_loses_nothing() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let occupied = out.path().join("figures");
    fs::write(&occupied, "mine").expect("written");
    let run = onset(&["reproduce", "--out", occupied.to_str().expect("UTF-8")], "2");
    assert_eq!(run.status.code(), Some(2), "{}", complained(&run));
    assert_eq!(fs::read_to_string(&occupied).expect("still there"), "mine");
}
