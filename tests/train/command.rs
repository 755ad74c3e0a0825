//! `onset finetune` as a user runs it, on a model of a few thousand weights.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{complained, fixture, interrupt, program, refused, succeeds, terminate, until};

/// The command on the tiny model and the four prompts, in steps of two examples.
fn finetune(out: &Path, more: &[&str]) -> Command {
    let mut command = program();
    command.arg("finetune").arg(fixture("evaluate/models/neox-bytelevel"));
    command.arg("--data").arg(fixture("train/prompts.jsonl"));
    command.arg("--out").arg(out).args(["--batch", "2"]).args(more);
    command
}

fn lines(run: &Path) -> Vec<Value> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn weights(run: &Path, examples: usize) -> Vec<u8> {
    fs::read(run.join(format!("checkpoints/examples-{examples:09}/model.safetensors"))).expect("a checkpoint")
}

#[test]
fn a_run_leaves_metrics_a_figure_a_table_and_models_that_can_be_evaluated() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    let task = fixture("evaluate/tasks/toy_mc.yaml");
    let data = fixture("evaluate/data");
    let evaluation = ["--task-dir", task.to_str().expect("text"), "--task-data", data.to_str().expect("text")];
    let mut command = finetune(&run, &["--epochs", "3", "--checkpoints", "4", "--evaluate", "toy_mc"]);
    let said = succeeds(command.args(evaluation));
    let rows: Vec<Vec<&str>> = said.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(rows[0].starts_with(&["examples", "loss", "toy_mc"]), "{said}");
    assert_eq!([rows[2][0], rows[3][0]], ["4", "12"], "{said}");
    let steps = lines(&run);
    assert_eq!(steps.len(), 6);
    assert!(steps.iter().all(|step| step["loss"].as_f64().is_some_and(f64::is_finite)));
    assert!(fs::read_to_string(run.join("loss.svg")).is_ok_and(|svg| svg.starts_with("<svg")));
    // The last score is that of the folder that was written.
    let scores: Value = serde_json::from_slice(&fs::read(run.join("scores.json")).expect("scores")).expect("JSON");
    let ours = scores["points"][1]["scores"][0][1].as_f64().expect("a score");
    let out = folder.path().join("evaluated");
    let mut evaluate = program();
    evaluate.arg("evaluate").arg(run.join("checkpoints/examples-000000012")).args(["--tasks", "toy_mc"]);
    evaluate.arg("--task-dir").arg(&task).arg("--data").arg(&data).arg("--out").arg(&out).args(["--format", "json"]);
    let results: Value = serde_json::from_str(&succeeds(&mut evaluate)).expect("JSON");
    let theirs = results["results"]["toy_mc"]["acc,none"].as_f64().expect("an accuracy");
    assert!((ours - theirs).abs() < 1e-9, "{ours} {theirs}");
}

#[test]
fn a_dry_run_shows_what_is_masked_and_cut_and_writes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    let said = succeeds(&mut finetune(&run, &["--dry-run", "--block", "24"]));
    assert!(said.contains("⟦") && said.contains("⟧│ ") && said.contains("<|endoftext|>"), "{said}");
    assert!(said.contains("lost the beginning of their prompt") && said.contains("examples"), "{said}");
    assert!(!run.exists());
}

#[test]
fn a_killed_command_given_again_ends_with_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    let settings = ["--epochs", "12", "--state-every", "2", "--checkpoints", "8,16,24,32,40", "--keep", "2"];
    succeeds(&mut finetune(&whole, &settings));
    for steps in [1, 6, 13] {
        let mut command = finetune(&killed, &settings);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
        until("a step", || lines(&killed).len() >= steps || !child.try_wait().is_ok_and(|ended| ended.is_none()));
        // A machine that is fast enough may have ended it.
        let _ = child.kill();
        child.wait().expect("it ends");
    }
    // What a kill in the middle of saving leaves.
    let half = killed.join("state/.onset-kIlLeD.tmp");
    fs::create_dir_all(&half).expect("made");
    succeeds(&mut finetune(&killed, &settings));
    assert!(!half.exists(), "a state half-written is left");
    assert_eq!(weights(&whole, 48), weights(&killed, 48));
    assert_eq!(lines(&killed).len(), 24);
    let kept = fs::read_dir(killed.join("checkpoints")).expect("checkpoints").flatten();
    let kept = kept.filter(|entry| entry.file_name().to_string_lossy().starts_with("examples-"));
    assert_eq!(kept.count(), 2);
}

