//! Train-before-test: each task's training split is learned before that task is tested, and validation items choose the epoch.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::support::{argument, complained, program, repository, repository_study, succeeds, until};

/// `studies/own-split.toml` with these models only and its output in this folder.
fn study(folder: &Path, models: &[&str]) -> String {
    let text = repository_study("own-split.toml", "out");
    let (head, rest) = text.split_once("[[models]]").expect("it has models");
    let (listed, rest) = rest.split_once("[evaluation]").expect("it has tasks");
    let chosen = listed.split("[[models]]").filter(|model| models.iter().any(|m| model.contains(&format!("\"{m}\""))));
    let chosen: String = chosen.map(|model| format!("[[models]]{model}")).collect();
    let path = folder.join("study.toml");
    fs::write(&path, format!("{head}{chosen}[evaluation]{rest}")).expect("written");
    argument(path)
}

fn run(study: &str) -> String {
    succeeds(program().args(["study", "run", study]))
}

fn table(folder: &Path, name: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(folder.join("out/tables").join(name)).expect("a table");
    reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
}

/// Model, benchmark and score of the rows under the adjustment.
fn adjusted(folder: &Path) -> Vec<(String, String, f64)> {
    let mut reader = csv::Reader::from_path(folder.join("out/tables/evaluations.csv")).expect("a table");
    let head = reader.headers().expect("a head").clone();
    let column =
        |name: &str| head.iter().position(|column| column == name).unwrap_or_else(|| panic!("{name}: {head:?}"));
    let (model, benchmark, value, of) = (column("model"), column("benchmark"), column("value"), column("adjustment"));
    let rows = reader.records().map(|row| row.expect("a row"));
    let rows = rows.filter(|row| &row[of] == "train-before-test");
    rows.map(|row| (row[model].to_owned(), row[benchmark].to_owned(), row[value].parse().expect("a score"))).collect()
}

#[test]
fn each_task_is_tested_after_the_epoch_that_validation_chooses() {
    let folder = tempfile::tempdir().expect("a folder");
    let study = study(folder.path(), &["neox-16", "neox-40"]);
    let plan = succeeds(program().args(["study", "plan", &study]));
    assert!(plan.contains("0 of 2 cells and 0 of 4 evaluations done"), "{plan}");
    run(&study);
    let epochs = table(folder.path(), "epochs.csv");
    // Two models, two tasks, the released model and three epochs.
    assert_eq!(epochs.len(), 2 * 2 * 4);
    let scores = adjusted(folder.path());
    assert_eq!(scores.len(), 2 * 2, "{scores:?}");
    for of_task in epochs.chunks(4) {
        let (model, task) = (&of_task[0][0], &of_task[0][2]);
        let said = |row: &Vec<String>| row[3..8].to_vec();
        let (examples, from, items) = match task.as_str() {
            "tiny_letters" => ("160", "validation split", "40"),
            _ => ("128", "held out of training split", "32"),
        };
        for (epoch, row) in of_task.iter().enumerate() {
            assert_eq!(said(row), [&epoch.to_string(), examples, from, items, "acc"], "{row:?}");
        }
        let score = |row: &Vec<String>| row[8].parse::<f64>().expect("a score");
        let tested: Vec<&Vec<String>> = of_task.iter().filter(|row| row[9] == "true").collect();
        assert_eq!(tested.len(), 1, "{of_task:?}");
        assert!(of_task.iter().all(|row| score(row) <= score(tested[0])), "{of_task:?}");
        let released_is_better = of_task[1..].iter().all(|row| score(row) < score(&of_task[0]));
        assert_eq!(tested[0][3] == "0", released_is_better, "{of_task:?}");
        assert_eq!(scores.iter().filter(|(m, t, _)| m == model && t == task).count(), 1, "{scores:?}");
    }
    // Nothing is left to do, and what helped a restart is gone.
    let said = program().args(["study", "run", &study]).output().expect("the program starts");
    assert!(complained(&said).contains("0 cells done, 2 done before"), "{}", complained(&said));
    let cell = fs::read_dir(folder.path().join("out/cells/neox-16--seed0")).expect("a cell");
    let mut left: Vec<String> = cell.map(|f| f.expect("readable").file_name().to_string_lossy().into_owned()).collect();
    left.sort();
    assert_eq!(left, ["epochs.json", "lock", "results.json"]);
}

