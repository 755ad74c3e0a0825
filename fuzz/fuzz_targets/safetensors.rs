//! `cargo fuzz run safetensors`: any bytes as a safetensors file give tensors that fit into it, or an error.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| onset::fuzzing::safetensors(bytes));
