//! `cargo fuzz run server`: any bytes as a server's answer are log-probabilities or a problem.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| onset::fuzzing::answer(bytes));
