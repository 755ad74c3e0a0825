//! The corpus of the fuzz targets, replayed: each file, each of its beginnings, and each with one byte changed gives a
//! value or an error, never a panic or an allocation that its length does not justify.

use std::path::Path;

use crate::harness::lm_eval::{ImportSettings, import};
use crate::harness::tasks::Library;
use crate::registry::table::Table;
use crate::study::Study;
use crate::support::repository;

/// Calls `read` with every file of a corpus and many damaged versions of it; returns how many there were.
fn replay(name: &str, read: impl Fn(&[u8])) -> std::io::Result<usize> {
    let mut count = 0;
    for entry in std::fs::read_dir(repository("fuzz/corpus").join(name))? {
        let whole = std::fs::read(entry?.path())?;
        read(&whole);
        // Some two hundred places per file keep the test short; the fuzz targets try them all.
        for at in (0..whole.len()).step_by(whole.len() / 200 + 1) {
            read(&whole[..at]);
            for value in [0, 0xff, whole[at] ^ 1, b'9'] {
                let mut changed = whole.clone();
                changed[at] = value;
                read(&changed);
            }
        }
        count += 1;
    }
    Ok(count)
}

/// The same for a reader of paths: each version is written as the file `file` of a folder of its own.
fn replay_file(name: &str, file: &str, read: impl Fn(&Path)) -> std::io::Result<usize> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(file);
    replay(name, |bytes| {
        std::fs::write(&path, bytes).expect("written");
        read(&path);
    })
}

/// The folder that holds a file.
fn folder(path: &Path) -> &Path {
    path.parent().expect("a file lies in a folder")
}

#[test]
fn any_config_is_read_or_refused() -> std::io::Result<()> {
    assert!(replay("config", super::config)? >= 10);
    Ok(())
}

#[test]
fn any_gguf_header_is_read_or_refused() -> std::io::Result<()> {
    assert!(replay("gguf", super::gguf)? >= 3);
    Ok(())
}

#[test]
fn any_safetensors_header_is_read_or_refused() -> std::io::Result<()> {
    assert!(replay("safetensors", super::safetensors)? >= 3);
    Ok(())
}

#[test]
fn any_archive_of_pytorch_is_read_or_refused() -> std::io::Result<()> {
    assert!(replay_file("pickle", "pytorch_model.bin", super::pickle)? >= 4);
    Ok(())
}

#[test]
fn any_tokenizer_is_read_or_refused_and_takes_any_text() -> std::io::Result<()> {
    assert!(replay_file("tokenizer", "tokenizer.json", |path| super::tokenizer(folder(path)))? >= 6);
    Ok(())
}

#[test]
fn any_task_file_is_read_or_refused_and_its_prompts_are_made() -> std::io::Result<()> {
    let item = "{\"question\": \" why? \", \"choices\": [\"yes\", \"no\"], \"answer\": 1}\n";
    let built_in = Library::built_in().expect("the built-in tasks");
    let read = |path: &Path| {
        std::fs::write(folder(path).join("data.jsonl"), item).expect("written");
        let mut library = built_in.clone();
        if library.add(path).is_ok()
            && let Ok(selection) = library.select(&["fuzzed".to_owned()], Some(folder(path)))
        {
            selection.tasks.iter().for_each(|task| drop(task.items(&Default::default())));
        }
    };
    assert!(replay_file("tasks", "task.yaml", read)? >= 4);
    Ok(())
}

#[test]
fn any_journal_is_read_without_what_is_damaged() -> std::io::Result<()> {
    assert!(replay_file("answers", "answers.jsonl", super::answers)? >= 1);
    Ok(())
}

#[test]
fn any_table_is_read_or_refused() -> std::io::Result<()> {
    let read = |bytes: &[u8]| drop(Table::parse(bytes, "t.csv".as_ref(), &[]));
    assert!(replay("csv", read)? >= 4);
    Ok(())
}

#[test]
fn any_results_of_lm_evaluation_harness_are_read_or_left_out() -> std::io::Result<()> {
    let read = |path: &Path| drop(import(&[folder(path).to_owned()], &ImportSettings::default()));
    assert!(replay_file("lm-eval", "results.json", read)? >= 3);
    Ok(())
}

#[test]
fn any_study_is_read_or_its_problems_are_listed() -> std::io::Result<()> {
    let read = |bytes: &[u8]| {
        if let Ok(text) = std::str::from_utf8(bytes) {
            let _ = Study::parse(text, "study.toml".as_ref());
        }
    };
    assert!(replay("study", read)? >= 2);
    Ok(())
}
