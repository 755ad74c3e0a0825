//! `cargo fuzz run pickle`: any bytes as a PyTorch file give tensors or an error.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pytorch_model.bin");
    std::fs::write(&path, bytes).expect("written");
    onset::fuzzing::pickle(&path);
});
