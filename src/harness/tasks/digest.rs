//! Digests of texts, as lm-evaluation-harness writes them.

use sha2::{Digest, Sha256};

/// SHA-256 of a text, in hexadecimal.
pub(in crate::harness) fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
