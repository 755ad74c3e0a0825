//! `cargo fuzz run tasks`: any bytes as a task file give tasks, whose prompts can be made, or an error.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("task.yaml");
    std::fs::write(&path, bytes).expect("written");
    let item = "{\"question\": \" why? \", \"choices\": [\"yes\", \"no\"], \"answer\": 1}\n";
    std::fs::write(folder.path().join("data.jsonl"), item).expect("written");
    let mut library = onset::harness::tasks::Library::built_in().expect("the built-in tasks");
    if library.add(&path).is_ok() {
        if let Ok(selection) = library.select(&["fuzzed".to_owned()], Some(folder.path())) {
            selection.tasks.iter().for_each(|task| drop(task.items(&Default::default())));
        }
    }
});