#[test]
fn a_task_learns_its_split_as_finetune_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let study = study(folder.path(), &["neox-40"]);
    run(&study);
    let tested: u64 = table(folder.path(), "epochs.csv")
        .iter()
        .find(|row| row[2] == "tiny_letters" && row[9] == "true")
        .map(|row| row[3].parse().expect("a number"))
        .expect("an epoch was tested");
    let there = |path: &str| argument(repository(path));
    let checkpoints = "160,320,480";
    succeeds(program().current_dir(folder.path()).args([
        "finetune",
        &there("studies/tiny/models/neox-40"),
        "--task",
        "tiny_letters",
        "--task-dir",
        &there("studies/tiny/tasks"),
        "--task-data",
        &there("studies/tiny/data"),
        "--epochs",
        "3",
        "--batch",
        "16",
        "--lr",
        "1e-3",
        "--checkpoints",
        checkpoints,
        "--evaluate",
        "tiny_letters",
        "--out",
        "tuned",
    ]));
    let text = fs::read(folder.path().join("tuned/scores.json")).expect("scores");
    let points: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let of_epoch = |point: &&serde_json::Value| point["examples"].as_u64() == Some(160 * tested.max(1));
    let point = points["points"].as_array().expect("points").iter().find(of_epoch).expect("the epoch");
    let own = adjusted(folder.path()).into_iter().find(|(_, task, _)| task == "tiny_letters").expect("a score").2;
    if tested > 0 {
        assert_eq!(point["scores"][0][1].as_f64(), Some(own), "{point}");
    }
}

#[test]
fn a_killed_study_ends_with_the_same_scores() {
    let (whole, killed) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    run(&study(whole.path(), &["neox-40"]));
    let study = study(killed.path(), &["neox-40"]);
    // Killed in its first task's training, then in its second task.
    for sign in ["\"epoch\":1", "tiny_tallest"] {
        let mut child = program()
            .args(["study", "run", &study])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let file = killed.path().join("out/cells/neox-40--seed0/epochs.json");
        until(sign, || fs::read_to_string(&file).is_ok_and(|text| text.contains(sign)));
        child.kill().expect("killed");
        child.wait().expect("ended");
    }
    run(&study);
    for name in ["epochs.csv", "evaluations.csv"] {
        let of = |folder: &Path| fs::read(folder.join("out/tables").join(name)).expect("a table");
        assert_eq!(of(whole.path()), of(killed.path()), "{name}");
    }
}

#[test]
fn what_cannot_be_learned_and_keys_that_contradict_are_refused_before_anything_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let study = study(folder.path(), &["neox-16"]);
    let text = fs::read_to_string(&study).expect("a study");
    for (from, to, words) in [
        (
            "each_task = true",
            "each_task = true\ncheckpoints = [64]",
            &["`checkpoints` has no place beside `each_task"][..],
        ),
        ("validation = 0.2", "validation = 1.5", &["`validation` must be a share"]),
        ("each_task = true", "each_task = false", &["`data` must name", "`each_task = true` takes"]),
        ("\"tiny_tallest\"", "\"arc_challenge\"", &["arc_challenge"]),
    ] {
        fs::write(&study, text.replace(from, to)).expect("written");
        let run = program().args(["study", "run", &study]).output().expect("the program starts");
        let said = complained(&run);
        assert_eq!(run.status.code(), Some(2), "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
        assert!(!folder.path().join("out").exists(), "something was written");
    }
}
