//! `cargo fuzz run config`: any bytes as a `config.json` give a config or an error.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| onset::fuzzing::config(bytes));
