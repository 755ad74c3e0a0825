//! `cargo fuzz run tokenizer`: any bytes as a tokenizer.json give a tokenizer, which takes any text, or an error.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("tokenizer.json"), bytes).expect("written");
    onset::fuzzing::tokenizer(folder.path());
});
