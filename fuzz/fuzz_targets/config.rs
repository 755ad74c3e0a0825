//! `cargo fuzz run config`: any bytes as a `config.json` give a config or an error.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(config) = onset::lm::Config::parse("config.json".as_ref(), bytes) {
        assert_eq!(config.attention.windows.len(), config.layers);
        assert_eq!(config.heads % config.kv_heads, 0);
    }
});
