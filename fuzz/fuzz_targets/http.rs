//! `cargo fuzz run http`: any bytes as a request to `onset explore` are a request or refused.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| onset::fuzzing::request(bytes));