#[test]
fn recomputing_and_another_number_of_threads_change_no_bit() {
    let folder = tempfile::tempdir().expect("a folder");
    let runs = ["plain", "recomputed", "one-thread"].map(|name| folder.path().join(name));
    succeeds(&mut finetune(&runs[0], &[]));
    succeeds(&mut finetune(&runs[1], &["--recompute"]));
    succeeds(finetune(&runs[2], &[]).env("RAYON_NUM_THREADS", "1"));
    assert_eq!(weights(&runs[0], 4), weights(&runs[1], 4));
    assert_eq!(weights(&runs[0], 4), weights(&runs[2], 4));
}

#[test]
fn adapters_are_saved_in_the_layout_of_peft_or_merged() {
    let folder = tempfile::tempdir().expect("a folder");
    let (apart, merged) = (folder.path().join("apart"), folder.path().join("merged"));
    let lora = ["--lora", "2", "--lora-targets", "query_key_value"];
    succeeds(&mut finetune(&apart, &lora));
    let saved = apart.join("checkpoints/examples-000000004");
    let config = fs::read(saved.join("adapter_config.json")).expect("the adapters' config");
    let config: Value = serde_json::from_slice(&config).expect("JSON");
    assert_eq!((&config["peft_type"], config["r"].as_u64()), (&Value::from("LORA"), Some(2)));
    assert!(saved.join("adapter_model.safetensors").is_file() && !saved.join("model.safetensors").exists());
    succeeds(finetune(&merged, &lora).arg("--merge"));
    assert!(!weights(&merged, 4).is_empty());
}

#[test]
fn what_cannot_be_trained_is_refused_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let silent = folder.path().join("silent.jsonl");
    fs::write(&silent, "{\"prompt\": \"a\", \"completion\": \"b\"}\n{\"prompt\": \"c\", \"completion\": \"\"}\n")
        .expect("written");
    let empty = folder.path().join("empty.jsonl");
    fs::write(&empty, "").expect("written");
    let run = folder.path().join("run");
    let cases: [(&[&str], &str); 9] = [
        (&["--data", silent.to_str().expect("text")], "row 2"),
        (&["--data", empty.to_str().expect("text")], "no examples"),
        (&["--data", "poems=x"], "mmlu-aux"),
        (&["--lr", "0"], "learning rate of 0"),
        (&["--block", "2"], "none of its prompt"),
        (&["--block", "20", "--overlong", "refuse"], "example 1"),
        (&["--evaluate", "no-such-task"], "no-such-task"),
        (&["--keep", "0"], "at least one"),
        (&["--lora", "2", "--lora-targets", "nothing"], "query_key_value"),
    ];
    for (more, words) in cases {
        let said = refused(&mut finetune(&run, more));
        assert!(said.contains(words), "{more:?}: {said}");
        assert!(!run.exists(), "{more:?} left a folder");
    }
}

#[test]
fn a_loss_that_is_no_number_names_the_step_and_keeps_what_was_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    let wild =
        ["--lr", "1e38", "--epochs", "20", "--checkpoints", "2", "--schedule", "constant", "--warmup-steps", "0"];
    let said = refused(&mut finetune(&run, &wild));
    assert!(said.contains("step 2") && said.contains("examples are"), "{said}");
    assert!(!weights(&run, 2).is_empty());
}

#[test]
fn a_folder_of_another_run_or_one_that_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    succeeds(&mut finetune(&run, &[]));
    let before = weights(&run, 4);
    assert!(refused(&mut finetune(&run, &["--seed", "1"])).contains("another folder"));
    assert_eq!(weights(&run, 4), before);
    let file = folder.path().join("file");
    fs::write(&file, "x").expect("written");
    assert!(refused(&mut finetune(&file.join("run"), &[])).contains("file"));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_run_at_a_step_with_a_checkpoint_and_the_same_command_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    let settings = ["--epochs", "4000", "--checkpoints", "100000", "--state-every", "100000"];
    let mut command = finetune(&run, &settings);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    until("three steps", || lines(&run).len() >= 3);
    interrupt(&child);
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(130), "{}", complained(&ended));
    assert!(complained(&ended).contains("a checkpoint is written"));
    let steps = lines(&run).len();
    assert!(!weights(&run, 2 * steps).is_empty());
    let state = run.join(format!("state/step-{steps:09}"));
    assert!(state.is_dir(), "no state at the step where it ended");
    let child = command.spawn().expect("the program starts");
    until("three steps more", || lines(&run).len() >= steps + 3);
    terminate(&child);
    assert_eq!(child.wait_with_output().expect("it ends").status.code(), Some(130));
    let steps = lines(&run).len();
    assert!(!weights(&run, 2 * steps).is_empty() && run.join(format!("state/step-{steps:09}")).is_dir());
}
