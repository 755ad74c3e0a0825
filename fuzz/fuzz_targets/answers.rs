//! `cargo fuzz run answers`: any bytes as a journal of answers are read, and what is damaged is left out.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("answers.jsonl");
    std::fs::write(&path, bytes).expect("written");
    onset::fuzzing::answers(&path);
});
