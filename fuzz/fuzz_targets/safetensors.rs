//! `cargo fuzz run safetensors`: any bytes as a safetensors file give tensors that fit into it, or an error.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(tensors) = onset::lm::TensorInfo::of_safetensors("model.safetensors".as_ref(), bytes) {
        assert!(tensors.iter().all(|tensor| tensor.bytes <= bytes.len()));
    }
});
