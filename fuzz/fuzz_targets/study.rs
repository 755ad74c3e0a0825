//! `cargo fuzz run study`: any text as a study gives its settings or its problems.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = onset::study::Study::parse(text, "study.toml".as_ref());
    }
});
