//! `cargo fuzz run state`: any bytes as a state of a fine-tuning are tensors or an error.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    onset::fuzzing::state(folder.path(), bytes);
});
