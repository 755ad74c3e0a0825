//! The corpus of the fuzz targets, replayed: each file, each of its beginnings, and each with one byte changed gives a
//! value or an error, never a panic or an allocation that its length does not justify.

use std::path::Path;

use onset::lm::gguf::Header;
use onset::lm::{Config, TensorInfo, Tokenizer};

use crate::support::repository;

/// Calls `read` with every file of a corpus and many damaged versions of it; returns how many there were.
fn replay(name: &str, read: impl Fn(&[u8])) -> std::io::Result<usize> {
    let mut count = 0;
    for entry in std::fs::read_dir(repository("fuzz/corpus").join(name))? {
        let whole = std::fs::read(entry?.path())?;
        read(&whole);
        // Some two hundred places per file keep the test short; the fuzz targets try them all.
        for at in (0..whole.len()).step_by(whole.len() / 200 + 1) {
            read(&whole[..at]);
            for value in [0, 0xff, whole[at] ^ 1, b'9'] {
                let mut changed = whole.clone();
                changed[at] = value;
                read(&changed);
            }
        }
        count += 1;
    }
    Ok(count)
}

#[test]
fn any_config_is_read_or_refused() -> std::io::Result<()> {
    let read = |bytes: &[u8]| {
        if let Ok(config) = Config::parse("config.json".as_ref(), bytes) {
            assert_eq!((config.attention.windows.len(), config.heads % config.kv_heads), (config.layers, 0));
        }
    };
    assert!(replay("config", read)? >= 10);
    Ok(())
}

#[test]
fn any_gguf_header_is_read_or_refused() -> std::io::Result<()> {
    let read = |bytes: &[u8]| {
        let path = Path::new("model.gguf");
        if let Ok(header) = Header::parse(path, bytes) {
            assert!(header.tensors.iter().all(|tensor| tensor.bytes.end <= bytes.len()));
            let _ = Config::from_gguf(path, &header);
            let _ = Tokenizer::from_gguf(path, &header);
        }
    };
    assert!(replay("gguf", read)? >= 3);
    Ok(())
}

#[test]
fn any_safetensors_header_is_read_or_refused() -> std::io::Result<()> {
    let read = |bytes: &[u8]| {
        if let Ok(tensors) = TensorInfo::of_safetensors("model.safetensors".as_ref(), bytes) {
            assert!(tensors.iter().all(|tensor| tensor.bytes <= bytes.len()));
        }
    };
    assert!(replay("safetensors", read)? >= 3);
    Ok(())
}
