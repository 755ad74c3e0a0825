//! Files that are made to hurt, as a user meets them: a sentence and exit code 2, at once.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::support::{argument, program, repository};

const MODEL: &str = "studies/tiny/models/neox-8";

fn refused(run: &Output) -> String {
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(2), "{said}");
    said
}

fn copied(folder: &Path) {
    for entry in fs::read_dir(repository(MODEL)).expect("the model") {
        let file = entry.expect("an entry").path();
        fs::copy(&file, folder.join(file.file_name().expect("a name"))).expect("copied");
    }
}

fn task(name: &str, text: &str) -> String {
    format!(
        "task: {name}\ndataset_path: json\ndataset_kwargs: {{data_files: {{test: docs.jsonl}}}}\ntest_split: test\n\
         output_type: multiple_choice\ndoc_to_text: \"{text}\"\ndoc_to_choice: [a, b]\ndoc_to_target: answer\n\
         num_fewshot: 0\nmetric_list: [{{metric: acc}}]\n"
    )
}

fn evaluated(folder: &Path, name: &str, text: &str, more: &[&str]) -> Output {
    fs::write(folder.join("t.yaml"), task(name, text)).expect("written");
    fs::write(folder.join("docs.jsonl"), "{\"question\": \"q\", \"answer\": 1}\n").expect("written");
    program()
        .args([
            "evaluate",
            &argument(repository(MODEL)),
            "--tasks",
            name,
            "--task-dir",
            &argument(folder.join("t.yaml")),
        ])
        .args(["--out", &argument(folder.join("out"))])
        .args(more)
        .output()
        .expect("the program starts")
}

#[cfg(unix)]
#[test]
fn a_fifo_among_the_files_of_a_model_is_refused_and_not_waited_for() {
    for name in ["tokenizer.json", "config.json", "model.safetensors"] {
        let folder = tempfile::tempdir().expect("a folder");
        copied(folder.path());
        fs::remove_file(folder.path().join(name)).expect("removed");
        let made =
            std::process::Command::new("mkfifo").arg(folder.path().join(name)).status().expect("mkfifo is there");
        assert!(made.success());
        let run = program().args(["models", "show", &argument(folder.path())]).output().expect("it starts");
        refused(&run);
    }
}

#[test]
fn a_name_that_is_no_file_name_is_told_before_the_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let long = "n".repeat(300);
    let said = refused(&evaluated(folder.path(), &long, "{{question}}", &[]));
    assert!(said.contains("too long for the file of its samples"), "{said}");
    let answers =
        fs::read_dir(folder.path().join("out")).expect("a folder").next().expect("the model's").expect("an entry");
    let lines = fs::read_to_string(answers.path().join("answers.jsonl")).expect("a journal").lines().count();
    assert_eq!(lines, 1, "something was answered");
}

#[test]
fn a_bound_is_named_by_what_exceeds_it_and_raised_by_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let counting = "{% for i in range(3000) %}{% if i == 2999 %}{{ question }}{% endif %}{% endfor %}";
    let bound = ["--dry-run", "--bound", "template-steps=1_000"];
    let said = refused(&evaluated(folder.path(), "counting", counting, &bound));
    assert!(said.contains("--bound template-steps=NUMBER"), "{said}");
    let fine = evaluated(folder.path(), "counting", counting, &["--dry-run"]);
    assert_eq!(fine.status.code(), Some(0), "{}", String::from_utf8_lossy(&fine.stderr));
    let said = refused(&evaluated(folder.path(), "counting", counting, &["--bound", "template-step=1"]));
    assert!(said.contains("template-steps"), "{said}");
}

#[test]
fn a_deep_pickle_and_a_claim_of_a_tokenizer_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    copied(folder.path());
    fs::remove_file(folder.path().join("model.safetensors")).expect("removed");
    for (name, bound) in [("nested", "pickle-depth"), ("doubling", "pickle-values")] {
        let from = repository(format!("fuzz/corpus/pickle/{name}.bin"));
        fs::copy(from, folder.path().join("pytorch_model.bin")).expect("copied");
        let run = program().args(["models", "show", &argument(folder.path())]).output().expect("it starts");
        assert!(refused(&run).contains(bound), "{name}");
    }
    fs::copy(repository("fuzz/corpus/tokenizer/claims.json"), folder.path().join("tokenizer.json")).expect("copied");
    let run = program()
        .args(["evaluate", &argument(folder.path()), "--tasks", "arc_easy", "--dry-run"])
        .output()
        .expect("the program starts");
    let said = refused(&run);
    assert!(said.contains("precompiled_charsmap") && !said.contains("panicked"), "{said}");
}
