//! `cargo fuzz run gguf`: any bytes as a GGUF file give a header whose tensors lie within the file, or an error.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = "model.gguf".as_ref();
    if let Ok(header) = onset::lm::gguf::Header::parse(path, bytes) {
        assert!(header.tensors.iter().all(|tensor| tensor.bytes.end <= bytes.len()));
        let _ = onset::lm::Config::from_gguf(path, &header);
        let _ = onset::lm::Tokenizer::from_gguf(path, &header);
    }
});
