//! `cargo fuzz run gguf`: any bytes as a GGUF file give a header whose tensors lie within the file, or an error.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| onset::fuzzing::gguf(bytes));
