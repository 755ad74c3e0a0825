//! Doors for the targets of `fuzz/`, which cargo-fuzz compiles with `--cfg fuzzing`: readers that are not public. Tests replay the
//! corpus through the same doors.

#[cfg(test)]
mod tests;

use std::path::Path;

/// Reads any bytes as a request to `onset explore`.
pub fn request(bytes: &[u8]) {
    crate::explore::read_any(bytes);
}

/// Reads any bytes as a server's answer to a completion.
pub fn answer(bytes: &[u8]) {
    crate::harness::server::read_any(bytes);
}

/// Reads any bytes as a state of a fine-tuning, for which `folder` is filled: a line of JSON, and the tensors.
pub fn state(folder: &Path, bytes: &[u8]) {
    crate::train::read_any_state(folder, bytes);
}

/// Reads any bytes as the header of a GGUF file, and the config and the tokenizer in it.
pub fn gguf(bytes: &[u8]) {
    let path = Path::new("model.gguf");
    if let Ok(header) = crate::lm::gguf::Header::parse(path, bytes) {
        assert!(header.tensors.iter().all(|tensor| tensor.bytes.end <= bytes.len()));
        let _ = crate::lm::Config::from_gguf(path, &header);
        let _ = crate::lm::Tokenizer::from_gguf(path, &header);
    }
}

/// Reads any bytes as a safetensors file.
pub fn safetensors(bytes: &[u8]) {
    if let Ok(tensors) = crate::lm::TensorInfo::of_safetensors(Path::new("model.safetensors"), bytes) {
        assert!(tensors.iter().all(|tensor| tensor.bytes <= bytes.len()));
    }
}

/// Reads the weights of PyTorch at a path, every tensor of them.
pub fn pickle(path: &Path) {
    let crate::lm::Placement { device, dtype } = crate::lm::Placement::default();
    let _ = crate::lm::Weights::open(path, &device, dtype).and_then(|weights| weights.all());
}

/// Reads any bytes as a config.
pub fn config(bytes: &[u8]) {
    if let Ok(config) = crate::lm::Config::parse("config.json".as_ref(), bytes) {
        assert_eq!((config.attention.windows.len(), config.heads % config.kv_heads), (config.layers, 0));
    }
}

/// Reads the tokenizer of a folder, and a text with it.
pub fn tokenizer(folder: &Path) {
    // What the library panics at is caught and told; the fuzzer's own hook would end the process at it.
    crate::bounds::hide_caught_panics();
    if let Ok(tokenizer) = crate::lm::Tokenizer::read(folder)
        && let Ok(tokens) = tokenizer.encode("a b ab\u{e9}\u{1f600}  a", true)
    {
        let _ = tokenizer.decode(&tokens, false);
    }
}

/// Reads a journal of answers: no more answers than lines.
pub fn answers(path: &Path) {
    let bytes = std::fs::read(path).expect("it is there");
    let journal = crate::harness::runner::Journal::open(path).expect("opened");
    assert!(journal.len() <= bytes.iter().filter(|&&byte| byte == b'\n').count());
}
