//! Doors for the targets of `fuzz/`, which cargo-fuzz compiles with `--cfg fuzzing`: readers that are not public.

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
