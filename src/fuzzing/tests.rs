//! The corpus of the fuzz targets, replayed: each file, each of its beginnings, and each with one byte changed gives a
//! value or an error, never a panic or an allocation that its length does not justify.

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
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("pytorch_model.bin");
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("written");
        super::pickle(&path);
    };
    assert!(replay("pickle", read)? >= 4);
    Ok(())
}

#[test]
fn any_tokenizer_is_read_or_refused_and_takes_any_text() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    let read = |bytes: &[u8]| {
        std::fs::write(folder.path().join("tokenizer.json"), bytes).expect("written");
        super::tokenizer(folder.path());
    };
    assert!(replay("tokenizer", read)? >= 6);
    Ok(())
}

#[test]
fn any_task_file_is_read_or_refused_and_its_prompts_are_made() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("task.yaml");
    let item = "{\"question\": \" why? \", \"choices\": [\"yes\", \"no\"], \"answer\": 1}\n";
    std::fs::write(folder.path().join("data.jsonl"), item)?;
    let built_in = Library::built_in().expect("the built-in tasks");
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("written");
        let mut library = built_in.clone();
        if library.add(&path).is_ok()
            && let Ok(selection) = library.select(&["fuzzed".to_owned()], Some(folder.path()))
        {
            selection.tasks.iter().for_each(|task| drop(task.items(&Default::default())));
        }
    };
    assert!(replay("tasks", read)? >= 4);
    Ok(())
}

#[test]
fn any_journal_is_read_without_what_is_damaged() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("answers.jsonl");
    assert!(replay("answers", |bytes| super::answers(&path, bytes))? >= 1);
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
    let folder = tempfile::tempdir()?;
    let read = |bytes: &[u8]| {
        std::fs::write(folder.path().join("results.json"), bytes).expect("written");
        let _ = import(&[folder.path().to_owned()], &ImportSettings::default());
    };
    assert!(replay("lm-eval", read)? >= 3);
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
