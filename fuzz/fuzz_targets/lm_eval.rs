//! `cargo fuzz run lm_eval`: any bytes as results of lm-evaluation-harness give observations or a warning.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("results.json"), bytes).expect("written");
    let settings = onset::harness::lm_eval::ImportSettings::default();
    let _ = onset::harness::lm_eval::import(&[folder.path().to_owned()], &settings);
});
