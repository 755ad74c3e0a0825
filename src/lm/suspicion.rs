//! What `tokenizer.json` may ask for, before the library that reads it makes room for it.
//!
//! A normalizer of the kind `Precompiled` says in its first four bytes how long a table is; replacements make a text longer
//! by what they put in, one after the other. Everything else in the file is as large as it is written.

use serde::Deserialize;
use serde_json::Value;

use crate::bounds::Bound;

/// The parts that change texts. The rest is passed over.
#[derive(Deserialize)]
struct Parts {
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    decoder: Value,
}

/// # Errors
/// What is wrong with the file.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let parts: Parts = serde_json::from_slice(bytes).map_err(|error| format!("is not a tokenizer: {error}"))?;
    for part in [&parts.normalizer, &parts.decoder] {
        if growth(part)? > Bound::TokenizerGrowth.get() as f64 {
            return Err(Bound::TokenizerGrowth.exceeded());
        }
    }
    Ok(())
}

/// How many times longer a text can become.
fn growth(part: &Value) -> Result<f64, String> {
    match part {
        Value::Array(list) => list.iter().try_fold(1.0, |all, part| Ok(all * growth(part)?)),
        Value::Object(map) => {
            let own = match map.get("precompiled_charsmap").and_then(Value::as_str) {
                Some(table) => longest_of(table)?,
                None => replaced(map),
            };
            map.values()
                .filter(|value| value.is_array() || value.is_object())
                .try_fold(own, |all, part| Ok(all * growth(part)?))
        }
        _ => Ok(1.0),
    }
}

/// The same of one replacement: each match, of one byte or none, becomes its content.
fn replaced(map: &serde_json::Map<String, Value>) -> f64 {
    let length = |key: &str| map.get(key).and_then(Value::as_str).map(|text| text.len() as f64);
    let content = length("content").or(length("prepend")).or(length("replacement")).unwrap_or(1.0);
    let pattern = map.get("pattern").and_then(|pattern| pattern.get("String")).and_then(Value::as_str);
    (content / pattern.map_or(1, |text| text.len().max(1)) as f64).max(1.0)
}

/// The longest replacement in a table of SentencePiece: the length of a trie in bytes, the trie, and texts that end in zero.
fn longest_of(table: &str) -> Result<f64, String> {
    let bytes = unpacked(table).ok_or("holds a `precompiled_charsmap` that is not base64")?;
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else {
        return Err("holds a `precompiled_charsmap` without a table".to_owned());
    };
    let length = u32::from_le_bytes(*length) as usize;
    if length == 0 || !length.is_multiple_of(4) || length > rest.len() {
        let left = rest.len();
        return Err(format!(
            "holds a `precompiled_charsmap` whose table claims {length} bytes of {left}: it is damaged"
        ));
    }
    let texts = rest[length..].split(|&byte| byte == 0);
    Ok(texts.map(<[u8]>::len).max().unwrap_or(0).max(1) as f64)
}

/// Bytes of a text in base64.
fn unpacked(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        (bits, held) = ((bits << 6 | u32::from(six)) & 0xffff, held + 6);
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(normalizer: &str) -> Result<(), String> {
        check(format!(r#"{{"version": "1.0", "normalizer": {normalizer}, "decoder": null, "model": {{}}}}"#).as_bytes())
    }

    #[test]
    fn a_table_is_no_longer_than_what_holds_it() {
        assert_eq!(unpacked("aGVsbG8h").as_deref(), Some(&b"hello!"[..]));
        assert_eq!(unpacked("aGVsbG8="), Some(b"hello".to_vec()));
        for table in ["/////w==", "", "AAAA", "AAAAAA==", "AQAAAAA=", "CAAAAAEAAAA=", "!"] {
            let said = of(&format!(r#"{{"type": "Precompiled", "precompiled_charsmap": "{table}"}}"#));
            assert!(said.unwrap_err().contains("precompiled_charsmap"), "{table}");
        }
        assert_eq!(of(r#"{"type": "Precompiled", "precompiled_charsmap": "BAAAAAAAAABhAGIA"}"#), Ok(()));
    }

    #[test]
    fn replacements_one_after_the_other_grow_no_further_than_the_bound() {
        let replace = |pattern: &str, content: &str| {
            format!(r#"{{"type": "Replace", "pattern": {pattern}, "content": "{content}"}}"#)
        };
        let sequence = |parts: &[String]| format!(r#"{{"type": "Sequence", "normalizers": [{}]}}"#, parts.join(", "));
        let grows = replace(r#"{"Regex": "."}"#, &"ab".repeat(50));
        assert_eq!(of(&sequence(std::slice::from_ref(&grows))), Ok(()));
        assert!(of(&sequence(&[grows.clone(), grows])).unwrap_err().contains("--bound tokenizer-growth=NUMBER"));
        let usual = [r#"{"type": "Prepend", "prepend": "▁"}"#.to_owned(), replace(r#"{"String": " "}"#, "▁")];
        assert_eq!(of(&sequence(&usual)), Ok(()));
        assert_eq!(of("null"), Ok(()));
    }
}
