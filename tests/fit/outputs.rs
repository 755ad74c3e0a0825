//! Where commands write: what a place must be, looked at before any work is done, and standard output.

use std::fs;
use std::process::Command;

use crate::support::{Folder, complained, fixture, program, refused, succeeds};

const FIT: [&str; 6] = ["--score", "score", "--curve", "linear", "--bootstrap", "49"];

/// Twelve models in `scores.csv`.
fn folder() -> Folder {
    let folder = Folder::new();
    let rows = (0..12).map(|i| {
        let x = 20.0 + 0.3 * f64::from(i);
        let noise = 0.01 * f64::from((i * 5) % 3);
        format!("m{i},f{},{:e},{}\n", i / 2, 10_f64.powf(x), 0.25 + 0.1 * (x - 21.5).max(0.0) + noise)
    });
    let text: String = std::iter::once("model,family,compute,score\n".to_owned()).chain(rows).collect();
    fs::write(folder.path("scores.csv"), text).expect("written");
    folder
}

fn run_in(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = program();
    command.args(arguments).current_dir(folder.path("."));
    command
}

fn names(folder: &Folder) -> Vec<String> {
    let entries = fs::read_dir(folder.path(".")).expect("there");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn no_command_writes_several_files_where_there_is_no_folder_and_none_works_before_it_says_so() {
    let folder = folder();
    fs::write(folder.path("file"), "stays").expect("written");
    let before = names(&folder);
    let results = fixture("lm_eval").to_string_lossy().into_owned();
    let long = "n".repeat(300);
    // What would be an error later (there is no such model) is not reached.
    let commands: [&[&str]; 13] = [
        &["fit", "scores.csv", "--score", "score", "--out"],
        &["agree", "scores.csv", "--out"],
        &["loss-law", "scores.csv", "--out"],
        &["loss-then-score", "scores.csv", "--score", "score", "--out"],
        &["emergence-law", "scores.csv", "--out"],
        &["observational", "scores.csv", "--score", "score", "--out"],
        &["reproduce", "--out"],
        &["completions", "man", "--out"],
        &["evaluate", "no-model", "--tasks", "arc_easy", "--out"],
        &["finetune", "no-model", "--data", "no-data", "--out"],
        &["lab", "--preset", "tiny", "--out"],
        &["import", "lm-eval", &results, "--out", "t.csv", "--organization", "o", "--every-eval-ever"],
        &["import", "lm-eval", &results, "--out", "t.csv", "--mmlu-subjects"],
    ];
    for command in commands {
        if cfg!(not(feature = "models")) && matches!(command[0], "evaluate" | "finetune" | "lab") {
            continue;
        }
        for (place, said) in
            [("-", "standard output"), ("file", "is no folder"), (&*long, "cannot write"), ("file/x", "file")]
        {
            let message = refused(run_in(&folder, command).arg(place));
            assert!(message.contains(said), "{command:?} {place}: {message}");
        }
    }
    assert_eq!(names(&folder), before);
    assert_eq!(fs::read(folder.path("file")).expect("there"), b"stays");
}

#[test]
fn one_file_can_be_standard_output_and_nothing_is_mixed_into_it() {
    let folder = folder();
    let before = names(&folder);
    let page = succeeds(run_in(&folder, &["report", "scores.csv", "--out", "-"]).args(FIT));
    assert!(page.to_lowercase().starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    let said = refused(run_in(&folder, &["report", "scores.csv", "--out", "-", "--format", "json"]).args(FIT));
    assert!(said.contains("standard output"), "{said}");
    let results = fixture("lm_eval/published").to_string_lossy().into_owned();
    let table = run_in(&folder, &["import", "lm-eval", &results, "--out", "-"]).output().expect("the program starts");
    let text = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(text.starts_with("model,"), "{text}");
    assert!(complained(&table).contains("written to standard output"), "{}", complained(&table));
    assert_eq!(names(&folder), before);
}

#[cfg(feature = "models")]
#[test]
fn the_example_of_a_study_can_be_printed() {
    let folder = Folder::new();
    let example = succeeds(&mut run_in(&folder, &["study", "init", "-"]));
    assert!(example.contains("[study]") && names(&folder).is_empty());
}

#[test]
fn files_that_may_be_of_two_runs_are_not_shown_as_one() {
    let folder = folder();
    succeeds(run_in(&folder, &["fit", "scores.csv", "--out", "found"]).args(FIT));
    assert!(!folder.path("found/INCOMPLETE.txt").exists());
    succeeds(&mut run_in(&folder, &["report", "found", "--out", "whole.html"]));
    // What a run leaves that is killed while it writes.
    fs::write(folder.path("found/INCOMPLETE.txt"), "").expect("written");
    let said = refused(&mut run_in(&folder, &["report", "found", "--out", "mixed.html"]));
    assert!(said.contains("two runs") && !folder.path("mixed.html").exists(), "{said}");
    succeeds(run_in(&folder, &["fit", "scores.csv", "--out", "found"]).args(FIT));
    succeeds(&mut run_in(&folder, &["report", "found", "--out", "mixed.html"]));
}
