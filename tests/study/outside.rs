//! Studies whose models are fine-tuned by a trainer that is not onset's own.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{argument, fixture, program, refused, repository, succeeds};

/// A study of one model with two checkpoints, trained by this command.
fn study(folder: &Path, command: &str) -> String {
    let show = |path: &str| argument(fixture("evaluate").join(path));
    let examples: String = (0..8)
        .map(|n| format!("{{\"prompt\": \"Question {n}: which letter? Answer:\", \"completion\": \" B\"}}\n"))
        .collect();
    fs::write(folder.join("train.jsonl"), examples).expect("written");
    let text = format!(
        "[study]\nname = \"outside\"\noutput = \"out\"\n[[models]]\nname = \"neox\"\nparams = 1e5\ntokens = 1e6\n\
         path = \"{}\"\n[evaluation]\ntasks = [\"toy_mc\"]\nlimit = 4\ninclude = [\"{}\"]\ndata = \"{}\"\n\
         [adjustment]\nname = \"theirs\"\ndata = [\"train.jsonl\"]\nbatch = 2\ncheckpoints = [4, 8]\n\
         learning_rate = 5e-3\ncommand = '''{command}'''\n",
        show("models/neox-bytelevel"),
        show("tasks"),
        show("data"),
    );
    let path = folder.join("study.toml");
    fs::write(&path, text).expect("written");
    argument(path)
}

/// Examples seen, metric and score of every row.
fn scores(folder: &Path) -> Vec<(String, String, f64)> {
    let mut reader = csv::Reader::from_path(folder.join("out/tables/evaluations.csv")).expect("a table");
    let head = reader.headers().expect("a head").clone();
    let at = |name: &str| head.iter().position(|column| column == name).expect("a column");
    let (examples, metric, value) = (at("examples"), at("metric"), at("value"));
    let row = |row: csv::StringRecord| {
        (row[examples].to_owned(), row[metric].to_owned(), row[value].parse().expect("a number"))
    };
    reader.records().map(|record| row(record.expect("a row"))).collect()
}

fn of<'a>(scores: &'a [(String, String, f64)], examples: &str) -> Vec<(&'a str, f64)> {
    let own = scores.iter().filter(|(seen, _, _)| seen == examples);
    own.map(|(_, metric, value)| (metric.as_str(), *value)).collect()
}

/// Leaves the model as it is, without its tokenizer, and notes what it got.
const COPIES: &str = "echo {examples} {checkpoints} {seed} >> got; mkdir -p kept; cp {recipe}/* kept; \
                      for step in 2 4; do mkdir {out}/checkpoint-$step; \
                      cp {model}/config.json {model}/model.safetensors {out}/checkpoint-$step; done";

#[cfg(unix)]
#[test]
fn a_trainer_that_changes_nothing_leaves_the_scores_of_the_released_model_and_runs_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let study = study(folder.path(), COPIES);
    succeeds(program().args(["study", "run", &study]));
    let scores = scores(folder.path());
    let released = of(&scores, "");
    assert!(!released.is_empty(), "{scores:?}");
    assert_eq!(of(&scores, "4"), released);
    assert_eq!(of(&scores, "8"), released);
    assert_eq!(fs::read_to_string(folder.path().join("got")).expect("it ran"), "8 4,8 0\n");
    // What trainers read.
    let lines = fs::read_to_string(folder.path().join("kept/train.jsonl")).expect("data");
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["completion"], " B");
    for (name, line) in [
        ("trl.yaml", "save_steps: 2"),
        ("axolotl.yaml", "max_steps: 4"),
        ("torchtune.yaml", "max_steps_per_epoch: 4"),
        ("recipe.json", "\"steps\": 4"),
    ] {
        let text = fs::read_to_string(folder.path().join("kept").join(name)).expect("a recipe");
        assert!(text.lines().any(|own| own.trim().trim_end_matches(',') == line), "{name} has no `{line}`: {text}");
    }
    let again = succeeds(program().args(["study", "plan", &study]));
    assert!(again.contains("1 of 1 cells"), "{again}");
    succeeds(program().args(["study", "run", &study]));
    assert_eq!(fs::read_to_string(folder.path().join("got")).expect("it ran").lines().count(), 1);
    // Another command is another recipe.
    let text = fs::read_to_string(&study).expect("a study").replace("echo {examples}", "echo again {examples}");
    fs::write(&study, text).expect("written");
    succeeds(program().args(["study", "run", &study]));
    assert_eq!(fs::read_to_string(folder.path().join("got")).expect("it ran").lines().count(), 2);
}

#[cfg(unix)]
#[test]
fn a_trainer_that_fails_or_leaves_no_model_is_told_in_its_own_words() {
    for (command, said) in [
        ("echo CUDA is out of memory >&2; exit 3 # {out}", "CUDA is out of memory"),
        ("true {out}", "no model after 4 examples: examples-4, checkpoint-2"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let study = study(folder.path(), command);
        let run = program().args(["study", "run", &study]).output().expect("it starts");
        let complained = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(1), "{complained}");
        assert!(complained.contains(said), "{complained}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let study = study(folder.path(), "train {model}");
    let said = refused(program().args(["study", "plan", &study]));
    assert!(said.contains("`command` must hold {out}"), "{said}");
}

/// A Python with transformers: the one that the environment names, or the usual one.
fn python() -> Option<String> {
    let python = std::env::var("ONSET_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let run = Command::new(&python).args(["-c", "import torch, transformers"]).output().ok()?;
    run.status.success().then_some(python)
}

#[cfg(unix)]
#[test]
fn transformers_trains_a_model_of_a_study() {
    let Some(python) = python() else {
        println!("skipped: there is no Python with torch and transformers (ONSET_TEST_PYTHON may name one)");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let script = argument(repository("tests/tools/train_with_transformers.py"));
    let command = format!("{python} {script} {{model}} {{data}} {{out}} {{checkpoints}} {{seed}} {{recipe}}");
    let study = study(folder.path(), &command);
    succeeds(program().args(["study", "run", &study]));
    let scores = scores(folder.path());
    assert!(!of(&scores, "4").is_empty() && !of(&scores, "8").is_empty(), "{scores:?}");
    let differs = |examples: &str| of(&scores, examples) != of(&scores, "");
    assert!(differs("4") || differs("8"), "nothing was learned: {scores:?}");
}
