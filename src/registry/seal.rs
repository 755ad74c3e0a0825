//! Checksums of what is written down to be read again: a JSON object whose last entry is `sum`, the first digits of the
//! SHA-256 of the object without it. Any reader of JSON reads it. Objects without one, as earlier versions wrote them, are
//! taken as they are.

use sha2::{Digest, Sha256};

/// How the checksum begins, at the end of its object.
const SUM: &str = ",\"sum\":\"";

/// Digits of the checksum.
const DIGITS: usize = 8;

/// An object with its checksum, and a line end.
pub(crate) fn sealed(object: &str) -> String {
    let open = object.strip_suffix('}').unwrap_or(object);
    format!("{open}{SUM}{}\"}}\n", sum(object.as_bytes()))
}

/// The object without its checksum; `None` where that is not the right one.
pub(crate) fn unsealed(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.trim_ascii_end();
    let tail = text.len().checked_sub(SUM.len() + DIGITS + 2);
    let Some(at) = tail.filter(|&at| text[at..].starts_with(SUM.as_bytes()) && text.ends_with(b"\"}")) else {
        return Some(text.to_vec());
    };
    let object = [&text[..at], b"}"].concat();
    let said = &text[at + SUM.len()..at + SUM.len() + DIGITS];
    (sum(&object).as_bytes() == said).then_some(object)
}

/// The first digits of the SHA-256.
fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_of_several_lines_is_sealed_and_any_reader_reads_it() {
        let object = "{\n  \"a\": 1.5,\n  \"b\": [\"}\"]\n}";
        let whole = sealed(object);
        assert_eq!(unsealed(whole.as_bytes()).as_deref(), Some(object.as_bytes()));
        let json: serde_json::Value = serde_json::from_str(&whole).expect("JSON");
        assert_eq!(json["a"], 1.5);
        assert_eq!(unsealed(object.as_bytes()).as_deref(), Some(object.as_bytes()));
        for at in 0..object.len() - 1 {
            let mut damaged = whole.clone().into_bytes();
            damaged[at] ^= 1;
            assert_eq!(unsealed(&damaged), None, "byte {at}");
        }
    }
}
